"""Redis Streams with consumer groups: at least once, in order, shared by as many processes as there are partitions.

`StreamObserver` is the sink, `StreamObservable` the source; `mape.remote.redis.stream` has their parts.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import socket
from collections.abc import Callable, Sequence
from itertools import cycle
from typing import TYPE_CHECKING, Any

from mape.application import default_app
from mape.codecs import JSON, Codec
from mape.errors import WiringError
from mape.flow.services import Channel
from mape.mailbox import Overflow
from mape.remote.outgoing import SendStats
from mape.remote.redis.client import Client
from mape.remote.redis.place import server_of
from mape.remote.redis.stream.attendance import Attendance
from mape.remote.redis.stream.choice import log_of
from mape.remote.redis.stream.key import PARTITIONS, check_name, partition_of
from mape.remote.redis.stream.lane import Lane
from mape.remote.redis.stream.log import Log
from mape.remote.redis.stream.memory import MemoryLog
from mape.remote.redis.stream.reader import Hand
from mape.remote.redis.stream.terms import Delivery, Processed, StreamStats, Terms
from mape.remote.redis.stream.window import Confirmed, WindowStats
from mape.remote.source import RemoteSource

if TYPE_CHECKING:
    from mape.application import App

__all__ = [
    "Confirmed",
    "Delivery",
    "MemoryLog",
    "StreamObservable",
    "StreamObserver",
    "StreamStats",
    "WindowStats",
]

CLOSING = 0.8
"""How long a source that closes waits for what is at work to be marked [s]; an app gives it a second."""


class StreamObserver:
    """A sink: its items go to a Redis stream.

    Args:
        stream: Its name, the same for the sources.
        redis: A URL, a client of ``redis.asyncio``, or a `MemoryLog` for a test; None is ``redis.url``.
        key: Called with an item; items with the same key stay in order, whatever the number of partitions.
        partitions: How many consumers of a group may share the work; fixed by whoever comes first. Take four times as
            many as there will be consumers.
        ordered: False deals the items out to the partitions in turn; then only those of one partition are in order.
        maxlen: How many entries (of up to `frame` items) a partition has at most, about. The server drops the oldest;
            consumers count a gap.
        trims: Whether the server may drop entries that all groups have dealt with. Then a group that comes later does
            not see them.
        keep_bytes: How much a partition's sender keeps of what the consumers have not passed yet, to send it again to
            a server that lost its memory.
        size, max_bytes, overflow: How many items and bytes wait while the server is away, for each partition, and
            what happens to the next one.
        frame: How many items travel in one entry at most.
        codec: Makes bytes of items.
        app: Whose sink it is; by default the app of what it is first subscribed to, else `mape.app`.

    Delivery:
        At least once to each group, in order per key, as long as this process lives and its bounds hold, also over a
        server that dies and comes back empty. What waits here dies with the process: `put` says when an item is safe.

    Raises:
        WiringError: A name or a bound makes no sense, or several partitions without a `key` would break the order
        unnoticed.
    """

    def __init__(
        self,
        stream: str,
        redis: str | Client | Log | None = None,
        *,
        key: Callable[[Any], object] | None = None,
        partitions: int = 1,
        ordered: bool = True,
        maxlen: int = 10_000,
        trims: bool = True,
        keep_bytes: int = 64 * 2**20,
        size: int = 10_000,
        max_bytes: int = 16 * 2**20,
        overflow: str = Overflow.DROP_OLDEST,
        frame: int = 512,
        codec: Codec = JSON,
        app: App | None = None,
    ) -> None:
        self.stream, self.key, self._redis = check_name(stream, "stream"), key, redis
        if not 1 <= partitions <= PARTITIONS or maxlen < 1:
            raise WiringError(
                f"stream {stream}: partitions={partitions!r} and maxlen={maxlen!r} hold nothing, or too much"
            )
        if partitions > 1 and key is None and ordered:
            cure = "give key=, or ordered=False"
            raise WiringError(f"stream {stream}: {partitions} partitions need to know what stays in order: {cure}")
        waiting: dict[str, Any] = {"size": size, "max_bytes": max_bytes, "overflow": overflow, "frame": frame}
        bounds: dict[str, Any] = {"maxlen": maxlen, "trims": trims, "keep_bytes": keep_bytes, "codec": codec, **waiting}
        self.lanes = tuple(Lane(stream, number, partitions, **bounds) for number in range(partitions))
        """The ways to the partitions, each a `Sender`."""
        self._turns = cycle(self.lanes)
        self._app: App | None = None
        if app is not None:
            self.join_app(app)

    def join_app(self, app: App, path: str = "") -> None:
        """Belong to `app`, unless the sink belongs to one already."""
        if self._app is not None:
            return
        self._app, log = app, log_of(app, self._redis)
        for lane in self.lanes:
            lane.log, lane.server = log, server_of(app, self._redis)
            lane.join_app(app, path)
        if len(self.lanes) == 1:
            self.on_next = self.lanes[0].on_next  # type: ignore[method-assign]

    def channels(self) -> Sequence[Channel]:
        """Say where items go."""
        return self.lanes[0].channels()

    @property
    def app(self) -> App:
        """Whose sink it is."""
        if self._app is None:
            self.join_app(default_app())
        return self._app  # type: ignore[return-value] # join_app has set it

    def lane_of(self, item: Any) -> Lane:
        """Return the way of an item; without a key and order, of the next one."""
        if len(self.lanes) == 1:
            return self.lanes[0]
        if self.key is None:
            return next(self._turns)
        return self.lanes[partition_of(self.key(item), len(self.lanes))]

    def on_next(self, item: Any) -> None:
        """Take an item; never waits.

        Raises:
            EncodeError: It has no form on the wire; it is counted.
            MailboxFullError: No room is left and the policy is ``error``; it is counted.
        """
        if self._app is None:
            self.join_app(default_app())
        self.lane_of(item).on_next(item)

    def on_error(self, error: Exception) -> None:
        """Send an error as an event, on all partitions."""
        self.join_app(self.app)
        for lane in self.lanes:
            lane.on_error(error)

    def on_completed(self) -> None:
        """Send completion as an event, on all partitions."""
        self.join_app(self.app)
        for lane in self.lanes:
            lane.on_completed()

    async def put(self, item: Any, until: str = Confirmed.PROCESSED) -> None:
        """Give an item when there is room, and wait until it is safe.

        Args:
            until: ``processed``, by every group there is: then nothing can lose it. ``stored`` by the server is
                sooner: then it takes this process and a server without persistence to die, both.

        Raises:
            EncodeError: It has no form on the wire.
            SendError: The server will never take it, or the sink closed before.
        """
        self.join_app(self.app)
        await self.lane_of(item).put(item, Confirmed(until))

    async def confirmed(self, until: str = Confirmed.PROCESSED) -> None:
        """Wait until everything that was given so far is safe, as in `put`; without end while there is no group.

        Raises:
            SendError: The sink closed before.
        """
        await asyncio.gather(*(lane.confirmed(Confirmed(until)) for lane in self.lanes))

    @property
    def stats(self) -> SendStats:
        """What the sink has done so far, all partitions together."""
        each = [lane.stats for lane in self.lanes]
        reasons = {reason for stats in each for reason in stats.dropped}
        return SendStats(
            offered=sum(stats.offered for stats in each),
            sent=sum(stats.sent for stats in each),
            dropped={reason: sum(stats.dropped.get(reason, 0) for stats in each) for reason in sorted(reasons)},
            queued=sum(stats.queued for stats in each),
            queued_bytes=sum(stats.queued_bytes for stats in each),
            retries=sum(stats.retries for stats in each),
            is_up=all(stats.is_up for stats in each),
            last_error=next((stats.last_error for stats in each if stats.last_error), None),
        )

    @property
    def window(self) -> WindowStats:
        """What became of the items that the server confirmed, all partitions together."""
        each = [lane.window.stats for lane in self.lanes]
        return WindowStats(
            stored=sum(stats.stored for stats in each),
            processed=sum(stats.processed for stats in each),
            kept=sum(stats.kept for stats in each),
            kept_bytes=sum(stats.kept_bytes for stats in each),
            forgotten=sum(stats.forgotten for stats in each),
            resent=sum(stats.resent for stats in each),
        )

    def dispose(self) -> None:
        """Leave the app: stop sending, drop what waits (counted as ``closed``)."""
        for lane in self.lanes:
            lane.dispose()

    def __repr__(self) -> str:
        return f"<StreamObserver {self.stream}, {len(self.lanes)} partitions, {self.stats.queued} wait>"


class StreamObservable(RemoteSource):
    """A source: items of a Redis stream, which the consumers of a group share.

    Args:
        stream: Its name, the same as the sinks'.
        redis: A URL, a client of ``redis.asyncio``, or a `MemoryLog` for a test; None is ``redis.url``.
        group: Consumers with the same group share the items; each group gets all of them.
        consumer: What this one is called in Redis; by default host and process. It may be taken twice.
        start: Where a new group begins: ``0`` is the oldest entry there is, ``$`` what comes from now on.
        lease: How long a partition stays with a consumer that says nothing [s]. A function that blocks longer has its
            item given to another consumer too.
        count: How many entries are read at a time.
        tries: How often an item is given to consumers that end before they are done with it; then it is a dead letter.
        processed: Called with a partition and a lease number when the partition is taken over; returns, plain or
            async, up to which number your own store has the items of each ``(source, epoch)``. With it, what you
            store together with `delivery` is stored exactly once.
        codec: Makes items of bytes.
        app: Whose source it is; by default the app of the element that first listens, else `mape.app`.

    Delivery:
        At least once, in order per partition; each number of a sender once, but for items that a consumer was at when
        it died: the next one gets them with ``delivery.redelivered``. An item counts as dealt with when ``on_next``
        has returned and every element behind it that may wait is idle.

    Raises:
        WiringError: A name or a bound makes no sense.
    """

    def __init__(
        self,
        stream: str,
        redis: str | Client | Log | None = None,
        *,
        group: str,
        consumer: str | None = None,
        start: str = "0",
        lease: float = 1.0,
        count: int = 4,
        tries: int = 5,
        processed: Processed | None = None,
        codec: Codec = JSON,
        app: App | None = None,
    ) -> None:
        if lease <= 0 or count < 1 or tries < 1 or start not in {"0", "$"}:
            cure = "a lease above 0, count and tries from 1, start '0' or '$'"
            raise WiringError(f"stream {stream}: {lease=}, {count=}, {tries=}, {start=} make no sense: give {cure}")
        name = check_name(consumer or f"{socket.gethostname()}-{os.getpid()}", "consumer")
        super().__init__(f"stream {stream} > {group}", app)
        self.stats = StreamStats()
        """What was received."""
        self._redis = redis
        self._log: Log | None = None
        self._attendance: Attendance | None = None
        self._hand = Hand()
        self.terms = Terms(
            check_name(stream, "stream"),
            check_name(group, "group"),
            f"{name}-{secrets.token_hex(4)}",
            start,
            lease,
            count,
            tries,
            codec,
            processed,
        )

    @property
    def delivery(self) -> Delivery | None:
        """What is known about the item that a listener has in hand, which does not wait; else None."""
        reader = self._hand.reader
        return reader.delivery if reader is not None else None

    @property
    def partitions(self) -> list[str]:
        """The partitions that this consumer reads now."""
        return self._attendance.held if self._attendance else []

    def channels(self) -> Sequence[Channel]:
        """Say where items come from."""
        terms, server = self.terms, server_of(self.host, self._redis)
        return (
            Channel(terms.stream, "redis", server, False, "stream", terms.codec.content_type, {"group": terms.group}),
        )

    async def open(self) -> None:
        """Join the group; the server need not be there yet."""
        self._log = log_of(self.host, self._redis)
        self._attendance = Attendance(self, self._log, self.terms, self.stats, self._hand)
        self._attendance.open()

    async def drain(self) -> None:
        """Finish what is in hand, mark it, and leave the group; the next one begins where this one ended."""
        if self._attendance is not None:
            await self._attendance.drain()  # deadline: the app's

    async def close(self) -> None:
        """Let go of everything."""
        if self._attendance is not None and self._log is not None:
            await self._attendance.close(CLOSING)
            await self._log.close()
