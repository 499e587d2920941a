"""What the server answers: status, headers, body; and the errors that it gives in place of one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import msgspec

__all__ = ["API_POLICY", "JSON", "SAFE_HEADERS", "Answer", "Receive", "Send", "WireScope", "json", "refusal"]

WireScope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

JSON = b"application/json"
API_POLICY = b"default-src 'none'; frame-ancestors 'none'"
SAFE_HEADERS: tuple[tuple[bytes, bytes], ...] = (
    (b"x-content-type-options", b"nosniff"),
    (b"cache-control", b"no-store"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"x-frame-options", b"DENY"),
)
"""On every answer, unless it has one of that name itself."""


@dataclass(frozen=True)
class Answer:
    """A whole answer.

    Args:
        policy: The page's content security policy.
    """

    status: int
    body: bytes = b""
    content_type: bytes = JSON
    headers: tuple[tuple[bytes, bytes], ...] = ()
    policy: bytes = API_POLICY
    fields: Mapping[str, Any] = field(default_factory=dict)
    """What a refusal says, for tests and for the WebSocket's close reason."""

    def head(self) -> dict[str, Any]:
        """Return the ASGI message that an answer begins with."""
        own = [(b"content-type", self.content_type), (b"content-length", str(len(self.body)).encode())]
        policy = (b"content-security-policy", self.policy)
        given = {name for name, _ in self.headers}
        safe = [each for each in SAFE_HEADERS if each[0] not in given]
        return {"status": self.status, "headers": [*own, *safe, policy, *self.headers]}

    async def send(self, send: Send, kind: str = "http.response") -> None:
        """Send it."""
        await send({"type": f"{kind}.start", **self.head()})  # deadline: the connection's, see protocol
        await send({"type": f"{kind}.body", "body": self.body})  # deadline: as above


def json(value: Any, status: int = 200) -> Answer:
    """Answer with a value."""
    return Answer(status, msgspec.json.encode(value))


def refusal(status: int, error: str, headers: tuple[tuple[bytes, bytes], ...] = (), **more: Any) -> Answer:
    """Answer with a sentence that says what is wrong and what to do; it never holds what the client sent."""
    fields = {"error": error, **more}
    return Answer(HTTPStatus(status).value, msgspec.json.encode(fields), headers=headers, fields=fields)
