"""Reads the bodies of requests, within limits of size and time."""

from __future__ import annotations

import asyncio

from mape.remote.rest.answer import Answer, Receive, WireScope, refusal

__all__ = ["content_type", "linger", "read_body"]

LINGER = 1.0
"""How long a client that sends too much may go on, so that it reads the answer [s]."""
CLOSE = ((b"connection", b"close"),)


def content_type(scope: WireScope) -> str:
    """Return the content type without its parameters, lower case; "" if there is none."""
    for name, value in scope["headers"]:
        if name == b"content-type":
            kind: str = value.decode("latin-1").partition(";")[0].strip().lower()
            return kind
    return ""


async def read_body(scope: WireScope, receive: Receive, most: int, deadline: float) -> bytes | Answer | None:
    """Return a body; an answer if it is too large or too slow; None if the client went away.

    Args:
        most: Its size at most [bytes]; one that announces more is not read at all.
        deadline: How long it may take [s].
    """
    if (length := _length(scope)) is not None and length > most:
        return _too_large(most)
    chunks: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(deadline):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    return None
                if chunk := message.get("body", b""):
                    size += len(chunk)
                    if size > most:
                        return _too_large(most)
                    chunks.append(chunk)
                if not message.get("more_body", False):
                    return chunks[0] if len(chunks) == 1 else b"".join(chunks)
    except TimeoutError:
        return refusal(408, f"the body did not come within {deadline:g} s", CLOSE)


def _too_large(most: int) -> Answer:
    """Refuse a body."""
    return refusal(413, f"send at most {most} bytes a request; more items go in more requests", CLOSE)


async def linger(receive: Receive) -> None:
    """Let a client finish a little of what it sends, unread: it would otherwise see a reset and no answer."""
    try:
        async with asyncio.timeout(LINGER):
            while (await receive())["type"] != "http.disconnect":
                pass
    except TimeoutError:
        pass


def _length(scope: WireScope) -> int | None:
    for name, value in scope["headers"]:
        if name == b"content-length":
            return int(value) if value.isdigit() else None
    return None
