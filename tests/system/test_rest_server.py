"""What the REST server promises, with real sockets and processes, figures, and planted bugs that must be found."""

from __future__ import annotations

import asyncio
import contextlib
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest

import mape
from mape.codecs import JSON, Header
from mape.errors import ConfigError
from mape.remote.rest import RestServer
from mape.settings.schema import Rest
from tests.system.rest_program import POST, PROGRAM, begin, show

pytestmark = pytest.mark.system


@dataclass
class Speed:
    kmh: float


@asynccontextmanager
async def serving(**settings: Any) -> AsyncIterator[tuple[RestServer, list[Any]]]:
    """An app with one element behind a server on a free port."""
    app = mape.App()
    seen: list[Any] = []

    @app.loop("car").execute
    def drive(speed: Speed) -> None:
        seen.append(speed)

    server = RestServer(app, Rest(**{"host_port": "127.0.0.1:0", "rate": 0.0, **settings}))
    async with app:
        yield server, seen


async def test_it_listens_while_the_app_is_open_and_says_where() -> None:
    async with serving() as (server, seen), aiohttp.ClientSession(server.url) as session:
        async with session.post(POST, json={"kmh": 3}) as reply:
            assert (reply.status, (await reply.json())["accepted"]) == (202, 1)
        async with session.get("/health/ready") as reply:
            assert reply.status == 200
            assert "server" not in reply.headers
        url = server.url

    assert seen == [Speed(3)]
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.ClientConnectorError):
            await session.get(url)


async def test_opening_and_closing_takes_no_time_and_leaves_nothing() -> None:
    before = asyncio.all_tasks()
    start = time.monotonic()
    async with serving() as (server, _), aiohttp.ClientSession(server.url) as session:
        opened = time.monotonic() - start
        await (await session.get("/loops")).read()
        start = time.monotonic()
    closed = time.monotonic() - start

    show("life", open_ms=round(opened * 1e3, 1), close_ms=round(closed * 1e3, 1))
    assert opened < 0.5
    assert closed < 1.0
    assert asyncio.all_tasks() == before


async def test_a_taken_port_is_an_error_that_says_what_to_change() -> None:
    async with serving() as (server, _):
        with pytest.raises(ConfigError, match=r"another program listens there.*rest\.host_port"):
            async with serving(host_port=str(server.address)):
                pass


async def test_an_app_can_open_again() -> None:
    app = mape.App()
    server = RestServer(app, Rest(host_port="127.0.0.1:0"))
    for _ in range(2):
        async with app, aiohttp.ClientSession() as session, session.get(f"{server.url}/health/ready") as reply:
            assert reply.status == 200


# -- poison ----------------------------------------------------------------------------------------------------------


