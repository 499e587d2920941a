"""What elements cost: memory, time to make, wire and start, and how that grows with their number; and the import."""

from __future__ import annotations

import compileall
import os
import statistics
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import mape
from benchmarks.measure import ROUNDS, Row, no_gc

COUNTS = (10, 1_000, 100_000)


def same(item: int) -> int:
    return item


def build(count: int, loops: int = 1) -> list[mape.Element[int, int]]:
    app = mape.App()
    elements: list[mape.Element[int, int]] = []
    for number in range(loops):
        loop = app.loop(f"l{number}")
        elements += [loop.monitor(uid=f"e{each}")(same) for each in range(count // loops)]
    for one, other in pairwise(elements):
        one.subscribe(other)
    app.start()
    return elements


def seconds_each(count: int, loops: int = 1) -> float:
    with no_gc():
        start = time.thread_time()
        build(count, loops)
        return (time.thread_time() - start) / count


def bytes_each(count: int) -> float:
    with no_gc():
        tracemalloc.start()
        elements = build(count)
        size = tracemalloc.get_traced_memory()[0] / count
        tracemalloc.stop()
        assert elements
        return size


def elements() -> Iterator[Row]:
    size = bytes_each(10_000) / 1000
    yield Row("10,000 elements, wired: memory each", f"{size:.2f} kB", "", size, 2.5, lower_is_better=True)
    micros = statistics.median(seconds_each(10_000) for _ in range(ROUNDS)) * 1e6
    yield Row("10,000 elements: make, wire, start each", f"{micros:.1f} us", "", micros, 25, lower_is_better=True)


def growth() -> Iterator[tuple[str, ...]]:
    """A second table: the cost of each, at 10, 1,000 and 100,000."""
    yield ("us each, to make, wire and start", *(f"{count:,}" for count in COUNTS))
    repeat = {10: 200, 1_000: 7, 100_000: 1}
    for name, loops in (("elements of one loop", lambda _: 1), ("loops of two elements", lambda count: count // 2)):
        costs = [statistics.median(seconds_each(n, loops(n)) for _ in range(repeat[n])) * 1e6 for n in COUNTS]
        yield (name, *(f"{cost:.1f}" for cost in costs))
    yield ("subscribers of one element", *(f"{subscribers(count) * 1e6:.1f}" for count in COUNTS))
    yield ("... and an item to each of them", *(f"{deliveries(count) * 1e6:.3f}" for count in COUNTS))


def star(count: int) -> mape.Element[int, int]:
    loop = mape.App().loop("star")
    source: mape.Element[int, int] = loop.monitor(uid="source")(same)
    sinks = [loop.execute(uid=f"e{each}")(same) for each in range(count)]
    for sink in sinks:
        source.subscribe(sink)
    source.start()
    return source


def subscribers(count: int) -> float:
    with no_gc():
        start = time.thread_time()
        star(count)
        return (time.thread_time() - start) / count


def deliveries(count: int) -> float:
    source = star(count)
    for item in range(10):
        source.port_in.on_next(item)
    times = max(1, 100_000 // count)
    with no_gc():
        start = time.thread_time()
        for item in range(times):
            source.port_in.on_next(item)
        return (time.thread_time() - start) / (times * count)


def imports() -> Iterator[Row]:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    compileall.compile_dir(Path(mape.__file__).parent, quiet=2)

    def took(code: str) -> float:
        start = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True, env=environment)
        return time.perf_counter() - start

    took("import mape")
    ratios, ours = [], []
    for _ in range(2 * ROUNDS):
        nothing, base, candidate = took("pass"), took("import asyncio, reactivex"), took("import mape")
        ratios.append((candidate - nothing) / (base - nothing))
        ours.append(candidate)
    figure = f"{statistics.median(ours) * 1e3:.0f} ms"
    yield Row("import mape", figure, "asyncio and reactivex", statistics.median(ratios), 1.3, lower_is_better=True)
