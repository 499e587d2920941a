from __future__ import annotations

from typing import Any

import pytest

import mape
from mape.codecs import JSON, MSGPACK, Header
from mape.remote.rest import RestServer
from mape.settings.schema import Rest
from tests.remote.rest.wire import line, scope

pytestmark = pytest.mark.virtual_time
PATH = "/loops/car/elements/drive"


def app_and_server(**settings: Any) -> tuple[list[Any], mape.Element[Any, Any], RestServer]:
    app = mape.App()
    seen: list[Any] = []

    @app.loop("car").execute
    def drive(speed: int) -> int:
        seen.append(speed)
        return speed * 2

    return seen, drive, RestServer(app, Rest(host_port="127.0.0.1:8000", **settings))


async def test_frames_are_taken_and_answered_with_their_counts() -> None:
    seen, _, server = app_and_server()
    async with line(server.asgi, f"{PATH}?counts=yes", kind="websocket") as client:
        client.say("websocket.receive", text="1\n2\n")
        client.say("websocket.receive", bytes=JSON.frame(Header("f" * 16, 1, 0), [JSON.encode(3), JSON.encode(4)]))
        client.say("websocket.receive", bytes=JSON.frame(Header("f" * 16, 1, 0), [JSON.encode(3), JSON.encode(4)]))
        client.say("websocket.receive", text="{")
        client.say("websocket.receive", text='"x"')
        client.say("websocket.receive", text="")
        await client.until(lambda client: len(client.texts) == 6)

    assert seen == [1, 2, 3, 4]
    assert [(counts["accepted"], counts["rejected"], counts["duplicates"]) for counts in client.texts] == [
        (2, 0, 0), (2, 0, 0), (0, 0, 2), (0, 1, 0), (0, 1, 0), (0, 1, 0),
    ]  # fmt: skip


async def test_frames_are_given_numbered_and_with_causes() -> None:
    _, drive, server = app_and_server()
    async with line(server.asgi, f"{PATH}?give=out", kind="websocket") as client:
        await client.until(lambda client: client.sent)
        await client.until(lambda _: len(server.asgi.watching.feeds))
        for item in range(3):
            drive(item)
        await client.until(lambda client: len(client.sent) == 2)

    frame = JSON.decode(client.sent[1]["text"].encode())
    assert frame.values == [0, 2, 4]
    assert frame.header is not None
    assert frame.header.seq == 0
    assert frame.header.causes is not None
    assert all(frame.header.causes)


async def test_msgpack_travels_as_bytes() -> None:
    seen, _, server = app_and_server()
    async with line(server.asgi, f"{PATH}?give=out&codec=msgpack", kind="websocket") as client:
        await client.until(lambda _: len(server.asgi.watching.feeds))
        client.say("websocket.receive", bytes=MSGPACK.frame(Header("f" * 16, 1, 0), [MSGPACK.encode(3)]))
        await client.until(lambda client: len(client.sent) == 2)

    assert seen == [3]
    assert MSGPACK.decode(client.sent[1]["bytes"]).values == [6]


async def test_a_channel_that_takes_nothing_says_so() -> None:
    seen, _, server = app_and_server()
    async with line(server.asgi, f"{PATH}?take=none&counts=yes", kind="websocket") as client:
        client.say("websocket.receive", text="1")
        await client.until(lambda client: client.texts)

    assert client.texts[0]["rejected"] == 1
    assert seen == []


async def test_an_unknown_element_is_refused_before_the_handshake() -> None:
    _, _, server = app_and_server()
    async with line(server.asgi, "/loops/car/elements/park", kind="websocket") as client:
        await client.until(lambda client: client.sent)

    assert client.sent[0]["type"] == "websocket.http.response.start"
    assert client.sent[0]["status"] == 404


async def test_an_old_server_that_cannot_answer_a_handshake_closes() -> None:
    _, _, server = app_and_server()
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    asked = scope("GET", "/nowhere", kind="websocket") | {"extensions": {}}
    await server.asgi(asked, receive, send)

    assert sent == [{"type": "websocket.close", "code": 1008}]


async def test_all_channels_end_when_the_server_drains() -> None:
    _, _, server = app_and_server()
    async with (
        line(server.asgi, PATH, kind="websocket") as taking,
        line(server.asgi, f"{PATH}?give=out&take=none", kind="websocket") as giving,
    ):
        for client in (taking, giving):
            await client.until(lambda client: client.sent)
        await server.drain()

    for client in (taking, giving):
        assert client.sent[-1] == {"type": "websocket.close", "code": 1001, "reason": "the server is closing"}


async def test_a_client_that_leaves_is_forgotten() -> None:
    _, drive, server = app_and_server()
    async with line(server.asgi, f"{PATH}?give=out", kind="websocket") as client:
        await client.until(lambda _: len(server.asgi.watching.feeds))
        assert client.sent

    assert len(server.asgi.watching.feeds) == 0
    assert len(drive.port_out.links) == 0


async def test_a_client_that_takes_nothing_in_is_let_go() -> None:
    import asyncio

    _, drive, server = app_and_server()
    async with line(server.asgi, f"{PATH}?give=out", kind="websocket") as client:
        await client.until(lambda _: len(server.asgi.watching.feeds))
        client.is_stuck = True
        drive(1)
        await asyncio.sleep(60)
        assert len(server.asgi.watching.feeds) == 0


async def test_events_in_frames_need_control() -> None:
    _, drive, server = app_and_server(tokens=("write:w", "control:c"))
    ended: list[str] = []
    drive.subscribe(None, on_completed=lambda: ended.append("completed"))
    headers = [("authorization", "Bearer w")]
    async with line(server.asgi, f"{PATH}?counts=yes", headers, kind="websocket") as client:
        client.say("websocket.receive", bytes=JSON.frame(Header("f" * 16, 1, 0), [JSON.encode_event(None)]))
        await client.until(lambda client: client.texts)

    assert client.texts[0]["rejected"] == 1
    assert ended == []
