"""A CPU-bound analyze element between two streams, in one process and in two: what ``mape run --worker`` gains."""

from __future__ import annotations

import asyncio
import os
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import mape
from benchmarks.measure import Row
from benchmarks.streams import server
from mape.remote.redis.streams import StreamObservable, StreamObserver

ROUNDS = 3
ITEMS = 1_500
PARTITIONS = 16
WORK = 20_000
"""Additions for an item: about a millisecond."""


def work(item: int) -> list[int]:
    total = 0
    for number in range(WORK):
        total += number ^ item
    return [item, os.getpid()]


# the program: an element fed by a group, whose results go into another stream


def program(url: str) -> mape.App:
    app = mape.App()
    analyze = app.loop("plant").analyze(work, uid="heavy")
    StreamObservable("raw", url, group="heavy", app=app).subscribe(analyze)
    analyze.subscribe(StreamObserver("done", url, partitions=PARTITIONS, ordered=False))
    return app


async def worker(url: str) -> None:
    async with program(url):
        print("ready", flush=True)
        await asyncio.to_thread(sys.stdin.read)


def started(url: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "benchmarks.scaling", "worker", url]
    root = Path(__file__).parent.parent
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=root)


async def measure(url: str, workers: int, items: int) -> tuple[float, list[int]]:
    processes = [started(url) for _ in range(workers)]
    app, seen, done = mape.App(), dict[int, int](), asyncio.Event()

    def take(result: list[int]) -> None:
        item, pid = result
        assert item not in seen
        seen[item] = pid
        if len(seen) == items + PARTITIONS:
            done.set()

    sink = StreamObserver("raw", url, partitions=PARTITIONS, ordered=False, app=app, frame=16)
    StreamObservable("done", url, group="us", app=app).subscribe(take)
    try:
        for process in processes:
            assert process.stdout is not None
            assert await asyncio.to_thread(process.stdout.readline) == "ready\n"
        async with app:
            for number in range(PARTITIONS):
                sink.on_next(number)
            while len(seen) < PARTITIONS:  # noqa: ASYNC110 - until all partitions have their reader
                await asyncio.sleep(0.05)
            await asyncio.sleep(1.5)
            begin = time.perf_counter()
            for number in range(PARTITIONS, items + PARTITIONS):
                sink.on_next(number)
            async with asyncio.timeout(120):
                await done.wait()
            took = time.perf_counter() - begin
    finally:
        for process in processes:
            process.communicate()
    return items / took, sorted(Counter(seen.values()).values())


def run(workers: int, items: int = ITEMS) -> tuple[float, list[int]]:
    """Items a second, from the first one sent to the last result; and how many each process did."""
    with server() as url:
        return asyncio.run(measure(url, workers, items))


def bare(workers: int) -> float:
    """The same work a second in processes that have nothing to do with each other: what the machine gives just now."""
    count = ITEMS // 2
    code = (
        "import time; from benchmarks.scaling import work; start = time.perf_counter(); "
        f"[work(number) for number in range({count})]; print(time.perf_counter() - start)"
    )
    command = [sys.executable, "-c", code]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(workers)]
    return sum(count / float(process.communicate()[0]) for process in processes)


def rows() -> Iterator[Row]:
    rounds = [(run(2)[0], run(1)[0], bare(2) / bare(1)) for _ in range(ROUNDS)]
    two, one, machine = (statistics.median(column) for column in zip(*rounds, strict=True))
    yield Row(
        "A CPU-bound element in two processes of a group",
        f"{two:.0f} items/s",
        f"in one: {one:.0f} items/s; processes that share nothing: {machine:.2f} times",
        statistics.median(a / b for a, b, _ in rounds),
        0.85 * min(machine, 2.0),
    )


if __name__ == "__main__":
    if sys.argv[1:2] == ["worker"]:
        asyncio.run(worker(sys.argv[2]))
    else:
        for row in rows():
            print(" | ".join(row.cells()), flush=True)
