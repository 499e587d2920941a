"""Streams with real servers and processes that are killed, stopped and cut off; figures with ``-s``.

``MAPE_STREAM_FAULTS=100 MAPE_STREAM_ITEMS=100000`` runs the long version of the fault test.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import redis

from mape.application import App
from mape.remote.redis.stream.key import dead_key
from mape.remote.redis.streams import StreamObservable, StreamObserver
from mape.testing import FaultProxy
from tests.system.redis_server import RedisServer, free_ports, running
from tests.system.stream_program import effects

pytestmark = pytest.mark.system

PROGRAM = Path(__file__).with_name("stream_program.py")
ROOT = Path(__file__).parents[2]
FAULTS = int(os.environ.get("MAPE_STREAM_FAULTS", "18"))
ITEMS = int(os.environ.get("MAPE_STREAM_ITEMS", "20000"))
PARTITIONS = 4
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
        counted, last = effects(file), {}
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
    offsets = {file: file.stat().st_size for file in folder.glob("effects.*")}
    while len(took) < partitions:
        assert time.monotonic() - healed < within, f"only {sorted(file.name for file in took)} flow, after {within} s"
        for file in folder.glob("effects.*"):
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
                took[kind].append(await recovered(tmp_path, healed))
            while confirmed_by_now(tmp_path) < ITEMS:
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
