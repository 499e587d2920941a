"""Over real sockets of this machine: a WebSocket has no stand-in."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web

import mape
from mape.codecs import MSGPACK
from mape.remote.rest.server import RestServer
from mape.remote.rest.socket import SocketObservable, SocketObserver
from mape.settings.schema import Rest
from mape.testing import FaultProxy, collect


def peer(**settings: Any) -> tuple[mape.App, RestServer, Any, list[Any]]:
    """An app with a server and an element, and what it got."""
    app, seen = mape.App(), list[Any]()
    server = RestServer(app, Rest(host_port="127.0.0.1:0", **settings))
    element = app.loop("cars").execute(uid="speed")(seen.append)
    return app, server, element, seen


@asynccontextmanager
async def endpoint(handler: Callable[[web.Request], Any]) -> AsyncIterator[str]:
    """A server that is no mape server."""
    application = web.Application()
    application.router.add_get("/{path:.*}", handler)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 - it waits for what has no event
            await asyncio.sleep(0.005)


@pytest.mark.parametrize("options", [{}, {"codec": MSGPACK}])
async def test_frames_go_to_an_element_in_order_and_are_confirmed(app: mape.App, options: dict[str, Any]) -> None:
    there, server, _, seen = peer()
    async with there:
        sink = SocketObserver(server.url, "cars.speed", app=app, **options)
        async with app:
            for item in range(5_000):
                sink.on_next(item)
            await sink.flush()

    assert seen == list(range(5_000))
    assert (sink.stats.sent, sink.stats.retries) == (5_000, 0)


@pytest.mark.parametrize("options", [{}, {"codec": MSGPACK}])
async def test_what_passes_a_port_arrives_where_it_is_watched(app: mape.App, options: dict[str, Any]) -> None:
    there, server, element, _ = peer()
    async with there:
        source = SocketObservable(server.url, "cars.speed", "in", app=app, **options)
        seen = collect(source)
        async with app:
            await until(lambda: source.is_up and len(server.asgi.watching.feeds))
            for item in range(500):
                element.port_in.on_next(item)
            element.port_in.on_error(ValueError("odd"))
            await until(lambda: len(seen) == 500 and seen.errors)
            assert (source.stats.accepted, source.stats.gaps) == (501, 0)

    assert seen == list(range(500))


async def test_a_sink_whose_connection_breaks_sends_again_and_nothing_twice(app: mape.App) -> None:
    there, server, _, seen = peer()
    async with there, FaultProxy(server.url.removeprefix("http://")) as proxy:
        sink = SocketObserver(proxy.url("http"), "cars.speed", app=app, frame=10)
        async with app:
            for item in range(200):
                sink.on_next(item)
                if item % 50 == 25:
                    proxy.cut_after(400 + item)
                await asyncio.sleep(0)
            await sink.flush()

    assert seen == list(range(200))
    assert sink.stats.retries > 0
    assert sink.stats.dropped == {}


async def test_a_source_whose_connection_breaks_comes_back(app: mape.App) -> None:
    there, server, element, _ = peer()
    events = collect(app.events)
    async with there, FaultProxy(server.url.removeprefix("http://")) as proxy:
        source = SocketObservable(proxy.url("http"), "cars.speed", "in", app=app)
        seen = collect(source)
        async with app:
            for item in (1, 2):
                await until(lambda: source.is_up and len(server.asgi.watching.feeds))
                element.port_in.on_next(item)
                await until(lambda item=item: len(seen) == item)  # type: ignore[misc]
                proxy.reset()
                await until(lambda: not source.is_up)

    assert seen == [1, 2]
    assert [event.kind for event in events][:3] == ["connected", "disconnected", "connected"]


async def test_a_token_is_asked_for_and_sent(app: mape.App) -> None:
    there, server, _, seen = peer(token="s3cret")  # noqa: S106 - it opens nothing
    async with there:
        stranger = SocketObserver(server.url, "cars.speed", app=app)
        friend = SocketObserver(server.url, "cars.speed", app=app, token="s3cret")  # noqa: S106 - as above
        async with app:
            stranger.on_next("no")
            friend.on_next("yes")
            await friend.flush()
            await until(lambda: not stranger.is_up)
            assert "401" in str(stranger.stats.last_error)
            stranger.dispose()

    assert seen == ["yes"]


async def test_a_frame_that_is_too_large_for_the_server_goes_in_parts(app: mape.App) -> None:
    there, server, _, seen = peer(max_body_bytes=2_048)
    async with there:
        sink = SocketObserver(server.url, "cars.speed", app=app)
        async with app:
            for item in range(100):
                sink.on_next(f"{item:0100}")
            sink.on_next("x" * 4_000)
            sink.on_next("end")
            await sink.flush()

    assert seen == [*(f"{item:0100}" for item in range(100)), "end"]
    assert sink.stats.dropped == {"refused": 1}


async def test_poison_is_counted_from_the_confirmations(app: mape.App) -> None:
    there, server, _, seen = peer()

    class Careless(SocketObserver):
        def encode(self, item: Any) -> bytes:
            return b'{"value":' if item == "bad" else super().encode(item)

    async with there:
        sink = Careless(server.url, "cars.speed", app=app)
        async with app:
            for item in (1, "bad", 2):
                sink.on_next(item)
            await sink.flush()

    assert seen == [1, 2]
    assert (sink.stats.sent, sink.stats.dropped) == (2, {"refused": 1})


async def test_a_redirect_is_not_followed(app: mape.App) -> None:
    asked: list[str] = []

    async def elsewhere(request: web.Request) -> web.Response:
        asked.append(request.path)
        raise web.HTTPTemporaryRedirect("/trap")

    async with endpoint(elsewhere) as url:
        sink = SocketObserver(url, "cars.speed", app=app)
        source = SocketObservable(url, "cars.speed", app=app)
        collect(source)
        async with app:
            sink.on_next(1)
            await until(lambda: sink.stats.last_error and source.is_up is False)
            assert "redirect" in str(sink.stats.last_error)
            sink.dispose()
            await asyncio.sleep(0)

    assert "/trap" not in asked


async def test_an_answer_that_holds_no_counts_is_no_confirmation(app: mape.App) -> None:
    async def chatter(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.receive()
        await socket.send_str("hello")
        return socket

    async with endpoint(chatter) as url:
        sink = SocketObserver(url, "cars.speed", app=app)
        async with app:
            sink.on_next(1)
            await until(lambda: sink.stats.last_error)
            assert "is it a mape server?" in str(sink.stats.last_error)
            assert sink.stats.sent == 0
            sink.dispose()


async def test_bytes_that_are_no_frame_end_no_stream(app: mape.App) -> None:
    async def odd(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_bytes(b"\x80\xff")
        await socket.send_str('{"mape":')
        await socket.send_str("7")
        await socket.receive()
        return socket

    async with endpoint(odd) as url:
        source = SocketObservable(url, "cars.speed", app=app)
        seen = collect(source)
        async with app:
            await until(lambda: seen)
            assert (source.stats.accepted, source.stats.rejected) == (1, 2)

    assert seen == [7]
