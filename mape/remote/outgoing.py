"""What waits to be sent: encoded items with consecutive numbers, bounded in items and in bytes; pure."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from itertools import repeat, starmap

from mape.errors import MailboxFullError, WiringError
from mape.mailbox import Overflow

__all__ = ["Batch", "Outgoing", "SendStats"]


@dataclass(frozen=True)
class Batch:
    """Consecutive items on their way.

    Args:
        seq: Number of the first one; a batch that is sent again has the same.
        parts: The items, encoded.
        causes: Their causal ids.
        size_bytes: Of all parts together.
    """

    seq: int
    parts: list[bytes]
    causes: list[int | None]
    size_bytes: int

    def __len__(self) -> int:
        return len(self.parts)


@dataclass(frozen=True)
class SendStats:
    """What a sink has done; ``offered == sent + sum(dropped.values()) + queued`` at every moment.

    Args:
        offered: Items that reached the sink.
        sent: Items that the peer has confirmed.
        dropped: Items lost, by reason: ``overflow``, ``encode``, ``too_large``, ``refused`` (the peer will never take
            it), ``unconfirmed`` (sent at most once, and nobody knows), ``closed``.
        queued: Items that wait or are on their way.
        queued_bytes: Their encoded size.
        retries: How often a batch was sent again, or had to wait for the peer.
        is_up: Whether the last attempt succeeded.
        last_error: Why not, in words; None while all is well.
    """

    offered: int
    sent: int
    dropped: dict[str, int]
    queued: int
    queued_bytes: int
    retries: int
    is_up: bool
    last_error: str | None


@dataclass
class Outgoing:
    """A queue of encoded items; whoever takes a batch says what became of it.

    Args:
        size: How many items may wait, besides the one batch that is on its way; at least 1.
        max_bytes: How many bytes they may have together.
        overflow: What happens to the next item. ``drop_oldest`` drops what waits, never what is on its way.

    Order:
        First in, first out. Items have consecutive numbers; one that is dropped later leaves a gap, which receivers
        count, one that is never taken in has no number.

    Raises:
        WiringError: `size` is below 1, or `overflow` is no policy.
    """

    size: int = 10_000
    max_bytes: int = 16 * 2**20
    overflow: str = Overflow.DROP_OLDEST
    parts: deque[bytes] = field(default_factory=deque)  # bound: size and max_bytes, in make_room
    causes: deque[int | None] = field(default_factory=deque)  # bound: as parts
    queued_bytes: int = 0
    first_seq: int = 0
    """Number of the item that waits longest, or will be next."""
    untaken: int = 0
    """Items that were offered and got no number."""
    sent: int = 0
    dropped: dict[str, int] = field(default_factory=dict)
    in_flight: Batch | None = None

    def __post_init__(self) -> None:
        if not (isinstance(self.size, int) and self.size >= 1):  # type: ignore[redundant-expr] # people pass anything
            raise WiringError(f"a queue of size {self.size!r} cannot hold an item: give a whole number from 1")
        if self.overflow not in list(Overflow):
            raise WiringError(f"{self.overflow!r} is no overflow policy: take one of {', '.join(Overflow)}")
        if self.overflow == Overflow.LATEST:
            self.size = 1

    def put(self, part: bytes, cause: int | None = None) -> int:
        """Take an item in; return how many were dropped for it, itself included.

        Raises:
            MailboxFullError: There is no room and the policy is ``error``; the item was not taken.
        """
        parts, total = self.parts, self.queued_bytes + len(part)
        lost = 0
        if len(parts) >= self.size or total > self.max_bytes:
            lost = self._make_room(len(part))
            if lost < 0:
                return -lost
            total = self.queued_bytes + len(part)
        parts.append(part)
        self.causes.append(cause)
        self.queued_bytes = total
        return lost

    @property
    def next_seq(self) -> int:
        """The number that the next item gets."""
        return self.first_seq + len(self.parts)

    @property
    def offered(self) -> int:
        """How many items came."""
        return self.next_seq + self.untaken

    def _make_room(self, length: int) -> int:
        """Return how many waiting items were dropped; negative if it is the new one that cannot be taken."""
        if length > self.max_bytes:
            self.refuse("too_large")
            return -1
        if self.overflow == Overflow.ERROR:
            self.refuse("overflow")
            raise MailboxFullError(f"{len(self.parts)} items wait to be sent and no more are taken: is the peer down?")
        if self.overflow == Overflow.DROP_NEWEST:
            self.refuse("overflow")
            return -1
        lost = 0
        while self.parts and (len(self.parts) >= self.size or self.queued_bytes + length > self.max_bytes):
            self.queued_bytes -= len(self.parts.popleft())
            self.causes.popleft()
            lost += 1
        self.first_seq += lost
        self.drop("overflow", lost)
        return lost

    def take(self, items: int, size_bytes: int) -> Batch | None:
        """Take the next batch out, of at most so many items and bytes, and at least one item; None if there is none.

        The same batch comes again until `confirm` or `lose` says what became of it.
        """
        if self.in_flight is not None or not self.parts:
            return self.in_flight
        count = min(len(self.parts), items)
        if self.queued_bytes > size_bytes:
            count = self._fitting(count, size_bytes)
        if count == len(self.parts):
            parts, causes = list(self.parts), list(self.causes)
            self.parts.clear()
            self.causes.clear()
        else:
            parts = list(starmap(self.parts.popleft, repeat((), count)))  # a third of what a loop takes
            causes = list(starmap(self.causes.popleft, repeat((), count)))
        taken = self.queued_bytes if not self.parts else sum(map(len, parts))
        self.queued_bytes -= taken
        self.in_flight = Batch(self.first_seq, parts, causes, taken)
        self.first_seq += count
        return self.in_flight

    def _fitting(self, most: int, size_bytes: int) -> int:
        total = count = 0
        for part in self.parts:
            total += len(part)
            if count and (count == most or total > size_bytes):
                break
            count += 1
        return min(count, most)

    def confirm(self, refused: int = 0) -> None:
        """Hear that the batch on its way has arrived, and how many of its items were not taken there."""
        if self.in_flight is not None:
            self.sent += len(self.in_flight) - refused
            self.drop("refused", refused)
            self.in_flight = None

    def lose(self, reason: str) -> int:
        """Hear that the batch on its way is lost; return how many items that are."""
        lost = len(self.in_flight) if self.in_flight else 0
        self.in_flight = None
        self.drop(reason, lost)
        return lost

    def clear(self, reason: str) -> int:
        """Drop all that waits or is on its way; return how many items that were."""
        lost = self.lose(reason) + len(self.parts)
        self.drop(reason, len(self.parts))
        self.first_seq = self.next_seq
        self.parts.clear()
        self.causes.clear()
        self.queued_bytes = 0
        return lost

    def drop(self, reason: str, count: int = 1) -> None:
        """Take note that items are lost."""
        if count:
            self.dropped[reason] = self.dropped.get(reason, 0) + count

    def refuse(self, reason: str) -> None:
        """Take note of an item that is not taken in."""
        self.untaken += 1
        self.drop(reason)

    @property
    def queued(self) -> int:
        """How many items wait or are on their way."""
        return len(self.parts) + (len(self.in_flight) if self.in_flight else 0)