async def test_poison_costs_itself_and_is_counted() -> None:
    """10,000 posts, 1,000 of them malformed: 9,000 delivered, 1,000 counted, no answer 5xx."""
    bad = [
        b"",
        b"{",
        b'{"kmh":"fast"}',
        b'{"kmh":NaN}',
        b"\xff\xfe",
        b"[" * 500,
        b'{"mph":1}',
        b'{"kmh":1e999}',
        b"null",
        b"\x80\x04.",
    ]
    statuses: dict[int, int] = {}

    async with serving() as (server, seen), aiohttp.ClientSession(server.url) as session:

        async def post(number: int) -> None:
            body = bad[number // 10 % len(bad)] if number % 10 == 9 else b'{"kmh":%d}' % number
            async with session.post(POST, data=body, headers={"content-type": "application/json"}) as reply:
                statuses[reply.status] = statuses.get(reply.status, 0) + 1
                await reply.read()

        for start in range(0, 10_000, 50):
            await asyncio.gather(*(post(number) for number in range(start, start + 50)))
        rejected = server.asgi.intakes.rejected

    show("poison", delivered=len(seen), counted=rejected, answers=statuses)
    assert sorted(speed.kmh for speed in seen) == [number for number in range(10_000) if number % 10 != 9]
    assert rejected == 1_000
    assert statuses == {202: 9_000, 422: 1_000}


# -- streams ---------------------------------------------------------------------------------------------------------


async def test_a_websocket_takes_and_gives_frames_in_order() -> None:
    app = mape.App()
    loop = app.loop("car")
    drive = loop.execute(uid="drive")(lambda item: item + 1)
    server = RestServer(app, Rest(host_port="127.0.0.1:0"))
    items = 20_000
    got: list[int] = []
    async with app, aiohttp.ClientSession(server.url) as session:
        app_side = f"{POST}?give=out&counts=no"
        async with session.ws_connect(app_side) as socket:
            for first in range(0, items, 100):
                parts = [JSON.encode(item) for item in range(first, first + 100)]
                await socket.send_str(JSON.frame(Header("f" * 16, 1, first), parts).decode())
                while len(got) < first - 500:
                    got += JSON.decode((await socket.receive_str()).encode()).values
            while len(got) < items:
                got += JSON.decode((await socket.receive_str(timeout=5)).encode()).values

    assert got == list(range(1, items + 1))
    assert drive.stats.processed == items


async def test_a_message_that_is_too_large_ends_the_websocket_and_not_the_server() -> None:
    async with serving(max_body_bytes=10_000) as (server, _), aiohttp.ClientSession(server.url) as session:
        async with session.ws_connect(POST) as socket:
            await socket.send_str("1" * 20_000)
            message = await socket.receive(timeout=5)
            assert message.type in {aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED}
            assert socket.close_code == 1009
        async with session.post(POST, json={"kmh": 1}) as reply:
            assert reply.status == 202


async def test_a_client_that_reads_nothing_costs_bounded_memory_and_is_let_go() -> None:
    app = mape.App()
    drive = app.loop("car").execute(uid="drive")(lambda item: item)
    server = RestServer(app, Rest(host_port="127.0.0.1:0", stream_items=100, timeout=1.0))
    async with app:
        reader, writer = await asyncio.open_connection(server.address.host, server.address.port)
        writer.write(f"GET {POST}/stream HTTP/1.1\r\nhost: {server.address}\r\n\r\n".encode())
        await reader.readuntil(b"\r\n\r\n")
        writer.transport.pause_reading()  # type: ignore[attr-defined]
        passed = 0
        start = time.monotonic()
        while len(server.asgi.watching.feeds) and time.monotonic() - start < 20:
            drive("x" * 10_000)
            passed += 1
            await asyncio.sleep(0.001)
        took = time.monotonic() - start
        stalled = server.limits.stalled
        writer.transport.abort()

    show(
        "slow reader",
        let_go_after_s=round(took, 1),
        items=passed,
        dropped=server.asgi.watching.feeds.dropped,
        stalled=stalled,
    )
    assert took < 20
    assert server.asgi.watching.feeds.dropped > 0


# -- the end ---------------------------------------------------------------------------------------------------------


async def end_with_open_streams(program: str) -> tuple[int | None, float]:
    """Open five SSE and five WebSocket clients, send SIGTERM, and return the exit code and how long it took."""
    process, url = await asyncio.to_thread(begin, program)
    try:
        async with aiohttp.ClientSession(url) as session, contextlib.AsyncExitStack() as stack:
            for _ in range(5):
                reply = await stack.enter_async_context(session.get(f"{POST}/stream"))
                await reply.content.readline()
                await stack.enter_async_context(session.ws_connect(f"{POST}?give=out"))
            start = time.monotonic()
            process.send_signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                await asyncio.to_thread(process.wait, 11)
            return process.poll(), time.monotonic() - start
    finally:
        process.kill()
        process.communicate()


async def test_sigterm_ends_a_process_with_open_streams() -> None:
    code, took = await end_with_open_streams(PROGRAM)

    show("SIGTERM", exit_code=code, seconds=round(took, 2))
    assert code == 0
    assert took < 10


async def test_a_server_that_forgets_its_streams_would_be_found() -> None:
    """The planted bug: nothing ends streams, and nothing cuts connections."""
    planted = """
from mape.remote.rest.server import RestServer, _Uvicorn
from mape.remote.rest.watching import Watching

async def close(self):
    await self._task

Watching.close = lambda self: None
RestServer.close = close
_Uvicorn.abort = lambda self: None
import mape.flow.services
mape.flow.services.LEAVING = 60
"""
    forgetful = PROGRAM.replace("mape.run(main)", "app._tasks.cancel = app._tasks.finish\nmape.run(main)")
    code, took = await end_with_open_streams(planted + forgetful)

    assert code != 0 or took >= 10


# -- documentation, and the document ---------------------------------------------------------------------------------

CHROMIUM = "/usr/bin/chromium"
FLAGS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
         "--disable-background-networking", "--disable-component-update", "--virtual-time-budget=15000",
         "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1"]  # fmt: skip


