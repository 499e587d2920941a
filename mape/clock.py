"""Where time and chance come from: the only place that asks the machine for either.

Everything else takes a `Clock` and a `random.Random` by argument, so that a test can run a day in seconds and
the same seed gives the same run.
"""

from __future__ import annotations

import asyncio
import random
import time
from typing import Any, Protocol

__all__ = ["Clock", "SystemClock", "of_loop", "system_random"]


class Clock(Protocol):
    """Tells the time, real or virtual."""

    def now(self) -> float:
        """Wall time since the Unix epoch [s]."""

    def monotonic(self) -> float:
        """A time that never goes back, from an unknown start [s]."""


class SystemClock:
    """The machine's own time."""

    now = staticmethod(time.time)
    monotonic = staticmethod(time.perf_counter)


def system_random(seed: int | str | None = None) -> random.Random:
    """Random numbers; the machine's own entropy when `seed` is None, else the same numbers every time."""
    return random.Random(seed)  # noqa: S311 - names and jitter, never secrets


def of_loop(name: str) -> Any:
    """Return the ``clock`` or ``rng`` of the running event loop, which one in virtual time has; else None."""
    try:
        return getattr(asyncio.get_running_loop(), name, None)  # two names, no wire
    except RuntimeError:
        return None
