"""Workers: an app's share of what stream groups give, without its monitors."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

Ask = Callable[..., Any]
Write = Callable[[str, str], Path]

PROGRAM = """
import mape
from mape.remote.redis.streams import MemoryLog, StreamObservable, StreamObserver

log = MemoryLog()
loop = mape.Loop("plant")

@loop.monitor
def sensor(item, on_next): on_next(item)

@loop.monitor
def meter(item): return item

@loop.analyze
def heavy(item):
    print("heavy", item)
    mape.stop()

sensor.subscribe(StreamObserver("raw", log))
StreamObservable("raw", log, group="heavy").subscribe(meter)
meter.subscribe(heavy)
log.append_foreign("raw", b'"from outside"')

async def main():
    print("from main")
    mape.stop()

if __name__ == "__main__":
    print("as main")
"""


def test_a_worker_does_what_a_group_gives_and_nothing_of_its_own(ask: Ask, write: Write) -> None:
    write("app.py", PROGRAM + "\nimport atexit\natexit.register(lambda: None)\n")

    answer = ask("run", "app.py", "--worker")

    assert (answer.code, answer.out) == (0, "heavy from outside\n")
    assert "app.py works for raw > heavy until Ctrl-C" in answer.err


def test_a_worker_has_no_monitors_but_those_that_a_group_feeds(ask: Ask, write: Write) -> None:
    write("app.py", PROGRAM.replace('print("heavy", item)', "print([each.uid for each in loop])"))

    assert ask("run", "app.py", "--worker").out == "['meter', 'heavy']\n"


def test_a_program_without_a_group_makes_no_worker(ask: Ask, ambulance: str) -> None:
    answer = ask("run", ambulance, "--worker")

    assert answer.code == 1
    assert "StreamObservable(stream, group=...)" in answer.err
