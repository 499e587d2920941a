"""How late a busy machine lets go on who has nothing to do: what a test must not blame on what it tests."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

__all__ = ["Lateness", "machine"]

BEAT = 0.02
"""How long each sleep is, whose end is looked at [s]."""


@dataclass
class Lateness:
    """By how much sleeps were too long, all together; a hundredth of the time on a quiet machine [s]."""

    seconds: float = 0.0


@contextmanager
def machine() -> Iterator[Lateness]:
    """Watch how late the machine is meanwhile, in a thread: an event loop that is blocked is nobody's lateness."""
    late, end = Lateness(), threading.Event()

    def watch() -> None:
        begin = time.monotonic()
        while not end.wait(BEAT):
            now = time.monotonic()
            late.seconds += now - begin - BEAT
            begin = now

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield late
    finally:
        end.set()
        thread.join()
