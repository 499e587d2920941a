"""The live page over real sockets: who gets in, who is too slow, what it costs, and how it ends; with planted bugs."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import json
import signal
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import aiohttp
import pytest

import mape
from mape.remote.rest import POSTObserver, RestServer
from mape.settings.schema import Rest
from mape.web import add_page
from mape.web.live import CLIENTS
from mape.web.routes import LIVE_ROUTES
from tests.system.rest_program import begin, show

pytestmark = pytest.mark.system
TOKEN = "there"  # noqa: S105


class Stream:
    """Reads a page's stream as a browser would."""

    def __init__(self, session: aiohttp.ClientSession, url: str, answer: aiohttp.ClientResponse) -> None:
        self.session, self.url, self.answer = session, url, answer
        self.events: list[tuple[str, Any]] = []
        self._task = asyncio.create_task(self._read())

    async def _read(self) -> None:
        held = b""
        with contextlib.suppress(aiohttp.ClientError, OSError):
            async for piece in self.answer.content.iter_any():
                *blocks, held = (held + piece).split(b"\n\n")
                for block in blocks:
                    if block.startswith(b"event: "):
                        name, _, encoded = block.partition(b"\n")
                        self.events.append((name[7:].decode(), json.loads(encoded.removeprefix(b"data: "))))

    def all(self, name: str) -> list[Any]:
        return [told for each, told in self.events if each == name]

    async def until(self, condition: Callable[[Stream], Any], seconds: float = 20) -> Any:
        """Wait until `condition` is true of what was told."""
        async with asyncio.timeout(seconds):
            while not (found := condition(self)):  # noqa: ASYNC110 - read, not told
                await asyncio.sleep(0.02)
        return found

    async def ask(self, method: str, path: str, body: Any = None) -> Any:
        headers = {"x-mape-client": self.all("hello")[0]["client"]}
        async with self.session.request(method, self.url + path, json=body, headers=headers) as answer:
            return await answer.json() if answer.content_length else answer.status

    async def watch(self, peer: str, path: str) -> None:
        client = self.all("hello")[0]["client"]
        await self.ask("POST", "/live/watch", {"client": client, "paths": [{"peer": peer, "path": path}]})

    async def close(self) -> None:
        self.answer.close()
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)


@asynccontextmanager
async def looking(url: str, query: str = "", **headers: str) -> AsyncIterator[Stream]:
    async with aiohttp.ClientSession(headers=headers) as session:
        answer = await session.get(f"{url}/live/stream{query}")
        assert answer.status == 200, await answer.text()
        stream = Stream(session, url, answer)
        try:
            await stream.until(lambda stream: stream.all("graph"))
            yield stream
        finally:
            await stream.close()


@asynccontextmanager
async def serving(app: mape.App, **settings: Any) -> AsyncIterator[str]:
    server = add_page(RestServer(app, Rest(**{"host_port": "127.0.0.1:0", "rate": 0.0, **settings})))
    async with app:
        yield server.url


def small_app() -> tuple[mape.App, Any]:
    app = mape.App()
    loop = app.loop("car")
    sense = loop.monitor(uid="sense")(lambda item: item)
    sense.subscribe(loop.execute(uid="act")(lambda item: 1 / item))
    return app, sense


