"""The traffic of a direction."""

from __future__ import annotations

from random import Random

from mape.demo.highway.plan import NORTH, SOUTH
from mape.demo.highway.road import PERIOD, Traffic


def drive(traffic: Traffic, seconds: float) -> tuple[list[str], list[str]]:
    come: list[str] = []
    left: list[str] = []
    for _ in range(round(seconds / 0.05)):
        new, gone = traffic.step(0.05)
        come += new
        left += gone
    return come, left


def test_the_same_seed_makes_the_same_cars_come_however_many_lanes_there_are() -> None:
    assert drive(Traffic(NORTH, Random(1), lanes=2), 20)[0] == drive(Traffic(NORTH, Random(1), lanes=4), 20)[0]


def test_every_car_that_comes_leaves_once_or_is_still_there() -> None:
    traffic = Traffic(NORTH, Random(1))
    come, left = drive(traffic, 30)

    assert sorted(come) == sorted([*left, *traffic.cars])
    assert len(set(come)) == len(come) == traffic.come


def test_more_lanes_are_less_time_on_the_road() -> None:
    few, many = Traffic(NORTH, Random(1), lanes=2), Traffic(NORTH, Random(1), lanes=4)
    drive(few, 20)
    drive(many, 20)

    assert many.car_seconds < 0.8 * few.car_seconds


def test_nobody_moves_on_no_lane() -> None:
    traffic = Traffic(NORTH, Random(1), lanes=0)

    assert drive(traffic, 5)[1] == []


def test_the_directions_have_their_rush_in_turn() -> None:
    for now in (0.0, PERIOD / 4, PERIOD * 3 / 4, PERIOD * 1.1):
        assert Traffic(NORTH, Random(1), now=now).is_rush != Traffic(SOUTH, Random(1), now=now).is_rush
