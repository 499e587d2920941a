"""Writes the items of a stream as points of a time series."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from mape.errors import ConfigError, ConnectError, EncodeError, PeerError, WiringError
from mape.flow.services import Channel
from mape.item import Message
from mape.remote.influxdb.answer import SLOW, Answer, Verdict, judge, kind_of_reason, reason, seconds_to_wait
from mape.remote.influxdb.fields import WIDTH, Pairs, fields_of, mapped_fields
from mape.remote.influxdb.line import Lines, Series
from mape.remote.influxdb.point import point_of, tag_pairs
from mape.remote.influxdb.shipment import IN_FLIGHT, Shipment
from mape.remote.influxdb.target import target_of
from mape.remote.influxdb.transport import HttpTransport, Transport
from mape.remote.outgoing import Batch
from mape.remote.sender import Sender

if TYPE_CHECKING:
    from mape.application import App

__all__ = ["InfluxObserver"]

logger = logging.getLogger("mape")
_MOST_REASONS = 100
_UNNAMED = "mape"


class InfluxObserver(Sender):
    """Writes each item as a point: ``speed.subscribe(InfluxObserver())``.

    Numbers, booleans and texts become the field ``value``; dicts, dataclasses, structs and pydantic models become
    their fields, those of inner objects as ``a.b``. Of a `Message` the value is written, with ``src`` and ``dst`` as
    tags, at the message's timestamp; all else at the time it comes.

    Args:
        measurement: What the series is called; by default the path of the element that it listens to.
        tags: A pair ``("lane", "left")``, several pairs, or a dict.
        fields_mapper: Makes fields of an item: a pair (name, value), several pairs, or a dict.
        bucket: Instead of ``influxdb.bucket``.
        is_raw: Items are points already: dicts with measurement, tags, fields and time (whole nanoseconds, seconds as
            float, a datetime or ISO 8601), points of influxdb_client, or single lines of line protocol.
        write_options: An object or a dict with ``batch_size`` and ``flush_interval`` [ms], as that of influxdb_client;
            its other options are not needed here.
        client: A client of influxdb_client, whose address, organization and token are taken; or a `MemoryInflux`.
        app: Whose sink it is; by default the app of the element it is subscribed to.

    Delivery:
        At least once while the app lives; what waits is bounded by ``influxdb.queue_size``, what waited when the app
        closes is written within its deadline. Points that the server rejects are dropped, counted as ``refused``.

    Raises:
        WiringError: `tags` make no sense.
    """

    frame_bytes = 4 * 2**20

    def __init__(
        self,
        measurement: str | None = None,
        tags: Any = None,
        fields_mapper: Callable[[Any], Any] | None = None,
        bucket: str | None = None,
        is_raw: bool = False,  # noqa: FBT001, FBT002 - as documented by the predecessor
        write_options: Any = None,
        client: Any = None,
        app: App | None = None,
    ) -> None:
        self.batch_size, self.interval = 5000, 0.1
        try:
            self._tags = tag_pairs(tags)
        except EncodeError as error:
            raise WiringError(f"InfluxObserver(tags={tags!r:.80}): {error}") from None
        self._measurement, self._mapper = measurement, fields_mapper
        self._bucket, self._is_raw, self._write_options, self._client = bucket, is_raw, write_options, client
        self._takes_dicts = fields_mapper is None and not is_raw
        self._heard_from = _UNNAMED
        self._take: Callable[[Any], None] = self.on_next
        self._lines = Lines()
        self._own_series: dict[str, Series] = {}
        self._transport: Transport | None = None
        self._told: set[str] = set()
        self._stuck: int | None = None
        self._next_post = 0.0
        self._hurry = asyncio.Event()
        super().__init__(f"influxdb > {measurement}" if measurement else "influxdb", app=app)

    # -- from items to lines ---------------------------------------------------------------------------------------

    def join_app(self, app: App, path: str = "") -> None:
        """Belong to `app`; `path` is the measurement of what comes from there, unless one was given."""
        is_new = self._app is None
        super().join_app(app, path)
        if is_new:
            self._configure(app.settings.influxdb)
            self._take = self.on_next
        if path and not self._measurement:
            if self._heard_from in {_UNNAMED, path}:
                self._heard_from, self.on_next = path, self._take  # type: ignore[method-assign,assignment]
                self.path = f"influxdb > {path}"
            else:
                self.on_next = self._listener(path)  # type: ignore[method-assign,assignment]

    def _configure(self, settings: Any) -> None:
        self._lines, self._own_series = Lines(keeps_newlines=settings.newlines == "keep"), {}
        self.batch_size = int(_option(self._write_options, "batch_size") or settings.batch_size)
        flush_interval = _option(self._write_options, "flush_interval")
        self.interval = settings.interval if flush_interval is None else flush_interval / 1000
        if self.batch_size < 1 or self.interval < 0:
            raise WiringError(
                f"{self.path}: batch_size {self.batch_size} or flush_interval {flush_interval} is too small"
            )
        self.frame = IN_FLIGHT * self.batch_size
        self.deadline = IN_FLIGHT * settings.timeout + self.interval
        out = self.outgoing
        out.size, out.max_bytes, out.overflow = settings.queue_size, settings.queue_bytes, settings.overflow

    def _listener(self, path: str) -> Callable[[Any], None]:
        """Return what takes the items of a second element and of further ones."""
        take, first = self._take, self._heard_from

        def on_next(item: Any) -> None:
            self._heard_from = path
            try:
                take(item)
            finally:
                self._heard_from = first

        return on_next

    def channels(self) -> Sequence[Channel]:
        """Say where items go."""
        return (Channel(self.path, "influxdb", "", sends=True, form="series", content_type="text/plain"),)

    @property
    def dropped_fields(self) -> dict[str, int]:
        """Fields that could not be written while their points were: ``not_finite``, ``too_large``, ``no_form``, ..."""
        return dict(self._lines.dropped_fields)

    def encode(self, item: Any) -> bytes:
        """Return an item as a line.

        Raises:
            EncodeError: It has no field that can be written.
        """
        if self._takes_dicts and type(item) is dict and len(item) <= WIDTH:
            fields: Pairs = item.items()  # `Lines.line` looks into what is no number or text
        elif self._is_raw:
            return self._raw(item)
        elif isinstance(item, Message):
            return self._message(item)
        else:
            fields = self._fields(item, item)
        series = self._own_series.get(self._heard_from) or self._make_own_series()
        now = (self._app or self.app).clock.now()
        return self._lines.line(
            series, fields, int(now * 1e6 + 0.5) * 1000
        )  # whole microseconds, a float knows no more

    def _make_own_series(self) -> Series:
        name = self._heard_from
        series = self._own_series[name] = self._lines.series(self._measurement or name, self._tags)
        return series

    def _message(self, item: Message) -> bytes:
        tags = tuple((name, path) for name, path in (("src", item.src), ("dst", item.dst)) if path)
        series = self._lines.series(self._measurement or self._heard_from, tags + self._tags)
        return self._lines.line(series, self._fields(item, item.value), self._nanoseconds(item.timestamp))

    def _nanoseconds(self, timestamp: float | None) -> int:
        return int((self.app.clock.now() if timestamp is None else timestamp) * 1e6 + 0.5) * 1000

    def _fields(self, item: Any, value: Any) -> Pairs:
        if self._mapper is None:
            return fields_of(value, self._lines.drop_field)
        try:
            result = self._mapper(item)
        except Exception as error:  # the wall around a person's function: it costs one item
            raise EncodeError(f"the fields_mapper failed: {error!r:.200}") from error
        return mapped_fields(result, self._lines.drop_field)

    def _raw(self, item: Any) -> bytes:
        point = point_of(item)
        when = point.nanoseconds
        if when is None:
            when = self._nanoseconds(None)
        name = point.measurement or self._measurement or self._heard_from
        series = self._lines.series(name, self._tags + point.tags)
        return self._lines.line(series, fields_of(point.fields, self._lines.drop_field), when)

    def on_error(self, error: Exception) -> None:
        """Errors are no points."""

    def on_completed(self) -> None:
        """The next item is written as ever."""

    # -- from lines to the server ----------------------------------------------------------------------------------

    async def open(self) -> None:
        """Begin to write what waits.

        Raises:
            ConfigError: Nobody said where to.
        """
        self._transport = self._make_transport()
        self._hurry = asyncio.Event()
        self._next_post = 0.0
        self._stuck = None
        await super().open()

    def _make_transport(self) -> Transport:
        if hasattr(self._client, "post"):
            transport: Transport = self._client
            return transport
        settings = self.app.settings.influxdb
        target = target_of(settings, self._bucket, self._client)
        return HttpTransport(target, timeout=settings.timeout, compresses=settings.gzip)

    async def flush(self) -> None:
        """Write what waits, without pauses that only spare the server."""
        self._hurry.set()
        try:
            await super().flush()
        finally:
            self._hurry.clear()

    async def drain(self) -> None:
        """Write what waits; nothing is written where that takes somebody to change a setting."""
        if self._stuck is None:
            await super().drain()  # deadline: the app's

    async def disconnect(self) -> None:
        """Let go of the connections."""
        if self._transport is not None:
            await self._transport.close()
            self._transport = None

    async def transmit(self, batch: Batch) -> int:
        """Write a batch, in posts of `batch_size` points, two at a time; return how many the server will never take.

        Raises:
            ConnectError, SendError: The server cannot take it now.
        """
        await self._wait_for_turn(batch)
        shipment = Shipment(batch.parts, self.batch_size, self._post, self._hear_rejection)
        try:
            await shipment.send()  # deadline: the sender's, and the transport's for each post
        finally:
            if shipment.left:
                self._settle(batch, shipment)
            if shipment.refusal is not None:
                self._be_patient(shipment.refusal)
        self._stuck = None
        return shipment.lost

    def _settle(self, batch: Batch, shipment: Shipment) -> None:
        """Count what became of a part of a batch; what is left of it is the batch of the next try."""
        out, left = self.outgoing, shipment.left
        done = len(batch) - len(left)
        out.drop("refused", shipment.lost)
        out.sent += done - shipment.lost
        out.in_flight = Batch(batch.seq + done, left, batch.causes[done:], sum(map(len, left)))

    async def _wait_for_turn(self, batch: Batch) -> None:
        """Keep a distance between posts that are not full."""
        now = asyncio.get_running_loop().time
        if len(batch) < self.batch_size and (wait := self._next_post - now()) > 0:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._hurry.wait(), wait)
        self._next_post = now() + self.interval

    async def _post(self, lines: bytes) -> Answer:
        if self._transport is None:
            raise ConnectError("the observer is closed")
        answer = await self._transport.post(lines)
        if self.app.settings.influxdb.debug:
            logger.info("%s: posted %d bytes, answer %d", self.path, len(lines), answer.status)
        return answer

    def _be_patient(self, answer: Answer) -> None:
        is_stuck = judge(answer)[0] is Verdict.STUCK
        self.pause = SLOW if is_stuck else seconds_to_wait(answer, self.app.clock.now())
        if is_stuck and self._stuck != answer.status:
            self._stuck = answer.status
            self.app.report(self.path, None, ConfigError(f"{reason(answer)}; tried again every {SLOW:g} s"))

    def _hear_rejection(self, answer: Answer, count: int, line: bytes | None) -> None:
        """Report points that the server will never take, once for each kind of reason."""
        text = reason(answer)
        kind = kind_of_reason(text)
        if kind not in self._told and len(self._told) < _MOST_REASONS:
            self._told.add(kind)
            item = line and line[:200].decode(errors="replace")
            rest = "more of this kind are only counted, as refused"
            self.app.report(self.path, item, PeerError(f"{count} points are not written, {text}; {rest}"))


def _option(options: Any, name: str) -> Any:
    if options is None:
        return None
    return options.get(name) if isinstance(options, dict) else getattr(options, name, None)  # two names, no wire
