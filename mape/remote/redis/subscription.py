"""The receiving half of publish and subscribe."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from mape.codecs import JSON, Codec, Frame, Header
from mape.errors import ConnectError, DecodeError, MapeError, StateError, WiringError
from mape.flow.chain import Operator
from mape.flow.link import Link
from mape.flow.services import Channel
from mape.mailbox import Overflow
from mape.remote.receiver import Receiver, ReceiveStats, Way
from mape.remote.redis.backlog import Backlog, Waiting
from mape.remote.redis.connection import connection_of
from mape.remote.redis.hub import Hub, hub_of
from mape.remote.redis.pattern import topics_of
from mape.remote.redis.place import server_of
from mape.remote.source import RemoteSource

if TYPE_CHECKING:
    from mape.application import App

__all__ = ["SubObservable", "SubStats"]

SLICE = 0.005
"""How long items are handed over before the connection is read again [s]."""
TURNS = 4
"""Turns of the event loop in between: what asyncio needs to get a quarter of a megabyte from a socket to its reader."""
STRIDES = (8, 64)
"""Items that are handed over between two looks at the clock, at first and at most; fewer where they take long."""


@dataclass
class SubStats(ReceiveStats):
    """What a subscription has received.

    ``offered == payloads + sum(dropped.values()) + queued`` at every moment, in messages; the others count items.

    Args:
        offered: Messages that the server sent.
        dropped: Messages that were not looked at, by reason: ``overflow``, ``closed``.
        queued: Messages that wait for elements that are slow.
        queued_bytes: Their size.
        is_up: Whether the server has confirmed the subscription, and the connection stands.
    """

    offered: int = 0
    dropped: dict[str, int] = field(default_factory=dict)
    queued: int = 0
    queued_bytes: int = 0
    is_up: bool = False


class SubObservable(RemoteSource):
    """Listens to channels: ``SubObservable("car_*.detect").subscribe(policy)``.

    Args:
        patterns: A name, a pattern (``car_?``, ``car_[xy]``, ``car_*``), or a list of them; a message comes once,
            however many of them match. A pattern costs the server time on every message of everybody; a name costs
            nothing.
        deserializer: Makes an item of the bytes of a message, for publishers that are no mape. Whatever it raises
            costs that message.
        redis: A URL, or a client of ``redis.asyncio``; by default ``redis.url``.
        codec: How items are read otherwise. What is no frame of mape's is taken as plain JSON.
        size: How many messages may wait while elements are slow.
        max_bytes: How many bytes they may have together.
        overflow: ``drop_oldest`` or ``drop_newest``, then.
        sharded: On a cluster, listen to what is published with ``sharded=True``: one exact name, and one connection.
        app: Whose source it is; by default that of the element that first listens.

    Delivery:
        At most once, in order per publisher; error and completion come as events. What was published and did not come
        is counted in ``stats.gaps``, exactly, as soon as the next message of that publisher comes.
    """

    def __init__(
        self,
        patterns: str | bytes | Iterable[str | bytes],
        deserializer: Callable[[bytes], Any] | None = None,
        redis: Any = None,
        *,
        codec: Codec = JSON,
        size: int = 50_000,
        max_bytes: int = 16 * 2**20,
        overflow: str = Overflow.DROP_OLDEST,
        sharded: bool = False,
        app: App | None = None,
    ) -> None:
        self.topics = topics_of(patterns)
        if sharded and (len(self.topics) > 1 or self.topics[0].is_glob):
            raise WiringError(f"{patterns!r:.80} cannot be sharded: that takes one exact name, without wildcards")
        self.sharded = sharded
        super().__init__(f"subscribe {', '.join(topic.name.decode(errors='replace') for topic in self.topics)}", app)
        self.current: Waiting | None = None
        """The message whose item is in hand."""
        self._codec: Codec = codec if deserializer is None else _Raw(deserializer, codec)
        self._redis = redis
        self._receiver: Any = None
        self._backlog = Backlog(size, max_bytes, overflow)
        self._rest: Frame | None = None
        self._stride = STRIDES[0]
        self._is_late = False
        self._offered = 0
        self._dropped: dict[str, int] = {}
        self._is_overflowing = False
        self._hub: Hub | None = None
        self._worker: asyncio.Task[None] | None = None
        self._up = asyncio.Event()
        self._refusal: MapeError | None = None

    def link(
        self,
        observer: Any,
        on_error: Callable[[Exception], None] | None = None,
        on_completed: Callable[[], None] | None = None,
        operators: tuple[Operator, ...] = (),
    ) -> Link:
        """Add a listener, as `Port.link`; the first one subscribes."""
        link = super().link(observer, on_error, on_completed, operators)
        if self._receiver is None:
            self._receiver = Receiver(self.host, cast("Way", self), self.path, codec=self._codec)
        self._receiver.kind = self.kind
        if self._redis is not None or self.host.settings.redis.url:  # else it may be set until the app opens
            connection_of(self.host, self._redis)
        return link

    def unlink(self, link: Link) -> None:
        """Drop a listener; without any the subscription ends."""
        super().unlink(link)
        if self._receiver is not None and self.links:
            self._receiver.kind = self.kind

    @property
    def stats(self) -> SubStats:
        """What has been received so far."""
        received = vars(self._receiver.stats) if self._receiver else {}
        return SubStats(
            **received,
            offered=self._offered,
            dropped=dict(self._dropped),
            queued=len(self._backlog),
            queued_bytes=self._backlog.bytes,
            is_up=self._up.is_set(),
        )

    def channels(self) -> Sequence[Channel]:
        """Say where items come from."""
        server, kind = server_of(self.host, self._redis), self._codec.content_type
        return [
            Channel(
                topic.name.decode(errors="backslashreplace"),
                "redis",
                server,
                sends=False,
                form="pattern" if topic.is_glob else "channel",
                content_type=kind,
            )
            for topic in self.topics
        ]

    async def wait_up(self, timeout: float | None = None) -> None:  # noqa: ASYNC109 - the caller's words: within ... s
        """Wait until the server has confirmed the subscription, for at most `timeout` [s]; None is without end.

        Raises:
            ConnectError: It has not in time.
            PeerError: The server refuses.
        """
        try:
            async with asyncio.timeout(timeout):
                await self._up.wait()
        except TimeoutError:
            raise self._refusal or ConnectError(f"{self.path}: no subscription within {timeout:g} s") from None

    # -- the service -----------------------------------------------------------------------------------------------

    async def open(self) -> None:
        """Subscribe, as soon as there is a server.

        Raises:
            ConfigError: There is no ``redis.url``.
        """
        self._refusal = None
        connection = connection_of(self.host, self._redis)
        is_sharded = self.sharded and connection.is_cluster
        self._hub = hub_of(self.host, connection, self.topics[0].name if is_sharded else None)
        self._hub.add(self, self.topics)

    async def drain(self) -> None:
        """Listen no more, and hand over what waits."""
        self._leave()
        if self._worker is not None:
            await asyncio.wait({self._worker})  # the deadline is the app's

    async def close(self) -> None:
        """Listen no more; what waits is dropped and counted."""
        self._leave()
        self._up = asyncio.Event()  # the app may open again in another event loop
        worker, self._worker = self._worker, None
        if worker is not None:
            worker.cancel()
            await asyncio.gather(worker, return_exceptions=True)
        items = len(self._rest.values) if self._rest else 0
        self._rest = None
        if lost := self._backlog.clear():
            self._dropped["closed"] = self._dropped.get("closed", 0) + lost
        if lost or items:
            text = f"{lost} messages that waited for slow elements were dropped when the source closed"
            self.host.report(self.path, None, StateError(text))

    def _leave(self) -> None:
        hub, self._hub = self._hub, None
        self._up.clear()
        if hub is not None:
            hub.remove(self)

    # -- what the hub says -----------------------------------------------------------------------------------------

    def settled(self) -> None:
        """Hear that the server has confirmed the subscription."""
        if self._refusal is None:
            self._up.set()

    def lost(self) -> None:
        """Hear that the connection is gone."""
        self._up.clear()

    def refused(self, error: MapeError) -> None:
        """Hear that the server does not allow it."""
        self._refusal = error
        self._up.clear()
        self.host.report(self.path, None, error)

    def hear(self, message: Waiting, *, later: bool = False) -> None:
        """Take a message: at once, or in its turn while there is more to do than time."""
        self._offered += 1
        if self._worker is None and not later:
            self._begin(message)
            is_behind = self._is_late
        else:
            is_behind = True
            if lost := self._backlog.put(message):
                self._overflow(lost)
        if is_behind and self._worker is None:
            self._worker = asyncio.get_running_loop().create_task(self._work_off(), name=self.path)

    def _overflow(self, lost: int) -> None:
        self._dropped["overflow"] = self._dropped.get("overflow", 0) + lost
        if not self._is_overflowing:
            self._is_overflowing = True
            text = f"{len(self._backlog)} messages wait for slow elements; from now on {self._backlog.overflow}"
            self.host.tell("overflow", self.path, text)

    async def _work_off(self) -> None:
        """Hand over what waits, a few milliseconds at a time, so that the connection is read meanwhile."""
        clock = self.host.clock.monotonic
        while self._rest is not None or self._backlog:
            for _ in range(TURNS):
                await asyncio.sleep(0)
            end = clock() + SLICE
            while self._rest is not None or self._backlog:
                if self._rest is not None:
                    self._hand_over(self._rest)
                else:
                    self._begin(self._backlog.get())
                if clock() > end:
                    break
        self._worker = None
        self._is_overflowing = False

    def _begin(self, message: Waiting) -> None:
        """Decode a message and hand its items over, as far as there is time."""
        self.current, self._is_late = message, False
        try:
            frame = self._receiver.read(message.payload)
        except DecodeError as error:
            self.host.report(self.path, None, error)
            return
        self._hand_over(frame)

    def _hand_over(self, frame: Frame) -> None:
        """Hand items over; what there is no time for becomes the rest."""
        clock = self.host.clock.monotonic
        end, place = clock() + SLICE, 0
        self._rest = None
        try:
            while len(frame.values) - place > self._stride:
                self._receiver.hand_over(_part(frame, place, place + self._stride))
                place += self._stride
                if clock() > end:
                    self._rest = _part(frame, place, None)
                    break
                self._stride = min(STRIDES[1], self._stride * 2)
            else:
                self._receiver.hand_over(_part(frame, place, None) if place else frame)
        except Exception as error:  # the wall around what listens: one message, and the subscription lives on
            self.host.report(self.path, None, error)
        self._is_late = clock() > end
        if self._is_late:
            self._stride = max(1, self._stride // 2)


def _part(frame: Frame, start: int, end: int | None) -> Frame:
    """Return some of the items of a frame, as a frame."""
    header = frame.header
    if header is not None:
        causes = header.causes[start:end] if header.causes else None
        header = Header(header.source, header.epoch, header.seq + start, causes)
    return Frame(header, frame.values[start:end], frame.bad, frame.events)


class _Raw:
    """A codec that has a person's function read a message; it writes nothing.

    Args:
        deserializer: Makes an item of bytes.
        codec: Lends its name.
    """

    def __init__(self, deserializer: Callable[[bytes], Any], codec: Codec) -> None:
        self.name, self.content_type = codec.name, "application/octet-stream"
        self.encode, self.encode_event, self.frame = codec.encode, codec.encode_event, codec.frame
        self._deserializer = deserializer

    def decode(self, payload: bytes, kind: Any = None, /) -> Frame:
        del kind
        try:
            return Frame(None, [self._deserializer(payload)])
        except Exception as error:  # the wall around a person's deserializer
            raise DecodeError(f"the deserializer failed on {payload!r:.80}: {error!r:.200}") from error
