"""Redis Streams between two processes on loopback, confirmed and acknowledged, against redis-py used by the book."""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import redis.asyncio

import mape
from benchmarks.car import Car, car
from benchmarks.measure import Row, no_gc
from mape.remote.redis.streams import StreamObservable, StreamObserver

ROUNDS = 5
STREAM = "cars"
GROUP = "watchers"


# -- the two ways, each as a producer and a consumer -------------------------------------------------------------------


async def mape_consume(url: str, count: int, ready: Callable[[], None]) -> None:
    app, done, seen = mape.App(), asyncio.Event(), 0

    @app.loop("traffic").analyze
    def watch(item: Car) -> None:
        nonlocal seen
        assert item.lane == seen, (item, seen)
        seen += 1
        if seen == count:
            done.set()

    source = StreamObservable(STREAM, url, group=GROUP, app=app)
    source.subscribe(watch)
    watch.start()
    async with app:
        ready()
        async with asyncio.timeout(60):
            await done.wait()
    assert (source.stats.accepted, source.stats.gaps, source.stats.duplicates) == (count, 0, 0)


async def mape_produce(url: str, count: int, start: Callable[[], None]) -> None:
    app = mape.App()
    monitor = app.loop("car").monitor(_same, uid="detect")
    sink = StreamObserver(STREAM, url, size=count, max_bytes=2**30)
    monitor.subscribe(sink)
    async with app:
        cars = [car(number) for number in range(count)]
        start()
        for number, item in enumerate(cars):
            if number % 512 == 0:
                await asyncio.sleep(0)
            monitor(item)
        await sink.confirmed()
    assert sink.window.processed == sink.stats.sent == count


def _same(item: Car) -> Car:
    return item


async def raw_consume(url: str, count: int, ready: Callable[[], None]) -> None:
    client = redis.asyncio.Redis.from_url(url)
    await client.xgroup_create(STREAM, GROUP, "0", mkstream=True)
    ready()
    for seen in range(count):
        ((_, ((number, fields),)),) = await client.xreadgroup(GROUP, "one", {STREAM: ">"}, count=1, block=5000)
        item = Car(**json.loads(fields[b"item"]))
        assert item.lane == seen, (item, seen)
        await client.xack(STREAM, GROUP, number)
    await client.aclose()


async def raw_produce(url: str, count: int, start: Callable[[], None]) -> None:
    client = redis.asyncio.Redis.from_url(url)
    cars = [car(number) for number in range(count)]
    start()
    for item in cars:
        await client.xadd(STREAM, {"item": json.dumps(asdict(item))}, maxlen=100_000, approximate=True)
    await client.aclose()


# -- two processes -----------------------------------------------------------------------------------------------------


def _consumer(pipe: Connection, consume: Callable[..., Any], url: str, count: int) -> None:
    with no_gc():
        asyncio.run(consume(url, count, lambda: pipe.send("ready")))
    pipe.send(time.perf_counter())


def run(url: str, consume: Callable[..., Any], produce: Callable[..., Any], count: int) -> float:
    """Items a second, from the first one given to the last one dealt with, all of them confirmed."""
    flush(url)
    mine, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("fork").Process(target=_consumer, args=(theirs, consume, url, count))
    process.start()
    assert mine.poll(20), "the consumer does not come up"
    mine.recv()
    began = ended = 0.0

    def start() -> None:
        nonlocal began
        began = time.perf_counter()

    async def produced() -> None:
        nonlocal ended
        await produce(url, count, start)
        ended = time.perf_counter()

    with no_gc():
        asyncio.run(produced())
    assert mine.poll(60), "the consumer did not see everything"
    dealt_with: float = mine.recv()
    process.join(10)
    return count / (max(dealt_with, ended) - began)


def flush(url: str) -> None:
    with redis.Redis.from_url(url) as client:
        client.flushall()


@contextmanager
def server() -> Iterator[str]:
    program = shutil.which("redis-server") or shutil.which("valkey-server")
    assert program, "needs redis-server"
    folder = Path(tempfile.mkdtemp())
    command = [program, "--port", "0", "--unixsocket", str(folder / "s"), "--save", ""]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        while not (folder / "s").exists():
            time.sleep(0.01)
        yield f"unix://{folder / 's'}"
    finally:
        process.terminate()
        process.wait(10)
        shutil.rmtree(folder)


def rows() -> Iterator[Row]:
    with server() as url:
        pairs = [
            (run(url, mape_consume, mape_produce, 200_000), run(url, raw_consume, raw_produce, 5_000))
            for _ in range(ROUNDS)
        ]
    ours, raw = (statistics.median(column) for column in zip(*pairs, strict=True))
    yield Row(
        "Redis Streams, two processes, typed items, confirmed and acknowledged",
        f"{ours / 1e3:.0f} k/s",
        f"XADD, XREADGROUP, XACK, one by one: {raw / 1e3:.1f} k/s",
        statistics.median(a / b for a, b in pairs),
        20,
    )


if __name__ == "__main__":
    for row in rows():
        print(" | ".join(row.cells()), flush=True)
