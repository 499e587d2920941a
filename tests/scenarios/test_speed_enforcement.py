"""Each car has an average of its own, only those that speed pay, and each fine finds its car."""

from __future__ import annotations

import asyncio
import random
import subprocess
import sys
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

import pytest

import mape
from examples.speed_enforcement import (
    CAUTION_S,
    DRIVE_S,
    LIMIT_KMH,
    TOLERANCE_KMH,
    WINDOW,
    Car,
    build,
    patrol,
    record,
)
from mape.remote.influxdb import MemoryInflux
from mape.testing import Collected, collect, run_virtual

ROOT = Path(__file__).parents[2]


@dataclass
class Run:
    """What was seen of a drive."""

    cars: dict[str, Car]
    readings: dict[str, Collected[mape.Message]]
    averages: Collected[mape.Message]
    fines: Collected[mape.Message]
    at_driver: dict[str, Collected[mape.Message]]
    failures: Collected[mape.Failure]
    lines: list[str]


def run_of(seed: int) -> Run:
    async def main() -> Run:
        app, lines = mape.App(rng=random.Random(seed)), list[str]()
        cars = {car.name: car for car in build(app, lines.append)}
        run = Run(
            cars=cars,
            readings={name: collect(app[name].speedometer) for name in cars},
            averages=collect(app["enforcement.average"]),
            fines=collect(app["enforcement.punish"]),
            at_driver={name: collect(app[name].driver.port_in) for name in cars},
            failures=collect(app.failures),
            lines=lines,
        )
        await patrol(app, list(cars.values()))
        return run

    return run_virtual(main)


@pytest.fixture(scope="module")
def run() -> Run:
    return run_of(0)


def test_each_average_is_that_of_one_window_of_one_car(run: Run) -> None:
    expected = defaultdict(list)
    for name, readings in run.readings.items():
        values = [message.value for message in readings]
        assert len(values) > DRIVE_S - 2
        for start in range(0, len(values) - WINDOW + 1, WINDOW):
            mean = fmean(values[start : start + WINDOW])
            if mean > LIMIT_KMH + TOLERANCE_KMH:
                expected[f"{name}.speedometer"].append(mean)

    seen = defaultdict(list)
    for message in run.averages:
        seen[message.src].append(message.value)

    assert seen == expected
    assert sum(map(len, seen.values())) >= 6


def test_only_those_that_speed_are_fined(run: Run) -> None:
    assert {name for name, car in run.cars.items() if car.fines} == {"ben", "dan"}
    assert {name for name, car in run.cars.items() if car.habit_kmh > LIMIT_KMH + TOLERANCE_KMH} == {"ben", "dan"}
    assert all(fine.average_kmh > LIMIT_KMH + TOLERANCE_KMH for car in run.cars.values() for fine in car.fines)


def test_each_fine_reaches_the_car_it_is_for_and_no_other(run: Run) -> None:
    for name, arrived in run.at_driver.items():
        assert [message.dst for message in arrived] == [f"{name}.driver"] * len(arrived)
        assert [message.value for message in arrived] == run.cars[name].fines

    assert sum(map(len, run.at_driver.values())) == len(run.fines) == len(run.lines) > 0


def test_a_fine_names_the_master_as_its_sender(run: Run) -> None:
    assert {message.src for message in run.fines} == {"enforcement.punish"}


def test_nothing_fails_on_the_way(run: Run) -> None:
    assert run.failures == []


def test_the_next_fine_is_twice_as_high(run: Run) -> None:
    for car in run.cars.values():
        assert [fine.amount_eur for fine in car.fines] == [30 * 2**count for count in range(len(car.fines))]


def test_drivers_are_careful_for_a_while_after_a_fine(run: Run) -> None:
    readings, fined_at = run.readings["dan"], run.at_driver["dan"].times

    def speed(start_s: float, end_s: float) -> float:
        return fmean(
            message.value for message, time in zip(readings, readings.times, strict=True) if start_s < time < end_s
        )

    assert speed(0, fined_at[0]) > 115
    assert speed(fined_at[0] + 10, fined_at[0] + CAUTION_S) < LIMIT_KMH


def test_a_fine_for_a_car_that_is_gone_costs_one_failure_and_not_the_master() -> None:
    async def main() -> tuple[list[mape.Failure], int]:
        app = mape.App(rng=random.Random(0))
        cars = build(app, lambda _: None)
        failures = collect(app.failures)
        reading = mape.Message.create(200.0, src="ghost.speedometer")
        for second in range(WINDOW):
            asyncio.get_running_loop().call_later(5 + second, app["enforcement.average"], reading)
        await patrol(app, cars)
        return failures, sum(len(car.fines) for car in cars)

    failures, fines = run_virtual(main)

    assert ["ghost.driver" in str(failure.error) for failure in failures] == [True]
    assert fines >= 6


def test_the_same_seed_gives_the_same_fines_and_another_seed_others() -> None:
    assert run_of(1).lines == run_of(1).lines
    assert run_of(1).lines != run_of(2).lines


def test_the_command_runs_and_tells_who_pays() -> None:
    run = subprocess.run(
        [sys.executable, "-W", "error", "-m", "examples.speed_enforcement", "--fast", "--seed", "3"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )

    assert run.stderr == ""
    assert run.stdout.count(" pays ") >= 6
    assert " ada's habit is  84.0 km/h: 0 fines,   0 EUR" in run.stdout


def test_speeds_and_fines_become_time_series_one_for_each_car() -> None:
    influx = MemoryInflux()

    async def drive() -> list[Car]:
        app = mape.App(rng=random.Random(0))
        cars = build(app, lambda _: None)
        record(app, influx)
        await patrol(app, cars)
        return cars

    cars = run_virtual(drive())
    speeds = [dict(point.tags)["src"] for point in influx.points if point.measurement == "speed_kmh"]
    fines = [dict(point.tags)["dst"] for point in influx.points if point.measurement == "fine"]

    assert set(speeds) == {f"{car.name}.speedometer" for car in cars}
    assert len(speeds) == pytest.approx(len(cars) * DRIVE_S, abs=2 * len(cars))
    assert sorted(fines) == sorted(f"{car.name}.driver" for car in cars for _ in car.fines)
