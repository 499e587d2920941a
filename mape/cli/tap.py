"""``mape tap``: what passes an element or a channel of a running program, as it happens."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mape.cli.target import CONFIG, JSON, PATTERN, PORT, REDIS, TOKEN, URL

if TYPE_CHECKING:
    from mape.cli.peer import Peer

__all__ = ["tap"]

LONGEST_EVENT = 4 * 2**20
"""Bytes of one event; more than a server sends."""


def tap(
    pattern: Annotated[str, PATTERN],
    *,
    url: Annotated[str | None, URL] = None,
    redis: Annotated[str | None, REDIS] = None,
    token: Annotated[str | None, TOKEN] = None,
    port: Annotated[str, PORT] = "out",
    count: Annotated[int | None, typer.Option("--count", "-n", min=1, help="End after so many items.")] = None,
    config_file: Annotated[str | None, CONFIG] = None,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """Show what passes a port of an element, over REST, or the channels of a Redis server, until Ctrl-C.

    Without --url and --redis the settings say where: rest.host_port first, then redis.url.
    """
    from mape.cli.peer import choose_peer

    peer = choose_peer(url, redis, token, config_file)
    stream = _element(peer, pattern, port) if peer.url else _channels(peer, pattern)
    typer.echo(f"tapping {pattern} at {peer.shown}; Ctrl-C ends it", err=True)
    asyncio.run(_print(stream, count, as_json=as_json))


async def _print(stream: AsyncGenerator[tuple[str, Any], None], count: int | None, *, as_json: bool) -> None:
    from mape.cli.screen import say, shown

    seen = 0
    async with aclosing(stream):
        async for path, value in stream:
            line = json.dumps({"path": path, "value": value}, default=str)
            say(line if as_json else f"{shown(path)}  {shown(value)}")
            seen += 1
            if seen == count:
                break


async def _element(peer: Peer, path: str, port: str) -> AsyncGenerator[tuple[str, Any], None]:
    """Yield what the server's event stream of an element has."""
    from mape.cli.request import opened

    loop, _, element = path.partition(".")
    route = ("loops", loop, "elements", element, "stream")
    async with opened(peer, "GET", route, {"port": port}, total=None) as response:
        kind = ""
        async for line in response.content:
            name, _, text = line.decode(errors="replace").strip().partition(":")
            if name == "event":
                kind = text.strip()
            elif name == "data":
                envelope = json.loads(text)
                yield path, {kind: envelope} if kind else envelope.get("value") if len(envelope) == 1 else envelope
                kind = ""


async def _channels(peer: Peer, pattern: str) -> AsyncGenerator[tuple[str, Any], None]:
    """Yield what is published on the channels that a pattern names."""
    import mape
    from mape.remote.redis import subscribe_handler

    app = mape.App(peer.settings)
    arrived: asyncio.Queue[Any] = asyncio.Queue(maxsize=1024)

    async with app:
        subscribe_handler(pattern, lambda message: _keep(arrived, message), redis=peer.redis, app=app)
        while True:
            message = await arrived.get()
            yield message["channel"], message["data"]


def _keep(arrived: asyncio.Queue[Any], message: Any) -> None:
    """Keep what a person reads more slowly than it comes; the oldest goes first."""
    if arrived.full():
        arrived.get_nowait()
    arrived.put_nowait(message)
