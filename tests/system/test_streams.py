"""Streams with real servers and processes that are killed, stopped and cut off; figures with ``-s``.

``MAPE_STREAM_FAULTS=100 MAPE_STREAM_ITEMS=100000`` runs the long version of the fault test.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import redis.asyncio

from benchmarks import scaling
from mape.application import App
from mape.remote.redis.connection import connection_of
from mape.remote.redis.stream.key import dead_key
from mape.remote.redis.stream.log import NOTHING, Holding, Letter, Log, Parcel
from mape.remote.redis.stream.server import RedisLog
from mape.remote.redis.streams import MemoryLog, StreamObservable, StreamObserver
from mape.testing import FaultProxy, collect
from mape.testing.contracts.transport import Ends, check_transport
from tests.system.lateness import machine
from tests.system.redis_server import RedisServer, free_ports, running
from tests.system.stream_program import effects
from tests.system.test_pubsub import a_cluster

pytestmark = pytest.mark.system

PROGRAM = Path(__file__).with_name("stream_program.py")
ROOT = Path(__file__).parents[2]
FAULTS = int(os.environ.get("MAPE_STREAM_FAULTS", "18"))
ITEMS = int(os.environ.get("MAPE_STREAM_ITEMS", "20000"))
PARTITIONS = 4
WORK = 4000
"""Items for consumers that are killed at work."""
BACK = 2.0
"""Within which everything flows again, after what was broken is whole [s]."""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RedisServer]:
    started = RedisServer(tmp_path / "redis", free_ports(1)[0], "--appendonly", "no")
    with running(started):
        yield started


@dataclass
class Process:
    """One of the program's; `end` closes its input, upon which it finishes."""

    role: str
    url: str
    folder: Path
    life: int | str
    rate: float = 0
    options: tuple[str, ...] = ()
    popen: subprocess.Popen[str] = field(init=False)

    def __post_init__(self) -> None:
        command = [sys.executable, str(PROGRAM), self.role, self.url, str(self.folder), str(self.life), str(self.rate)]
        with (self.folder / f"stderr.{self.role}.{self.life}").open("ab") as log:
            self.popen = subprocess.Popen(
                [*command, *self.options],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                cwd=ROOT,
            )

    async def ready(self) -> None:
        assert self.popen.stdout is not None
        line = await asyncio.to_thread(self.popen.stdout.readline)
        assert line == "ready\n", (self.folder / f"stderr.{self.role}.{self.life}").read_text()[-2000:]

    def kill(self, number: signal.Signals = signal.SIGKILL) -> None:
        self.popen.send_signal(number)
        if number is signal.SIGKILL:
            self.close()

    def close(self) -> None:
        self.popen.kill()
        self.popen.wait()
        for pipe in (self.popen.stdin, self.popen.stdout):
            if pipe is not None and not pipe.closed:
                pipe.close()

    async def end(self, within: float = 60.0) -> str:
        assert self.popen.stdin is not None
        self.popen.stdin.close()
        assert self.popen.stdout is not None
        async with asyncio.timeout(within):
            said = await asyncio.to_thread(self.popen.stdout.read)
        self.close()
        return said.strip()


@dataclass
class Findings:
    """What the journals say in the end."""

    confirmed: int = 0
    processed: int = 0
    lost: int = 0
    twice: int = 0
    twice_unsaid: int = 0
    disordered: int = 0
    void: int = 0
    redelivered: int = 0

    @property
    def faults(self) -> tuple[int, int, int]:
        return self.lost, self.twice, self.disordered


def examine(folder: Path) -> Findings:
    """Compare what was confirmed to producers with what is in the consumers' stores."""
    found = Findings()
    done: dict[int, set[int]] = defaultdict(set)
    for file in sorted(folder.glob("effects.*")):
        counted = effects(file)
        last: dict[tuple[str, str], int] = {}
        found.void += sum(line.startswith("I") for line in file.read_text().splitlines()) - len(counted)
        for _, _, source, epoch, seq, life, number, _, _, again in counted:
            place = (source, epoch)
            found.processed += 1
            found.redelivered += again == "1"
            if int(number) in done[int(life)]:
                found.twice += 1
                found.twice_unsaid += again == "0"
            elif int(seq) <= last.get(place, -1):
                found.disordered += 1
            done[int(life)].add(int(number))
            last[place] = max(int(seq), last.get(place, -1))
    for file in folder.glob("confirmed.*"):
        upto = max(map(int, file.read_text().split()), default=0)
        found.confirmed += upto
        found.lost += len(set(range(upto)) - done[int(file.suffix[1:])])
    return found


