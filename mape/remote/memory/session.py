"""An HTTP client session that has no network: it calls an ASGI application in this process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, MutableMapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias
from urllib.parse import unquote, urlsplit

__all__ = ["MemoryResponse", "MemorySession"]

Message: TypeAlias = MutableMapping[str, Any]
Application: TypeAlias = Callable[
    [MutableMapping[str, Any], Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]], Awaitable[None]
]
PORTS: Final = {"http": 80, "https": 443}


@dataclass
class MemoryResponse:
    """What the application answered; the part of ``aiohttp.ClientResponse`` that observers use.

    Args:
        status: The HTTP status.
        headers: By name in lower case; of several with one name, the last.
    """

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    _body: bytearray = field(default_factory=bytearray, repr=False)

    async def read(self) -> bytes:
        """Return the whole body."""
        return bytes(self._body)

    async def text(self) -> str:
        """Return the whole body as text."""
        return self._body.decode(errors="replace")

    async def take(self, message: Message) -> None:
        """Take what the application sends."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = {
                name.decode("latin-1").lower(): value.decode("latin-1") for name, value in message["headers"]
            }
        elif message["type"] == "http.response.body":
            self._body += message.get("body", b"")


class MemorySession:
    """The part of ``aiohttp.ClientSession`` that observers use: ``POSTObserver(url, path, session=MemorySession(it))``.

    Args:
        application: Whom every request goes to, whatever its host; it hears the host as it was asked for.
        client: The address that the application sees the requests come from.
    """

    def __init__(self, application: Application, client: tuple[str, int] = ("127.0.0.1", 1)) -> None:
        self.is_reachable = True
        """Set to False, and requests fail as if nobody listened."""
        self.requests = 0
        self.closed = False
        self._application = application
        self._client = client

    @asynccontextmanager
    async def request(
        self,
        method: str,
        url: str,
        *,
        data: bytes | bytearray | str | None = None,
        headers: Mapping[str, str] | None = None,
        **_: Any,
    ) -> AsyncIterator[MemoryResponse]:
        """Make a request; ``async with`` gives the response. Other options of aiohttp's are taken, and mean nothing.

        Raises:
            ConnectionRefusedError: The session is not `is_reachable`.
            ConnectionResetError: The application raised, or gave no answer.
        """
        if not self.is_reachable:
            raise ConnectionRefusedError(f"{urlsplit(str(url)).netloc} is not reachable: the session says so")
        self.requests += 1
        body = data.encode() if isinstance(data, str) else bytes(data or b"")
        response = MemoryResponse()
        await self._call(self._scope(method, str(url), headers or {}, len(body)), body, response)
        if not response.status:
            raise ConnectionResetError("the application gave no answer")
        yield response

    def post(self, url: str, **options: Any) -> Any:
        """Make a POST, see `request`."""
        return self.request("POST", url, **options)

    def get(self, url: str, **options: Any) -> Any:
        """Make a GET, see `request`."""
        return self.request("GET", url, **options)

    async def close(self) -> None:
        """Mark it `closed`; there is nothing to let go of."""
        self.closed = True

    async def _call(self, scope: dict[str, Any], body: bytes, response: MemoryResponse) -> None:
        is_sent = False

        async def receive() -> Message:
            nonlocal is_sent
            if is_sent:
                await asyncio.Event().wait()  # the client does not leave before it has its answer
            is_sent = True
            return {"type": "http.request", "body": body, "more_body": False}

        try:
            await self._application(scope, receive, response.take)
        except Exception as error:  # the wall around a server: its client only sees the connection break
            raise ConnectionResetError("the application raised") from error

    def _scope(self, method: str, url: str, headers: Mapping[str, str], length: int) -> dict[str, Any]:
        parts = urlsplit(url)
        scheme = parts.scheme or "http"
        sent = {"host": parts.netloc.rpartition("@")[2], "content-length": str(length)}
        sent |= {name.lower(): value for name, value in headers.items()}
        return {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": method.upper(),
            "scheme": scheme,
            "path": unquote(parts.path or "/"),
            "raw_path": (parts.path or "/").encode(),
            "query_string": parts.query.encode(),
            "root_path": "",
            "headers": [(name.encode("latin-1"), value.encode("latin-1")) for name, value in sent.items()],
            "server": (parts.hostname or "localhost", parts.port or PORTS.get(scheme, 80)),
            "client": self._client,
            "state": {},
        }
