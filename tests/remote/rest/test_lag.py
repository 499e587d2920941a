"""The event loop's lag: measured while somebody asks, and not a moment longer."""

from __future__ import annotations

import asyncio

import pytest

from mape.remote.rest.lag import BOUNDS, EVERY, PATIENCE, Lag

pytestmark = pytest.mark.virtual_time


async def test_it_measures_now_and_then_while_somebody_asks() -> None:
    lag = Lag()
    lag.watch()
    await asyncio.sleep(10.5 * EVERY)

    assert sum(lag.counts) == lag.counts[0] == 10
    assert lag.sum == 0
    lag.close()


async def test_it_stops_when_nobody_asks_any_more_and_goes_on_when_somebody_does() -> None:
    lag = Lag()
    lag.watch()
    await asyncio.sleep(10 * PATIENCE)
    measured = sum(lag.counts)
    assert PATIENCE / EVERY <= measured <= PATIENCE / EVERY + 1

    lag.watch()
    lag.watch()
    await asyncio.sleep(1.5 * EVERY)
    assert sum(lag.counts) == measured + 1

    lag.close()
    await asyncio.sleep(10 * EVERY)
    assert sum(lag.counts) == measured + 1


async def test_it_is_a_histogram_of_ever_larger_classes() -> None:
    lag = Lag()
    for seconds in (0.0, 0.001, 0.002, 0.3, 100.0):
        lag.note(seconds)

    assert dict(lag.buckets()) == {
        bound: 2 if bound == 0.001 else 3 if bound < 0.3 else 4 if bound <= BOUNDS[-1] else 5
        for bound in (*BOUNDS, float("inf"))
    }
    assert lag.sum == pytest.approx(100.303)
