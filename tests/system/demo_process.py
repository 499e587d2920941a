"""A demo as a person runs it, and what it leaves behind."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = [
    "ROOT",
    "children",
    "command_in",
    "nothing_is_left",
    "processes",
    "read_to",
    "running",
    "sockets",
    "start",
    "until",
]

ROOT = Path(__file__).parents[2]
PS = ["ps", "-A", "-ww", "-o", "pid=,ppid=,stat=,command="]
SETTLE = 5.0
FIRST_LINE = re.compile(r"^ *\d+ s  ", re.MULTILINE)
"""How a second begins; on a busy machine the first one that is shown may be over already."""


def start(*words: str, **more: str) -> subprocess.Popen[str]:
    """Start ``mape demo``, in a process group of its own, so that signals reach no more than it."""
    return subprocess.Popen(
        [sys.executable, "-u", "-m", "mape", "demo", *words],
        cwd=ROOT,
        env=os.environ | more,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        process_group=0,
    )


def processes() -> dict[int, tuple[int, str]]:
    """Return the living processes of this machine: their parents and command lines by number."""
    rows = subprocess.run(PS, capture_output=True, text=True, check=True)
    parts = [row.split(None, 3) for row in rows.stdout.splitlines()]
    return {int(row[0]): (int(row[1]), row[3]) for row in parts if len(row) == 4 and not row[2].startswith("Z")}


def children(parent: int) -> set[int]:
    """Return the demo's own processes."""
    return {pid for pid, (ppid, command) in processes().items() if ppid == parent and "mape.demo" in command}


def sockets(parent: int) -> list[Path]:
    """Return the folders of embedded servers that a process has started."""
    return list((Path(tempfile.gettempdir()) / f"mape-{os.getuid()}").glob(f"own-{parent}-*"))


def servers(parent: int) -> list[str]:
    """Return the servers in such folders that are alive, their shells included."""
    return [command for _, command in processes().values() if f"own-{parent}-" in command]


def until(condition: Callable[[], bool], what: str, seconds: float = 10.0) -> None:
    """Wait for `condition`."""
    begun = time.monotonic()
    while not condition():
        assert time.monotonic() - begun < seconds, f"waited {seconds} s in vain for {what}"
        time.sleep(0.02)


def nothing_is_left(parent: int, parts: set[int]) -> bool:
    """Whether the demo's processes, its server and the server's folder are gone."""
    return not parts & processes().keys() and not servers(parent) and not sockets(parent)


@contextmanager
def running(*words: str, members: int) -> Iterator[tuple[subprocess.Popen[str], set[int], str]]:
    """Run a demo that goes on for a minute until all of its processes work; yield it, them and what it printed."""
    demo = start(*words, "--seconds", "60")
    try:
        assert demo.stdout
        head = ""
        while not FIRST_LINE.search(head):
            head += (line := demo.stdout.readline())
            assert line, demo.stderr and demo.stderr.read()
        parts = children(demo.pid)
        assert len(parts) == members
        yield demo, parts, head
    finally:
        demo.kill()
        demo.wait()
        for stream in (demo.stdout, demo.stderr):
            if stream:
                stream.close()


def read_to(demo: subprocess.Popen[str], words: str, shown: str = "") -> str:
    """Return what a demo has shown, which is `shown` and more, with the line that has `words`."""
    assert demo.stdout
    while words not in shown:
        shown += (line := demo.stdout.readline())
        assert line, f"the demo ended without {words!r}"
    return shown


def command_in(text: str) -> list[str]:
    """Return the words of the ``mape send`` that a demo has printed."""
    found = re.search(r"mape (send .*)", text)
    assert found, text
    return found[1].split()
