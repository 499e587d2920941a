from __future__ import annotations

import asyncio
from typing import Any

import pytest
import uvicorn
from uvicorn.server import ServerState

from mape.remote.rest.protocol import HttpProtocol, Limits, SocketProtocol

pytestmark = pytest.mark.virtual_time
HEAD = b"GET /x HTTP/1.1\r\nhost: a\r\n\r\n"


class FakeTransport(asyncio.Transport):
    """A connection whose other end does nothing by itself."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.ended = ""

    def write(self, data: Any) -> None:
        self.written += bytes(data)

    def close(self) -> None:
        self.ended = self.ended or "closed"

    def abort(self) -> None:
        self.ended = "aborted"

    def is_closing(self) -> bool:
        return bool(self.ended)

    def pause_reading(self) -> None: ...
    def resume_reading(self) -> None: ...
    def set_protocol(self, protocol: Any) -> None: ...


async def app(_: Any, receive: Any, send: Any) -> None:  # noqa: ARG001 - as ASGI says
    await send({"type": "http.response.start", "status": 204, "headers": [(b"content-length", b"0")]})
    await send({"type": "http.response.body"})


class Site:
    """Protocols that share what a server has."""

    def __init__(self, timeout: float = 10.0, connections: int = 10) -> None:
        self.limits = Limits(timeout, connections)
        self.config = uvicorn.Config(app, lifespan="off", log_config=None, timeout_keep_alive=30)
        self.state = ServerState()

    def connect(self, kind: Any = HttpProtocol) -> tuple[Any, FakeTransport]:
        protocol = kind(self.config, self.state, {}, limits=self.limits)
        transport = FakeTransport()
        protocol.connection_made(transport)
        return protocol, transport


def lose(protocol: Any) -> None:
    protocol.connection_lost(None)


async def test_a_head_that_does_not_come_is_not_waited_for() -> None:
    site = Site()
    protocol, transport = site.connect()
    await asyncio.sleep(9.9)
    assert transport.ended == ""
    await asyncio.sleep(0.2)

    assert transport.ended == "closed"
    assert transport.written.startswith(b"HTTP/1.1 408 ")
    assert site.limits.late == 1
    lose(protocol)


async def test_a_byte_now_and_then_does_not_help() -> None:
    site = Site()
    protocol, transport = site.connect()
    for byte in HEAD[:11]:
        protocol.data_received(bytes([byte]))
        await asyncio.sleep(1)

    assert transport.ended == "closed"
    lose(protocol)


async def test_a_head_in_time_is_served_and_the_next_one_has_a_deadline_of_its_own() -> None:
    site = Site()
    protocol, transport = site.connect()
    protocol.data_received(HEAD)
    await asyncio.sleep(20)
    assert transport.ended == ""
    assert transport.written.startswith(b"HTTP/1.1 204 ")
    protocol.data_received(HEAD[:5])
    await asyncio.sleep(10.1)

    assert transport.ended == "closed"
    assert site.limits.late == 1
    lose(protocol)


async def test_the_answers_to_late_and_surplus_clients_are_as_long_as_they_say() -> None:
    site = Site(connections=1)
    (first, late), (second, surplus) = site.connect(), site.connect()
    await asyncio.sleep(11)

    for transport, status in ((late, b"408"), (surplus, b"503")):
        head, _, body = transport.written.partition(b"\r\n\r\n")
        assert head.split(b" ")[1] == status
        assert f"content-length: {len(body)}".encode() in head
    assert (site.limits.refused, site.limits.late) == (1, 1)
    lose(first)
    lose(second)


async def test_there_is_room_again_when_a_connection_is_gone() -> None:
    site = Site(connections=1)
    first, _ = site.connect()
    lose(first)
    second, transport = site.connect()

    assert transport.ended == ""
    lose(second)


@pytest.mark.parametrize("kind", [HttpProtocol, SocketProtocol])
async def test_a_client_that_takes_nothing_in_is_cut_off(kind: Any) -> None:
    site = Site()
    protocol, transport = site.connect(kind)
    if kind is HttpProtocol:
        protocol.data_received(HEAD)
    protocol.pause_writing()
    await asyncio.sleep(9.9)
    assert transport.ended != "aborted"
    await asyncio.sleep(0.2)

    assert transport.ended == "aborted"
    assert site.limits.stalled == 1
    lose(protocol)


@pytest.mark.parametrize("kind", [HttpProtocol, SocketProtocol])
async def test_a_client_that_catches_up_is_not(kind: Any) -> None:
    site = Site()
    protocol, transport = site.connect(kind)
    if kind is HttpProtocol:
        protocol.data_received(HEAD)
    for _ in range(5):
        protocol.pause_writing()
        await asyncio.sleep(9)
        protocol.resume_writing()

    assert transport.ended == ""
    lose(protocol)
    await asyncio.sleep(20)
    assert transport.ended != "aborted"


async def test_what_is_no_http_is_answered_and_counted() -> None:
    site = Site()
    protocol, transport = site.connect()
    protocol.data_received(b"\x16\x03\x01\r\n\r\n")

    assert transport.written.startswith(b"HTTP/1.1 400 ")
    assert site.limits.malformed == 1
    protocol.data_received(HEAD)
    assert transport.written.count(b"HTTP/1.1") == 1
    lose(protocol)
