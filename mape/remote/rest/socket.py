"""WebSockets at an element's path: a sink and a source that exchange frames, for those who stream."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import aiohttp
import msgspec

from mape.codecs import JSON, Codec
from mape.errors import ConnectError, RemoteError, SendError
from mape.flow.services import Channel
from mape.mailbox import Overflow
from mape.remote.backoff import Backoff
from mape.remote.outgoing import Batch
from mape.remote.receiver import Receiver, ReceiveStats
from mape.remote.rest.peer import PeerSender, bearer, checked_url
from mape.remote.rest.target import Target
from mape.remote.rest.verdict import Response
from mape.remote.rest.view import Counts
from mape.remote.source import RemoteSource

if TYPE_CHECKING:
    from mape.application import App

__all__ = ["SocketObservable", "SocketObserver"]

TOO_LARGE = 413
HEARTBEAT = 2.0
"""A peer that is silent is pinged after this time, and given up after half as long again [s]."""
LARGEST = 16 * 2**20
"""Of a message that is read [bytes]."""
PLEASANTRIES = 0.2
"""How long the peer has to answer our goodbye [s]."""


class _Wire:
    """One WebSocket and what it hangs on.

    Args:
        url: Where to.
        target: What the URL was made of.
        token: Sent when connecting.
    """

    def __init__(self, url: str, target: Target, token: str | None) -> None:
        self._url, self._target = checked_url(url, target), target
        self._headers = {"User-Agent": "mape"} | bearer(token)
        self._session: aiohttp.ClientSession | None = None
        self.socket: aiohttp.ClientWebSocketResponse | None = None

    async def connect(self) -> aiohttp.ClientWebSocketResponse | Response:
        """Return the socket, connected if need be, or the answer of a server that wants none.

        Raises:
            ConnectError: The server cannot be reached.
            SendError: It points elsewhere.
        """
        if self.socket is not None and not self.socket.closed:
            return self.socket
        await self.close()
        straight = aiohttp.TraceConfig()
        straight.on_request_redirect.append(_refuse)
        self._session = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar(), trace_configs=[straight])
        try:
            self.socket = await self._session.ws_connect(  # deadline: of both callers
                self._url,
                headers=self._headers,
                heartbeat=HEARTBEAT,
                max_msg_size=LARGEST,
            )
        except aiohttp.WSServerHandshakeError as error:
            return Response(error.status, retry_after=error.headers.get("Retry-After") if error.headers else None)
        except (aiohttp.ClientError, OSError) as error:
            raise ConnectError(f"{self._target.origin} cannot be reached: {error!s:.200}") from error
        return self.socket

    async def close(self) -> None:
        """Say goodbye, and let go: what is not confirmed by now will be sent over another socket."""
        socket, self.socket = self.socket, None
        with suppress(TimeoutError, OSError, aiohttp.ClientError):  # it hangs, or is gone already
            async with asyncio.timeout(PLEASANTRIES):
                if socket is not None:
                    await socket.close()
        if self._session is not None:  # until here: who is cancelled on the way closes once more
            await self._session.close()  # closes sockets, and waits for nobody
            self._session = None


async def _refuse(*_: Any) -> None:
    """Follow no redirect: neither the token nor the items are meant for where it leads.

    Raises:
        SendError: Always.
    """
    raise SendError("the answer is a redirect, which is not followed: give the URL that it leads to")


class SocketObserver(PeerSender):
    """Sends what it observes to an element of another app, as `POSTObserver`, over one WebSocket.

    It saves the cost of a request a frame: more small frames a second, and a lone item arrives sooner.

    Args:
        base_url, path, port, token, codec, size, max_bytes, overflow, frame, deadline, app: As `POSTObserver`.

    Delivery:
        As `POSTObserver`: each frame is confirmed by the server before the next leaves, and repeated over a new
        socket if it was not.

    Raises:
        WiringError: As `POSTObserver`.
    """

    def __init__(
        self,
        base_url: str,
        path: str,
        port: str = "in",
        *,
        token: str | None = None,
        codec: Codec = JSON,
        size: int = 10_000,
        max_bytes: int = 16 * 2**20,
        overflow: str = Overflow.DROP_OLDEST,
        frame: int = 2_048,
        deadline: float = 5.0,
        app: App | None = None,
    ) -> None:
        target = Target.parse(base_url, path, port)
        self._wire = _Wire(target.socket_url(codec.name, takes=True), target, token)
        super().__init__(
            target,
            f"WebSocket {target}",
            codec=codec,
            size=size,
            max_bytes=max_bytes,
            overflow=overflow,
            frame=frame,
            deadline=deadline,
            app=app,
        )

    def channels(self) -> Sequence[Channel]:
        """Say where items go."""
        return (self.target.channel("ws", self.codec.content_type, sends=True),)

    async def transmit(self, batch: Batch) -> int:
        """Send a frame and wait for its counts; see `Sender.transmit`."""
        socket = await self._wire.connect()  # deadline: Sender's, around transmit
        if isinstance(socket, Response):
            self.put_off(socket)
        try:
            await socket.send_bytes(self.payload(batch))  # deadline: as above
            answer = await socket.receive()  # deadline: as above
            if answer.type is not aiohttp.WSMsgType.CLOSE or answer.data != aiohttp.WSCloseCode.MESSAGE_TOO_BIG:
                return self.count(_counts(answer))
            await self._wire.close()
        except BaseException as error:  # no wall: raised again, when the socket is closed
            await self._wire.close()
            if isinstance(error, aiohttp.ClientError | ConnectionError):
                raise SendError(f"{self.target.origin} gave no answer: {error!s:.200}") from error
            raise
        refused = self.settle(Response(TOO_LARGE), batch)
        return await self.send_halves(batch) if refused is None else refused

    async def disconnect(self) -> None:
        """Close the socket."""
        await self._wire.close()


def _counts(answer: aiohttp.WSMessage) -> Counts:
    if answer.type not in {aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY}:
        raise SendError(f"the socket was closed before the items were confirmed: {_farewell(answer)}")
    try:
        return msgspec.json.decode(answer.data, type=Counts)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise SendError("the peer's answer holds no counts: is it a mape server?") from error


def _farewell(answer: aiohttp.WSMessage) -> str:
    return f"code {answer.data}, {str(answer.extra or 'no reason')!r:.120}" if answer.data else "no reason was given"


class SocketObservable(RemoteSource):
    """The items that pass a port of another app's element: ``SocketObservable(url, "cars.speed").subscribe(detect)``.

    Args:
        base_url, path, token: As `POSTObserver`.
        port: Which port is watched.
        codec: How frames are decoded.
        app: Whose source it is; by default the app of the element that first listens, else `mape.app`.

    Delivery:
        In order, at most once: what passes while the connection is down, or while this side is too slow for what the
        server keeps for it (``rest.stream_items``), is lost; the latter is counted as a gap. A silent peer is
        noticed within 3 s; it comes back by itself.

    Raises:
        WiringError: The URL, the path or the port makes no sense.
    """

    def __init__(
        self,
        base_url: str,
        path: str,
        port: str = "out",
        *,
        token: str | None = None,
        codec: Codec = JSON,
        app: App | None = None,
    ) -> None:
        target = Target.parse(base_url, path, port)
        super().__init__(f"WebSocket {target}", app)
        self.target = target
        self._wire = _Wire(target.socket_url(codec.name, takes=False), target, token)
        self._codec = codec
        self._task: asyncio.Task[None] | None = None
        self._receiver: Receiver | None = None
        self.is_up: bool | None = None
        """Whether it hears the peer; None until it has tried."""

    @property
    def stats(self) -> ReceiveStats:
        """What has come so far."""
        return self._receiver.stats if self._receiver is not None else ReceiveStats()

    def channels(self) -> Sequence[Channel]:
        """Say where items come from."""
        return (self.target.channel("ws", self._codec.content_type, sends=False),)

    async def open(self) -> None:
        """Begin to listen, as soon as the peer is there."""
        if self._receiver is None:
            self._receiver = Receiver(self.host, self, self.path, codec=self._codec)
        self._receiver.kind = self.kind
        self._task = asyncio.get_running_loop().create_task(self._run(self._receiver), name=self.path)

    async def drain(self) -> None:
        """Take no more in."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def close(self) -> None:
        """Leave."""
        await self.drain()  # deadline: its task is cancelled, nothing else is waited for
        await self._wire.close()

    async def _run(self, receiver: Receiver) -> None:
        backoff, reason = Backoff(rng=self.host.rng), ""
        while True:
            try:
                async with asyncio.timeout(HEARTBEAT * 2):
                    socket = await self._wire.connect()
                if isinstance(socket, Response):
                    reason = socket.text
                else:
                    self._tell("connected", "listens")
                    backoff.reset()
                    reason = await self._listen(socket, receiver)
            except (RemoteError, TimeoutError) as error:
                reason = str(error) or "no answer when connecting"
            except Exception as error:  # the wall around a connection
                self.host.report(self.path, None, error)
                reason = repr(error)
            await self._wire.close()
            self._tell("disconnected", f"hears nothing: {reason}; it goes on trying")
            await asyncio.sleep(next(backoff))

    async def _listen(self, socket: Any, receiver: Receiver) -> str:
        """Hand over what comes, until nothing more does; return why."""
        while True:
            message = await socket.receive()  # deadline: the socket's heartbeat
            if message.type not in {aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY}:
                return _farewell(message)
            payload = message.data.encode() if isinstance(message.data, str) else message.data
            receiver.take(payload)
            await asyncio.sleep(0)  # a burst that is read already must not keep the loop

    def _tell(self, kind: str, text: str) -> None:
        """Tell what is new."""
        is_up = kind == "connected"
        if is_up is not self.is_up:
            self.host.tell(kind, self.path, text)
        self.is_up = is_up
