"""The highway demo as a person runs it: two real processes that agree, and every way to end it."""

from __future__ import annotations

import json
import os
import signal
from typing import Any

import pytest

from tests.system.demo_process import nothing_is_left, running, start, until

pytestmark = [pytest.mark.system, pytest.mark.needs("ps", "procps")]


@pytest.fixture(scope="module")
def result() -> tuple[dict[str, Any], str]:
    """Run the demo for nine seconds; return its result and what it printed meanwhile."""
    demo = start("highway", "--seconds", "9", "--seed", "1", "--json")
    out, err = demo.communicate(timeout=60)
    assert demo.returncode == 0, err
    return json.loads(out), err


def test_the_barrier_is_moved_and_no_move_contradicts_another(result: tuple[dict[str, Any], str]) -> None:
    moves = result[0]["moves"]
    assert len(moves) >= 2, "there is a rush north and then one south"
    assert {move["by"] for move in moves} == {"north", "south"}
    assert result[0]["faults"] == []
    assert "no contradiction" in result[1]


def test_both_directions_know_the_same_at_the_end(result: tuple[dict[str, Any], str]) -> None:
    north, south = (result[0]["directions"][each] for each in ("north", "south"))
    assert (north["barrier"], north["number"]) == (south["barrier"], south["number"])
    assert north["number"] == len(result[0]["moves"])


def test_every_car_is_added_and_removed_once(result: tuple[dict[str, Any], str]) -> None:
    for way in result[0]["directions"].values():
        assert way["added"] == way["come"] > 0
        assert way["known"] == way["added"] - way["removed"]
        assert way["clashes"] == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_everything_and_prints_the_figures(number: signal.Signals) -> None:
    with running("highway", "--seed", "1", members=2) as (demo, parts, _):
        os.killpg(demo.pid, number)
        out, err = demo.communicate(timeout=10)
        assert (demo.returncode, err) == (128 + number, "")
        assert f"Ended early by {number.name}" in out
        assert "no contradiction" in out
        assert nothing_is_left(demo.pid, parts)


def test_its_death_by_kill_9_leaves_no_process_and_no_socket() -> None:
    with running("highway", members=2) as (demo, parts, _):
        os.kill(demo.pid, signal.SIGKILL)
        demo.wait()
        until(lambda: nothing_is_left(demo.pid, parts), "all to be gone", 5.0)