@contextmanager
def program(text: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    process, url = begin(text)
    try:
        yield process, url
    finally:
        process.kill()
        process.communicate()


# -- who gets in -----------------------------------------------------------------------------------------------------


async def statuses(url: str, **headers: str) -> dict[str, int]:
    found = {}
    async with aiohttp.ClientSession(headers=headers) as session:
        for route in LIVE_ROUTES:
            path = route.path.format(room="state", file="store.js" if "room" in route.path else "app.js")
            async with session.request(route.method, url + path, json={}, allow_redirects=False) as answer:
                found[f"{route.method} {path}"] = answer.status
    return found


async def test_without_a_token_there_is_the_empty_page_and_nothing_else() -> None:
    app, _ = small_app()
    async with serving(app, token=TOKEN) as url:
        without = await statuses(url)
        wrong = await statuses(url, authorization="Bearer wrong")
        foreign = await statuses(url, origin="http://evil.example")
        renamed = await statuses(url, host="evil.example")

    show("no token", routes=len(without), refused=sum(status == 401 for status in without.values()))
    shell = {"GET /", "GET /page/app.js", "GET /page/state/store.js"}
    for found in (without, wrong):
        assert {route for route, status in found.items() if status == 200} == shell
        assert {status for route, status in found.items() if route not in shell} == {401}
    assert set(foreign.values()) == set(renamed.values()) == {403}


async def test_a_public_route_too_many_would_be_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The planted bug: a stream that anybody may read."""
    from mape.web import live

    def careless(route: Any) -> Any:
        return dataclasses.replace(route, scope=None) if route.name == "live_log" else route

    monkeypatch.setattr(live, "LIVE_ROUTES", tuple(careless(route) for route in LIVE_ROUTES))
    app, _ = small_app()
    async with serving(app, token=TOKEN) as url:
        without = await statuses(url)

    assert without["GET /live/log"] == 200


# -- slow clients ----------------------------------------------------------------------------------------------------

FLOOD = """
import asyncio, os, sys, time
import mape
from mape.web import hub, live

hub.INTERVAL = 0.02  # five times as much in the same time
ticks, tick = 0, hub.Hub.tick

def counted(self):
    global ticks
    ticks += 1
    tick(self)

hub.Hub.tick = counted
live.FULL_PIPE = 60.0
app = mape.init(rest_host_port="127.0.0.1:0", log__level="critical", **{"rest.rate": 0, "rest.timeout": 60})
PLANTED

def memory_mb():
    return int(open("/proc/self/statm").read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20

loop = app.loop("car")

@loop.monitor
def sense(n):
    return {"n": n, "text": ["x" * 250] * 30}

@loop.execute
def act(item):
    global expected
    assert item["n"] == expected
    expected += 1
    if item["n"] % 500 == 0:
        raise ValueError("x" * 400)

expected = 0
sense.subscribe(act)

async def main():
    print(next(each for each in app.services if each.path == "rest").url, flush=True)
    while not await asyncio.to_thread(sys.stdin.readline):
        pass
    number = 0
    before, end = memory_mb(), time.monotonic() + 60
    while ticks < 250 and time.monotonic() < end:
        for _ in range(100):
            sense(number)
            number += 1
        await asyncio.sleep(0)
    print(number, expected, f"{memory_mb() - before:.1f}", ticks, flush=True)
    mape.stop()

mape.run(main())
"""
UNBOUNDED = """
from mape.web.client import Client
Client.put_items = lambda self, written, count: self._items.append(bytes(bytearray(written)))
"""


async def flooded(planted: str = "") -> tuple[int, int, float]:
    """Return items fed, items done in order, and how the memory grew [MB], while a client reads nothing."""
    process = await asyncio.to_thread(begin_with_input, FLOOD.replace("PLANTED", planted))
    try:
        assert process.stdout is not None
        assert process.stdin is not None
        url = (await asyncio.to_thread(process.stdout.readline)).strip()
        _, writer = await sleepy(url)
        process.stdin.write("go\n")
        process.stdin.flush()
        answer = await asyncio.to_thread(process.stdout.readline)
        writer.close()
        assert answer, process.stderr.read() if process.stderr else ""
        fed, done, grown, ticks = answer.split()
        assert int(ticks) == 250
        return int(fed), int(done), float(grown)
    finally:
        process.kill()
        process.communicate()


def begin_with_input(text: str) -> subprocess.Popen[str]:
    import sys

    pipe = subprocess.PIPE
    return subprocess.Popen([sys.executable, "-c", text], stdin=pipe, stdout=pipe, stderr=pipe, text=True)


async def test_a_client_that_reads_nothing_costs_no_memory_and_no_item() -> None:
    fed, done, grown = await flooded()
    show("a client that reads nothing", items=fed, grown_mb=grown)

    assert done == fed > 5_000
    assert grown < 20


async def test_a_page_without_a_bound_would_be_found() -> None:
    """The planted bug: samples are kept for a client, however many they are."""
    fed, _, grown = await flooded(UNBOUNDED)
    show("the same without a bound", items=fed, grown_mb=grown)

    assert grown >= 20


async def sleepy(url: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Open the page by a socket that takes little in unless it is read."""
    host, _, port = url.removeprefix("http://").partition(":")
    held = socket.socket()
    held.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8_192)
    held.setblocking(False)
    await asyncio.get_running_loop().sock_connect(held, (host, int(port)))
    reader, writer = await asyncio.open_connection(sock=held, limit=1_024)
    head = f"GET /live/stream?watch=car.sense&watch=car.act HTTP/1.1\r\nhost: {host}:{port}\r\n\r\n"
    writer.write(head.encode())
    return reader, writer


async def test_a_client_that_is_slow_is_told_what_it_lost_and_lives_on() -> None:
    app, sense = small_app()
    async with serving(app, timeout=60.0) as url:
        reader, writer = await sleepy(url)
        for _ in range(100):  # far more than all buffers on the way hold
            for _ in range(40):
                sense(["x" * 250] * 60)
            await asyncio.sleep(0.02)
        held = b""
        async with asyncio.timeout(30):
            while b"event: slow" not in held or b"\n\n" not in held.split(b"event: slow", 1)[1]:
                held = held[-1_000:] + await reader.read(65_536)
            sense(1)
            while b"event: pulse" not in held.split(b"event: slow", 1)[-1]:
                held += await reader.read(65_536)
        writer.close()
    dropped = json.loads(held.split(b"event: slow\ndata: ", 1)[1].split(b"\n", 1)[0])["dropped"]
    show("a slow client", **dropped)

    assert dropped["items"] > 0


async def test_a_client_that_takes_nothing_in_is_let_go() -> None:
    app, sense = small_app()
    async with serving(app, timeout=1.0) as url:
        _, writer = await sleepy(url)
        try:
            start = time.monotonic()
            async with asyncio.timeout(60):
                while page_tasks() or time.monotonic() - start < 1:
                    for _ in range(40):
                        sense(["x" * 250] * 60)
                    await asyncio.sleep(0.02)
            show("a client that takes nothing in", seconds_until_it_is_let_go=round(time.monotonic() - start, 1))
        finally:
            writer.close()


def page_tasks() -> list[Any]:
    return [task for task in asyncio.all_tasks() if task.get_name() == "live page"]


async def test_beyond_so_many_pages_there_is_a_sentence_and_the_others_go_on() -> None:
    app, sense = small_app()
    async with serving(app) as url, aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        answers = [await session.get(f"{url}/live/stream") for _ in range(CLIENTS)]
        async with session.get(f"{url}/live/stream") as refused:
            assert refused.status == 503
            assert "close one" in (await refused.json())["error"]
        sense(1)
        for answer in answers:
            assert b"graph" in await asyncio.wait_for(answer.content.read(400), 10)
            answer.close()


# -- the end ---------------------------------------------------------------------------------------------------------

PAGE = """
import asyncio
import mape

app = mape.init(rest_host_port="127.0.0.1:0")

@app.loop("car").monitor
def sense(item):
    return item

async def main():
    print(next(each for each in app.services if each.path == "rest").url, flush=True)
    while True:
        sense(1)
        await asyncio.sleep(0.01)

mape.run(main())
"""


async def test_a_program_ends_at_once_while_pages_look_at_it() -> None:
    with program(PAGE) as (process, url):
        async with looking(url) as one, looking(url) as other:
            start = time.monotonic()
            process.send_signal(signal.SIGTERM)
            await one.until(lambda stream: stream.all("bye"))
            await other.until(lambda stream: stream.all("bye"))
            code = await asyncio.to_thread(process.wait, 10)
            took = time.monotonic() - start
        assert process.stderr is not None
        errors = process.stderr.read()
    show("SIGTERM with two pages open", seconds=round(took, 2))

    assert code == 0
    assert took < 3
    assert "Traceback" not in errors


async def test_a_page_that_leaves_in_the_middle_is_no_failure() -> None:
    app, sense = small_app()
    failures: list[Any] = []
    app.failures.subscribe(failures.append)
    async with serving(app) as url:
        for _ in range(10):
            async with looking(url, "?watch=car.sense") as stream:
                sense(1)
                await stream.until(lambda stream: stream.all("pulse"))
        async with asyncio.timeout(5):
            while page_tasks():  # noqa: ASYNC110 - as above
                await asyncio.sleep(0.02)

    assert failures == []


# -- peers -----------------------------------------------------------------------------------------------------------


@asynccontextmanager
async def neighbour(**settings: Any) -> AsyncIterator[tuple[mape.App, str]]:
    app = mape.App()

    @app.loop("bus").execute
    def act(item: int) -> None:
        if item == 13:
            raise ValueError("unlucky")

    async with serving(app, title="Bus", **settings) as url:
        yield app, url


def car(url: str) -> tuple[mape.App, Any, dict[str, Any]]:
    app = mape.App()
    sense = app.loop("car").monitor(uid="sense")(lambda item: item)
    sense.subscribe(POSTObserver(url, "bus.act", token=TOKEN))
    return app, sense, {"peers": (url,), "peer_token": TOKEN}


async def joined(stream: Stream, peer: str) -> None:
    await stream.until(lambda stream: [each for each in stream.all("graph") if each["peer"] == peer])


async def test_a_page_shows_the_loops_of_its_peers_and_where_edges_go_on() -> None:
    async with neighbour(token=TOKEN) as (there, there_url):
        app, sense, settings = car(there_url)
        peer = there_url.removeprefix("http://")
        async with serving(app, **settings) as url, looking(url) as stream:
            await joined(stream, peer)
            assert stream.all("hello")[0]["peers"] == [{"name": peer, "url": there_url}]
            assert [each["title"] for each in stream.all("peer") if each["state"] == "connected"] == ["Bus"]
            goes_on = {"peer": peer, "path": "bus.act"}
            await stream.until(
                lambda stream: [
                    each for each in stream.all("graph") for edge in each["edges"] if edge["peer_target"] == goes_on
                ]
            )
            await stream.watch(peer, "bus.act")
            there.k.limit = 3

            def push_until_seen(stream: Stream) -> Any:
                sense(13)
                return [each for each in stream.all("items") if (each["peer"], each["path"]) == (peer, "bus.act")]

            items = await stream.until(push_until_seen)
            assert items[0]["items"][0]["value"] == 13
            await stream.until(lambda stream: [each for each in stream.all("pulse") if each["peer"] == peer])
            await stream.until(
                lambda stream: [
                    entry
                    for told in stream.all("log")
                    for entry in told["entries"]
                    if (entry["peer"], entry["kind"]) == (peer, "failure")
                ]
            )
            (known,) = await stream.until(lambda stream: stream.all("knowledge"))
            assert known == {"peer": peer, "changed": [{"scope": "app", "key": "limit"}]}


async def traced() -> list[tuple[str, str, str]]:
    """Push an item, and return its way through two processes."""
    async with neighbour(token=TOKEN) as (_, there_url):
        app, _, settings = car(there_url)
        peer = there_url.removeprefix("http://")
        async with serving(app, **settings) as url, looking(url) as stream:
            await joined(stream, peer)
            cause = (await stream.ask("POST", "/live/push?path=car.sense", 13))["cause"]
            await stream.until(lambda stream: [each for each in stream.all("trace") if each["is_done"]])
            hops = [hop for told in stream.all("trace") for hop in told["hops"]]
            assert (await stream.ask("GET", f"/live/trace?cause={cause}"))["hops"] == hops
            return [(hop["peer"] and "bus", hop["path"], hop["kind"]) for hop in hops]


WAY = [
    ("", "car.sense", "in"),
    ("", "car.sense", "out"),
    ("bus", "bus.act", "in"),
    ("bus", "bus.act", "failure"),
]


async def test_a_trace_goes_on_in_the_other_process() -> None:
    assert await traced() == WAY


async def test_a_trace_that_does_not_arm_its_peers_would_be_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The planted bug: peers are not asked to look for the item."""
    from mape.web.peers import Peers

    async def nothing(*_: Any) -> None: ...

    monkeypatch.setattr(Peers, "follow", nothing)
    assert await traced() == WAY[:2]


async def test_nobody_looks_nobody_asks_the_peers() -> None:
    async with neighbour(token=TOKEN) as (there, there_url):
        server = next(each for each in there.services if isinstance(each, RestServer))
        app, _, settings = car(there_url)
        async with serving(app, **settings) as url:
            before = server.asgi.counts["requests"]
            await asyncio.sleep(0.3)
            assert server.asgi.counts["requests"] == before
            async with looking(url) as stream:
                await joined(stream, there_url.removeprefix("http://"))
            async with asyncio.timeout(5):
                while peer_tasks() or page_tasks():  # noqa: ASYNC110 - as above
                    await asyncio.sleep(0.02)


def peer_tasks() -> list[Any]:
    return [task for task in asyncio.all_tasks() if task.get_name().startswith("peer ")]


async def test_two_servers_that_name_each_other_do_not_ask_round_and_round() -> None:
    async with neighbour() as (_, there_url):
        app, _, settings = car(there_url)
        async with serving(app, **settings) as url, looking(url, "?peers=no") as stream:
            await asyncio.sleep(0.5)
            assert stream.all("peer") == []
            assert not peer_tasks()


async def test_a_peer_that_refuses_is_told_with_a_reason_and_one_that_comes_back_is_shown_again() -> None:
    async with neighbour(token="other") as (there, there_url):  # noqa: S106
        app, _, settings = car(there_url)
        port = there_url.rpartition(":")[2]
        async with serving(app, **settings) as url, looking(url) as stream:
            (refused,) = await stream.until(
                lambda stream: [each for each in stream.all("peer") if each["state"] == "refused"]
            )
            assert "rest.peer_token" in refused["text"]
            assert TOKEN not in refused["text"]
            server = next(each for each in there.services if isinstance(each, RestServer))
            await server.close()
            await stream.until(lambda stream: [each for each in stream.all("peer") if "reached" in each["text"]])
            async with neighbour(token=TOKEN, host_port=f"127.0.0.1:{port}"):
                await joined(stream, f"127.0.0.1:{port}")
