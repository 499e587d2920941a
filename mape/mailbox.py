"""A bounded queue with a stated overflow policy; pure, without clock, task or lock."""

from __future__ import annotations

from collections import deque
from enum import StrEnum
from typing import Generic, TypeVar

from mape.errors import MailboxFullError, WiringError

__all__ = ["Mailbox", "Overflow"]

T = TypeVar("T")


class Overflow(StrEnum):
    """What happens to an item that finds the mailbox full."""

    DROP_OLDEST = "drop_oldest"
    DROP_NEWEST = "drop_newest"
    LATEST = "latest"
    """Only the newest item waits, whatever the size."""
    ERROR = "error"


class Mailbox(Generic[T]):
    """Holds items for a consumer that is slower than its producer.

    Args:
        size: How many items wait at most; at least 1.
        overflow: What happens to the next one.

    Order:
        First in, first out. ``LATEST`` keeps one item, the newest.

    Raises:
        WiringError: `size` is below 1, or `overflow` is no policy.
    """

    __slots__ = ("items", "offered", "overflow", "size")

    def __init__(self, size: int = 1024, overflow: str = Overflow.DROP_OLDEST) -> None:
        if not (isinstance(size, int) and size >= 1):  # type: ignore[redundant-expr] # people pass anything
            raise WiringError(f"a mailbox of size {size!r} cannot hold an item: give a whole number from 1")
        if overflow not in list(Overflow):
            raise WiringError(f"{overflow!r} is no overflow policy: take one of {', '.join(Overflow)}")
        self.overflow = Overflow(overflow)
        self.size = 1 if self.overflow is Overflow.LATEST else size
        self.items: deque[T] = deque()  # bound: size, in put_nowait
        self.offered = 0

    def put_nowait(self, item: T) -> tuple[T, ...]:
        """Take `item` in or drop by policy; return what was dropped, which may be `item` itself.

        Raises:
            MailboxFullError: The mailbox is full and the policy is ``ERROR``; `item` was not taken.
        """
        self.offered += 1
        if len(self.items) < self.size:
            self.items.append(item)
            return ()
        if self.overflow is Overflow.ERROR:
            raise MailboxFullError(f"the mailbox holds {self.size} items and takes no more: slow down or widen it")
        if self.overflow is Overflow.DROP_NEWEST:
            return (item,)
        self.items.append(item)
        return (self.items.popleft(),)

    def get_nowait(self) -> T:
        """Take the oldest item out.

        Raises:
            IndexError: There is none.
        """
        return self.items.popleft()

    def clear(self) -> list[T]:
        """Empty the mailbox and return what waited, oldest first."""
        waiting = list(self.items)
        self.items.clear()
        return waiting

    @property
    def is_full(self) -> bool:
        """Whether the next item meets the overflow policy."""
        return len(self.items) >= self.size

    def __len__(self) -> int:
        return len(self.items)
