"""How late a busy machine lets a process go on that has nothing to do: what a test must not blame on what it tests."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

__all__ = ["Lateness", "machine"]

BEAT = 0.02
"""How long each sleep is, whose end is looked at [s]."""


@dataclass
class Lateness:
    """By how much the sleeps of this process were too long, all together; next to nothing on a quiet machine [s]."""

    seconds: float = 0.0


@asynccontextmanager
async def machine() -> AsyncIterator[Lateness]:
    """Watch how late the machine is meanwhile; for what another process does: what blocks this one counts as late."""
    late = Lateness()

    async def watch() -> None:
        while True:
            begin = time.monotonic()
            await asyncio.sleep(BEAT)
            late.seconds += time.monotonic() - begin - BEAT

    task = asyncio.create_task(watch())
    try:
        yield late
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
