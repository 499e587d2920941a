"""Bugs for the server of a test's program: what the tests must find, or they could not fail.

`plant("house", bugs="unguarded,chatty")` starts a program that has them; each of them is put in before the app is made.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, MutableMapping
from typing import Any

from mape.remote.rest.api import Api
from mape.remote.rest.guard import Guard
from mape.web import live
from mape.web.client import Client
from mape.web.peers import Peers

__all__ = ["BUGS"]

Message = MutableMapping[str, Any]
WALLS = (
    b"content-security-policy",
    b"cross-origin-opener-policy",
    b"cross-origin-resource-policy",
    b"x-content-type-options",
    b"x-frame-options",
)


def unguarded() -> None:
    """Nobody looks at Origin and Host."""
    Guard._foreign = lambda self, headers: None  # type: ignore[method-assign] # noqa: ARG005, SLF001


def open_to_all() -> None:
    """Every answer lets every site read it, and frame it."""
    serve = Api.__call__

    async def open_up(self: Api, scope: Message, receive: Any, send: Any) -> None:
        origin = dict(scope["headers"]).get(b"origin", b"*")
        allowed = [
            (b"access-control-allow-origin", origin),
            (b"access-control-allow-credentials", b"true"),
            (b"access-control-allow-headers", b"authorization, content-type"),
            (b"access-control-allow-methods", b"GET, POST, PUT"),
        ]

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                kept = [each for each in message["headers"] if each[0] not in WALLS]
                message = {**message, "headers": [*kept, *allowed]}
            await send(message)

        if scope.get("method") == "OPTIONS":
            await send({"type": "http.response.start", "status": 204, "headers": allowed})
            await send({"type": "http.response.body", "body": b""})
        else:
            await serve(self, scope, receive, sending)

    Api.__call__ = open_up  # type: ignore[method-assign]


def chatty() -> None:
    """The log tells who sends each request."""
    serve = Api.__call__

    async def tell(self: Api, scope: Message, receive: Any, send: Any) -> None:
        if who := dict(scope["headers"]).get(b"authorization"):  # what repeats is not logged, so not of everybody
            logging.getLogger("mape").warning("%s: %s", scope["path"], who)
        await serve(self, scope, receive, send)

    Api.__call__ = tell  # type: ignore[method-assign]


def hoarding() -> None:
    """Samples are kept for a client, however many they are; in large, so that seconds show what an hour would."""

    def put_items(self: Client, written: bytes, count: int) -> None:  # noqa: ARG001
        self._items.append(written * 20)

    Client.put_items = put_items  # type: ignore[method-assign]


def patient() -> None:
    """A client may take nothing in for as long as it likes."""
    live.FULL_PIPE = 1e6  # type: ignore[misc]


def solitary() -> None:
    """Peers are not asked to look for an item."""

    async def follow(self: Peers, cause: int) -> None:  # noqa: ARG001
        return

    Peers.follow = follow  # type: ignore[method-assign]


BUGS: dict[str, Callable[[], None]] = {
    each.__name__: each for each in (unguarded, open_to_all, chatty, hoarding, patient, solitary)
}
