"""`mape send` and `mape tap` against a running program, over REST and over Redis."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.system

PROGRAM = """
from dataclasses import dataclass
import mape
from mape.remote.redis import PubObserver, SubObservable

@dataclass
class Speed:
    kmh: float

mape.init(rest_host_port="127.0.0.1:0", rest__token="{token}", redis_url="embedded:{name}")
loop = mape.Loop("car")

@loop.monitor
def speed(item: Speed) -> float:
    return item.kmh

@loop.execute
def show(item):
    print("took", item, flush=True)

speed.subscribe(show)
SubObservable("car_*").subscribe(show)
speed.subscribe(PubObserver("car.speed"))
"""
TOKEN = "let-me-in-please"  # noqa: S105 - of this test


class Program:
    """A program that runs, and what is asked of it by the command line."""

    def __init__(self, folder: Path) -> None:
        self.name = f"tap-{os.getpid()}"
        (folder / "car.py").write_text(PROGRAM.format(token=TOKEN, name=self.name))
        self.folder = folder
        self.process = subprocess.Popen(
            [sys.executable, "-m", "mape", "run", "car.py"],
            cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        self.url = self.until(r"listens at (http://[\d.:]+)")

    def until(self, pattern: str) -> str:
        """Read what the program prints until a line fits, and return its first group, or the line."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if found := re.search(pattern, line):
                return found[1] if found.groups() else line
        raise AssertionError(f"the program ended and never printed {pattern}")

    def start(self, *words: str, token: str = TOKEN) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "mape", *words],
            cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env={**os.environ, "MAPE_REST__TOKEN": token} if token else None,
        )  # fmt: skip

    def ask(self, *words: str, token: str = TOKEN) -> tuple[int, str, str]:
        process = self.start(*words, token=token)
        out, err = process.communicate(timeout=20)
        return process.returncode, out, err


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    running = Program(tmp_path_factory.mktemp("program"))
    yield running
    running.process.send_signal(signal.SIGTERM)
    assert running.process.wait(timeout=15) == 0
    assert running.process.stdout is not None
    running.process.stdout.close()


def test_items_reach_an_element_over_rest(program: Program) -> None:
    code, out, err = program.ask("send", "car.speed", '{"kmh": 80}', '{"kmh": 90.5}', "--url", program.url)

    assert (code, out) == (0, "car.speed took 2 of 2\n"), err
    assert [program.until(r"took (\S+)"), program.until(r"took (\S+)")] == ["80.0", "90.5"]


def test_what_is_refused_is_said_with_the_reason(program: Program) -> None:
    code, _, err = program.ask("send", "car.speed", '{"kmh": "fast"}', "--url", program.url)
    assert (code, "Expected `float`, got `str`" in err) == (1, True), err

    code, _, err = program.ask("send", "car.sped", "1", "--url", program.url)
    assert (code, "did you mean 'speed'?" in err) == (2, True), err

    code, _, err = program.ask("send", "car.speed", "80 kmh", "--url", program.url)
    assert (code, "no JSON" in err) == (2, True), err


def test_nobody_is_let_in_without_the_token_nor_is_it_shown(program: Program) -> None:
    code, out, err = program.ask("send", "car.speed", '{"kmh": 80}', "--url", program.url, token="wrong")  # noqa: S106

    assert code == 2
    assert "--token" in err
    assert TOKEN not in out + err


def test_a_tap_shows_what_leaves_an_element(program: Program) -> None:
    with program.start("tap", "car.speed", "--url", program.url, "-n", "2", "--json") as tap:
        assert tap.stderr is not None
        tap.stderr.readline()
        for _ in range(50):  # it says what it does before the server has heard of it
            program.ask("send", "car.speed", '{"kmh": 70}', "--url", program.url)
            if tap.poll() is not None:
                break
        assert tap.stdout is not None
        lines = [json.loads(line) for line in tap.stdout]
    assert lines == [{"path": "car.speed", "value": 70.0}] * 2


def test_a_channel_takes_items_and_a_tap_shows_them(program: Program) -> None:
    redis = f"embedded:{program.name}"
    with program.start("tap", "car_*", "--redis", redis, "-n", "2") as tap:
        assert tap.stderr is not None
        tap.stderr.readline()
        for _ in range(50):
            code, out, err = program.ask("send", "car_panda", '{"on": true}', "--redis", redis)
            assert (code, "published 1 on car_panda" in out) == (0, True), err
            if tap.poll() is not None:
                break
        assert tap.stdout is not None
        assert tap.stdout.read() == 'car_panda  {"on": true}\n' * 2
    assert "took {'on': True}" in program.until("took {")
