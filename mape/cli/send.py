"""``mape send``: one item, or many, to an element of a running program."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mape.cli.target import CONFIG, JSON, PATH, PORT, REDIS, TOKEN, URL

if TYPE_CHECKING:
    from mape.cli.peer import Peer

__all__ = ["send"]

WAIT = 5.0
"""How long a peer may take [s]."""


def send(
    path: Annotated[str, PATH],
    items: Annotated[list[str], typer.Argument(metavar="JSON", help="Items; - reads one a line from standard input.")],
    *,
    url: Annotated[str | None, URL] = None,
    redis: Annotated[str | None, REDIS] = None,
    token: Annotated[str | None, TOKEN] = None,
    port: Annotated[str, PORT] = "in",
    config_file: Annotated[str | None, CONFIG] = None,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """Send items to an element of a running program, over REST, or publish them on a Redis channel.

    Without --url and --redis the settings say where: rest.host_port first, then redis.url.
    """
    from mape.cli.peer import choose_peer
    from mape.cli.screen import print_json, say, suggest

    peer = choose_peer(url, redis, token, config_file)
    values = [_decoded(text, place) for place, text in enumerate(_texts(items), 1)]
    result = asyncio.run(_post(peer, path, port, values) if peer.url else _publish(peer, path, values))
    if as_json:
        print_json(result)
    elif "receivers" in result:
        say(f"published {result['accepted']} on {path}: {result['receivers']} subscribed")
    else:
        say(f"{path} took {result['accepted']} of {len(values)}")
    if result["accepted"] < len(values):
        for reason in result.get("errors", ()):
            typer.echo(f"mape: item {reason['index']}: {reason['reason']}", err=True)
        raise typer.Exit(1)
    option = f"--url {url}" if url else f"--redis {redis}" if redis else ""
    suggest(f"mape tap {path} {option}".rstrip(), "see what passes there")


def _texts(items: list[str]) -> list[str]:
    return [line for line in sys.stdin if line.strip()] if items == ["-"] else items


def _decoded(text: str, place: int) -> Any:
    import msgspec

    from mape.errors import ConfigError

    try:
        return msgspec.json.decode(text.encode())
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError) as error:
        hint = """quote texts twice: '"text"'"""
        raise ConfigError(f"item {place} is no JSON ({error}): {text!r:.60}; {hint}") from error


async def _post(peer: Peer, path: str, port: str, values: list[Any]) -> dict[str, Any]:
    from mape.cli.request import ask

    loop, _, element = path.partition(".")
    body = "\n".join(json.dumps(value) for value in values).encode()
    route, query = ("loops", loop, "elements", element), {"port": port}
    result = await ask(peer, "POST", route, query, body=body, content_type="application/x-ndjson")
    return dict(json.loads(result))


async def _publish(peer: Peer, channel: str, values: list[Any]) -> dict[str, Any]:
    import mape
    from mape.remote.redis import connection_of

    app = mape.App(peer.settings)
    connection = connection_of(app, peer.redis)
    receivers = 0
    async with app:
        await connection.wait_up(WAIT)
        for value in values:
            async with asyncio.timeout(WAIT):
                receivers = await connection.client.publish(channel, json.dumps(value))
    return {"accepted": len(values), "receivers": receivers}
