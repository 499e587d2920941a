"""Both directions on one store in memory: they agree, whatever comes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from random import Random
from typing import Any

import pytest

import mape
from mape.demo.highway.carriageway import Carriageway
from mape.demo.highway.plan import DIRECTIONS, NORTH, SOUTH, Barrier, Move, Open
from mape.demo.highway.road import Traffic
from mape.runtime import equip
from mape.settings import load

Ways = dict[str, Carriageway]


@pytest.fixture
async def ways(request: pytest.FixtureRequest) -> AsyncIterator[Ways]:
    """Two directions in one app, which know of each other by the store alone."""
    store = f"memory://{request.node.name.removeprefix('test_')[:32]}"  # each test has its own
    app = equip(mape.App(load(overrides={"redis.url": store}, environ={})))
    both = {each: Carriageway(app, Traffic(each, Random(1), lanes=0)) for each in DIRECTIONS}
    async with app:
        for way in both.values():
            await way.begin()
        await settle(both)
        yield both


async def settle(ways: Ways) -> None:
    """Wait until nothing happens any more."""
    quiet = 0
    before: Any = None
    while quiet < 5:
        await asyncio.sleep(0.01)
        now = [await way.situation() for way in ways.values()]
        quiet = quiet + 1 if now == before else 0
        before = now


async def test_each_direction_opens_its_half_at_the_beginning(ways: Ways) -> None:
    assert [sorted(ways[each].own) for each in DIRECTIONS] == [[1, 2, 3], [4, 5, 6]]


async def test_cars_in_the_shared_set_move_the_barrier_and_the_lanes_follow(ways: Ways) -> None:
    await ways[NORTH].cars[NORTH].update(*(f"car_{number}" for number in range(30)))
    await settle(ways)
    assert [sorted(ways[each].own) for each in DIRECTIONS] == [[1, 2, 3, 4], [5, 6]]

    await ways[NORTH].cars[NORTH].clear()
    await ways[SOUTH].cars[SOUTH].update(*(f"car_{number}" for number in range(30)))
    await ways[SOUTH].cars[SOUTH].remove("car_0")
    await settle(ways)
    assert [sorted(ways[each].own) for each in DIRECTIONS] == [[1, 2], [3, 4, 5, 6]]
    assert [way.traffic.lanes for way in ways.values()] == [2, 4]


async def test_of_two_moves_from_the_same_place_one_comes_too_late(ways: Ways) -> None:
    for way in ways.values():
        way.loop["watch"].stop()
    await ways[NORTH].loop["barrier"].put(mape.Message(Move(Barrier(), "")))
    await ways[SOUTH].loop["barrier"].put(mape.Message(Move(Barrier(), "")))
    await settle(ways)

    assert sorted(way.late for way in ways.values()) == [0, 1]
    assert (await ways[NORTH].situation()).barrier.number == 1


async def test_a_lane_of_the_other_direction_is_not_taken_and_that_is_counted(ways: Ways) -> None:
    await ways[NORTH].loop["lane_4"].put(mape.Message(Open(4)))
    await settle(ways)

    assert ways[NORTH].clashes == 1
    assert sorted(ways[NORTH].own) == [1, 2, 3]
    assert (await ways[NORTH].situation()).lanes[4] == SOUTH