async def recovered(folder: Path, healed: float, partitions: int = PARTITIONS, within: float = 15.0) -> float:
    """Wait until each partition has an item that was made after `healed`; how long that took since [s]."""
    took: dict[Path, float] = {}
    offsets = {file: file.stat().st_size for file in folder.glob("effects.*")}  # noqa: ASYNC240
    while len(took) < partitions:
        assert time.monotonic() - healed < within, f"only {sorted(file.name for file in took)} flow, after {within} s"
        for file in folder.glob("effects.*"):  # noqa: ASYNC240 - the test waits for nothing else
            with file.open() as lines:
                lines.seek(max(0, offsets.get(file, 0) - 20_000))
                for line in lines.read().splitlines():
                    fields = line.split()
                    if len(fields) == 10 and file not in took and float(fields[7]) > healed:
                        took[file] = float(fields[8]) - healed
        await asyncio.sleep(0.02)
    return max(took.values())


class Rig:
    """A server behind a proxy, a producer, two consumers, and what can be done to them."""

    def __init__(self, folder: Path, server: RedisServer, proxy: FaultProxy, rate: float) -> None:
        self.folder, self.server, self.proxy, self.rate = folder, server, proxy, rate
        self.lives = 0
        self.killed = 0.0
        self.producer = self.next_producer()
        self.consumers = [self.next_consumer() for _ in range(2)]

    def next_producer(self) -> Process:
        self.lives += 1
        return Process("producer", self.proxy.url(), self.folder, self.lives, self.rate)

    def next_consumer(self) -> Process:
        self.lives += 1
        return Process("consumer", self.proxy.url(), self.folder, self.lives)

    async def ready(self) -> None:
        for process in (self.producer, *self.consumers):
            await process.ready()

    async def kill_server(self) -> None:
        self.server.kill()
        await asyncio.sleep(0.3)
        await asyncio.to_thread(self.server.start)

    async def kill_consumer(self) -> None:
        gone = self.consumers.pop(0)
        gone.kill()
        self.killed = time.monotonic()
        self.consumers.append(fresh := self.next_consumer())
        await fresh.ready()

    async def kill_producer(self) -> None:
        self.producer.kill()
        self.producer = self.next_producer()
        await self.producer.ready()

    async def reset(self) -> None:
        for _ in range(3):
            accepted = -1
            while accepted != self.proxy.stats.accepted:  # a passage that is reset before it began leaks its socket
                accepted = self.proxy.stats.accepted
                await asyncio.sleep(0)
            self.proxy.reset()
            await asyncio.sleep(0.05)

    async def stop_consumer(self) -> None:
        stopped = self.consumers[0]
        stopped.kill(signal.SIGSTOP)
        await asyncio.sleep(1.8)
        stopped.kill(signal.SIGCONT)
        self.consumers.reverse()

    async def stop_server(self) -> None:
        self.server.kill(signal.SIGSTOP)
        await asyncio.sleep(1.0)
        self.server.kill(signal.SIGCONT)

    def close(self) -> None:
        for process in (self.producer, *self.consumers):
            process.close()


def confirmed_by_now(folder: Path) -> int:
    return sum(max(map(int, file.read_text().split()), default=0) for file in folder.glob("confirmed.*"))


