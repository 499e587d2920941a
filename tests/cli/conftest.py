"""Runs the command line inside the test, in a folder of its own, and leaves no trace of the programs it loads."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from mape.application import set_default_app
from mape.cli import main


@dataclass(frozen=True)
class Answer:
    """What a command left."""

    code: int
    out: str
    err: str


Ask = Callable[..., Answer]
Write = Callable[[str, str], Path]


@pytest.fixture
def ask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Ask]:
    """Run ``mape`` with some words in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", sys.path.copy())
    monkeypatch.setattr(sys, "argv", sys.argv)
    set_default_app(None)

    def run(*words: str) -> Answer:
        code = main(words)
        return Answer(code, *capsys.readouterr())

    yield run
    set_default_app(None)
    for name, module in list(sys.modules.items()):
        if str(getattr(module, "__file__", "")).startswith(str(tmp_path)):
            del sys.modules[name]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a file into that folder."""

    def to(name: str, text: str) -> Path:
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return file

    return to


AMBULANCE = """
import mape
from mape import operators as ops

loop = mape.Loop("ambulance", level="road")


@loop.monitor
def detect(call: str) -> bool:
    return "emergency" in call


@loop.plan(ops_in=ops.distinct_until_changed())
def policy(emergency: bool) -> float:
    return 160.0 if emergency else 80.0


@loop.execute
def drive(kmh: float) -> None:
    print("kmh", kmh)


mape.connect(detect, policy, drive)


async def main() -> None:
    detect("emergency")
    mape.stop()
"""


@pytest.fixture
def ambulance(write: Write) -> str:
    """Write a program without a mistake, and return the name of its file."""
    write("ambulance.py", AMBULANCE)
    return "ambulance.py"
