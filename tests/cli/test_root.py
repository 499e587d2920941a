"""Exit codes, help, version, and what becomes of errors."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

import mape
from mape.cli.example import PURPOSES

Ask = Callable[..., Any]


def test_help_lists_the_commands_and_the_exit_codes(ask: Ask) -> None:
    answer = ask("--help")

    assert answer.code == 0
    for word in ("run", "demo", "list", "graph", "check", "config", "--debug", "--version", "Exit codes", "130"):
        assert word in answer.out


@pytest.mark.parametrize("command", [*PURPOSES, "config explain"])
def test_each_command_has_help(ask: Ask, command: str) -> None:
    answer = ask(*command.split(), "-h")

    assert answer.code == 0
    assert f"Usage: mape {command}" in answer.out


def test_version_says_which(ask: Ask) -> None:
    assert ask("--version").out == f"mape {mape.__version__}\n"


@pytest.mark.parametrize(
    "words", [("rnu",), ("run",), ("list", "--wrong"), ("config", "explian"), ("demo", "--seconds", "many")]
)
def test_wrong_usage_is_exit_code_two(ask: Ask, words: tuple[str, ...]) -> None:
    answer = ask(*words)

    assert answer.code == 2
    assert "Usage: mape" in answer.err
    assert "Traceback" not in answer.err


def test_an_error_is_one_sentence(ask: Ask, write: Callable[[str, str], Any]) -> None:
    write("mape.yml", "debgu: true\n")

    answer = ask("config", "explain")

    assert (answer.code, answer.out) == (2, "")
    assert answer.err == "mape: mape.yml:1: unknown setting debgu; did you mean debug?\n"


@pytest.mark.parametrize(
    "words", [("--debug", "run", "app.py"), ("run", "app.py", "--debug"), ("run", "--debug", "app.py")]
)
def test_debug_shows_the_traceback_wherever_it_stands(
    ask: Ask, write: Callable[[str, str], Any], words: tuple[str, ...]
) -> None:
    write("app.py", "1 / 0\n")

    answer = ask(*words)

    assert answer.code == 1
    assert "Traceback" in answer.err
    assert "1 / 0" in answer.err
    assert answer.err.endswith("mape: app.py:1: ZeroDivisionError: division by zero; --debug shows the traceback\n")


def test_debug_behind_two_dashes_belongs_to_the_program(ask: Ask, write: Callable[[str, str], Any]) -> None:
    write("app.py", "import sys\nif __name__ == '__main__':\n    print(sys.argv[1:])\n")

    assert ask("run", "app.py", "--", "--debug", "x").out == "['--debug', 'x']\n"


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys; from mape.cli import main; main(['--help'])\n"
        "print({'rich', 'yaml', 'dotenv', 'msgspec', 'mape.demo', 'mape.settings'} & set(sys.modules))"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.splitlines()[-1] == "set()"


def test_python_dash_m_is_the_same_command_line() -> None:
    done = subprocess.run([sys.executable, "-m", "mape", "--version"], capture_output=True, text=True, check=True)

    assert done.stdout == f"mape {mape.__version__}\n"
