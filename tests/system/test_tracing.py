"""One trace over two processes, by every way that items take between them; and a collector that is not there."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from tests.system.collector import Collector, Span
from tests.system.redis_server import RedisServer, free_ports, running

pytestmark = [pytest.mark.system, pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")]

WAYS = ("posted", "streamed", "heard", "read")
"""The elements of the second process: by POST, WebSocket, publish and subscribe, stream."""
TOWN = """
import asyncio, mape
from mape.remote.redis import StreamObservable, SubObservable

mape.init()
town = mape.Loop("town")

@town.execute
def posted(item: int) -> None: ...

@town.execute
async def streamed(item: int) -> None:
    await asyncio.sleep(0.02)

@town.execute
def heard(item: int) -> None:
    raise ValueError("a car without a name")

@town.execute
async def read(item: int) -> None:
    await asyncio.sleep(0.02)

source = SubObservable("car_*")
source.subscribe(heard)
stream = StreamObservable("town", group="watchers")
stream.subscribe(read)

async def main():
    await source.wait_up(10)
    print("ready", flush=True)

mape.run(main())
"""
CAR = """
import asyncio, os, sys, mape
from mape.remote.redis import PubObserver, StreamObserver
from mape.remote.rest import POSTObserver, SocketObserver

mape.init()
car = mape.Loop("car")

@car.monitor
def sense(item: int) -> int:
    return item

@car.analyze
def judge(item: int) -> int:
    return item

sense.subscribe(judge)
town = sys.argv[1]
sinks = [POSTObserver(town, "town.posted"), SocketObserver(town, "town.streamed"), PubObserver("car_1")]
for sink in (*sinks, stream := StreamObserver("town")):
    judge.subscribe(sink)

{bug}

async def main():
    sense(7)
    async with asyncio.timeout(15):
        for sink in sinks:
            await sink.flush()
        await stream.confirmed()
    mape.stop()

mape.run(main())
"""
FORGETFUL = """
def forget(sink, causes):
    causes[:] = map(int, causes)
    return lambda error: None

mape.app.tracing.sending = forget
"""
"""A sender that forgets what an item belongs to."""


@contextmanager
def program(folder: Path, name: str, text: str, *words: str, **settings: str) -> Iterator[subprocess.Popen[str]]:
    (folder / f"{name}.py").write_text(text)
    environment = {**os.environ, "MAPE_TRACING__SERVICE": name, **settings}
    command = [sys.executable, "-W", "error", str(folder / f"{name}.py"), *words]
    with subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
                try:
                    process.wait(15)
                except subprocess.TimeoutExpired:
                    process.kill()


def until_ready(process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"


def drive(folder: Path, collector: Collector, bug: str) -> list[Span]:
    """Have one item go from one process to the other by four ways; return the spans of both."""
    port, rest = free_ports(2)
    redis = RedisServer(folder / "redis", port)
    settings = {"MAPE_TRACING__ENDPOINT": collector.url, "MAPE_REDIS__URL": redis.url, "MAPE_LOG__LEVEL": "critical"}
    with running(redis):
        address = f"127.0.0.1:{rest}"
        with program(folder, "town", TOWN, MAPE_REST__HOST_PORT=address, **settings) as town:
            until_ready(town)
            with program(folder, "car", CAR.replace("{bug}", bug), f"http://{address}", **settings) as car:
                assert car.wait(30) == 0
        assert town.returncode == 0
    return collector.wait(lambda spans: all(f"town.{way}" in {each.name for each in spans} for way in WAYS))


def check_one_trace(spans: Sequence[Span]) -> None:
    """All spans belong to one trace, and each has the parent that it should have."""
    by_id = {each.id: each for each in spans}
    by_name = {(each.service, each.name): each for each in spans}
    assert len({each.trace for each in spans}) == 1
    sense, judge = by_name["car", "car.sense"], by_name["car", "car.judge"]
    assert (sense.parent, judge.parent) == ("", sense.id)
    sent = {each.name: each for each in spans if each.name.startswith("send ")}
    received = {each.name for each in spans if each.name.startswith("receive ")}
    assert sorted(sent) == [
        "send /loops/town/elements/posted",
        "send /loops/town/elements/streamed",
        "send car_1",
        "send town",
    ]
    assert received == {"receive town.posted", "receive town.streamed", "receive car_*", "receive town"}
    assert {each.parent for each in sent.values()} == {judge.id}
    for way, name in zip(WAYS, sent, strict=True):
        element = by_name["town", f"town.{way}"]
        arrival = by_id[element.parent]
        assert (arrival.service, by_id[arrival.parent].service) == ("town", "car"), name
        assert by_id[arrival.parent].name.startswith("send "), name
        assert element.attributes["mape.role"] == "execute"
    assert {by_id[by_name["town", f"town.{way}"].parent].parent for way in WAYS} == {each.id for each in sent.values()}


def test_one_trace_leads_through_two_processes_by_every_way(tmp_path: Path) -> None:
    with Collector().listening() as collector:
        spans = drive(tmp_path, collector, bug="")
    check_one_trace(spans)
    by_name = {each.name: each for each in spans}
    assert len({each.attributes["mape.cause"] for each in spans}) == 1
    assert len(spans) == 2 + 3 * len(WAYS)
    assert by_name["town.heard"].is_failed
    assert not by_name["town.read"].is_failed
    assert "mape.wait" in by_name["town.read"].attributes
    assert by_name["town.read"].end - by_name["town.read"].begin >= 20e6


def test_a_sender_that_forgets_the_trace_is_found(tmp_path: Path) -> None:
    with Collector().listening() as collector:
        spans = drive(tmp_path, collector, bug=FORGETFUL)
    with pytest.raises(AssertionError):
        check_one_trace(spans)


LONELY = """
import asyncio, sys, time, mape

