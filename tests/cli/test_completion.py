"""What Tab offers, asked as the shells ask."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mape.cli.completion import VARIABLE

Ask = Callable[..., Any]
Write = Callable[[str, str], Path]
SHELLS = ("bash", "zsh", "fish")


@pytest.mark.parametrize("shell", SHELLS)
def test_a_script_is_printed_and_nothing_else(ask: Ask, shell: str) -> None:
    answer = ask("completion", shell)

    assert answer.code == 0
    assert answer.err == ""
    assert f"{VARIABLE}=complete_{shell}" in answer.out


def test_without_a_name_it_is_the_shell_of_the_person(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHELL", "/usr/bin/fish")
    assert "complete_fish" in ask("completion").out

    monkeypatch.setenv("SHELL", "/bin/tcsh")
    answer = ask("completion")
    assert answer.code == 2
    assert "say which shell: bash, zsh, fish" in answer.err


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("mape ru", ["run"]),
        ("mape run --rel", ["--reload"]),
        ("mape run a", ["ambulance.py"]),
        ("mape run nothing", []),
        ("mape tap ", ["road.detect", "road.drive"]),
        ("mape send road.dr", ["road.drive"]),
        ("mape demo h", ["highway"]),
        ("mape check ambulance.py --ignore un", ["unfed", "unheard"]),
        ("mape tap road.detect --port o", ["out"]),
        ("mape completion z", ["zsh"]),
    ],
)
def test_tab_offers(ask: Ask, write: Write, monkeypatch: pytest.MonkeyPatch, typed: str, offered: list[str]) -> None:
    write(
        "ambulance.py",
        "raise SystemExit('read, and not run')\nimport mape\nroad = mape.Loop('road')\n"
        "@road.monitor\ndef detect(call): ...\nroad.execute(print, uid='drive')\n",
    )
    write("test_ambulance.py", "")
    monkeypatch.setenv(VARIABLE, "complete_fish")
    monkeypatch.setenv("_TYPER_COMPLETE_FISH_ACTION", "get-args")
    monkeypatch.setenv("_TYPER_COMPLETE_ARGS", typed)

    answer = ask()

    assert [line.partition("\t")[0] for line in answer.out.splitlines() if line] == offered
    assert answer.err == ""


def test_a_file_that_cannot_be_read_offers_nothing(ask: Ask, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    write("broken.py", "def f(:\n")
    write("large.py", f"x = '{'x' * 300_000}'\n")
    monkeypatch.setenv(VARIABLE, "complete_fish")
    monkeypatch.setenv("_TYPER_COMPLETE_FISH_ACTION", "get-args")
    monkeypatch.setenv("_TYPER_COMPLETE_ARGS", "mape tap ")

    assert ask().out.strip() == ""


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")
@pytest.mark.slow
def test_bash_takes_the_script(tmp_path: Path, write: Write) -> None:
    write("app.py", "import mape\n")
    (tmp_path / "bin").mkdir()
    command = tmp_path / "bin/mape"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m mape "$@"\n')
    command.chmod(0o755)
    script = (
        'eval "$(mape completion bash)"; COMP_WORDS=(mape run a); COMP_CWORD=2; '
        'eval "$(complete -p mape | sed "s/.*-F \\([^ ]*\\) .*/\\1/") mape"; echo "${COMPREPLY[@]}"'
    )

    done = subprocess.run(
        ["bash", "--norc", "-c", script],  # noqa: S607 - the person's own
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
        env=os.environ | {"PATH": f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}"},
    )

    assert (done.stdout, done.stderr) == ("app.py\n", "")
