"""POSTObserver against a real server in another process: killed, stopped, cut off, hung. ``-s`` prints the figures."""

from __future__ import annotations

import asyncio
import resource
import signal
import socket
import subprocess
import sys
import time
import tracemalloc
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

import mape
from mape.codecs import Header
from mape.remote.outgoing import Batch
from mape.remote.rest.observer import POSTObserver
from mape.testing import FaultProxy, collect

pytestmark = [pytest.mark.system, pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")]

PROGRAM = """
import os, sys
import mape

mape.init(rest_host_port=sys.argv[1], log__level="critical")
out = os.open(sys.argv[2], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
loop = mape.Loop("cars")

@loop.execute
def speed(item: dict) -> None:
    os.write(out, b"%d\\n" % item["n"])

async def main():
    print("ready", flush=True)

mape.run(main())
"""
RATE = 200
MOST_BYTES = 32 * 2**20


class Peer:
    """A process with a server and one element, which writes down what it gets."""

    def __init__(self, folder: Path) -> None:
        self._program, self._record = folder / "peer.py", folder / "record"
        self._program.write_text(PROGRAM)
        self._record.touch()
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.address = f"127.0.0.1:{free.getsockname()[1]}"
        self.process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        command = [sys.executable, str(self._program), self.address, str(self._record)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "ready\n"

    def tell(self, number: signal.Signals) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def end(self, number: signal.Signals = signal.SIGKILL) -> None:
        if self.process is not None:
            self.process.send_signal(signal.SIGCONT)
            self.process.send_signal(number)
            self.process.wait(15)
            assert self.process.stdout is not None
            self.process.stdout.close()
            self.process = None

    @property
    def got(self) -> list[int]:
        return [int(line) for line in self._record.read_text().split()]


@pytest.fixture
def peer(tmp_path: Path) -> Iterator[Peer]:
    peer = Peer(tmp_path)
    peer.start()
    yield peer
    peer.end()


@asynccontextmanager
async def opened(sink: POSTObserver, app: mape.App) -> AsyncIterator[POSTObserver]:
    collect(app.failures)
    async with app:
        yield sink


def post(peer: Peer, app: mape.App, kind: type[POSTObserver] = POSTObserver, **options: Any) -> POSTObserver:
    at = options.pop("at", peer.address)
    return kind(f"http://{at}", "cars.speed", app=app, **options)


async def feed(sink: POSTObserver, count: int, rate: float = RATE, first: int = 0) -> None:
    """Send items ``{"n": number}`` at an even pace."""
    start = time.perf_counter()
    for number in range(count):
        sink.on_next({"n": first + number})
        if (early := start + (number + 1) / rate - time.perf_counter()) > 0:
            await asyncio.sleep(early)


def figures(what: str, sent: int, got: list[int], sink: POSTObserver) -> dict[str, int]:
    """What was lost, came twice or overtook; printed."""
    firsts = list(dict.fromkeys(got))
    found = {
        "lost": sent - len(firsts),
        "twice": len(got) - len(firsts),
        "overtook": sum(one > other for one, other in pairwise(firsts)),
    }
    print(f"\n{what}: {sent} items, {found}, {sink.stats}")
    return found


def balances(sink: POSTObserver) -> bool:
    stats = sink.stats
    return stats.offered == stats.sent + sum(stats.dropped.values()) + stats.queued


class Forgetful(POSTObserver):
    """A planted bug: what may have arrived is not sent again, and what did not is dropped."""

    async def _stumble(self, error: Exception, backoff: Any) -> None:
        self.outgoing.lose("planted")
        await super()._stumble(error, backoff)


class Nameless(POSTObserver):
    """A planted bug: a batch that is sent again has another number."""

    turn = 0

    def payload(self, batch: Batch) -> bytes:
        Nameless.turn += 1
        return self.codec.frame(Header(f"{self.source_id[:8]}{Nameless.turn:08x}", self.epoch, batch.seq), batch.parts)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("outage", "kind"),
    [("stopped", POSTObserver), ("killed", POSTObserver), ("cut off", POSTObserver), ("stopped", Forgetful)],
)
async def test_a_target_that_is_down_for_ten_seconds_costs_no_item(
    peer: Peer, app: mape.App, outage: str, kind: type[POSTObserver]
) -> None:
    async with FaultProxy(peer.address) as proxy, opened(post(peer, app, kind, at=proxy.address), app) as sink:
        feeding = asyncio.create_task(feed(sink, 2_000))
        await asyncio.sleep(2)
        if outage == "cut off":
            proxy.black_hole()
            await asyncio.sleep(10)
            proxy.heal()
        else:
            await asyncio.to_thread(peer.end, signal.SIGTERM if outage == "stopped" else signal.SIGKILL)
            await asyncio.sleep(10)
            await asyncio.to_thread(peer.start)
        back = time.perf_counter()
        await feeding
        async with asyncio.timeout(20):
            await sink.flush()
        took = time.perf_counter() - back

    found = figures(f"{outage} for 10 s, {kind.__name__}, all there {took:.2f} s later", 2_000, peer.got, sink)
    assert balances(sink)
    if kind is Forgetful:
        assert found["lost"] > 0
        return
    assert (found["lost"], found["overtook"]) == (0, 0)
    if outage != "killed":  # a process that is killed forgets which items it has: at least once
        assert found["twice"] == 0
    assert took < 8


class Greedy(POSTObserver):
    """A planted bug: twice as many items wait as it says."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.outgoing.size *= 2


@pytest.mark.parametrize("kind", [POSTObserver, Greedy])
async def test_beyond_its_bound_the_policy_and_the_counters_tell_exactly(
    peer: Peer, app: mape.App, kind: type[POSTObserver]
) -> None:
    async with (
        FaultProxy(peer.address) as proxy,
        opened(post(peer, app, kind, at=proxy.address, size=500), app) as sink,
    ):
        await feed(sink, 100)
        await sink.flush()
        proxy.refuse()
        await feed(sink, 2_000, 2_000, first=100)
        assert balances(sink)
        proxy.heal()
        async with asyncio.timeout(10):
            await sink.flush()

    got = peer.got
    lost = figures("beyond a bound of 500", 2_100, got, sink)["lost"]
    assert sink.stats.dropped == {"overflow": lost}
    assert got[-500:] == list(range(1_600, 2_100))
    assert (lost == pytest.approx(1_500, abs=5)) is (kind is POSTObserver)
    assert balances(sink)


@pytest.mark.parametrize("kind", [POSTObserver, Nameless])
async def test_an_answer_that_is_lost_after_the_server_took_the_items_brings_none_twice(
    peer: Peer, app: mape.App, kind: type[POSTObserver]
) -> None:
    async with FaultProxy(peer.address) as proxy, opened(post(peer, app, kind, at=proxy.address), app) as sink:
        for turn in range(30):
            number = turn * 10
            before = len(peer.got)
            for item in range(10):
                sink.on_next({"n": number + item})
            size = len(sink.payload(Batch(number, list(sink.outgoing.parts), list(sink.outgoing.causes), 0)))
            proxy.cut_after(size + 250 + 20 * turn)  # somewhere from the end of the request to the answer's
            async with asyncio.timeout(10):
                await sink.flush()
            assert len(peer.got) > before

    found = figures(f"answers cut off, {kind.__name__}", 300, peer.got, sink)
    assert sink.stats.retries > 0
    assert (found["lost"], found["overtook"]) == (0, 0)
    assert (found["twice"] > 0) is (kind is Nameless)


@pytest.mark.parametrize("bound", [10_000, 10_000_000])
async def test_a_hung_target_neither_blocks_the_loop_nor_fills_the_memory(
    peer: Peer, app: mape.App, bound: int
) -> None:
    sink = post(peer, app, size=bound, max_bytes=16 * 2**20 if bound == 10_000 else 2**30, deadline=1.0)
    lags: list[float] = []

    async def watch() -> None:
        while True:
            start = time.perf_counter()
            await asyncio.sleep(0.005)
            lags.append(time.perf_counter() - start - 0.005)

    async with opened(sink, app):
        await feed(sink, 10)
        await sink.flush()
        peer.tell(signal.SIGSTOP)
        tracemalloc.start()  # resident memory may be what tests before this one have left
        resident, watching = memory(), asyncio.create_task(watch())
        for _ in range(100):
            for number in range(1_000):
                sink.on_next({"n": number, "filling": "x" * 500})
            await asyncio.sleep(0.01)
        await asyncio.sleep(1.5)
        watching.cancel()
        grown, resident = tracemalloc.get_traced_memory()[0], memory() - resident
        tracemalloc.stop()
        assert sink.stats.is_up is False
        assert balances(sink)
        peer.tell(signal.SIGCONT)
        start = time.perf_counter()
        async with asyncio.timeout(30):
            await sink.flush()
        took = time.perf_counter() - start

    lags.sort()
    middle, most = lags[len(lags) // 2] * 1e3, lags[-1] * 1e3
    print(f"\nhung, bound {bound}: 100,000 items, +{grown / 2**20:.1f} MB, resident +{resident / 2**20:.1f} MB")
    print(f"the loop's lag: p50 {middle:.1f} ms, most {most:.1f} ms")
    print(f"all sent {took:.2f} s after it woke; {sink.stats}")
    assert balances(sink)
    assert (max(grown, resident) < MOST_BYTES) is (bound == 10_000)
    assert middle < 30
    assert most < 500


def memory() -> int:
    """Resident memory of this process [bytes]."""
    statm = Path("/proc/self/statm")
    if statm.exists():
        return int(statm.read_text().split()[1]) * resource.getpagesize()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


class Hasty(POSTObserver):
    """A planted bug: it closes without sending what waits."""

    async def drain(self) -> None:
        pass


@pytest.mark.parametrize("kind", [POSTObserver, Hasty])
async def test_closing_flushes_what_waits(peer: Peer, app: mape.App, kind: type[POSTObserver]) -> None:
    sink = post(peer, app, kind)
    async with opened(sink, app):
        for number in range(5_000):
            sink.on_next({"n": number})
    found = figures(f"flushed on close, {kind.__name__}", 5_000, peer.got, sink)
    assert (found["twice"], found["overtook"]) == (0, 0)
    assert (found["lost"] == 0) is (kind is POSTObserver)
    assert balances(sink)


class Clinging(POSTObserver):
    """A planted bug: the goodbye to a target that hangs is waited for, by blocking."""

    async def disconnect(self) -> None:
        await super().disconnect()
        time.sleep(5)  # noqa: ASYNC251 - that is the bug


@pytest.mark.slow
@pytest.mark.parametrize("kind", [POSTObserver, Clinging])
async def test_a_hung_target_does_not_hold_up_closing(peer: Peer, kind: type[POSTObserver]) -> None:
    hanging = mape.App()
    stuck = post(peer, hanging, kind)
    await hanging.open()
    peer.tell(signal.SIGSTOP)
    for number in range(100):
        stuck.on_next({"n": number})
    await asyncio.sleep(0.1)
    start = time.perf_counter()
    await hanging.close()
    took = time.perf_counter() - start
    print(f"\nclosed with a hung target after {took:.2f} s; {stuck.stats}")
    assert (took < hanging.settings.shutdown.deadline + 2) is (kind is POSTObserver)
    assert stuck.stats.dropped == {"closed": 100}


class Careless(POSTObserver):
    """Sends every tenth item malformed."""

    def encode(self, item: Any) -> bytes:
        return b'{"value":{"n":' if item["n"] % 10 == 3 else super().encode(item)


class Silent(Careless):
    """A planted bug: it does not look at what the server has refused."""

    def count(self, counts: Any) -> int:
        del counts
        return 0


@pytest.mark.parametrize("kind", [Careless, Silent])
async def test_of_ten_thousand_items_a_thousand_are_poison_and_the_others_arrive(
    peer: Peer, app: mape.App, kind: type[POSTObserver]
) -> None:
    sink = post(peer, app, kind)
    async with opened(sink, app):
        for number in range(10_000):
            sink.on_next({"n": number})
        async with asyncio.timeout(20):
            await sink.flush()

    figures("poison", 10_000, peer.got, sink)
    assert peer.got == [number for number in range(10_000) if number % 10 != 3]
    assert sink.stats.retries == 0
    assert ((sink.stats.sent, sink.stats.dropped) == (9_000, {"refused": 1_000})) is (kind is Careless)