@pytest.mark.slow
@pytest.mark.timeout(1200)
async def test_nothing_is_lost_doubled_or_disordered_by_kills_resets_and_stops(
    server: RedisServer, tmp_path: Path
) -> None:
    kinds = ("kill_server", "kill_consumer", "stop_consumer", "kill_producer", "reset", "stop_server")
    rng, took, begin = random.Random(5), defaultdict(list), time.monotonic()
    async with FaultProxy(f"127.0.0.1:{server.port}") as proxy:
        rig = Rig(tmp_path, server, proxy, rate=1000)
        try:
            await rig.ready()
            await recovered(tmp_path, time.monotonic())
            for number in range(FAULTS):
                kind = kinds[number % len(kinds)]
                await asyncio.sleep(rng.uniform(0.0, 0.3))
                await getattr(rig, kind)()  # one of the names above, no wire
                healed = rig.killed if kind == "kill_consumer" else time.monotonic()  # nobody heals it, others step in
                with machine() as late:
                    back = await recovered(tmp_path, healed)
                took[kind].append(max(0.0, back - late.seconds))
            while confirmed_by_now(tmp_path) < ITEMS:  # noqa: ASYNC110 - other processes
                await asyncio.sleep(0.2)
            said = [await rig.producer.end(), *[await consumer.end() for consumer in rig.consumers]]
        finally:
            rig.close()
    found = examine(tmp_path)
    print(f"\n{FAULTS} faults in {time.monotonic() - begin:.0f} s: {found}")
    for kind, seconds in took.items():
        median = sorted(seconds)[len(seconds) // 2]
        print(
            f"  {kind:14} {len(seconds):3} times, back after {median:.2f} s in the median, {max(seconds):.2f} s at most"
        )
    print("  " + "\n  ".join(said))
    assert found.faults == (0, 0, 0)
    assert found.confirmed >= ITEMS
    assert max(max(each) for each in took.values()) < BACK


# -- planted bugs, which the same journals must show -------------------------------------------------------------------


async def stored_and_then_forgotten(server: RedisServer, folder: Path, *options: str) -> Findings:
    """Have items stored that nobody reads yet, and kill the server; the rest is as in the long test."""
    producer = Process("producer", server.url, folder, 1, 2000, options)
    consumer = Process("consumer", server.url, folder, 2)
    try:
        await producer.ready()
        await consumer.ready()
        await recovered(folder, time.monotonic())
        consumer.kill(signal.SIGSTOP)
        await asyncio.sleep(0.5)
        server.kill()
        await asyncio.to_thread(server.start)
        consumer.kill(signal.SIGCONT)
        await recovered(folder, time.monotonic())
        print(f"\n{options}: {await producer.end()}")
        await asyncio.sleep(0.5)
        await consumer.end()
    finally:
        producer.close()
        consumer.close()
    return examine(folder)


async def test_what_a_server_forgot_is_sent_again(server: RedisServer, tmp_path: Path) -> None:
    found = await stored_and_then_forgotten(server, tmp_path)
    assert found.faults == (0, 0, 0)
    assert found.confirmed > 500


async def test_a_sender_that_forgets_what_the_server_confirmed_is_found_to_lose_items(
    server: RedisServer, tmp_path: Path
) -> None:
    found = await stored_and_then_forgotten(server, tmp_path, "keep_bytes=0")
    print(found)
    assert found.lost > 100


def stored_bytes(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.glob("effects.*"))


async def killed_at_work(server: RedisServer, folder: Path, *options: str) -> Findings:
    """Kill a consumer with -9 while it is at items that take a millisecond, three times."""
    producer = Process("producer", server.url, folder, 1, 5000, (f"most={WORK}",))
    await producer.ready()
    consumer = Process("consumer", server.url, folder, 2, options=("work_us=1000", *options))
    try:
        for life in (3, 4, 5):
            await consumer.ready()
            begin, size = time.monotonic(), stored_bytes(folder)
            while stored_bytes(folder) < size + 40_000:
                assert time.monotonic() - begin < 20, "the consumer does nothing"
                await asyncio.sleep(0.02)
            consumer.kill()
            consumer = Process("consumer", server.url, folder, life, options=("work_us=1000", *options))
        await consumer.ready()
        async with asyncio.timeout(60):
            while confirmed_by_now(folder) < WORK:  # noqa: ASYNC110 - other processes
                await asyncio.sleep(0.05)
        await producer.end()
        await consumer.end()
    finally:
        producer.close()
        consumer.close()
    return examine(folder)


async def test_effects_that_are_stored_with_their_marks_happen_once_whenever_the_consumer_dies(
    server: RedisServer, tmp_path: Path
) -> None:
    found = await killed_at_work(server, tmp_path)
    print(f"\n{found}")
    assert found.faults == (0, 0, 0)
    assert found.confirmed == WORK


async def test_effects_without_marks_may_happen_twice_and_each_second_time_says_so(
    server: RedisServer, tmp_path: Path
) -> None:
    found = await killed_at_work(server, tmp_path, "careless=1")
    print(f"\n{found}")
    assert found.lost == 0
    assert found.twice > 0
    assert found.twice_unsaid == 0


# -- poison ------------------------------------------------------------------------------------------------------------


async def test_of_ten_thousand_items_with_a_thousand_malformed_nine_thousand_arrive(server: RedisServer) -> None:
    rng, app, seen = random.Random(3), App(), list[int]()
    wrong = [b"", b"{", b"\xff\xfe", b"[" * 5000, b'{"mape":1,"source":"x"', b"NaN", b"nul"]
    source = StreamObservable("s", server.url, group="g", app=app)
    source.subscribe(seen.append)
    failures = collect(app.failures)
    bad = set(rng.sample(range(10_000), 1000))
    async with redis.asyncio.Redis.from_url(server.url) as client, app:
        pipe = client.pipeline(transaction=False)
        for number in range(10_000):
            pipe.xadd("s", {"frame": rng.choice(wrong) if number in bad else str(number).encode()})
        await pipe.execute()
        async with asyncio.timeout(30):
            while len(seen) + source.stats.dead < 10_000:  # noqa: ASYNC110 - other processes
                await asyncio.sleep(0.05)
        await asyncio.sleep(0.3)
        dead = await client.xlen(dead_key("s"))
        pending = (await client.xpending("s", "g"))["pending"]
        (_, fields), *_ = await client.xrange(dead_key("s"), count=1)
    print(f"\n{len(seen)} delivered, {source.stats.dead} dead letters, {dead} in the stream; {fields}")
    assert seen == [number for number in range(10_000) if number not in bad]
    assert (source.stats.rejected, dead, len(failures), pending) == (1000, 1000, 1000, 0)
    assert set(fields) >= {b"reason", b"payload", b"entry", b"group", b"stream"}


@pytest.mark.slow
async def test_an_item_that_kills_every_consumer_is_a_dead_letter_after_five_tries(
    server: RedisServer, tmp_path: Path
) -> None:
    producer = Process("producer", server.url, tmp_path, 1, 5000, ("most=300", "partitions=1"))
    await producer.ready()
    deaths = 0
    consumer = Process("consumer", server.url, tmp_path, 2, options=("fatal=123",))
    try:
        async with redis.asyncio.Redis.from_url(server.url) as client:
            await consumer.ready()
            while not await client.exists(dead_key("work")):
                if consumer.popen.poll() is not None:
                    deaths += 1
                    consumer.close()
                    consumer = Process("consumer", server.url, tmp_path, 2, options=("fatal=123",))
                    await consumer.ready()
                await asyncio.sleep(0.02)
            (_, fields), *_ = await client.xrange(dead_key("work"))
        await producer.end()
        await consumer.end()
    finally:
        producer.close()
        consumer.close()
    found = examine(tmp_path)
    print(f"\n{deaths} consumers died; {fields[b'reason']!r}; {found}")
    assert deaths == 5
    assert json.loads(fields[b"payload"])["value"]["n"] == 123
    assert found.faults == (1, 0, 0)


# -- the same with all kinds of servers --------------------------------------------------------------------------------


async def test_a_stream_in_redis_is_a_transport(server: RedisServer) -> None:
    names = itertools.count()
    name = ""

    def make(_: App, receiver: App) -> Ends:
        nonlocal name
        name = f"s{next(names)}"
        return StreamObserver(name, server.url), StreamObservable(name, server.url, group="g", app=receiver)

    async def inject(payload: bytes) -> None:
        async with redis.asyncio.Redis.from_url(server.url) as client:
            await client.xadd(name, {"frame": payload})

    async def down() -> None:
        server.kill()

    async def up() -> None:
        await asyncio.to_thread(server.start)

    await check_transport(make, inject=inject, down=down, up=up)


@asynccontextmanager
async def logs(kind: str, server: RedisServer) -> AsyncIterator[Log]:
    if kind == "memory":
        yield MemoryLog()
        return
    app = App()
    connection = connection_of(app, server.url)
    async with app:
        await connection.wait_up(5)
        log = RedisLog(connection)
        yield log
        await log.close()


@pytest.mark.parametrize("kind", ["memory", "redis"])
async def test_the_stand_in_and_the_server_answer_alike(kind: str, server: RedisServer) -> None:
    async with logs(kind, server) as log:
        assert [await log.shape("s", count) for count in (1, 3)] == [1, 1]
        assert await log.standing("s", "x") == (NOTHING, NOTHING)
        assert await log.append("s", Parcel("x", 0, 5, NOTHING, b"0-4"), 100, trims=True) == (5, NOTHING)
        assert await log.append("s", Parcel("x", 0, 5, NOTHING, b"0-4"), 100, trims=True) == (5, NOTHING)
        assert await log.append("s", Parcel("x", 9, 1, 9, b"9"), 100, trims=True) == (5, NOTHING)
        one, two = Holding("s", "g", "one"), Holding("s", "g", "two")
        grant = await log.acquire(one, 0.3, "0", {})
        assert grant is not None
        assert await log.acquire(two, 0.3, "0", {}) is None
        one = one._replace(token=grant.token)
        assert (grant.is_clean, dict(grant.marks)) == (False, {})
        entries = await log.step(one, 0.3, [], {}, 10)
        assert [each.payload for each in entries or ()] == [b"0-4"]
        assert await log.append("s", Parcel("x", 5, 5, 5, b"5-9"), 100, trims=True) == (10, NOTHING)
        assert await log.step(one, 0.3, [entries[0].id], {"x": 5}, 0) == []  # type: ignore[index]
        assert await log.standing("s", "x") == (10, 5)
        assert [each.payload for each in await log.step(one, 0.3, [], {"x": 3}, 10) or ()] == [b"5-9"]
        assert await log.standing("s", "x") == (10, 5), "marks only grow"
        assert await log.append("s", Parcel("y", 7, 1, NOTHING, b"y"), 100, trims=True) == (8, 7)
        await asyncio.sleep(0.35)
        taken = await log.acquire(two, 0.3, "0", {"x": 7})
        assert taken is not None
        assert taken.token > grant.token
        assert dict(taken.marks) == {"x": 7, "y": 7}
        two = two._replace(token=taken.token)
        assert await log.step(one, 0.3, [], {"x": 10}, 1) is None, "a consumer that was replaced is refused"
        claimed = await log.claim(two, 0.3, 10)
        assert [each.payload for each in claimed or ()] == [b"5-9"]
        assert await log.claim(two, 0.3, 10) == []
        assert [await log.tries(two, place) for place in ("a", "a", "b", "b", "", "b")] == [1, 2, 2, 3, 0, 1]
        await log.release(two, is_clean=True)
        again = await log.acquire(one, 0.3, "0", {})
        assert again is not None
        assert again.is_clean
        late = Holding("s", "late", "late")
        assert await log.acquire(late, 0.3, "$", {}) is not None
        assert await log.standing("s", "x") == (10, 7), "a group with nothing to read holds nobody up"
        assert await log.append("s", Parcel("x", 10, 1, 10, b"10"), 100, trims=False) == (11, NOTHING)
        assert await log.standing("s", "x") == (11, NOTHING)
        await log.remind("s", "late", {"x": 11})
        await log.remind("s", "g", {"x": 10})
        assert await log.standing("s", "x") == (11, 10)


@pytest.mark.parametrize("kind", ["memory", "redis"])
async def test_the_stand_in_and_the_server_know_the_same_members(kind: str, server: RedisServer) -> None:
    async with logs(kind, server) as log:
        assert await log.shape("s", 1) == 1
        assert await log.append("s", Parcel("x", 0, 1, NOTHING, b"0"), 100, trims=True) == (1, NOTHING)
        rolls = [await log.meet("s", "g", name, joined, 0.3) for name, joined in (("late", 2), ("early", 1))]
        assert [roll.members for roll in rolls] == [("late",), ("early", "late")]
        assert {(roll.partitions, roll.born) for roll in rolls} == {(1, rolls[0].born)}
        await log.leave("s", "g", "early")
        assert (await log.meet("s", "g", "late", 2, 0.3)).members == ("late",)
        begin = time.monotonic()
        await log.wait("s", "0-0", 2)
        assert time.monotonic() - begin < 1
        await log.bury("s", [Letter({"reason": "none"})])


async def test_partitions_are_spread_over_the_nodes_of_a_cluster(tmp_path: Path) -> None:
    async with a_cluster(tmp_path) as nodes:
        url = f"redis+cluster://127.0.0.1:{nodes[0].port}"
        app, reader, seen = App(), App(), list[list[int]]()
        sink = StreamObserver("s", url, key=lambda item: item[0], partitions=6, app=app)
        source = StreamObservable("s", url, group="g", app=reader)
        source.subscribe(seen.append)
        async with app, reader:
            for number in range(3000):
                sink.on_next([number % 24, number])
            async with asyncio.timeout(20):
                await sink.confirmed()
            entries = [len(await node_keys(node)) for node in nodes]
        print(f"\nstreams on the nodes: {entries}")
        assert len(seen) == 3000
        assert all([n for k, n in seen if k == key] == list(range(key, 3000, 24)) for key in range(24))
        assert sum(entries) == 6
        assert max(entries) < 6


async def node_keys(node: RedisServer) -> list[Any]:
    async with redis.asyncio.Redis.from_url(node.url) as client:
        keys = await client.keys("s.*")
        return list(keys)


# -- scaling -----------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_two_processes_of_a_group_share_the_work() -> None:
    (one, _), (two, shares) = (scaling.run(workers, 400) for workers in (1, 2))
    print(
        f"\na CPU-bound element: {one:.0f} items/s in one process, {two:.0f} in two ({two / one:.2f} times): {shares}"
    )
    assert len(shares) == 2  # how much faster is for benchmarks/scaling.py to say, on a quiet machine
    assert min(shares) > 400 * 0.4
