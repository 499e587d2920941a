"""On what terms a consumer reads, what it says about the item in hand, and what it counts."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from mape.codecs import Codec
from mape.remote.receiver import ReceiveStats

__all__ = ["Delivery", "Processed", "StreamStats", "Terms"]

Marks: TypeAlias = "Mapping[tuple[str, int], int]"
Processed: TypeAlias = "Callable[[str, int], Marks | Awaitable[Marks]]"
"""Called with a partition and the number of the lease when a consumer takes the partition over."""


@dataclass(frozen=True)
class Delivery:
    """What is known about the item in hand.

    Args:
        stream: The partition that it comes from.
        source: Id of its sender.
        epoch: Grows each time the sender begins to count anew.
        seq: Its number among the sender's items in this partition.
        token: Number of the lease under which it is worked on: grows with each consumer that takes the partition
            over, so that a store that has seen a higher one can refuse what a consumer does that was stopped
            meanwhile.
        redelivered: Whether a consumer before may have dealt with it, and died before it could say so.
    """

    stream: str
    source: str
    epoch: int
    seq: int
    token: int
    redelivered: bool


@dataclass
class StreamStats(ReceiveStats):
    """What a source has received.

    Args:
        redelivered: Items that another consumer had read, or an earlier life of this one.
        dead: Items in the stream of dead letters.
        takeovers: Partitions obtained.
    """

    redelivered: int = 0
    dead: int = 0
    takeovers: int = 0


@dataclass(frozen=True)
class Terms:
    """See `mape.remote.redis.streams.StreamObservable`.

    Args:
        stream: The whole stream.
        group: Which group reads it.
        owner: Name of this consumer, and of this life of it.
        start: Where a new group begins: ``0``, the oldest entry there is, or ``$``, what comes from now on.
        lease: How long a partition stays with a consumer that says nothing [s].
        count: How many entries are read at a time.
        tries: How often an item is given that ends the process each time.
        codec: Makes items of bytes.
        processed: What the person's own store knows to be processed.
    """

    stream: str
    group: str
    owner: str
    start: str
    lease: float
    count: int
    tries: int
    codec: Codec
    processed: Processed | None = None
