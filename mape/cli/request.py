"""One request to the REST server of a running program; what it refuses becomes one sentence."""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING
from urllib.parse import quote

from mape.errors import ConfigError, ConnectError, PeerError, UnknownPathError

if TYPE_CHECKING:
    from aiohttp import ClientResponse

    from mape.cli.peer import Peer

__all__ = ["ask", "opened"]

WAIT = 5.0
"""How long a server may take to answer [s]."""
LARGEST_BYTES = 1_048_576
"""More of an answer is not read."""
UNAUTHORIZED, FORBIDDEN, NOT_FOUND, BAD = 401, 403, 404, 400


async def ask(
    peer: Peer,
    method: str,
    route: Sequence[str],
    query: Mapping[str, str],
    *,
    body: bytes | None = None,
    content_type: str = "application/json",
) -> bytes:
    """Return the answer to a request.

    Raises:
        ConnectError: Nobody answers in time.
        UnknownPathError, ConfigError, PeerError: The server refuses; the sentence is its own.
    """
    async with opened(peer, method, route, query, body=body, content_type=content_type) as response:
        return await response.content.read(LARGEST_BYTES)  # deadline: the request's


@asynccontextmanager
async def opened(
    peer: Peer,
    method: str,
    route: Sequence[str],
    query: Mapping[str, str],
    *,
    body: bytes | None = None,
    content_type: str = "application/json",
    total: float | None = WAIT,
) -> AsyncIterator[ClientResponse]:
    """Make a request, and close it with the block; as `ask`, but the answer may go on for `total` seconds."""
    import aiohttp

    headers = {"Content-Type": content_type} | ({"Authorization": f"Bearer {peer.token}"} if peer.token else {})
    url = "/".join([str(peer.url).rstrip("/"), *(quote(part, safe="") for part in route)])
    timeout = aiohttp.ClientTimeout(total=total, sock_connect=WAIT)
    async with aiohttp.ClientSession(timeout=timeout) as session:
        try:
            async with session.request(
                method, url, params=dict(query), data=body, headers=headers, allow_redirects=False
            ) as response:
                if response.status >= BAD:
                    await _refuse(response)
                yield response
        except (aiohttp.ClientError, TimeoutError) as error:
            raise ConnectError(
                f"the server at {peer.url} cannot be reached: {_reason(error)}; is the program running?"
            ) from error


def _reason(error: Exception) -> str:
    """Say why in few words, as the system does where it knows."""
    number = getattr(getattr(error, "os_error", None), "errno", None)
    return os.strerror(number) if number else str(error) or f"no answer within {WAIT:g} s"


async def _refuse(response: ClientResponse) -> None:
    text = (await response.content.read(LARGEST_BYTES)).decode(errors="replace")  # deadline: the request's
    try:
        answer = json.loads(text)
        reasons = [f"item {each['index'] + 1}: {each['reason']}" for each in answer.get("errors", ())]
        sentence = "; ".join([str(answer["error"]), *reasons])
    except (ValueError, KeyError, TypeError):
        sentence = f"the server answers {response.status}"
    if response.status == NOT_FOUND:
        raise UnknownPathError(sentence)
    if response.status in (UNAUTHORIZED, FORBIDDEN):
        raise ConfigError(f"{sentence}; give the token by --token or MAPE_REST__TOKEN")
    raise PeerError(sentence)
