"""The simulated car obeys the physics it claims."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest

from examples.vehicle import STEP_S, Vehicle, drive, kmh, mps
from mape.testing import run_virtual


def after(car: Vehicle, seconds: float) -> Vehicle:
    """Drive on for a while."""

    async def main() -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(drive([car]), seconds)

    run_virtual(main)
    return car


def test_speed_units_are_inverse_of_each_other() -> None:
    assert kmh(mps(100.0)) == pytest.approx(100.0)
    assert mps(36.0) == 10.0


def test_a_parked_car_stays_where_it_is_even_with_the_brakes_on() -> None:
    car = after(Vehicle(force_n=-5000.0), 10)

    assert (car.position_m, car.speed_mps) == (0.0, 0.0)


def test_a_coasting_car_loses_energy_and_stops_without_reversing() -> None:
    car = Vehicle(speed_mps=5.0)
    speeds = [after(car, 10).speed_mps for _ in range(8)]

    assert speeds == sorted(speeds, reverse=True)
    assert speeds[-1] == 0.0


def test_full_throttle_is_plausible_for_a_compact_car() -> None:
    car = Vehicle(force_n=1e9)

    assert 8.0 < next(second for second in range(1, 60) if after(car, 1).speed_mps > mps(100)) < 14.0
    assert 150 < kmh(after(car, 300).speed_mps) < 220, "drag must balance power at a usual top speed"


def test_brakes_stop_a_car_no_harder_than_they_can() -> None:
    car = Vehicle(speed_mps=mps(100), force_n=-1e9)
    car.step(STEP_S)
    assert -9.0 < car.acceleration_mps2 < -7.0

    assert 38.0 < after(car, 10).position_m < 55.0  # the usual stopping distance from 100 km/h


def test_the_distance_covered_is_the_integral_of_speed() -> None:
    car = Vehicle(speed_mps=20.0)
    car.force_n = car.resistance_n()  # holds the speed

    assert after(car, 100).position_m == pytest.approx(2000.0, rel=0.001)


def test_the_gap_is_free_road_between_bumpers() -> None:
    assert Vehicle(position_m=0.0).gap_to_m(Vehicle(position_m=50.0, length_m=4.5)) == 45.5
