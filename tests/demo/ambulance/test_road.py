"""The ring road and what drives on it."""

from __future__ import annotations

import pytest

from mape.demo.ambulance.road import RING, Vehicle, ahead, apart


def test_a_place_behind_is_ahead_by_the_rest_of_the_ring() -> None:
    assert ahead(100.0, 300.0) == 200.0
    assert ahead(300.0, 100.0) == RING - 200.0


def test_the_way_between_two_places_is_the_shorter_one_and_the_same_for_both() -> None:
    assert apart(10.0, RING - 10.0) == apart(RING - 10.0, 10.0) == 20.0


def test_a_vehicle_reaches_the_speed_it_wishes_and_goes_no_faster() -> None:
    vehicle = Vehicle("ada", 0.0, speed_kmh=90.0, wish_kmh=30.0)
    speeds = []
    for _ in range(100):
        vehicle.step(0.1)
        speeds.append(vehicle.speed_kmh)

    assert speeds == sorted(speeds, reverse=True)
    assert speeds[-1] == 30.0


def test_the_end_of_the_road_is_its_beginning() -> None:
    vehicle = Vehicle("ada", RING - 5.0, speed_kmh=36.0, wish_kmh=36.0)
    vehicle.step(1.0)

    assert vehicle.position_m == pytest.approx(5.0)
