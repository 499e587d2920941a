"""``mape demo``: a loop over a real system, to watch."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mape.cli.target import JSON

__all__ = ["demo"]


def demo(
    name: Annotated[str, typer.Argument(help="Which demo.")] = "elastic",
    *,
    seconds: Annotated[float, typer.Option(help="How long the load lasts, 2 to 3600.")] = 40.0,
    load: Annotated[str, typer.Option(help="Its course: wave, step, spike or steady.")] = "wave",
    adapt: Annotated[bool, typer.Option("--adapt/--no-adapt", help="With the loop, or without.")] = True,
    workers: Annotated[int | None, typer.Option(help="Workers at the start; without a loop all the time.")] = None,
    goal: Annotated[float, typer.Option(help="What the 95th percentile of latency should not exceed [s].")] = 0.15,
    seed: Annotated[int | None, typer.Option(help="The same seed makes the same requests.")] = None,
    report: Annotated[Path | None, typer.Option(help="Where to write the report.")] = None,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """Watch a loop keep a real web service fast under a changing load, beside too few and too many workers.

    It runs on this machine's loopback, ends by itself, compares the three, and writes a report. Ctrl-C ends it early.
    """
    from mape.demo import find

    code = find(name).run(
        seconds=seconds,
        load=load,
        adapt=adapt,
        workers=workers,
        goal=goal,
        seed=seed,
        report=report,
        json=as_json,
    )
    raise typer.Exit(code)
