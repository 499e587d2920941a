"""``mape check``: what is probably wrong with a program and its configuration."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from mape.cli.target import CONFIG, JSON, PROGRAM

if TYPE_CHECKING:
    from mape.cli.wiring import Finding

__all__ = ["check"]


def check(
    program: Annotated[str | None, PROGRAM] = None,
    config_file: Annotated[str | None, CONFIG] = None,
    ignore: Annotated[
        list[str] | None, typer.Option(metavar="KIND", help="Leave out findings of this kind; may be given again.")
    ] = None,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """Check the configuration, and the wiring and types of a program.

    Kinds of findings: config, unfed (no element feeds it), unheard (what it emits goes nowhere), circle, type (what
    comes in is not what its annotation says), never-starts (in an app that does not run), empty (a loop without
    elements). Exit code 1 when something was found.
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
    from mape.cli.wiring import Finding, Kind
    from mape.errors import ConfigError
    from mape.settings import load

    try:
        load(config_file)
        return _look_at_program(program) if program else []
    except ConfigError as error:
        place, _, rest = str(error).partition(": ")
        problem, _, cure = rest.partition("; ")
        return [Finding(Kind.CONFIG, place, problem, cure)]


def _look_at_program(program: str) -> list[Finding]:
    from mape.application import default_app
    from mape.cli.entry import load_app
    from mape.cli.outline import outline
    from mape.cli.program import find_program
    from mape.cli.wiring import findings

    app = load_app(find_program(program))
    other = default_app()
    return findings(app, outline(app), None if other is app else other)


def _kinds(names: list[str]) -> set[str]:
    from mape.cli.wiring import Kind

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
