"""Same seed, same run, byte for byte."""

from __future__ import annotations

import asyncio
import os
import random
import subprocess
import sys
from collections.abc import AsyncIterator
from typing import Any

import mape
from mape import operators as ops
from mape.testing import record, run_virtual

ITEMS = 200


def busy_app(seed: int) -> mape.App:
    """An app with everything that could make two runs differ: random delays, timers, concurrency, failures."""
    app = mape.App(rng=random.Random(seed))
    loop = app.loop("plant")

    @loop.monitor(mailbox=ITEMS)
    async def sense(number: int) -> AsyncIterator[float]:
        for _ in range(app.rng.randrange(3)):
            await asyncio.sleep(app.rng.uniform(0, 0.005))
            yield number + app.rng.random()

    @loop.analyze(concurrency=4, ordered=False, mailbox=ITEMS * 3)
    async def judge(value: float) -> float:
        await asyncio.sleep(app.rng.expovariate(100))
        if app.rng.random() < 0.1:
            raise ValueError(value)
        return value

    @loop.plan(ops_in=ops.buffer_with_time(0.05))
    def decide(values: list[float]) -> tuple[str, int]:
        return ("adapt", len(values))

    seen: list[Any] = []
    mape.connect(sense, judge, decide)
    decide.subscribe(seen.append)
    return app


def transcript_of(seed: int) -> str:
    async def main() -> str:
        app = busy_app(seed)
        transcript = record(app)
        async with app:
            for number in range(ITEMS):
                app["plant.sense"](number)
                await asyncio.sleep(app.rng.uniform(0, 0.002))
            await asyncio.sleep(5)
        return str(transcript)

    return run_virtual(main, seed=seed)


def test_the_same_seed_gives_the_same_run_byte_for_byte() -> None:
    first = transcript_of(1)

    assert first.count(" > plant.sense ") == ITEMS
    assert first.count(" ! plant.judge ") > 5
    assert first.count(" < plant.decide ") > 5
    assert transcript_of(1).encode() == first.encode()


def test_another_seed_gives_another_run() -> None:
    assert transcript_of(1) != transcript_of(2)


def test_another_process_with_other_hashes_makes_the_same_run() -> None:
    runs = [
        subprocess.run(
            [sys.executable, "-c", f"import runpy; print(runpy.run_path({__file__!r})['transcript_of'](3), end='')"],
            env={**os.environ, "PYTHONHASHSEED": hashes},
            capture_output=True,
            check=True,
            text=True,
        ).stdout
        for hashes in ("1", "2")
    ]

    assert runs[0] == runs[1] == transcript_of(3)


def test_a_line_tells_time_cause_port_and_item() -> None:
    async def main() -> list[str]:
        app = mape.App(rng=random.Random(1))

        @app.loop("ambulance").analyze
        def double(item: int) -> int:
            return 2 * item

        double.start()
        transcript = record(app)
        await asyncio.sleep(0.25)
        double(21)
        double.port_in.on_error(ValueError("sensor"))
        double.port_in.on_completed()
        transcript.dispose()
        double(22)
        return transcript.lines

    lines = run_virtual(main)
    cause = lines[0].split()[1]
    assert len(cause) == 16
    assert lines == [
        f"0.250000 {cause} > ambulance.double 21",
        f"0.250000 {cause} < ambulance.double 42",
        "0.250000 - > ambulance.double error ValueError('sensor')",
        "0.250000 - < ambulance.double error ValueError('sensor')",
        "0.250000 - > ambulance.double end",
        "0.250000 - < ambulance.double end",
    ]


def test_a_failure_is_written_with_its_error() -> None:
    app = mape.App(rng=random.Random(1))

    @app.loop("ambulance").monitor
    def invert(item: int) -> float:
        return 1 / item

    transcript = record(app)
    invert.start()
    invert(0)

    assert transcript.lines[-1].endswith(" ! ambulance.invert ZeroDivisionError('division by zero') on 0")


def test_memory_addresses_are_left_out() -> None:
    app = mape.App()
    thing = object()

    @app.loop("ambulance").monitor
    def see(item: object) -> None: ...

    transcript = record(app)
    see.start()
    see(thing)

    assert transcript.lines[0].endswith(" > ambulance.see <object object>")
