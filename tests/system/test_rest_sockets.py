"""WebSockets at an element's path: what strangers send there and what a strange server gives; with planted bugs."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from aiohttp import web

import mape
from mape.codecs import JSON, Header
from mape.remote.receiver import Intake, Receiver
from mape.remote.rest import RestServer, SocketObservable
from mape.remote.rest.channel import Channel
from mape.remote.rest.view import Counts
from mape.settings.schema import Rest
from mape.testing import collect
from tests.system.rest_program import POST, show

pytestmark = pytest.mark.system

MESSAGES = 10_000
GOOD = [number for number in range(MESSAGES) if number % 10 != 9]
POISON = [
    b"",
    b"{",
    b'{"n":"many"}',
    b'{"n":NaN}',
    b"\xff\xfe",
    b"[" * 500,
    b'{"mape":1,"source":',
    b'{"mape":9,"source":"a","epoch":1,"seq":0,"count":1}\n{"value":1}',
    b'{"mape":1,"source":"a","epoch":1,"seq":0,"count":3}\n{"value":1}',
    b"\x80\x04.",
]
PATIENCE = 60.0
"""How long ten thousand messages may take on a busy machine [s]; a few seconds are usual."""


def messages() -> list[bytes]:
    """Return plain items, each tenth of them poison."""
    return [POISON[number // 10 % len(POISON)] if number % 10 == 9 else b"%d" % number for number in range(MESSAGES)]


# -- what strangers send -----------------------------------------------------------------------------------------------


async def send(url: str) -> list[Counts]:
    """Send all messages over one socket and return its answers; fewer, if the server ends it."""
    answers: list[Counts] = []
    async with aiohttp.ClientSession(url) as session, session.ws_connect(f"{POST}?take=in&counts=yes") as socket:

        async def speak() -> None:
            with contextlib.suppress(ConnectionError):  # the server has ended it
                for message in messages():
                    await socket.send_bytes(message)

        speaking = asyncio.create_task(speak())
        async with asyncio.timeout(PATIENCE):
            while len(answers) < MESSAGES and (answer := await socket.receive()).type is aiohttp.WSMsgType.TEXT:
                counts = answer.json()
                answers.append(Counts(counts["accepted"], counts["rejected"]))
        speaking.cancel()
        await asyncio.gather(speaking, return_exceptions=True)
    return answers


async def poisoned() -> tuple[list[int], list[Counts], int]:
    """Return what reached the element, what the client was told, and what the server counted as rejected."""
    app = mape.App()
    seen: list[int] = []
    failures = collect(app.failures)

    @app.loop("car").execute
    def drive(item: int) -> None:
        seen.append(item)

    server = RestServer(app, Rest(host_port="127.0.0.1:0", rate=0.0))
    async with app:
        answers = await send(server.url)
        rejected = server.asgi.intakes.rejected
    assert max(len(str(failure.error)) for failure in failures) < 500
    return seen, answers, rejected


async def test_poison_that_a_socket_takes_costs_itself_and_is_counted() -> None:
    seen, answers, rejected = await poisoned()

    show("poison over a WebSocket", delivered=len(seen), counted=rejected, answered=len(answers))
    assert seen == GOOD
    assert rejected == len(POISON) * 100
    assert [answer.rejected for answer in answers] == [int(number % 10 == 9) for number in range(MESSAGES)]


async def test_a_socket_that_ends_at_the_first_poison_would_be_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The planted bug: what cannot be read is nobody's."""

    def take(channel: Channel, receiver: Receiver, payload: bytes) -> Counts:
        del channel
        return Counts(receiver.hand_over(receiver.read(payload)).accepted)

    monkeypatch.setattr(Channel, "_take", take)
    seen, answers, _ = await poisoned()

    assert len(seen) < len(GOOD)
    assert len(answers) < MESSAGES


# -- what a strange server gives ---------------------------------------------------------------------------------------


@asynccontextmanager
async def giving() -> AsyncIterator[str]:
    """Give the URL of a server that sends all messages to whoever watches, as text or as bytes, and then a frame."""

    async def watched(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        with contextlib.suppress(ConnectionError):  # the client has left
            for number, message in enumerate(messages()):
                if number % 2 and message.isascii():
                    await socket.send_str(message.decode())
                else:
                    await socket.send_bytes(message)
            await socket.send_bytes(JSON.frame(Header("s", 1, 0), [JSON.encode(MESSAGES)]))
            await socket.receive()
        return socket

    server = web.Application()
    server.router.add_get(POST, watched)
    runner = web.AppRunner(server, shutdown_timeout=1.0)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def watch(most: float) -> tuple[list[Any], SocketObservable, list[str], int]:
    """Watch that server until its last item; return the items, the source, what happened to it, and the failures."""
    app = mape.App()
    last = asyncio.Event()
    seen: list[int] = []

    @app.loop("traffic").execute
    def note(item: int) -> None:
        seen.append(item)
        if item == MESSAGES:
            last.set()

    failures, events = collect(app.failures), collect(app.events)
    async with giving() as url, app:
        source = SocketObservable(url, "car.drive")
        source.subscribe(note)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(most):
                await last.wait()
        kinds = [event.kind for event in events]
    return seen, source, kinds, len(failures)


async def test_poison_that_a_socket_gives_costs_itself_and_ends_no_stream() -> None:
    seen, source, events, failures = await watch(PATIENCE)

    show("poison from a WebSocket", delivered=len(seen), counted=source.stats.rejected, events=events)
    assert seen == [*GOOD, MESSAGES]
    assert source.stats.rejected == failures == len(POISON) * 100
    assert events == ["connected"]


async def test_a_source_that_connects_anew_at_each_poison_would_be_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The planted bug: what cannot be read breaks the connection."""
    monkeypatch.setattr(Receiver, "take", lambda self, payload: self.hand_over(self.read(payload)) or Intake())
    seen, _, events, _ = await watch(3.0)

    assert seen != [*GOOD, MESSAGES]
    assert "disconnected" in events
