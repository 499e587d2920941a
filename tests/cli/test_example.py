"""The examples in the help are ones that can be typed."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from typing import Any

import pytest
import typer

from mape.cli.example import EXAMPLES, PURPOSES
from mape.cli.root import commands

Ask = Callable[..., Any]
LINES = [line for lines in EXAMPLES.values() for line in lines]
WIDTH = 80


def test_every_command_has_examples_and_a_purpose() -> None:
    known: Any = typer.main.get_command(commands)

    assert set(known.commands) == set(PURPOSES)
    assert set(known.commands) - {"config"} == set(EXAMPLES) - {"explain"}


@pytest.mark.parametrize("line", [line for line in LINES if line.startswith("mape ")])
def test_an_example_names_options_that_there_are(line: str) -> None:
    command: Any = typer.main.get_command(commands)
    words = shlex.split(line.partition(" > ")[0])[1:]
    while hasattr(command, "commands"):
        command = command.commands[words.pop(0)]
    ours = words[: words.index("--")] if "--" in words else words
    options = {option for each in command.params for option in each.opts}

    assert {word for word in ours if word.startswith("-")} <= options


@pytest.mark.parametrize("name", EXAMPLES)
def test_help_shows_the_examples_as_they_are(ask: Ask, name: str) -> None:
    shown = ask(*(["config"] if name == "explain" else []), name, "--help").out

    for line in EXAMPLES[name]:
        assert f"\n    {line}\n" in shown


def test_no_line_of_help_is_cut_or_broken_in_eighty_columns(ask: Ask) -> None:
    for name in (None, *PURPOSES):
        text = ask(*filter(None, (name,)), "--help").out
        assert [line for line in text.splitlines() if len(line) > WIDTH or is_cut(line)] == []


def is_cut(line: str) -> bool:
    """Whether a command's purpose did not fit."""
    return line.endswith("...") and not line.startswith("Usage: ")
