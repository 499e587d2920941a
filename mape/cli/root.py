"""What all commands share: the options before the command, the exit codes, and what becomes of an error."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable, Sequence
from typing import Annotated

import typer

from mape.cli.check import check
from mape.cli.completion import VARIABLE, answer_shell, completion
from mape.cli.config import config
from mape.cli.demo import demo
from mape.cli.doctor import doctor
from mape.cli.example import PURPOSES, examples
from mape.cli.graph import graph
from mape.cli.list import list_elements
from mape.cli.new import new
from mape.cli.run import run
from mape.cli.send import send
from mape.cli.tap import tap
from mape.errors import ConfigError, MapeError, UnknownPathError

__all__ = ["FAILED", "INTERRUPTED", "USAGE", "answer", "commands"]

FAILED = 1
USAGE = 2
INTERRUPTED = 130

EXIT_CODES = "Exit codes: 0 ok, 1 failed or something was found, 2 wrong usage or configuration, 130 interrupted."

COMMANDS: dict[str, Callable[..., None]] = {
    "new": new,
    "run": run,
    "demo": demo,
    "list": list_elements,
    "graph": graph,
    "check": check,
    "send": send,
    "tap": tap,
    "doctor": doctor,
    "completion": completion,
}


commands = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=EXIT_CODES,
)
for _name, _command in COMMANDS.items():
    commands.command(_name, short_help=PURPOSES[_name], epilog=examples(_name))(_command)
commands.add_typer(config, name="config", short_help=PURPOSES["config"])


def answer(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return the exit code; an error becomes one sentence.

    ``--debug`` may stand anywhere before ``--``, where a person adds it after something went wrong.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    ours = words[: words.index("--")] if "--" in words else words
    rest = [word for word in ours if word != "--debug"] + words[len(ours) :]
    try:
        if VARIABLE in os.environ:
            answer_shell()
        typer.main.get_command(commands).main(rest, prog_name="mape", obj="--debug" in ours)
    except SystemExit as leaving:
        return _code(leaving)
    except KeyboardInterrupt:
        return INTERRUPTED
    except Exception as error:  # the wall around a command
        if "--debug" in ours:
            traceback.print_exception(error)
        sys.stderr.write(f"mape: {_sentence(error)}\n")
        return USAGE if isinstance(error, ConfigError | UnknownPathError) else FAILED
    return 0


def _show_version(is_asked: bool) -> None:
    if is_asked:
        from mape import __version__

        typer.echo(f"mape {__version__}")
        raise typer.Exit


@commands.callback()
def _everywhere(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Say which.")
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks; may stand behind the command, too.")] = False,
) -> None:
    """Run, look at and check MAPE loops: monitor, analyze, plan, execute.

    New here? Watch one: mape demo. Then make one: mape new greenhouse
    """


def _sentence(error: Exception) -> str:
    if isinstance(error, MapeError):
        return str(error)
    return f"a mistake in mape itself: {type(error).__name__}: {error}; please report it with what --debug shows"


def _code(leaving: SystemExit) -> int:
    """Return the exit code as python does: a message is printed, and means failure."""
    if leaving.code is None or isinstance(leaving.code, int):
        return leaving.code or 0
    sys.stderr.write(f"{leaving.code}\n")
    return FAILED
