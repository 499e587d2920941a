"""What a sink has stored at the server and the consumers have not passed: kept, to be sent again; pure."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, field
from enum import StrEnum

from mape.errors import SendError
from mape.remote.outgoing import Batch

__all__ = ["Confirmed", "Window", "WindowStats"]


class Confirmed(StrEnum):
    """How far an item must have come before its sender goes on."""

    STORED = "stored"
    """The server has it. One without persistence that dies forgets it, and then it lives in its sender only."""
    PROCESSED = "processed"
    """Every group has dealt with it."""


@dataclass(frozen=True)
class WindowStats:
    """What became of the items that a server confirmed.

    Args:
        stored: Items that the server has confirmed.
        processed: Those that all groups have dealt with.
        kept: Those that are kept, to be sent again to a server that forgets them.
        kept_bytes: Their size.
        forgotten: Those that were not kept any longer for want of room; a server that dies may lose them.
        resent: Items sent again to a server that had forgotten them.
    """

    stored: int = 0
    processed: int = 0
    kept: int = 0
    kept_bytes: int = 0
    forgotten: int = 0
    resent: int = 0


@dataclass
class Window:
    """See the module.

    Args:
        max_bytes: How much is kept; beyond it the oldest is forgotten, which loses nothing while the server lives.
    """

    max_bytes: int = 64 * 2**20
    batches: deque[Batch] = field(default_factory=deque)  # bound: max_bytes, in keep
    size_bytes: int = 0
    stored: int = 0
    processed: int = 0
    forgotten: int = 0
    resent: int = 0
    _waiting: dict[Confirmed, deque[tuple[int, asyncio.Future[None]]]] = field(
        default_factory=lambda: {each: deque() for each in Confirmed}  # bound: the callers that wait
    )

    def keep(self, batch: Batch) -> None:
        """Take in a batch that the server has stored."""
        self.stored = batch.seq + len(batch)
        self.batches.append(batch)
        self.size_bytes += batch.size_bytes
        while self.size_bytes > self.max_bytes:
            gone = self.batches.popleft()
            self.size_bytes -= gone.size_bytes
            self.forgotten += len(gone)
        self._settle(Confirmed.STORED, self.stored)

    def release(self, processed: int) -> None:
        """Hear how far all groups have come."""
        if processed <= self.processed:
            return
        self.processed = processed
        while self.batches and self.batches[0].seq + len(self.batches[0]) <= processed:
            self.size_bytes -= self.batches.popleft().size_bytes
        self._settle(Confirmed.PROCESSED, processed)

    def behind(self, number: int) -> list[Batch]:
        """Return the kept batches with an item from `number` on."""
        return [batch for batch in self.batches if batch.seq + len(batch) > number]

    def wait_for(self, number: int, until: Confirmed) -> asyncio.Future[None]:
        """Return what is done when all items below `number` have come as far as `until`."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if (self.stored if until is Confirmed.STORED else self.processed) >= number:
            future.set_result(None)
        else:
            self._waiting[until].append((number, future))
        return future

    @property
    def is_awaited(self) -> bool:
        """Whether somebody waits until all groups have dealt with an item."""
        return bool(self._waiting[Confirmed.PROCESSED])

    def refuse(self, first: int, end: int, why: str) -> None:
        """Tell whoever waits for an item from `first` to before `end`, of those not stored, that it never will be."""
        for until, waiting in self._waiting.items():
            mine = [each for each in waiting if max(first, self.stored) < each[0] <= end]
            self._waiting[until] = deque(each for each in waiting if each not in mine)  # bound: the callers that wait
            for _, future in mine:
                if not future.done():
                    future.set_exception(SendError(why))

    def abandon(self, why: str) -> None:
        """Tell whoever waits that it is in vain."""
        for waiting in self._waiting.values():
            while waiting:
                _, future = waiting.popleft()
                if not future.done():
                    future.set_exception(SendError(why))

    def _settle(self, until: Confirmed, number: int) -> None:
        waiting = self._waiting[until]
        while waiting and waiting[0][0] <= number:
            _, future = waiting.popleft()
            if not future.done():
                future.set_result(None)

    @property
    def stats(self) -> WindowStats:
        """The counts."""
        kept = sum(map(len, self.batches))
        return WindowStats(self.stored, self.processed, kept, self.size_bytes, self.forgotten, self.resent)
