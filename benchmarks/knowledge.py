"""Shared knowledge against redis-purse on a plain client of redis-py, one server on loopback."""

from __future__ import annotations

import asyncio
import socket
import statistics
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

from purse.collections import RedisKeySpace
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError

import mape
from benchmarks.measure import ROUNDS, Row, millions, no_gc
from mape.remote.redis.collections import KeySpace, share_knowledge
from mape.remote.redis.embedded import find_server

CALLERS = 100
CALLS = {"few": 3_000, "many": 20_000, "cached": 200_000}
Read = Callable[[str], Awaitable[Any]]


def rows() -> Iterator[Row]:
    yield from asyncio.run(measured())


async def measured() -> list[Row]:
    async with server() as url, Redis.from_url(url) as plain:
        app = mape.App()
        store = share_knowledge(app, url)
        scope = store.scope("k.", "the app")
        async with app:
            ours: KeySpace[str] = scope.create_keyspace("bench", str)
            cached: KeySpace[str] = scope.create_keyspace("bench", str, cached=True)
            purse = RedisKeySpace(plain, ours.prefix, str)
            for key in range(CALLERS):
                await ours.set(str(key), f"value {key}")
            while not store.cache.is_up:  # noqa: ASYNC110 - of the library, which has no event for it
                await asyncio.sleep(0.01)

            async def callers(read: Read, calls: int, count: int = CALLERS) -> float:
                """Calls a second; every answer is looked at."""

                async def one(key: str, times: int) -> None:
                    for _ in range(times):
                        assert await read(key) == f"value {key}"

                with no_gc():
                    start = time.perf_counter()
                    await asyncio.gather(*(one(str(key), calls // count) for key in range(count)))
                    return calls / (time.perf_counter() - start)

            async def bare(key: str) -> str:
                raw: bytes = await plain.get(ours.prefix + key)
                return raw.decode()

            few, many = CALLS["few"], CALLS["many"]
            return [
                await row(
                    f"knowledge, {CALLERS} callers", "redis-purse", 8.0,
                    lambda: callers(ours.get, many), lambda: callers(purse.get, few),
                ),
                await row(
                    "knowledge, one caller", "redis-py", 0.9,
                    lambda: callers(ours.get, few, 1), lambda: callers(bare, few, 1),
                ),
                await row(
                    "knowledge, cached read", "the same, uncached", 100.0,
                    lambda: callers(cached.get, CALLS["cached"], 1), lambda: callers(ours.get, few, 1),
                ),
            ]  # fmt: skip


async def row(
    what: str,
    against: str,
    goal: float,
    candidate: Callable[[], Awaitable[float]],
    baseline: Callable[[], Awaitable[float]],
) -> Row:
    await candidate()
    await baseline()
    pairs = [(await candidate(), await baseline()) for _ in range(ROUNDS)]
    ours, theirs = (statistics.median(pair[place] for pair in pairs) for place in (0, 1))
    return Row(what, millions(ours), f"{against}: {millions(theirs)}", statistics.median(a / b for a, b in pairs), goal)


@asynccontextmanager
async def server() -> AsyncIterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"redis://127.0.0.1:{port}"
    with tempfile.TemporaryDirectory() as folder:
        command = [str(find_server()), "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", folder]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:  # noqa: ASYNC220 - before anything is timed
            try:
                async with asyncio.timeout(10), Redis.from_url(url) as client:
                    while True:
                        try:
                            await client.ping()
                            break
                        except (OSError, RedisConnectionError):
                            await asyncio.sleep(0.02)
                yield url
            finally:
                process.terminate()