@pytest.mark.needs("chromium", "chromium")
@pytest.mark.parametrize(
    ("path", "expected"), [("/docs", "Give an item to car.drive."), ("/redoc", "Give an item to car.drive.")]
)
async def test_the_documentation_works_without_a_network(path: str, expected: str, tmp_path: Path) -> None:
    chromium = shutil.which("chromium") or CHROMIUM
    async with serving() as (server, _):
        process = await asyncio.create_subprocess_exec(
            chromium, *FLAGS, f"--user-data-dir={tmp_path}", "--dump-dom", server.url + path,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        async with asyncio.timeout(60):
            dom, _ = await process.communicate()

    show(f"{path} without a network", dom_bytes=len(dom))
    assert expected in dom.decode()


FUZZED = """
import enum
from dataclasses import dataclass
import mape

app = mape.init(rest_host_port="127.0.0.1:0", **{"rest.rate": 0, "rest.token": "secret"})

class Gear(enum.Enum):
    DRIVE = "drive"
    PARK = "park"

@dataclass
class Speed:
    kmh: float
    gear: Gear = Gear.DRIVE
    lanes: list[int] | None = None

@app.loop("car").execute
def drive(speed: Speed): ...

@app.loop("car").monitor
def count(number: int): ...

@app.loop("car").plan
async def names(name: str): ...

@app.loop("car").analyze
def anything(item): ...

async def main():
    server = next(service for service in app.services if service.path == "rest")
    print(server.url, flush=True)

mape.run(main)
"""
# What the general entry takes depends on the element: those that do not take everything have entries of their own.
FUZZING = """
[[operations]]
include-name = "POST /loops/{loop}/elements/{element}"
checks.positive_data_acceptance.enabled = false
"""


def fuzz(program: str, folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run schemathesis against a program's server: all that is documented but the streams, which have no end."""
    (folder / "schemathesis.toml").write_text(FUZZING)
    process, url = begin(program)
    try:
        return subprocess.run(
            [shutil.which("schemathesis", path=str(Path(sys.executable).parent)) or "schemathesis", "run",
             f"{url}/openapi.json", "--generation-deterministic", "--max-examples", "20", "--no-color",
             "--exclude-path-regex", "stream$", "--request-timeout", "5", "-H", "Authorization: Bearer secret",
             *options],
            cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=110, check=False,
        )  # fmt: skip
    finally:
        process.terminate()
        process.communicate(timeout=15)


def test_the_document_and_the_server_agree(tmp_path: Path) -> None:
    """Schemathesis finds nothing: no 5xx, no undocumented status, type or shape, no way past the token."""
    found = fuzz(FUZZED, tmp_path)

    print(found.stdout[-400:])
    assert found.returncode == 0, found.stdout
    assert re.search(r"(\d+) generated, \1 passed", found.stdout)


def test_a_document_that_lies_would_be_found(tmp_path: Path) -> None:
    """The planted bug: the document promises a text where the element takes a number."""
    planted = """
from mape.remote.rest import openapi

real = openapi.schemas
def schemas(kinds):
    found, components = real(kinds)
    return [{"type": "string"} if schema == {"type": "integer"} else schema for schema in found], components
openapi.schemas = schemas
"""
    found = fuzz(planted + FUZZED, tmp_path, "--phases", "fuzzing")

    assert found.returncode == 1
    assert "POST /loops/car/elements/count" in found.stdout
