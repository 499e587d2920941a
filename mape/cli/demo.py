"""``mape demo``: loops over real systems, to watch."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mape.cli.offer import offered_demos
from mape.cli.target import JSON

if TYPE_CHECKING:
    from mape.demo import Demo

__all__ = ["demo"]


def demo(
    name: Annotated[
        str, typer.Argument(help="Which demo: elastic, ambulance or highway.", autocompletion=offered_demos)
    ] = "elastic",
    *,
    seconds: Annotated[
        float | None, typer.Option(help="How long it lasts, 2 to 3600; by default 40 (elastic), 20 (the others).")
    ] = None,
    transport: Annotated[str | None, typer.Option(help="ambulance: how they talk, redis or rest. [redis]")] = None,
    load: Annotated[
        str | None, typer.Option(help="elastic: the load's course, wave, step, spike or steady. [wave]")
    ] = None,
    adapt: Annotated[
        bool | None, typer.Option("--adapt/--no-adapt", help="elastic: with the loop, or without. [with]")
    ] = None,
    workers: Annotated[
        int | None, typer.Option(help="elastic: workers at the start; without a loop all the time.")
    ] = None,
    goal: Annotated[
        float | None, typer.Option(help="elastic: what the 95th percentile of latency should not exceed [s]. [0.15]")
    ] = None,
    seed: Annotated[
        int | None, typer.Option(help="elastic, highway: the same seed makes the same requests, the same traffic.")
    ] = None,
    report: Annotated[Path | None, typer.Option(help="elastic: where to write the report.")] = None,
    page: Annotated[bool, typer.Option("--page/--no-page", help="Serve the live page.")] = True,
    open_page: Annotated[bool, typer.Option("--open", help="Show the live page in the browser.")] = False,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """Watch loops at work. Each demo runs on this machine alone, ends by itself, and shows what it measured.

    elastic: a loop keeps a real web service fast under a changing load, beside too few and too many workers.

    ambulance: four processes, by Redis or REST; cars make way for an ambulance that others have heard.

    highway: two processes share knowledge in Redis, and agree on who gets how many lanes.

    Nothing has to be installed or started before. Ctrl-C ends a demo early.
    """
    from mape.demo import find

    chosen = find(name)
    options = {
        "seconds": seconds,
        "transport": transport,
        "load": load,
        "adapt": adapt,
        "workers": workers,
        "goal": goal,
        "seed": seed,
        "report": report,
    }
    given = {option: value for option, value in options.items() if value is not None}
    _check_options(chosen, given)
    raise typer.Exit(chosen.run(**given, json=as_json, page=page, open_page=open_page))


def _check_options(chosen: Demo, given: Mapping[str, Any]) -> None:
    """See to it that a demo has the options that were given.

    Raises:
        ConfigError: It lacks one; the message names those that it has.
    """
    from mape.errors import ConfigError

    known = chosen.options
    for option in given:
        if option not in known:
            has = ", ".join(f"--{each.removesuffix('_page')}" for each in known)
            raise ConfigError(f"mape demo {chosen.name} has no option --{option}; it has: {has}")