mape.init()
loop = mape.Loop("lonely")
seen = []

@loop.execute
def count(item: int) -> None:
    seen.append(item)

async def main():
    {bug}
    begin = time.monotonic()
    gaps = []
    while time.monotonic() - begin < 3:
        before = time.monotonic()
        for number in range(20):
            count(number)
        await asyncio.sleep(0.01)
        gaps.append(time.monotonic() - before)
    assert len(seen) == 20 * len(gaps)
    print(f"{len(seen)} {max(gaps):.3f} {mape.app.failures.passed}", flush=True)
    mape.stop()

mape.run(main())
"""
"""Works for three seconds, within which a batch of spans is due, whoever takes it."""
IMPATIENT = """
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    exporter = OTLPSpanExporter(mape.config.tracing.endpoint, timeout=0.1)
    mape.app.services.shared("tracing", object).provider.add_span_processor(SimpleSpanProcessor(exporter))
"""
"""Sends each span when it ends, and waits for the answer."""


Absence = Callable[[], AbstractContextManager[str]]


@contextmanager
def black_hole() -> Iterator[str]:
    """Take connections, and never say a word."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        yield f"http://127.0.0.1:{door.getsockname()[1]}"


@contextmanager
def nobody() -> Iterator[str]:
    """Give an address where nobody listens."""
    yield f"http://127.0.0.1:{free_ports(1)[0]}"


@pytest.mark.parametrize("absent", [nobody, black_hole])
def test_a_collector_that_is_not_there_hurts_no_loop_and_no_end(tmp_path: Path, absent: Absence) -> None:
    gap, took = work(tmp_path, absent, bug="")
    assert gap < 0.5
    assert took < 3


def test_an_exporter_that_makes_the_loop_wait_is_found(tmp_path: Path) -> None:
    gap, _ = work(tmp_path, black_hole, bug=IMPATIENT)
    assert gap > 0.9


def work(folder: Path, absent: Absence, bug: str) -> tuple[float, float]:
    """Work without a collector; return how long the loop had to wait, and how long the end took [s]."""
    text = LONELY.replace("{bug}", bug)
    with absent() as url, program(folder, "lonely", text, MAPE_TRACING__ENDPOINT=url) as process:
        assert process.stdout is not None
        items, gap, failures = process.stdout.readline().split()
        begin = time.monotonic()
        assert process.wait(10) == 0
    took = time.monotonic() - begin
    print(f"\n{absent.__name__}: {items} items, the loop waited {gap} s at most, closed in {took:.2f} s")
    assert failures == "0"
    return float(gap), took
