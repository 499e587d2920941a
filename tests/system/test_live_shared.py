"""Shared knowledge on the live page with a real server: what it costs, how soon it is seen, what is not lost."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from redis.asyncio import Redis

import mape
from mape.remote.redis.collections import share_knowledge
from mape.remote.redis.knowledge import atomic
from mape.remote.rest import RestServer
from mape.settings.schema import Rest
from mape.web import add_page
from mape.web.shared import ear, edit
from tests.system.redis_server import RedisServer, free_ports, running
from tests.system.test_knowledge import cluster  # noqa: F401 - a fixture
from tests.system.test_live import Stream, looking

pytestmark = pytest.mark.system
SOON = 1.0
"""How soon a change by somebody else is to be told [s]."""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RedisServer]:
    (port,) = free_ports(1)
    made = RedisServer(tmp_path / "redis", port)
    with running(made):
        yield made


class Viewer:
    """A page with its knowledge open: asks again when it is told to, or when it is time."""

    def __init__(self, stream: Stream) -> None:
        self.stream = stream
        self.answer: dict[str, Any] = {}
        self.asked = 0
        self._task = asyncio.create_task(self._look())

    async def _look(self) -> None:
        version, told = "", 0
        while True:
            fresh = await self.stream.ask("GET", f"/live/shared?after={version}")
            self.asked += 1
            self.answer = {**self.answer, **fresh}
            version = fresh["version"]
            end = time.monotonic() + fresh["again"]
            while time.monotonic() < end and len(self.stream.all("shared")) == told:  # noqa: ASYNC110 - read, not told
                await asyncio.sleep(0.01)
            told = len(self.stream.all("shared"))

    def row(self, scope: str, id_: str) -> Any:
        for each in self.answer.get("scopes", ()):
            if each["scope"] == scope:
                return next((row for row in each["keys"] if row["id"] == id_), None)
        return None

    async def until(self, condition: Callable[[], Any], within: float = 15) -> float:
        """How long it takes until `condition` holds [s]."""
        start = time.monotonic()
        while not condition():
            assert not self._task.done(), self._task.exception()
            assert time.monotonic() - start < within, f"not within {within} s: {self.answer}"
            await asyncio.sleep(0.01)
        return time.monotonic() - start

    async def close(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)


@asynccontextmanager
async def page(url: str) -> AsyncIterator[tuple[mape.App, str]]:
    app = mape.App()
    app.loop("bridge")
    share_knowledge(app, url)
    rest = add_page(RestServer(app, Rest(host_port="127.0.0.1:0", rate=0)))
    async with app:
        yield app, rest.url


@asynccontextmanager
async def viewing(url: str) -> AsyncIterator[Viewer]:
    async with looking(url) as stream:
        await stream.until(lambda it: it.all("hello"))
        viewer = Viewer(stream)
        try:
            await viewer.until(lambda: viewer.answer)
            yield viewer
        finally:
            await viewer.close()


@asynccontextmanager
async def somebody(server: RedisServer) -> AsyncIterator[Any]:
    """Another program, which knows nothing of mape."""
    client = Redis(port=server.port)
    try:
        yield client
    finally:
        await client.aclose()


async def ask(url: str, method: str, path: str, body: Any = None) -> tuple[int, Any]:
    async with aiohttp.ClientSession() as session, session.request(method, url + path, json=body) as answer:
        return answer.status, await answer.json()


# -- how soon ----------------------------------------------------------------------------------------------------------


def has_members(viewer: Viewer, count: int) -> Callable[[], bool]:
    return lambda: bool(viewer.row("loop:bridge", "cars")["length"] == count)


async def change_and_see(viewer: Viewer, other: Any) -> list[float]:
    times = []
    await other.sadd("k.loop.bridge.cars", "first")
    await viewer.until(lambda: viewer.row("loop:bridge", "cars"))
    for number in range(6):
        await other.sadd("k.loop.bridge.cars", f"car {number}")
        times.append(await viewer.until(has_members(viewer, number + 2)))
        await asyncio.sleep(0.11 * number)
    before = viewer.row("loop:bridge", "cars")["turn"]
    await other.set("k.loop.bridge.speed", 50)
    times.append(await viewer.until(lambda: viewer.row("loop:bridge", "speed")))
    await other.delete("k.loop.bridge.cars")
    times.append(await viewer.until(lambda: viewer.row("loop:bridge", "cars") is None))
    assert before > 0, "what has changed is not marked"
    return times


@pytest.mark.parametrize("is_told", [True, False])
async def test_a_change_by_another_program_is_seen_within_a_second(server: RedisServer, is_told: bool) -> None:
    async with somebody(server) as other, page(server.url) as (_, url):
        if is_told:
            await other.config_set("notify-keyspace-events", "KA")
        async with viewing(url) as viewer:
            await viewer.until(lambda: viewer.answer["is_told"] is is_told)
            times = await change_and_see(viewer, other)
            print(f"told: {is_told}: seen after {min(times):.2f} to {max(times):.2f} s, asked {viewer.asked} times")
            assert max(times) < SOON
        assert (await other.config_get("notify-keyspace-events"))["notify-keyspace-events"] == ("AK" if is_told else "")


async def test_a_page_that_hears_nothing_is_found_out(server: RedisServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ear.Ear, "_hear", lambda *_: None)  # the bug: a deaf ear that says it hears
    async with somebody(server) as other, page(server.url) as (_, url):
        await other.config_set("notify-keyspace-events", "KA")
        await other.sadd("k.loop.bridge.cars", "first")
        async with viewing(url) as viewer:
            monkeypatch.setattr(ear.Ear, "is_told", property(lambda _: True))
            await viewer.until(lambda: viewer.row("loop:bridge", "cars"))
            await other.sadd("k.loop.bridge.cars", "second")
            with pytest.raises(AssertionError):
                await viewer.until(lambda: viewer.row("loop:bridge", "cars")["length"] == 2, within=SOON)


# -- what it costs -----------------------------------------------------------------------------------------------------


async def calls(other: Any) -> dict[str, int]:
    """How often each command was done by the server."""
    found = await other.info("commandstats")
    return {name.removeprefix("cmdstat_"): stats["calls"] for name, stats in found.items()}


async def test_a_million_members_are_counted_and_a_few_are_read(server: RedisServer) -> None:
    async with somebody(server) as other, page(server.url) as (_, url):
        for first in range(0, 1_000_000, 50_000):
            await other.sadd("k.loop.bridge.cars", *range(first, first + 50_000))
        await other.set("k.loop.bridge.map", b"x" * 50_000_000)
        await other.rpush("k.loop.bridge.films", b"y" * 20_000_000, b"small")
        await other.mset({f"k.n{number:05}": number for number in range(5_000)})
        await other.mset({f"foreign:{number}": number for number in range(20_000)})
        await other.config_resetstat()
        before = (await other.info("stats"))["total_net_output_bytes"]
        start = time.monotonic()
        async with viewing(url) as viewer:
            shown = time.monotonic() - start
            assert viewer.row("loop:bridge", "cars")["length"] == 1_000_000
            assert (len(viewer.answer["scopes"][0]["keys"]), viewer.answer["scopes"][0]["more"]) == (200, 4_800)
            for key, length, read in (("cars", 1_000_000, 50), ("films", 2, 2), ("map", 1, 1)):
                status, entries = await ask(url, "GET", f"/live/shared/entries?scope=loop:bridge&key={key}")
                assert (status, entries["length"], len(entries["entries"])) == (200, length, read)
        sent = (await other.info("stats"))["total_net_output_bytes"] - before
        done = await calls(other)
        print(f"26,000 keys, a million members, 70 MB: shown after {shown:.2f} s, {sent / 1e6:.2f} MB sent")
        assert "keys" not in done
        assert "smembers" not in done
        assert sent < 5_000_000
        assert shown < 3


async def test_nothing_is_asked_when_nobody_looks(server: RedisServer) -> None:
    async with somebody(server) as other, page(server.url) as (_, url):
        await other.config_set("notify-keyspace-events", "KA")
        await other.sadd("k.loop.bridge.cars", "a")
        async with viewing(url) as viewer:
            await viewer.until(lambda: viewer.answer["is_told"])
        async with asyncio.timeout(20):
            while any(int(each["psub"]) for each in await other.client_list()):  # noqa: ASYNC110 - asked, not told
                await asyncio.sleep(0.05)
            await asyncio.sleep(0.5)
        await other.config_resetstat()
        await asyncio.sleep(2)
        done = {name: count for name, count in (await calls(other)).items() if name not in {"ping", "info"}}
        assert {name for name in done if not name.startswith(("config", "client"))} == set()


async def test_a_flood_of_changes_is_not_heard_one_by_one(server: RedisServer) -> None:
    async with somebody(server) as other, page(server.url) as (_, url):
        await other.config_set("notify-keyspace-events", "KA")
        await other.sadd("k.loop.bridge.cars", "a")
        async with viewing(url) as viewer:
            await viewer.until(lambda: viewer.answer["is_told"])
            is_over = False

            async def flood() -> None:
                while not is_over:
                    async with other.pipeline(transaction=False) as pipe:
                        for number in range(500):
                            pipe.hset("k.loop.bridge.limits", "n", number)
                        await pipe.execute()
                    await asyncio.sleep(0.05)

            task = asyncio.create_task(flood())
            await viewer.until(lambda: not viewer.answer["is_told"])
            await other.set("k.loop.bridge.speed", 1)
            took = await viewer.until(lambda: viewer.row("loop:bridge", "speed"))
            is_over = True
            await task
            print(f"10,000 changes a second: it looks by itself, and sees another after {took:.2f} s")


# -- nothing lost ------------------------------------------------------------------------------------------------------


async def race(url: str, other: Any) -> int:
    """Let a person and a program count the same field up; return how many steps of them are missing in the end."""
    key = "k.loop.bridge.limits"
    await other.delete(key)
    await other.hset(key, "n", 0)
    is_over, steps = False, [0, 0]

    async def program() -> None:
        while not is_over:
            await other.hincrby(key, "n", 1)
            steps[0] += 1
            await asyncio.sleep(0.002)

    task = asyncio.create_task(program())
    target = "scope=loop:bridge&key=limits"
    async with aiohttp.ClientSession() as session:
        end = time.monotonic() + 2.5
        while time.monotonic() < end or (steps[1] == 0 and time.monotonic() < end + 10):
            async with session.get(f"{url}/live/shared/entries?{target}") as answer:
                (entry,) = (await answer.json())["entries"]
            wanted = {"do": "set", "id": entry["id"], "mark": entry["mark"], "value": entry["value"] + 1}
            async with session.post(f"{url}/live/shared?{target}", json=wanted) as answer:
                assert answer.status in {200, 409}
                steps[1] += answer.status == 200
    is_over = True
    await task
    missing = sum(steps) - int(await other.hget(key, "n") or 0)
    print(f"{steps[0]} steps of a program, {steps[1]} of a person: {missing} are missing")
    return missing


async def test_no_change_of_somebody_else_is_overwritten_unseen(server: RedisServer) -> None:
    async with somebody(server) as other, page(server.url) as (_, url):
        assert await race(url, other) == 0


async def test_a_page_that_does_not_compare_loses_changes(server: RedisServer, monkeypatch: pytest.MonkeyPatch) -> None:
    async def careless(redis: Any, key: str, _: Any, commands: Any) -> bool:
        return await atomic.check_and(redis, key, [], commands)

    monkeypatch.setattr(edit, "check_and", careless)
    monkeypatch.setattr(edit, "_same", lambda held, _: held)
    async with somebody(server) as other, page(server.url) as (_, url):
        assert await race(url, other) > 0


# -- outages -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP])
async def test_a_store_that_is_gone_or_silent_is_said_so_and_comes_back(
    server: RedisServer, how: signal.Signals
) -> None:
    async with somebody(server) as other, page(server.url) as (_, url):
        await other.sadd("k.loop.bridge.cars", "a", "b")
        async with viewing(url) as viewer:
            await viewer.until(lambda: viewer.row("loop:bridge", "cars"))
            server.kill(how)
            lost = await viewer.until(lambda: viewer.answer["state"] == "lost")
            assert viewer.row("loop:bridge", "cars")["length"] == 2, "what was known is forgotten"
            assert str(server.port) in viewer.answer["text"]
            assert time.time() - viewer.answer["at"] < 20
            status, refused = await ask(url, "GET", "/live/shared/entries?scope=loop:bridge&key=cars")
            assert (status, len(refused["error"]) > 10) == (503, True)
            status, _ = await ask(url, "POST", "/live/shared?scope=loop:bridge&key=cars", {"do": "add", "value": "c"})
            assert status == 503
            if how is signal.SIGKILL:
                server.start()
            else:
                server.kill(signal.SIGCONT)
            back = await viewer.until(lambda: viewer.answer["state"] == "there")
            print(f"{how.name}: said so after {lost:.2f} s, back after {back:.2f} s")
            with contextlib.suppress(ConnectionError):
                await other.connection_pool.disconnect()
            await other.sadd("k.loop.bridge.cars", "x", "y", "z")
            await viewer.until(lambda: (viewer.row("loop:bridge", "cars") or {"length": 0})["length"] in {3, 5, 6})


# -- a cluster ---------------------------------------------------------------------------------------------------------


async def test_on_a_cluster_it_is_shown_and_changed_too(cluster: str) -> None:  # noqa: F811 - the fixture
    async with page(cluster) as (app, url):
        k = app["bridge"].k
        await k.create_set("cars").update("a", "b")
        await k.create_hash("limits", int).set("x", 1)
        await k.create_keyspace("counts", int).set("n", 1)
        async with viewing(url) as viewer:
            await viewer.until(lambda: all(viewer.row("loop:bridge", each) for each in ("cars", "limits", "counts.")))
            assert not viewer.answer["is_told"]
            target = "scope=loop:bridge&key=limits"
            _, shown = await ask(url, "GET", f"/live/shared/entries?{target}")
            entry = shown["entries"][0]
            wanted = {"do": "set", "id": entry["id"], "mark": entry["mark"], "value": 2}
            assert (await ask(url, "POST", f"/live/shared?{target}", wanted))[0] == 200
            assert (await ask(url, "POST", f"/live/shared?{target}", wanted))[0] == 409
            assert await k.create_hash("limits", int).dict() == {"x": 2}
