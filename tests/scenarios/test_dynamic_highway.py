"""Two regions plan for themselves on what both know, and the barrier goes where both want it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import mape
from examples.dynamic_highway.__main__ import play
from examples.dynamic_highway.carriageway import LANES, Demand, best_lanes
from mape.runtime import equip
from mape.settings import load

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("north", "south", "now", "best"), [(12, 0, 3, 4), (0, 12, 3, 2), (6, 6, 4, 3), (0, 0, 4, 4), (0, 0, 3, 3)]
)
def test_the_fuller_direction_gets_more_lanes(north: int, south: int, now: int, best: int) -> None:
    assert best_lanes(Demand(north, south, now)) == best


async def test_the_lanes_follow_the_cars_and_both_directions_always_have_six_together() -> None:
    said: list[str] = []
    app = equip(mape.App(load(overrides={"redis.url": "memory://dynamic_highway"}, environ={})))
    ways = await play(app, said.append)

    said = [line for line in said if line.endswith(" lanes")]  # besides, what came too late
    shown = {
        direction: [int(line.split()[1]) for line in said if line.startswith(f"{direction}: ")] for direction in ways
    }
    assert shown == {"north": [3, 4, 3, 2], "south": [3, 2, 3, 4]}
    assert all(north + south == LANES for north, south in zip(*shown.values(), strict=True))


@pytest.mark.slow
def test_the_command_runs_with_nothing_started_before() -> None:
    run = subprocess.run(
        [sys.executable, "-W", "error", "-m", "examples.dynamic_highway"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )

    assert run.stderr == ""
    assert "north: 4 lanes" in run.stdout
    assert "south: 4 lanes" in run.stdout
