"""What sinks and sources of streams ask a server for: `server.RedisLog` is Redis, `memory.MemoryLog` this process."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

__all__ = ["NOTHING", "Entry", "Grant", "Holding", "Letter", "Log", "Parcel", "Roll", "Standing"]

NOTHING = -1
"""The number of a source that nobody knows."""


class Entry(NamedTuple):
    """One entry of a stream: a frame of items.

    Args:
        id: As Redis numbers it.
        payload: The frame; None if there is none in it.
        is_again: Whether its sender had sent it before, to a server that forgot it.
    """

    id: str
    payload: bytes | None
    is_again: bool = False


class Parcel(NamedTuple):
    """An entry to be appended.

    Args:
        source: Id and epoch of the sender.
        seq: Number of the first item.
        items: How many.
        before: What the sender believes to be the next number that the server expects of it.
        payload: The frame.
        is_again: Whether the server had it before.
    """

    source: str
    seq: int
    items: int
    before: int
    payload: bytes
    is_again: bool = False


class Standing(NamedTuple):
    """Where a source stands at a server.

    Args:
        stored: The number after the last stored item; `NOTHING` where the server knows nothing of the source.
        processed: The number after the last item that all groups have dealt with; `NOTHING` while there is no group.
    """

    stored: int
    processed: int


class Holding(NamedTuple):
    """Who reads a partition.

    Args:
        stream: The partition.
        group: For which group.
        owner: Name of the consumer and of this life of it.
        token: Number of the lease: greater than all before.
    """

    stream: str
    group: str
    owner: str
    token: int = 0


@dataclass(frozen=True)
class Grant:
    """A partition that was obtained.

    Args:
        token: Number of the lease.
        last: Id of the last entry that the group has read.
        is_clean: Whether the one before released it, in contrast to died.
        marks: Source to the number that the group will deal with next.
    """

    token: int
    last: str
    is_clean: bool
    marks: Mapping[str, int] = field(default_factory=dict)


class Roll(NamedTuple):
    """Who is there.

    Args:
        members: The consumers of the group, oldest first.
        partitions: How many there are; None while nobody has said.
        born: When the server first heard of the group: another time means that it forgot everything.
    """

    members: tuple[str, ...]
    partitions: int | None
    born: int


class Letter(NamedTuple):
    """What goes to the stream of dead letters."""

    fields: Mapping[str, str | bytes]


class Log(Protocol):
    """A server of streams; every method is atomic.

    Raises:
        ConnectError: It cannot be reached.
        SendError: Nobody knows whether it did what it was asked for.
        PeerError: It will never do it.
    """

    async def shape(self, stream: str, partitions: int) -> int:
        """Say how many partitions a stream has; return what was said first."""

    async def append(self, stream: str, parcel: Parcel, most: int, *, trims: bool) -> Standing:
        """Append an entry, unless it is there already or the source stands elsewhere than it believes.

        Args:
            most: How many entries the stream may have.
            trims: Whether entries that all groups have dealt with may go.
        """

    async def standing(self, stream: str, source: str) -> Standing:
        """Return where a source stands; a group that has nothing to read has dealt with everything of it."""

    async def meet(self, stream: str, group: str, name: str, joined: int, seconds: float) -> Roll:
        """Say that a consumer is there, for so many seconds."""

    async def leave(self, stream: str, group: str, name: str) -> None:
        """Say that a consumer is gone."""

    async def acquire(self, holding: Holding, seconds: float, start: str, marks: Mapping[str, int]) -> Grant | None:
        """Obtain a partition, if nobody else holds it; what is known to be processed is taken in, and added to."""

    async def claim(self, holding: Holding, seconds: float, count: int) -> list[Entry] | None:
        """Take over the next entries that others, or an earlier life, have read and not acknowledged; oldest first.

        None if the partition is no longer held; empty if there are no more.
        """

    async def step(
        self, holding: Holding, seconds: float, acks: Sequence[str], marks: Mapping[str, int], count: int
    ) -> list[Entry] | None:
        """Keep the lease, acknowledge, take note of what was processed, read the next entries: all or nothing of it.

        None if the partition is no longer held.
        """

    async def remind(self, stream: str, group: str, marks: Mapping[str, int]) -> None:
        """Tell a server that forgot it what was processed."""

    async def tries(self, holding: Holding, place: str) -> int:
        """Take note that consumers died, and the next one begins at `place`; return how often that item was tried.

        Once, where nobody died before; twice, where the one before died on its way from another place: it went item by
        item, and came as far as this one. An empty `place` says that all is well again.
        """

    async def release(self, holding: Holding, *, is_clean: bool) -> None:
        """Give a partition back; `is_clean` says that nothing was given to anybody that is not marked."""

    async def wait(self, stream: str, after: str, seconds: float) -> None:
        """Wait until there is an entry behind `after`, or so many seconds."""

    async def bury(self, stream: str, letters: Sequence[Letter]) -> None:
        """Append to the stream of dead letters."""

    async def ready(self, seconds: float) -> None:
        """Wait until the server is there, for at most so many seconds."""

    async def close(self) -> None:
        """Let go of what waits."""
