"""POSTObserver: a sink whose items go to an element of another app, by POST."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import aiohttp
import msgspec

from mape.codecs import JSON, Codec
from mape.errors import ConnectError, EncodeError, SendError
from mape.flow.cause import TracedCause
from mape.flow.services import Channel
from mape.mailbox import Overflow
from mape.remote.outgoing import Batch
from mape.remote.rest.peer import PeerSender, bearer, checked_url
from mape.remote.rest.target import Target
from mape.remote.rest.verdict import Response

if TYPE_CHECKING:
    from mape.application import App

__all__ = ["POSTObserver", "plain_json"]

MOST_OF_AN_ANSWER = 64 * 1024
KEEP_ALIVE = 4.0
"""Idle connections are closed before servers close them, uvicorn after 5 s: no POST meets a closing one [s]."""


class POSTObserver(PeerSender):
    """Sends what it observes to an element of another app: ``POSTObserver("http://10.0.0.2:6060", "loop.element")``.

    One POST is on its way at a time; what arrives meanwhile goes together in the next, as a frame. `stats` says what
    became of every item, ``app.events`` when the peer goes and comes.

    Args:
        base_url: Where the other app's REST server is.
        path: The element there: ``loop.element``; of a source of its own also one name, see `PostObservable`.
        port: ``in``, or ``out`` to have the element's listeners take the items.
        serializer: Makes the body of an item (bytes or str, or a value for JSON), one request an item; for servers
            other than mape's.
        session: An ``aiohttp.ClientSession`` that is used instead of one of the observer's own, and not closed; or a
            `mape.remote.memory.MemorySession` in tests.
        token: Sent as ``Authorization: Bearer``. It is not taken from the settings: those hold the token that this
            app's own server asks for.
        plain: Whether each item goes as plain JSON in a request of its own, in order, for servers other than mape's.
        codec: How items are encoded in frames.
        size: How many items may wait; `max_bytes` and `overflow` likewise, see `mape.remote.sender.Sender`.
        frame: How many items travel together at most.
        deadline: How long a request may take [s].
        app: Whose sink it is; by default the app of what it is first subscribed to, else `mape.app`.

    Delivery:
        In order. A request without an answer is repeated until the peer is back: at least once, and exactly once
        while the peer's process lives, since a mape server knows the numbers of the items that it has taken. An element
        that is not there yet (404) or a token that is not known (401, 403) is waited for; items that the server
        cannot read (400, 413, 422) are counted as ``refused``.

    Wire:
        ``POST /loops/{loop}/elements/{element}?port=in`` with a frame of the codec, see `mape.codecs`. Redirects
        are not followed, answers are read up to 64 KiB.

    Raises:
        WiringError: The URL, the path, the port or a bound makes no sense.
    """

    def __init__(
        self,
        base_url: str,
        path: str,
        port: str = "in",
        serializer: Callable[[Any], Any] | None = None,
        session: Any = None,
        *,
        token: str | None = None,
        plain: bool = False,
        codec: Codec = JSON,
        size: int = 10_000,
        max_bytes: int = 16 * 2**20,
        overflow: str = Overflow.DROP_OLDEST,
        frame: int = 2_048,
        deadline: float = 5.0,
        app: App | None = None,
    ) -> None:
        target = Target.parse(base_url, path, port)
        self.serializer = serializer
        self.is_plain = plain or serializer is not None
        self._url = checked_url(target.url, target)
        self._headers = {"Content-Type": "application/json" if self.is_plain else codec.content_type}
        self._headers |= {"User-Agent": "mape", "Accept": "application/json"} | bearer(token)
        self._given = session
        self._session: aiohttp.ClientSession | None = None
        super().__init__(
            target,
            f"POST {target}",
            codec=codec,
            size=size,
            max_bytes=max_bytes,
            overflow=overflow,
            frame=1 if self.is_plain else frame,
            deadline=deadline,
            app=app,
        )

    # -- the observer ----------------------------------------------------------------------------------------------

    def encode(self, item: Any) -> bytes:
        """Return an item's form on the wire.

        Raises:
            EncodeError: It has none.
        """
        if not self.is_plain:
            return self.codec.encode(item)
        made = item if self.serializer is None else self.serializer(item)
        if self.serializer is not None and isinstance(made, str):
            return made.encode()
        if self.serializer is not None and isinstance(made, bytes | bytearray | memoryview):
            return bytes(made)
        return plain_json(made)

    def on_error(self, error: Exception) -> None:
        """Send an error as an event, which ends nothing; plain JSON has no form for it."""
        if not self.is_plain:
            super().on_error(error)

    def on_completed(self) -> None:
        """Send completion as an event, which ends nothing; plain JSON has no form for it."""
        if not self.is_plain:
            super().on_completed()

    def channels(self) -> Sequence[Channel]:
        """Say where items go."""
        return (self.target.channel("http", self._headers["Content-Type"], sends=True),)

    # -- sending ---------------------------------------------------------------------------------------------------

    async def transmit(self, batch: Batch) -> int:
        """POST a batch and return how many of its items the server will not take; see `Sender.transmit`."""
        refused = self.settle(await self._post(batch), batch)
        return await self.send_halves(batch) if refused is None else refused

    async def _post(self, batch: Batch) -> Response:
        session = self._given or self._own_session()
        if session.closed:
            raise ConnectError("the session that was given is closed")
        headers, body = self._headers, batch.parts[0] if self.is_plain else self.payload(batch)
        if self.is_plain:
            headers = headers | {"Idempotency-Key": f'"{self.source_id}-{self.epoch}-{batch.seq}"'}
        if len(batch) == 1 and isinstance(cause := batch.causes[0], TracedCause) and cause.traceparent is not None:
            headers = headers | {"traceparent": cause.traceparent}
        try:
            async with session.post(self._url, data=body, headers=headers, allow_redirects=False) as answer:
                start = await _beginning(answer)  # deadline: Sender's, around transmit
                after = answer.headers.get("Retry-After") or answer.headers.get("retry-after")  # a plain dict in memory
                return Response(answer.status, start, after)
        except aiohttp.ClientConnectorError as error:
            raise ConnectError(f"{self.target.origin} cannot be reached: {error.strerror or error!s:.200}") from error
        except aiohttp.ClientError as error:
            raise SendError(
                f"{self.target.origin} gave no answer: {str(error) or type(error).__name__:.200}"
            ) from error

    def _own_session(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=1, keepalive_timeout=KEEP_ALIVE),
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(total=None),  # Sender has the deadline
                auto_decompress=False,  # a small answer may unfold to a huge one
            )
        return self._session

    async def disconnect(self) -> None:
        """Close the session, unless it was given."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()


class _Envelope(msgspec.Struct):
    value: msgspec.Raw = msgspec.Raw(b"null")


def plain_json(item: Any) -> bytes:
    """Return the value of an item as plain JSON, without its type, address or time.

    Raises:
        EncodeError: It has no form in JSON.
    """
    try:
        return bytes(msgspec.json.decode(JSON.encode(item), type=_Envelope).value)
    except msgspec.MsgspecError as error:
        raise EncodeError(f"{type(item).__name__} has no form in plain JSON: give serializer=") from error


async def _beginning(answer: Any) -> bytes:
    """Return the first bytes of a body; the connection of a longer one is closed."""
    content, read = getattr(answer, "content", None), bytearray()
    if content is None:  # a stand-in without a network has all of it already
        return bytes(await answer.read())[:MOST_OF_AN_ANSWER]  # deadline: none is needed
    while piece := await content.read(MOST_OF_AN_ANSWER):  # deadline: Sender's, around transmit
        read += piece
        if len(read) > MOST_OF_AN_ANSWER:
            answer.close()
            break
    return bytes(read[:MOST_OF_AN_ANSWER])
