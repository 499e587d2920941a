"""Streams that last: server-sent events of a port, and WebSockets; all of them end when the server drains."""

from __future__ import annotations

import asyncio
import secrets
from typing import TYPE_CHECKING

from mape.codecs import CODECS, Header
from mape.remote.rest import view
from mape.remote.rest.answer import API_POLICY, SAFE_HEADERS, Answer, refusal
from mape.remote.rest.channel import Channel
from mape.remote.rest.intake import Intakes
from mape.remote.rest.request import Request
from mape.remote.rest.stream import Feeds, Tail
from mape.settings.schema import Rest

if TYPE_CHECKING:
    from mape.application import App

__all__ = ["Watching", "events"]

HEARTBEAT = 15.0
"""How often a stream with nothing to tell says so, for proxies that end what is silent [s]."""
EVENTS = {"item": b"", "error": b"event: on_error\n", "completed": b"event: on_completed\n"}
HEADERS = (
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"x-accel-buffering", b"no"),
    (b"content-security-policy", API_POLICY),
)


class Watching:
    """All clients that stay.

    Args:
        settings: ``rest`` of the settings.
    """

    def __init__(self, app: App, settings: Rest, intakes: Intakes) -> None:
        self._app, self._settings, self._intakes = app, settings, intakes
        self.feeds = Feeds(app, settings.stream_items)
        self._source = secrets.token_hex(8)
        self._channels: dict[Channel, None] = {}

    def close(self) -> None:
        """End all of them."""
        self.feeds.close()
        for channel in self._channels:
            channel.leave()

    async def stream(self, request: Request) -> Answer | None:
        """Send the items of a port as server-sent events.

        Wire: ``id`` is the item's number in this stream, ``data`` its envelope in JSON. ``on_error`` and
        ``on_completed`` are events of these names. Before a gap comes an event ``dropped`` with its size.
        """
        place = view.find(self._app, request.names)
        if self.feeds.is_closed:
            return refusal(503, "the server is closing")
        tail, leave = self.feeds.watch(place.port(request.query["port"]))
        gone = asyncio.create_task(_gone(request))
        gone.add_done_callback(lambda _: tail.close())
        try:
            await self._start(request)
            await self._pump(request, tail)
        except (TimeoutError, OSError):
            pass  # the client takes nothing in; the connection's own deadline ends it
        finally:
            gone.cancel()
            leave()
        return None

    async def _start(self, request: Request) -> None:
        headers = [*HEADERS, *SAFE_HEADERS]
        async with asyncio.timeout(self._settings.timeout):
            await request.send({"type": "http.response.start", "status": 200, "headers": headers})
            await request.send({"type": "http.response.body", "body": b"retry: 1000\n\n", "more_body": True})

    async def _pump(self, request: Request, tail: Tail) -> None:
        told = 0
        while not tail.is_closed or len(tail):
            dropped = tail.dropped
            first, taken = await tail.take(HEARTBEAT)
            dropped, told = tail.dropped - told, tail.dropped
            if taken or not tail.is_closed:
                body = events(first, taken, dropped)
                async with asyncio.timeout(self._settings.timeout * 2):
                    await request.send({"type": "http.response.body", "body": body, "more_body": True})
        async with asyncio.timeout(self._settings.timeout):
            await request.send({"type": "http.response.body"})

    async def socket(self, request: Request) -> Answer | None:
        """Serve a WebSocket."""
        place = view.find(self._app, request.names)
        codec = CODECS[request.query["codec"]]
        header = Header(self._source, int(self._app.clock.now() * 1000), 0, None)
        timeout = self._settings.timeout * 2
        channel = Channel(request, place, codec, self._intakes, self.feeds, header, timeout)
        self._channels[channel] = None
        try:
            await channel.run()
        finally:
            self._channels.pop(channel, None)
        return None


def events(first: int, taken: list[tuple[bytes, int | None, str]], dropped: int) -> bytes:
    """Return items as server-sent events; a comment if there are none."""
    written = [b'event: dropped\ndata: {"count":%d}\n\n' % dropped] if dropped else []
    written += [
        b"%sid: %d\ndata: %s\n\n" % (EVENTS[kind], number, part) for number, (part, _, kind) in enumerate(taken, first)
    ]
    return b"".join(written) or b":\n\n"


async def _gone(request: Request) -> None:
    """Return when the client has left."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
