"""Points per second into a real time-series server, VictoriaMetrics, against influxdb-client's batching WriteApi.

``python -m benchmarks.influx`` prints the rows. Both write the same points, two tags and two fields each, and the
server is asked afterwards whether it has them all.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import socket
import statistics
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import influxdb_client
from influxdb_client.client.write_api import WriteOptions

import mape
from benchmarks.measure import Row, millions
from mape.remote.influxdb import InfluxObserver
from mape.settings import load

their: Any = influxdb_client  # which has no types
POINTS = 200_000
ROUNDS = 5
PROGRAM = "victoria-metrics"
START = 1_600_000_000_000_000_000


@contextmanager
def server() -> Iterator[str]:
    """Run VictoriaMetrics with a folder of its own, and give its address."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        process = subprocess.Popen(
            [PROGRAM, f"-httpListenAddr=127.0.0.1:{port}", f"-storageDataPath={folder}", "-retentionPeriod=100y"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            url = f"http://127.0.0.1:{port}"
            wait_for(url)
            yield url
        finally:
            process.terminate()
            process.wait(10)


def wait_for(url: str) -> None:
    for _ in range(200):
        try:
            get(f"{url}/health")
        except urllib.error.URLError:
            time.sleep(0.05)
        else:
            return
    raise TimeoutError("victoria-metrics does not start")


def get(url: str) -> str:
    with urllib.request.urlopen(url, timeout=30) as answer:  # noqa: S310 - our own server
        return str(answer.read().decode())


def stored(url: str, name: str) -> int:
    """How many values the server has of a series."""
    get(f"{url}/internal/force_flush")
    lines = get(f"{url}/api/v1/export?match[]={name}&start=0&end=4102444800").splitlines()
    return sum(len(json.loads(line)["values"]) for line in lines)


async def ours(url: str, measurement: str, count: int = POINTS) -> float:
    """Points a second from an element to the server, the last flush included."""
    app = mape.App(load(overrides={"influxdb": {"url": url, "bucket": "bench"}}, environ={}))
    loop = app.loop("bench")
    source: mape.Element[object, object] = loop.monitor(uid="source")(lambda item: item)
    observer = InfluxObserver(measurement, tags=(("road", "a4"), ("direction", "north")))
    source.subscribe(observer)
    feed = source.port_in.on_next
    async with app:
        start = time.perf_counter()
        for number in range(count):
            feed({"speed": number * 0.5, "lane": 2})
            if not number % 500:
                await asyncio.sleep(0)
                while observer.stats.queued > 50_000:  # noqa: ASYNC110 - a producer has nothing else to wait for
                    await asyncio.sleep(0.001)
        await observer.flush()
        seconds = time.perf_counter() - start
    assert observer.stats.sent == count, observer.stats
    return count / seconds


def theirs(url: str, measurement: str, count: int = POINTS) -> float:
    """The same by influxdb-client."""
    with their.InfluxDBClient(url=url, token="none", org="bench") as client:  # noqa: S106 - the server wants none
        writer = client.write_api(write_options=WriteOptions(batch_size=5000, flush_interval=1000))
        start = time.perf_counter()
        for number in range(count):
            point = their.Point(measurement).tag("road", "a4").tag("direction", "north")
            point.field("speed", number * 0.5).field("lane", 2).time(START + number * 1_000_000)
            writer.write("bench", record=point)
        writer.close()
        return count / (time.perf_counter() - start)


def rows() -> Iterator[Row]:
    if shutil.which(PROGRAM) is None:
        return
    with server() as url:
        pairs = []
        for turn in range(ROUNDS):
            pairs.append((asyncio.run(ours(url, f"ours{turn}")), theirs(url, f"theirs{turn}")))
            for name in (f"ours{turn}_speed", f"theirs{turn}_speed"):
                assert stored(url, name) == POINTS, (name, stored(url, name))
    ratio = statistics.median(one / other for one, other in pairs)
    mine, base = (statistics.median(column) for column in zip(*pairs, strict=True))
    what = "Influx points, element to server, two tags and two fields"
    yield Row(what, millions(mine), f"influxdb-client WriteApi, Points: {millions(base)}", ratio, 4)


if __name__ == "__main__":
    for row in rows():
        print(" | ".join(row.cells()))
