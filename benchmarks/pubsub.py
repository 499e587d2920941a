"""Redis publish and subscribe between two processes on loopback, against redis-py used by the book."""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import os
import shutil
import statistics
import subprocess
import sys
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
from mape.remote.redis.pubsub import PubObserver
from mape.remote.redis.subscription import SubObservable

ROUNDS = 5
RATE = 1_000
SECONDS = 3
CHANNEL = "cars.detect"


# -- the two ways, each as a publisher and a subscriber ----------------------------------------------------------------


async def mape_subscribe(url: str, count: int, ready: Callable[[], None]) -> list[float]:
    app, late, done = mape.App(), list[float](), asyncio.Event()
    seen = 0
    loop = app.loop("traffic")

    @loop.analyze
    def watch(item: Car) -> None:
        nonlocal seen
        assert item.lane == seen, (item, seen)
        if seen % 10 == 0:
            late.append(time.perf_counter() - item.speed)
        seen += 1
        if seen == count:
            done.set()

    source = SubObservable(CHANNEL, redis=url, app=app, size=count, max_bytes=2**30)
    source.subscribe(watch)
    async with app:
        await source.wait_up(5)
        ready()
        async with asyncio.timeout(60):
            await done.wait()
        assert source.stats.gaps == source.stats.rejected == 0
    return late


def mape_publish(frame: int) -> Callable[..., Any]:
    async def publish(url: str, count: int, start: Callable[[], None], pace: float) -> None:
        app = mape.App()
        monitor = app.loop("car").monitor(_same, uid="detect")
        sink = PubObserver(CHANNEL, redis=url, frame=frame, size=max(count, 1), max_bytes=2**30)
        monitor.subscribe(sink)
        async with app:
            cars = [car(number) for number in range(count)]
            start()
            await feed(monitor.port_in.on_next, cars, pace)
            await sink.flush()
            assert sink.stats.sent == count, sink.stats

    return publish


def _same(item: Car) -> Car:
    return item


async def raw_subscribe(url: str, count: int, ready: Callable[[], None]) -> list[float]:
    client = redis.asyncio.Redis.from_url(url)
    pubsub = client.pubsub()
    await pubsub.subscribe(CHANNEL)
    late, seen = list[float](), 0
    async for message in pubsub.listen():
        if message["type"] != "message":
            ready()
            continue
        item = Car(**json.loads(message["data"]))
        assert item.lane == seen, (item, seen)
        if seen % 10 == 0:
            late.append(time.perf_counter() - item.speed)
        seen += 1
        if seen == count:
            break
    await pubsub.aclose()
    await client.aclose()
    return late


async def raw_publish(url: str, count: int, start: Callable[[], None], pace: float) -> None:
    client = redis.asyncio.Redis.from_url(url)
    await client.ping()
    cars = [car(number) for number in range(count)]
    start()
    begin = time.perf_counter()
    for number, item in enumerate(cars):
        if pace and (rest := begin + number * pace - time.perf_counter()) > 0:
            await asyncio.sleep(rest)
        if pace:
            item.speed = time.perf_counter()
        await client.publish(CHANNEL, json.dumps(asdict(item)))
    await client.aclose()


async def feed(monitor: Any, cars: list[Car], pace: float) -> None:
    begin = time.perf_counter()
    for number, item in enumerate(cars):
        if pace:
            if (rest := begin + number * pace - time.perf_counter()) > 0:
                await asyncio.sleep(rest)
            item.speed = time.perf_counter()
        elif number % 512 == 0:
            await asyncio.sleep(0)
        monitor(item)


# -- two processes -----------------------------------------------------------------------------------------------------


def _subscriber(pipe: Connection, subscribe: Callable[..., Any], url: str, count: int) -> None:
    with no_gc():
        late = asyncio.run(subscribe(url, count, lambda: pipe.send("ready")))
    pipe.send((time.perf_counter(), late))


