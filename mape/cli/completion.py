"""``mape completion``: what makes the shell complete commands, options, programs and elements."""

from __future__ import annotations

import os
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

__all__ = ["VARIABLE", "Shell", "answer_shell", "completion"]

VARIABLE = "_MAPE_COMPLETE"
"""By which the shell asks, instead of running a command."""


class Shell(StrEnum):
    """The shells that can be helped."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


HOMES = {
    Shell.BASH: 'put  eval "$(mape completion bash)"  into ~/.bashrc',
    Shell.ZSH: 'put  eval "$(mape completion zsh)"  into ~/.zshrc, behind compinit',
    Shell.FISH: "mape completion fish > ~/.config/fish/completions/mape.fish",
}


def completion(
    shell: Annotated[Shell | None, typer.Argument(help="Which; by default the one that you use.")] = None,
) -> None:
    """Print a script for the shell, so that Tab completes commands, options, programs and paths of elements.

    Nothing is installed. What completes reads the programs in the current folder, and does not run them.
    """
    from typer.completion import get_completion_script  # type: ignore[attr-defined] # what typer itself installs

    from mape.cli.screen import say, suggest

    chosen = shell or _own_shell()
    say(get_completion_script(prog_name="mape", complete_var=VARIABLE, shell=chosen.value))
    if sys.stdout.isatty():  # a person looks; else a shell reads it, each time it starts
        suggest(HOMES[chosen], "so that each new shell has it")


def answer_shell() -> None:
    """Make ready to answer the shell, which asks by `VARIABLE`, instead of running a command."""
    from typer.completion import completion_init  # type: ignore[attr-defined] # as above

    completion_init()


def _own_shell() -> Shell:
    name = Path(os.environ.get("SHELL", "")).name
    if name not in list(Shell):
        raise typer.BadParameter(f"say which shell: {', '.join(Shell)}, as in: mape completion bash")
    return Shell(name)
