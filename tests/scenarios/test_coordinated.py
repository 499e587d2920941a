"""What one car hears, all do: by Redis and by REST, with messages and without."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import mape
from examples.coordinated.__main__ import CARS, play
from mape.runtime import equip
from mape.settings import load

ROOT = Path(__file__).parents[2]


async def played(store: str, *, messages: bool) -> list[str]:
    """Return what happens on a store in memory."""
    said: list[str] = []
    app = equip(mape.App(load(overrides={"redis.url": f"memory://{store}"}, environ={})))
    await play(app, said.append, messages=messages)
    return said


@pytest.mark.virtual_time
async def test_cars_that_hear_nothing_make_way_because_others_tell() -> None:
    said = await played("coordinated", messages=False)

    for car in CARS:
        lines = [line for line in said if line.startswith(f"{car}: ")]
        assert lines == [f"{car}: hazard lights", f"{car}: 30 km/h", f"{car}: normal lights", f"{car}: 90 km/h"]


@pytest.mark.virtual_time
async def test_messages_say_whom_they_come_from() -> None:
    said = await played("messages", messages=True)

    assert [line for line in said if "says so" in line and line.startswith("cleo")] == [
        "cleo: car_ada_safety.emergency_detect says so (hops: car_cleo_safety.safety_policy)"
    ] * 2


@pytest.mark.parametrize(("transport", "messages"), [("redis", ()), ("rest", ("--messages",))])
@pytest.mark.slow
def test_the_command_runs_with_nothing_started_before(transport: str, messages: tuple[str, ...]) -> None:
    run = subprocess.run(
        [sys.executable, "-W", "error", "-m", "examples.coordinated", "--transport", transport, *messages],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )

    assert run.stderr == ""
    for car in CARS:
        assert f"{car}: hazard lights" in run.stdout
        assert f"{car}: normal lights" in run.stdout
    assert run.stdout.count("says so") == (6 if messages else 0)
