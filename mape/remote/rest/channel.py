"""The WebSocket at an element's path: takes frames for a port, gives frames of a port, as long as the client wants."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import msgspec

from mape.codecs import Codec, Header
from mape.errors import DecodeError
from mape.remote.rest.credential import Scope
from mape.remote.rest.intake import Intakes, reason_of
from mape.remote.rest.request import Request
from mape.remote.rest.stream import Feeds, Tail, frame
from mape.remote.rest.view import Counts, Place, Rejected

if TYPE_CHECKING:
    from mape.remote.receiver import Receiver

__all__ = ["Channel"]

QUIET = 3600.0
"""After how long a writer that has nothing to write looks around [s]; uvicorn's pings keep the connection alive."""
GOING_AWAY = 1001


class Channel:
    """One WebSocket.

    Args:
        header: Source and epoch of the frames that are given.
        timeout: How long the client may take to take a frame in [s].
    """

    def __init__(
        self,
        request: Request,
        place: Place,
        codec: Codec,
        intakes: Intakes,
        feeds: Feeds,
        header: Header,
        timeout: float,
    ) -> None:
        self._request, self._place, self._codec = request, place, codec
        self._intakes, self._feeds, self._header, self._timeout = intakes, feeds, header, timeout
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_leaving = False

    async def run(self) -> None:
        """Serve the client until it leaves, or `leave` is called; what passes once it is connected is not missed."""
        give = self._request.query["give"]
        watched = self._feeds.watch(self._place.port(give), self._codec) if give != "none" else None
        try:
            await self._send({"type": "websocket.accept"})
            self._tasks.add(asyncio.create_task(self._read()))
            if watched is not None:
                self._tasks.add(asyncio.create_task(self._write(watched[0])))
            if self._is_leaving:
                self.leave()
            await self._until_one_ends()
        finally:
            for task in self._tasks:  # also where this one is cancelled
                task.cancel()
            if watched is not None:
                watched[1]()

    async def _until_one_ends(self) -> None:
        """Wait for one of both ways to end, and end the other.

        Raises:
            Exception: What ended it, unless that was the client.
        """
        done, late = await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in late:
            task.cancel()
        results = await asyncio.gather(*done, *late, return_exceptions=True)
        if self._is_leaving:
            await self._send({"type": "websocket.close", "code": GOING_AWAY, "reason": "the server is closing"})
        for error in results:
            if isinstance(error, Exception) and not isinstance(error, OSError):
                raise error

    def leave(self) -> None:
        """End it from this side."""
        self._is_leaving = True
        for task in self._tasks:
            task.cancel()

    async def _read(self) -> None:
        query, receive = self._request.query, self._request.receive
        receiver = self._intakes.receiver(self._place, query["take"], self._codec)  # of "none" it is never asked
        answers = query["counts"] == "yes"
        while True:
            message = await receive()
            if message["type"] == "websocket.disconnect":
                return
            if message["type"] != "websocket.receive":
                continue
            payload = message.get("bytes")
            counts = self._take(receiver, message["text"].encode() if payload is None else payload)
            if answers:
                await self._send({"type": "websocket.send", "text": msgspec.json.encode(counts).decode()})

    def _take(self, receiver: Receiver, payload: bytes) -> Counts:
        if self._request.query["take"] == "none":
            return Counts(0, 1, errors=[Rejected(0, "this channel takes nothing: take=none")])
        may_control = Scope.CONTROL in self._request.granted
        try:
            return self._intakes.take(self._place, receiver, payload, may_control=may_control)
        except DecodeError as error:
            return Counts(0, 1, errors=[Rejected(0, reason_of(error))])

    async def _write(self, tail: Tail) -> None:
        is_text = self._codec.name == "json"
        while not tail.is_closed or len(tail):
            first, taken = await tail.take(QUIET)
            if taken:
                message = frame(self._codec, self._header, first, taken)
                body = {"text": message.decode()} if is_text else {"bytes": message}
                await self._send({"type": "websocket.send", **body})

    async def _send(self, message: dict[str, object]) -> None:
        async with asyncio.timeout(self._timeout):
            await self._request.send(message)
