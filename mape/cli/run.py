"""``mape run``: a program, until it is done or Ctrl-C."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from mape.cli.target import PROGRAM

if TYPE_CHECKING:
    from mape.cli.program import Program

__all__ = ["run"]


def run(
    context: typer.Context,
    program: Annotated[str, PROGRAM],
    arguments: Annotated[
        list[str] | None, typer.Argument(metavar="-- ARGUMENTS", help="What the program gets as sys.argv.")
    ] = None,
    *,
    reload: Annotated[
        bool, typer.Option("--reload", help="Start it anew when a .py, .yml or .env file of its folder changes.")
    ] = False,
    page: Annotated[
        bool | None, typer.Option("--page/--no-page", help="Serve the live page. [with; without for a worker]")
    ] = None,
    open_page: Annotated[bool, typer.Option("--open", help="Show the live page in the browser.")] = False,
    worker: Annotated[
        bool, typer.Option("--worker", help="Only do what stream groups give: no monitors, no main().")
    ] = False,
    port: Annotated[int | None, typer.Option(hidden=True)] = None,
    lifeline: Annotated[int | None, typer.Option(hidden=True)] = None,
) -> None:
    """Run a program until it is done, or until Ctrl-C, and show it on a live page.

    A program that says how it is run, under `if __name__ == "__main__":` or by mape.run() at the top, is run as python
    would. Else, or if an APP is named, it is loaded, and its app runs: the named one, the only App among its names, or
    the one that mape.init() or mape.Loop() made; its entry point is the coroutine function main, if there is one.

    The live page is where rest.host_port says, else at the first free port of this machine from 8000 on.

    With --worker the program is loaded, and its app runs without monitors and main(), until Ctrl-C: it takes its share
    of what the groups of its streams (StreamObservable) have to do. Start it as often as you like, on any machine.
    """
    from mape.cli.program import find_program

    has_page = open_page or (not worker if page is None else page)
    if reload:
        from mape.cli.reload import keep_running

        options = [
            *(["--worker"] if worker else []),
            *(_page_again() if has_page else ["--no-page"]),
            *(["--debug"] if context.obj else []),
        ]
        words = [*options, program, "--", *(arguments or [])]
        raise typer.Exit(keep_running(find_program(program), words, opens_page=open_page))
    if lifeline is not None:
        from mape.cli.lifeline import end_with_parent

        end_with_parent(lifeline)
    found = find_program(program)
    with _pages(is_shown=has_page, opens_browser=open_page, port=port):
        if worker:
            _run_worker(found, arguments or [])
        elif not found.attribute and (found.has_main_part or found.runs_on_line):
            found.run_as_main(arguments or [])
        else:
            _run_app(found, arguments or [])
    if lifeline is None:
        _suggest_next(program)


def _page_again() -> list[str]:
    """Give the options by which each run of a program has its page at the same port, where a browser looks for it."""
    from mape.cli.page import first_free

    return ["--page", "--port", str(first_free())]


@contextmanager
def _pages(*, is_shown: bool, opens_browser: bool, port: int | None) -> Iterator[None]:
    """Give each app that opens what it needs to have a page."""
    from mape.application import prepare_apps
    from mape.cli.page import PORT, give_page

    prepare_apps(partial(give_page, is_shown=is_shown, opens_browser=opens_browser, port=port or PORT))
    try:
        yield
    finally:
        prepare_apps(None)


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


def _suggest_next(program: str) -> None:
    from mape.application import default_app
    from mape.cli.screen import suggest

    if any(default_app().elements):
        suggest(f"mape graph {program}", "what listens to what")
    else:  # it makes its app as it runs, so that there is nothing to look at before
        suggest("mape config explain", "the settings that hold here")
