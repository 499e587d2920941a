"""How late the event loop is: what everything that runs in it feels when one function blocks."""

from __future__ import annotations

import asyncio
from bisect import bisect_left

__all__ = ["Lag"]

EVERY = 0.25
"""How often it is measured [s]."""
PATIENCE = 300.0
"""How long it is measured after somebody asked [s]; who never asks pays nothing."""
BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
"""Upper ends of the classes [s]."""


class Lag:
    """Sets a timer again and again, and notes how late it rings: a histogram."""

    def __init__(self) -> None:
        self.counts = [0] * (len(BOUNDS) + 1)
        """By class; the last one is for what is longer than all bounds."""
        self.sum = 0.0
        """[s]."""
        self._timer: asyncio.TimerHandle | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._until = 0.0

    def watch(self) -> None:
        """Measure from now on, for a while."""
        loop = asyncio.get_running_loop()
        self._until = loop.time() + PATIENCE
        if self._timer is None or self._loop is not loop:
            self._loop = loop
            self._set(loop.time() + EVERY)

    def close(self) -> None:
        """Measure no more."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None

    def note(self, seconds: float) -> None:
        """Take note of how late it was [s]."""
        self.counts[bisect_left(BOUNDS, seconds)] += 1
        self.sum += seconds

    def buckets(self) -> list[tuple[float, int]]:
        """Return each bound with how many were at most as late."""
        total, found = 0, []
        for bound, count in zip((*BOUNDS, float("inf")), self.counts, strict=True):
            total += count
            found.append((bound, total))
        return found

    def _set(self, due: float) -> None:
        if self._loop is not None:
            self._timer = self._loop.call_at(due, self._ring, due)

    def _ring(self, due: float) -> None:
        now = due if self._loop is None else self._loop.time()
        self.note(max(0.0, now - due))
        self._timer = None
        if now < self._until:
            self._set(now + EVERY)