def run(url: str, subscribe: Callable[..., Any], publish: Callable[..., Any], count: int, pace: float = 0) -> Any:
    """Items a second from the first one published to the last one seen; with a pace, the latencies [s]."""
    mine, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("fork").Process(target=_subscriber, args=(theirs, subscribe, url, count))
    process.start()
    assert mine.poll(20), "the subscriber does not come up"
    mine.recv()
    began = 0.0

    def start() -> None:
        nonlocal began
        began = time.perf_counter()

    with no_gc():
        asyncio.run(publish(url, count, start, pace))
    assert mine.poll(60), "the subscriber did not see everything"
    ended, late = mine.recv()
    process.join(10)
    return late if pace else count / (ended - began)


@contextmanager
def server() -> Iterator[str]:
    program = shutil.which("redis-server") or shutil.which("valkey-server")
    assert program, "needs redis-server"
    folder = Path(tempfile.mkdtemp())
    process = subprocess.Popen(
        [program, "--port", "0", "--unixsocket", folder / "s", "--save", ""], stdout=subprocess.DEVNULL
    )
    try:
        while not (folder / "s").exists():
            time.sleep(0.01)
        yield f"unix://{folder / 's'}"
    finally:
        process.terminate()
        process.wait(10)
        shutil.rmtree(folder)


def percentile(values: list[float], share: float) -> float:
    return sorted(values)[int(share * (len(values) - 1))] * 1e6


def pubsub() -> Iterator[Row]:
    parser = "with hiredis" if _has_hiredis() else "without hiredis"
    with server() as url:
        framed, single, raw = list[float](), list[float](), list[float]()
        for _ in range(ROUNDS):
            raw.append(run(url, raw_subscribe, raw_publish, 10_000))
            framed.append(run(url, mape_subscribe, mape_publish(512), 200_000))
            single.append(run(url, mape_subscribe, mape_publish(1), 60_000))
        base = f"await publish, one by one: {statistics.median(raw) / 1e3:.1f} k/s"
        what = f"Redis pub/sub, two processes, typed items, {parser}"
        yield Row(f"{what}, framed", _k(framed), base, _ratio(framed, raw), 60)
        yield Row(f"{what}, frame=1", _k(single), base, _ratio(single, raw), 8)
        yield from _latency(url, parser)


def _latency(url: str, parser: str) -> Iterator[Row]:
    ours, theirs = [], []
    for _ in range(ROUNDS):
        theirs.append(run(url, raw_subscribe, raw_publish, RATE * SECONDS, 1 / RATE))
        ours.append(run(url, mape_subscribe, mape_publish(512), RATE * SECONDS, 1 / RATE))
    for share, goal in ((0.5, 1.0), (0.99, 1.5)):
        pairs = [(percentile(a, share), percentile(b, share)) for a, b in zip(ours, theirs, strict=True)]
        mine, raw = (statistics.median(column) for column in zip(*pairs, strict=True))
        yield Row(
            f"Redis pub/sub at {RATE} items/s, p{share * 100:g}, {parser}",
            f"{mine:.0f} us",
            f"await publish and listen(): {raw:.0f} us",
            statistics.median(a / b for a, b in pairs),
            goal,
            lower_is_better=True,
        )


def _ratio(ours: list[float], theirs: list[float]) -> float:
    return statistics.median(a / b for a, b in zip(ours, theirs, strict=True))


def _k(rates: list[float]) -> str:
    return f"{statistics.median(rates) / 1e3:.0f} k/s"


def _has_hiredis() -> bool:
    return bool(redis.utils.HIREDIS_AVAILABLE)


def rows() -> Iterator[Row]:
    """With the parsers there are: hiredis, and in another process the one that comes with redis-py."""
    yield from pubsub()
    if _has_hiredis():
        program = "import sys; sys.modules['hiredis'] = None; from benchmarks.pubsub import dump; dump()"
        out = subprocess.run(
            [sys.executable, "-c", program], check=True, capture_output=True, env=os.environ, text=True
        )
        yield from (Row(**each) for each in json.loads(out.stdout))


def dump() -> None:
    print(json.dumps([asdict(row) for row in pubsub()]))


if __name__ == "__main__":
    for row in rows():
        print(" | ".join(row.cells()), flush=True)
