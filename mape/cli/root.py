"""What all commands share: the options before the command, the exit codes, and what becomes of an error."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Sequence
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from mape.cli.check import check
from mape.cli.config import config
from mape.cli.demo import demo
from mape.cli.graph import graph
from mape.cli.list import list_elements
from mape.cli.run import run
from mape.errors import ConfigError, MapeError, UnknownPathError

__all__ = ["FAILED", "USAGE", "Commands", "answer", "app"]

FAILED = 1
USAGE = 2

EXIT_CODES = "Exit codes: 0 ok, 1 failed or something was found, 2 wrong usage or configuration, 130 interrupted."


class Commands(TyperGroup):
    """Runs a command and turns what it raises into one sentence and an exit code."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Let ``--debug`` stand anywhere before ``--``, where a person adds it after something went wrong."""
        ours = args[: args.index("--")] if "--" in args else args
        if "--debug" in ours:
            args = ["--debug", *(each for each in ours if each != "--debug"), *args[len(ours) :]]
        return super().parse_args(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        """Run the command that was asked for."""
        try:
            return super().invoke(ctx)
        except MapeError as error:
            code = USAGE if isinstance(error, ConfigError | UnknownPathError) else FAILED
            _complain(str(error), error, is_debug=ctx.params["debug"])
            raise typer.Exit(code) from None


app = typer.Typer(
    cls=Commands,
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=EXIT_CODES,
)
app.command("run")(run)
app.command("demo")(demo)
app.command("list")(list_elements)
app.command("graph")(graph)
app.command("check")(check)
app.add_typer(config, name="config")


def answer(arguments: Sequence[str] | None = None) -> int:
    """Run a command; return the exit code."""
    try:
        app(args=None if arguments is None else list(arguments), prog_name="mape")
    except SystemExit as leaving:
        return _code(leaving)
    except KeyboardInterrupt:
        return 130
    return 0


@app.callback()
def everywhere(
    version: Annotated[
        bool, typer.Option("--version", callback=lambda value: _show_version(value), is_eager=True, help="Say which.")
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks; may stand behind the command, too.")] = False,
) -> None:
    """Run, look at and check MAPE loops: monitor, analyze, plan, execute.

    New here? Watch one: mape demo
    """


def _show_version(is_asked: bool) -> None:
    if is_asked:
        from mape import __version__

        typer.echo(f"mape {__version__}")
        raise typer.Exit


def _complain(sentence: str, error: BaseException, *, is_debug: bool) -> None:
    if is_debug:
        traceback.print_exception(error)
    sys.stderr.write(f"mape: {sentence}\n")


def _code(leaving: SystemExit) -> int:
    """Return the exit code as python does: a message is printed, and means failure."""
    if leaving.code is None or isinstance(leaving.code, int):
        return leaving.code or 0
    sys.stderr.write(f"{leaving.code}\n")
    return FAILED
