"""Calls an ASGI application as a server would, in this process and without a socket."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

HOST = ("host", "127.0.0.1:8000")
Headers = Iterable[tuple[str, str]]


@dataclass
class Reply:
    status: int = 0
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""
    is_complete: bool = False

    def header(self, name: str) -> str:
        return ", ".join(value for each, value in self.headers if each == name)

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def scope(method: str, target: str, headers: Headers = (), *, kind: str = "http", client: str = "127.0.0.1") -> Any:
    path, _, query = target.partition("?")
    own = [] if any(name == "host" for name, _ in headers) else [HOST]
    return {
        "type": kind,
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "headers": [(name.encode(), value.encode()) for name, value in (*own, *headers)],
        "client": (client, 50_000),
        "extensions": {"websocket.http.response": {}} if kind == "websocket" else {},
    }


async def call(app: Any, method: str, target: str, body: bytes | Any = b"", headers: Headers = ()) -> Reply:
    """Make one request and return the whole answer; a body that is no bytes is sent as JSON."""
    if not isinstance(body, bytes):
        body, headers = json.dumps(body).encode(), [*headers, ("content-type", "application/json")]
    messages = [{"type": "http.request", "body": body, "more_body": False}]
    reply = Reply()

    async def receive() -> dict[str, Any]:
        return messages.pop() if messages else {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            reply.status = message["status"]
            reply.headers = [(name.decode(), value.decode()) for name, value in message["headers"]]
        else:
            reply.body += message.get("body", b"")
            reply.is_complete = not message.get("more_body", False)

    await app(scope(method, target, headers), receive, send)
    return reply


class Line:
    """A request, or a WebSocket, that lasts: what the app sends is in `sent`; `say` is the client's part."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []
        self._said: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.is_stuck = False

    def say(self, kind: str, **content: Any) -> None:
        self._said.put_nowait({"type": kind, **content})

    async def receive(self) -> dict[str, Any]:
        return await self._said.get()

    async def send(self, message: dict[str, Any]) -> None:
        if self.is_stuck:
            await asyncio.Event().wait()
        self.sent.append(message)

    async def until(self, condition: Callable[[Line], Any]) -> Any:
        """Wait until `condition` is true of what was sent."""
        async with asyncio.timeout(5):
            while not (found := condition(self)):  # noqa: ASYNC110 - time is virtual in these tests
                await asyncio.sleep(0.01)
        return found

    @property
    def body(self) -> bytes:
        return b"".join(message.get("body", b"") for message in self.sent)

    @property
    def texts(self) -> list[Any]:
        return [json.loads(message["text"]) for message in self.sent if "text" in message]


@asynccontextmanager
async def line(app: Any, target: str, headers: Headers = (), *, kind: str = "http") -> AsyncIterator[Line]:
    """Open a request that lasts; the client hangs up in the end."""
    held = Line()
    held.say("websocket.connect" if kind == "websocket" else "http.request")
    task = asyncio.ensure_future(app(scope("GET", target, headers, kind=kind), held.receive, held.send))
    try:
        yield held
    finally:
        held.say("websocket.disconnect" if kind == "websocket" else "http.disconnect")
        async with asyncio.timeout(5):
            await asyncio.gather(task)
