"""``mape run``: a program, until it is done or Ctrl-C."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from mape.cli.target import PROGRAM

if TYPE_CHECKING:
    from mape.cli.program import Program

__all__ = ["run"]


def run(
    program: Annotated[str, PROGRAM],
    arguments: Annotated[list[str] | None, typer.Argument(help="What the program gets as sys.argv, behind --.")] = None,
    worker: Annotated[
        bool, typer.Option("--worker", help="Only do what stream groups give: no monitors, no main().")
    ] = False,
) -> None:
    """Run a program until it is done, or until Ctrl-C.

    A program that says how it is run, under `if __name__ == "__main__":` or by mape.run() at the top, is run as python
    would. Else, or if an APP is named, it is loaded, and its app runs: the named one, the only App among its names, or
    the one that mape.init() or mape.Loop() made; its entry point is the coroutine function main, if there is one.

    With --worker the program is loaded, and its app runs without monitors and main(), until Ctrl-C: it takes its share
    of what the groups of its streams (StreamObservable) have to do. Start it as often as you like, on any machine.
    """
    from mape.application import default_app
    from mape.cli.program import find_program
    from mape.cli.screen import suggest

    found = find_program(program)
    if worker:
        _run_worker(found, arguments or [])
    elif not found.attribute and (found.has_main_part or found.runs_on_line):
        found.run_as_main(arguments or [])
    else:
        _run_app(found, arguments or [])
    if any(default_app().elements):
        suggest(f"mape graph {program}", "what listens to what")
    else:  # it makes its app as it runs, so that there is nothing to look at before
        suggest("mape config explain", "the settings that hold here")


def _run_app(program: Program, arguments: list[str]) -> None:
    import mape
    from mape.application import set_default_app
    from mape.cli.entry import app_of, entry_point

    module = program.load(arguments)
    app = app_of(program, module)
    main = entry_point(module)
    if main is None:
        number = sum(1 for _ in app.elements)
        elements = "1 element runs" if number == 1 else f"{number} elements run"
        typer.echo(f"{program.name} has no main(): its {elements} until Ctrl-C", err=True)
    set_default_app(app)
    with program.walled():
        mape.run(main)


def _run_worker(program: Program, arguments: list[str]) -> None:
    import mape
    from mape.application import set_default_app
    from mape.cli.entry import app_of
    from mape.cli.worker import leave_monitors_out

    app = app_of(program, program.load(arguments))
    groups = leave_monitors_out(app, program.name)
    typer.echo(f"{program.name} works for {', '.join(groups)} until Ctrl-C", err=True)
    set_default_app(app)
    with program.walled():
        mape.run()
