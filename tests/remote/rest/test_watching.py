from __future__ import annotations

import json
from typing import Any

import pytest

import mape
from mape.remote.rest import RestServer
from mape.remote.rest.watching import events
from mape.settings.schema import Rest
from tests.remote.rest.wire import line

pytestmark = pytest.mark.virtual_time
STREAM = "/loops/car/elements/drive/stream"


def parsed(body: bytes) -> list[dict[str, str]]:
    blocks = [block for block in body.decode().split("\n\n") if block and not block.startswith(":")]
    return [dict(entry.split(": ", 1) for entry in block.split("\n")) for block in blocks]


def app_and_server(**settings: Any) -> tuple[mape.App, mape.Element[Any, Any], RestServer]:
    app = mape.App()
    drive = app.loop("car").execute(uid="drive")(lambda item: item * 2)
    return app, drive, RestServer(app, Rest(host_port="127.0.0.1:8000", **settings))


async def test_a_client_sees_what_leaves_a_port_in_order() -> None:
    _, drive, server = app_and_server()
    async with line(server.asgi, STREAM) as client:
        await client.until(lambda client: client.body)
        for item in range(3):
            drive(item)
        await client.until(lambda client: b"id: 2\n" in client.body)

    assert dict(client.sent[0]["headers"])[b"content-type"].startswith(b"text/event-stream")
    items = [entry for entry in parsed(client.body) if "data" in entry]
    assert [entry["id"] for entry in items] == ["0", "1", "2"]
    assert [json.loads(entry["data"])["value"] for entry in items] == [0, 2, 4]


async def test_the_in_port_can_be_watched_too_and_watching_starts_nothing() -> None:
    app, _, server = app_and_server()
    plan = app.loop("car").plan(uid="think")(lambda item: item)
    async with line(server.asgi, "/loops/car/elements/think/stream?port=in") as client:
        await client.until(lambda client: client.body)
        plan.port_in.on_next("x")
        await client.until(lambda client: b'"x"' in client.body)

    assert not plan.is_running


async def test_events_have_names() -> None:
    _, drive, server = app_and_server()
    async with line(server.asgi, STREAM) as client:
        await client.until(lambda client: client.body)
        drive.on_error(ValueError("broken"))
        drive.on_completed()
        await client.until(lambda client: b"on_completed" in client.body)

    assert [entry["event"] for entry in parsed(client.body) if "event" in entry] == ["on_error", "on_completed"]


async def test_what_a_slow_client_misses_is_told() -> None:
    _, drive, server = app_and_server(stream_items=5)
    async with line(server.asgi, STREAM) as client:
        await client.until(lambda client: client.body)
        for item in range(20):
            drive(item)
        await client.until(lambda client: b"id: 19\n" in client.body)

    dropped = [json.loads(entry["data"])["count"] for entry in parsed(client.body) if entry.get("event") == "dropped"]
    assert dropped == [15]
    assert [entry["id"] for entry in parsed(client.body) if "id" in entry] == ["15", "16", "17", "18", "19"]
    assert server.asgi.watching.feeds.dropped == 15


async def test_a_client_that_leaves_is_forgotten() -> None:
    _, drive, server = app_and_server()
    async with line(server.asgi, STREAM) as client:
        await client.until(lambda client: client.body)
        assert len(server.asgi.watching.feeds) == 1

    assert len(server.asgi.watching.feeds) == 0
    assert len(drive.port_out.links) == 0


async def test_a_client_that_takes_nothing_in_is_let_go() -> None:
    _, drive, server = app_and_server()
    async with line(server.asgi, STREAM) as client:
        await client.until(lambda client: client.body)
        client.is_stuck = True
        drive(1)
        async with line(server.asgi, STREAM):
            import asyncio

            await asyncio.sleep(60)
        assert len(server.asgi.watching.feeds) == 0


async def test_silence_is_broken_by_comments() -> None:
    import asyncio

    _, _, server = app_and_server()
    async with line(server.asgi, STREAM) as client:
        await asyncio.sleep(50)

    assert client.body.count(b":\n\n") == 3


def test_events_are_written_as_the_standard_says() -> None:
    assert events(7, [(b"{}", None, "item")], 0) == b"id: 7\ndata: {}\n\n"
    assert events(7, [(b"{}", None, "error")], 2) == (
        b'event: dropped\ndata: {"count":2}\n\nevent: on_error\nid: 7\ndata: {}\n\n'
    )
    assert events(7, [], 0) == b":\n\n"
