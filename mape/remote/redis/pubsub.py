"""Publish and subscribe: a stream of items on a channel of Redis, for whoever listens just then.

Read `pattern` (who hears what), `line` (one connection that publishes), `hub` (one that reads), `subscription` (the
source), then this (the sink), and `handler`.

Delivery:
    At most once, in order per publisher. What was published while a subscriber was away is gone, and counted: items
    have numbers. Where nothing may be lost, use a stream (`mape.remote.redis.streams`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from mape.codecs import JSON, Codec, Header
from mape.errors import EncodeError, StateError, WiringError
from mape.flow.services import Channel
from mape.mailbox import Overflow
from mape.remote.outgoing import Batch
from mape.remote.redis.connection import connection_of
from mape.remote.redis.handler import ChannelMessage, subscribe_handler, subscribe_handler_deco
from mape.remote.redis.line import Line, line_of
from mape.remote.redis.place import server_of
from mape.remote.redis.subscription import SubObservable, SubStats
from mape.remote.sender import Sender

if TYPE_CHECKING:
    from mape.application import App

__all__ = ["ChannelMessage", "PubObserver", "SubObservable", "SubStats", "subscribe_handler", "subscribe_handler_deco"]

TOGETHER = 2_048
"""How many items leave in one write at most, however many go in one message.

A round trip carries so many: with 512 a fast publisher would wait half of its time. It is also what is lost at most,
and counted, when the connection breaks before the server has answered.
"""


class PubObserver(Sender):
    """Publishes what it hears: ``element.subscribe(PubObserver("car_1.detect"))``.

    Args:
        channel: Where to; by default the path of the element that it is subscribed to.
        redis: A URL, or a client of ``redis.asyncio``; by default ``redis.url``.
        serializer: Makes bytes or text of an item, which then is the whole message: for listeners that are no mape.
            Events are not published, and gaps not counted; an item is a message.
        codec: How items are written otherwise.
        size: How many items may wait.
        max_bytes: How many bytes they may have together.
        overflow: What happens to the next one, see `mape.mailbox.Overflow`.
        frame: How many items make a message at most; 1 for one message an item. A lone item leaves at once.
        deadline: How long one request may take [s].
        sharded: On a cluster, publish on the shard of the channel only: that scales with the nodes, and is heard by
            those who listen with ``sharded=True``, to the exact name.
        app: Whose sink it is; by default that of what it is subscribed to.

    Delivery:
        At most once, in order. What was certainly not sent waits for the server, within the bounds; what may have been
        sent when the connection broke is lost, counted as ``unconfirmed``.
    """

    resends: ClassVar[bool] = False

    def __init__(
        self,
        channel: str | None = None,
        redis: Any = None,
        serializer: Callable[[Any], bytes | str] | None = None,
        *,
        codec: Codec = JSON,
        size: int = 10_000,
        max_bytes: int = 16 * 2**20,
        overflow: str = Overflow.DROP_OLDEST,
        frame: int = 512,
        deadline: float = 5.0,
        sharded: bool = False,
        app: App | None = None,
    ) -> None:
        if channel is not None and not (isinstance(channel, str) and channel):  # type: ignore[redundant-expr] # people pass anything
            raise WiringError(f"{channel!r:.80} is no channel to publish on: give a name")
        if frame < 1:
            raise WiringError(f"publish {channel}: frame={frame!r} leaves nothing to send: give a number from 1")
        self.channel = channel
        self.items_per_message = 1 if serializer else frame
        self.listeners = 0
        """How many clients of the server received the last message, as far as the server knows."""
        self.sharded = sharded
        self._redis, self._serializer = redis, serializer
        self._line: Line | None = None
        self._app: App | None = None
        if serializer is None and type(self).encode is PubObserver.encode:  # one call less on the way of every item
            self.encode = codec.encode  # type: ignore[method-assign,assignment]
        super().__init__(
            f"publish {channel or '?'}",
            codec=codec,
            size=size,
            max_bytes=max_bytes,
            overflow=overflow,
            frame=max(frame, TOGETHER),
            deadline=deadline,
            app=app,
        )

    def join_app(self, app: App, path: str = "") -> None:
        """Belong to `app`, unless it belongs to one; `path` is the channel, unless it has one."""
        if self.channel is None and path:
            self.channel = path
            self.path = f"publish {path}"
        super().join_app(app, path)
        if self._redis is not None or self.app.settings.redis.url:  # else it may be set until the app opens
            connection_of(self.app, self._redis)

    def channels(self) -> Sequence[Channel]:
        """Say where items go."""
        if self.channel is None:
            return ()
        kind = self.codec.content_type if self._serializer is None else "application/octet-stream"
        server = server_of(self.app, self._redis)
        return (Channel(self.channel, "redis", server, sends=True, form="channel", content_type=kind),)

    async def open(self) -> None:
        """Begin to publish what waits.

        Raises:
            ConfigError: There is no ``redis.url``.
            WiringError: It has no channel.
        """
        if self.channel is None:
            raise WiringError("PubObserver() without a channel is not subscribed to an element: PubObserver('name')")
        connection = connection_of(self.app, self._redis)
        is_sharded = self.sharded and connection.is_cluster
        self._line = line_of(self.app, connection, self.channel.encode() if is_sharded else None)
        await super().open()

    def encode(self, item: Any) -> bytes:
        """Return an item's form on the wire.

        Raises:
            EncodeError: It has none.
        """
        serializer = self._serializer or self.codec.encode
        try:
            raw = serializer(item)
        except Exception as error:  # the wall around a person's serializer
            raise EncodeError(f"{self.path}: the serializer failed on {item!r:.80}: {error!r:.200}") from error
        if isinstance(raw, str):
            return raw.encode()
        if isinstance(raw, bytes | bytearray | memoryview):
            return bytes(raw)
        raise EncodeError(f"{self.path}: the serializer made {type(raw).__name__} of {item!r:.80}, not bytes or str")

    def on_error(self, error: Exception) -> None:
        """Publish an error as an event, which ends nothing; not with a `serializer`."""
        if self._serializer is None:
            super().on_error(error)

    def on_completed(self) -> None:
        """Publish completion as an event, which ends nothing; not with a `serializer`."""
        if self._serializer is None:
            super().on_completed()

    async def transmit(self, batch: Batch) -> None:
        """Publish a batch.

        Raises:
            ConnectError: It was certainly not sent.
            SendError: Nobody knows.
            PeerError: The server refuses it.
        """
        if self._line is None or self.channel is None:
            raise StateError(f"{self.path} is not open")
        patience = self.deadline * 0.8  # so that a server which is not there is told from one that does not answer
        messages = self._messages(batch)
        # the deadline is the sink's
        self.listeners = await self._line.publish(self.channel.encode(), messages, patience)

    def _messages(self, batch: Batch) -> list[bytes]:
        if self._serializer is not None:
            return batch.parts
        count = self.items_per_message
        if len(batch) <= count:
            return [self.payload(batch)]
        frame, source, epoch = self.codec.frame, self.source_id, self.epoch
        return [
            frame(
                Header(source, epoch, batch.seq + start, batch.causes[start : start + count]),
                batch.parts[start : start + count],
            )
            for start in range(0, len(batch), count)
        ]
