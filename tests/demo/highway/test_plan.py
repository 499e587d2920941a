"""Who gets how many lanes: decided alike by both, and never a lane to both."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from mape.demo.highway.plan import (
    CLOSED,
    DIRECTIONS,
    LANES,
    NORTH,
    SOUTH,
    Barrier,
    Close,
    Move,
    Open,
    Situation,
    best_north,
    steps,
)


def situation(north: int, south: int, barrier: int = 3, **lanes: str) -> Situation:
    owners = {lane: Barrier(barrier).owner(lane) for lane in range(1, LANES + 1)}
    owners |= {int(name.removeprefix("lane_")): owner for name, owner in lanes.items()}
    return Situation({NORTH: north, SOUTH: south}, Barrier(barrier), owners)


@pytest.mark.parametrize(
    ("north", "south", "barrier", "best"),
    [(30, 5, 3, 4), (5, 30, 3, 2), (10, 10, 3, 3), (30, 0, 4, 4), (10, 10, 4, 3), (0, 0, 4, 4), (3, 0, 3, 3)],
)
def test_the_fuller_direction_gets_more_lanes_from_two_to_four(north: int, south: int, barrier: int, best: int) -> None:
    assert best_north(situation(north, south, barrier)) == best


def test_a_small_advantage_moves_nothing() -> None:
    assert best_north(situation(20, 18, 3)) == 3


def test_who_gives_a_lane_closes_it_first_and_moves_the_barrier_then() -> None:
    assert steps(SOUTH, situation(30, 5)) == [Close(4)]
    (move,) = steps(SOUTH, situation(30, 5, lane_4=CLOSED))
    assert isinstance(move, Move)
    assert move.expected.moved(SOUTH) == Barrier(4, 1, SOUTH)


def test_who_gets_a_lane_waits_until_it_is_its_own_and_opens_it() -> None:
    assert steps(NORTH, situation(30, 5)) == []
    assert steps(NORTH, situation(30, 5, lane_4=CLOSED)) == []
    assert steps(NORTH, situation(30, 5, 4, lane_4=CLOSED)) == [Open(4)]


def test_at_the_beginning_each_direction_opens_its_own_lanes() -> None:
    closed = replace(situation(0, 0), lanes={})

    assert steps(NORTH, closed) == [Open(1), Open(2), Open(3)]
    assert steps(SOUTH, closed) == [Open(4), Open(5), Open(6)]


def test_whatever_happens_in_whichever_order_no_lane_is_ever_taken_while_it_is_not_closed() -> None:
    rng = random.Random(7)
    barrier, lanes = Barrier(), dict.fromkeys(range(1, LANES + 1), CLOSED)
    moves = 0
    for _ in range(3000):
        cars = {each: rng.randrange(40) for each in DIRECTIONS}
        seen = {each: Situation(cars, barrier, dict(lanes)) for each in DIRECTIONS}  # both look, then both act
        for direction in rng.sample(DIRECTIONS, 2):
            for step in steps(direction, seen[direction]):
                if isinstance(step, Open):
                    assert lanes[step.lane] == CLOSED
                    lanes[step.lane] = direction
                elif isinstance(step, Close):
                    assert lanes[step.lane] == direction
                    lanes[step.lane] = CLOSED
                elif step.expected == barrier:  # compare-and-set
                    barrier = barrier.moved(direction)
                    moves += 1
            assert all(owner in {barrier.owner(lane), CLOSED} for lane, owner in lanes.items())
            assert 2 <= barrier.north <= 4
    assert moves > 300
