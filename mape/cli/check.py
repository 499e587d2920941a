"""``mape check``: what is probably wrong with a program and its configuration."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Annotated

import typer

from mape.cli.offer import offered_kinds
from mape.cli.target import CONFIG, JSON, PROGRAM

if TYPE_CHECKING:
    from mape.cli.finding import Finding
    from mape.cli.source import Source
    from mape.settings import Settings

__all__ = ["check"]


def check(
    program: Annotated[str | None, PROGRAM] = None,
    config_file: Annotated[str | None, CONFIG] = None,
    ignore: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KIND", help="Leave out findings of this kind; may be given again.", autocompletion=offered_kinds
        ),
    ] = None,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """Check the configuration, and the wiring, types and habits of a program; it is loaded, and does not run.

    Each finding says what to do. Its kind is at the end, for --ignore: config (a setting is wrong), extra (a package
    is missing), exposed (anybody may come in), unfed (no element feeds it), unheard (what it emits goes nowhere),
    twice (it gets each item twice), circle, type (what comes in is not what its annotation says), address (nothing is
    where items are sent), knowledge (read and never set), blocking (it keeps all elements waiting), deadline (it waits
    for a network without an end), never-starts (in an app that does not run), empty (a loop without elements).

    Exit code 1 when something was found.
    """
    from mape.cli.screen import print_json, say, suggest

    ignored = _kinds(ignore or [])
    found = [finding for finding in _look(program, config_file) if finding.kind not in ignored]
    if as_json:
        print_json({"findings": [asdict(finding) for finding in found]})
    else:
        for finding in found:
            say(str(finding))
        say(f"{program or 'configuration'}: {_count(len(found))}")
        suggest(*_next(program, is_fine=not found))
    if found:
        raise typer.Exit(1)


def _look(program: str | None, config_file: str | None) -> list[Finding]:
    from mape.cli.exposure import exposures
    from mape.cli.finding import Finding, Kind
    from mape.errors import ConfigError
    from mape.settings import load

    try:
        settings = load(config_file)
        return _look_at_program(program, settings) if program else exposures(settings)
    except ConfigError as error:
        place, _, rest = str(error).partition(": ")
        problem, _, cure = rest.partition("; ")
        return [Finding(Kind.CONFIG, place, problem, cure)]


def _look_at_program(program: str, settings: Settings) -> list[Finding]:
    """Load it, and look at what it made; the settings are those that it chose, else those of the folder."""
    from mape.application import default_app
    from mape.cli.entry import load_app
    from mape.cli.exposure import exposures, unread_settings
    from mape.cli.habit import fed_by_hand, habits
    from mape.cli.outline import outline
    from mape.cli.program import find_program
    from mape.cli.source import sources_of
    from mape.cli.wiring import findings
    from mape.settings import Settings

    found = find_program(program)
    app = load_app(found)
    other, seen, sources = default_app(), outline(app), sources_of(found)
    has_router = any("router" in arrow.operators for arrow in seen.arrows)
    looks = [
        *exposures(app.settings if isinstance(app.settings, Settings) else settings),
        *(unread_settings(found.file.parent) if found.module is None else ()),
        *_placed(findings(app, seen, None if other is app else other, fed_by_hand(app, sources)), sources),
        *habits(app, sources, has_router=has_router),
    ]
    return list(dict.fromkeys(looks))  # two subscriptions, one mistake


def _placed(found: Iterable[Finding], sources: Iterable[Source]) -> Iterator[Finding]:
    """Say where an element is made, if there is only one place where it can be."""
    places: dict[str, list[str]] = {}
    for source in sources:
        for definition in source.definitions:
            places.setdefault(definition.uid, []).append(definition.place)
    for finding in found:
        known = places.get(finding.path.rpartition(".")[2], [])
        yield replace(finding, place=known[0]) if len(known) == 1 and "." in finding.path else finding


def _kinds(names: list[str]) -> set[str]:
    from mape.cli.finding import Kind

    for name in names:
        if name not in list(Kind):
            raise typer.BadParameter(f"{name!r:.80} is no kind of finding; there are: {', '.join(Kind)}")
    return set(names)


def _count(number: int) -> str:
    return f"{number} finding{'s' * (number > 1)}" if number else "nothing found"


def _next(program: str | None, *, is_fine: bool) -> tuple[str, str]:
    if program is None:
        return "mape config explain", "every value and where it came from"
    return (f"mape run {program}", "run it") if is_fine else (f"mape graph {program}", "see what is connected")
