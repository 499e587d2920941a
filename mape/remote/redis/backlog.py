"""Messages that wait for slow elements, so that the connection is read all the same; bounded, counted; pure."""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

from mape.errors import WiringError
from mape.mailbox import Overflow

__all__ = ["Backlog", "Waiting"]

POLICIES = (Overflow.DROP_OLDEST, Overflow.DROP_NEWEST)


class Waiting(NamedTuple):
    """A message as it came.

    Args:
        pattern: What it was subscribed to by; None where that was the channel's own name.
    """

    payload: bytes
    channel: bytes
    pattern: bytes | None


class Backlog:
    """A queue of messages, bounded in number and in bytes.

    Args:
        size: How many messages may wait; at least 1.
        max_bytes: How many bytes they may have together.
        overflow: ``drop_oldest`` or ``drop_newest``.

    Raises:
        WiringError: `size` is below 1, or `overflow` is neither of the two.
    """

    def __init__(self, size: int, max_bytes: int, overflow: str) -> None:
        if size < 1 or overflow not in POLICIES:
            raise WiringError(
                f"a backlog of size {size!r} with {overflow!r:.40}: give a size from 1, and {' or '.join(POLICIES)}"
            )
        self.size, self.max_bytes, self.overflow = size, max_bytes, overflow
        self.bytes = 0
        self._waiting: deque[Waiting] = deque()  # bound: size and max_bytes, in put

    def put(self, message: Waiting) -> int:
        """Take a message in; return how many were dropped for it, itself included."""
        length = len(message.payload)
        if length > self.max_bytes or (self.overflow == Overflow.DROP_NEWEST and not self._has_room(length)):
            return 1
        dropped = 0
        while not self._has_room(length):
            self.get()
            dropped += 1
        self._waiting.append(message)
        self.bytes += length
        return dropped

    def _has_room(self, length: int) -> bool:
        return len(self._waiting) < self.size and self.bytes + length <= self.max_bytes

    def get(self) -> Waiting:
        """Take the oldest one out.

        Raises:
            IndexError: There is none.
        """
        message = self._waiting.popleft()
        self.bytes -= len(message.payload)
        return message

    def clear(self) -> int:
        """Drop all; return how many that were."""
        count = len(self._waiting)
        self._waiting.clear()
        self.bytes = 0
        return count

    def __len__(self) -> int:
        return len(self._waiting)
