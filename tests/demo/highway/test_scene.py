"""The moves of the barrier are checked against each other, and drawn."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from mape.demo.highway.run import run, sentences
from mape.demo.highway.scene import Moved, Scene, contradictions
from mape.demo.highway.view import LineView, page
from mape.errors import ConfigError


def moved(number: int, before: int, north: int) -> Moved:
    return Moved(1.0, "south", number, before, north, "lane 4 to north: 9 cars north, 1 south")


@pytest.fixture
def scene() -> Scene:
    """North has four lanes, one of them not open yet."""
    scene = Scene(20.0, 1, now=5.0, moves=[moved(1, 3, 4)])
    scene.states = {
        "north": {"cars": [0.0, 0.5, 0.99], "lanes": [1, 2, 3], "rush": True},
        "south": {"cars": [0.1], "lanes": [5, 6], "rush": False},
    }
    return scene


def test_moves_that_follow_each_other_contradict_nothing() -> None:
    assert contradictions([]) == []
    assert contradictions([moved(2, 4, 3), moved(1, 3, 4)]) == []


@pytest.mark.parametrize(
    "moves",
    [
        [moved(1, 3, 4), moved(1, 3, 2)],
        [moved(1, 3, 4), moved(3, 4, 3)],
        [moved(1, 3, 4), moved(2, 3, 2)],
        [moved(1, 3, 4), moved(2, 4, 5)],
        [moved(1, 3, 5)],
    ],
)
def test_a_move_that_does_not_begin_where_the_last_one_ended_is_found(moves: list[Moved]) -> None:
    assert contradictions(moves)


def test_the_barrier_is_drawn_where_it_is_and_a_closed_lane_is_shaded(scene: Scene) -> None:
    console = Console(file=io.StringIO(), width=80)
    with console.capture() as capture:
        console.print(page(scene, 24))
    lines = capture.get().splitlines()

    assert len(lines) <= 23
    fourth = next(number for number, line in enumerate(lines) if "4 north" in line)
    assert "░" in lines[fourth]
    assert "━━━" in lines[fourth + 1]
    assert "5 south" in lines[fourth + 2]
    assert lines[fourth + 2].rstrip().endswith("◀")


def test_without_a_terminal_there_are_lines_each_move_once(scene: Scene) -> None:
    out = io.StringIO()
    with LineView(scene, Console(file=out)) as view:
        view.update()
        view.update()

    assert out.getvalue().splitlines() == [
        "     1.0 s  south gives lane 4 to north: 9 cars north, 1 south",
        "   5 s  north  3 cars on 3 lanes | south  1 cars on 2 lanes",
    ]


def test_contradictions_stand_in_the_summary(scene: Scene) -> None:
    counts = {"come": 1, "added": 1, "removed": 0, "known": 1, "watched": 3, "car_seconds": 1, "fixed_car_seconds": 2}

    assert any(
        "the barrier was at 3" in each for each in sentences(scene, {"north": counts}, contradictions([moved(1, 4, 3)]))
    )
    assert any("no contradiction" in each for each in sentences(scene, {"north": counts}, []))
    assert sentences(scene, {}, []) == ["", "Nothing was measured."]


def test_a_wrong_option_is_a_sentence() -> None:
    with pytest.raises(ConfigError, match="seconds must be from 2 to 3600, not 1"):
        run(1.0)
