"""The upper loop keeps the distance, the lower one the speed, and the passengers keep their coffee."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from examples.cruise_control import (
    COMFORT_MPS2,
    DISTANCE_PERIOD_S,
    DRIVE_S,
    HoldSpeed,
    Sample,
    add_distance_loop,
    add_speed_loop,
    along,
    journey,
    record,
)
from examples.vehicle import Vehicle, kmh, mps
from mape import App
from mape.remote.influxdb import MemoryInflux
from mape.testing import run_virtual

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def drive() -> list[Sample]:
    """The whole drive of the example."""
    samples: list[Sample] = []
    run_virtual(journey(samples.append))
    return samples


def between(drive: list[Sample], start_s: float, end_s: float) -> list[Sample]:
    """The samples of a part of the drive."""
    return [sample for sample in drive if start_s <= sample.time_s <= end_s]


def test_there_is_a_sample_every_half_second(drive: list[Sample]) -> None:
    assert [sample.time_s for sample in drive] == [
        DISTANCE_PERIOD_S * count for count in range(1, int(DRIVE_S / DISTANCE_PERIOD_S) + 1)
    ]


def test_the_car_never_comes_near_a_collision(drive: list[Sample]) -> None:
    assert min(sample.gap_m for sample in drive) > 20.0
    assert all(sample.gap_m > 1.2 * sample.speed_kmh / 3.6 for sample in drive), "at least 1.2 s behind, always"


@pytest.mark.parametrize(("start_s", "end_s"), [(40, 45), (140, 150)])
def test_the_gap_settles_at_what_is_wanted_behind_a_steady_car(
    drive: list[Sample], start_s: float, end_s: float
) -> None:
    for sample in between(drive, start_s, end_s):
        assert sample.gap_m == pytest.approx(sample.wanted_gap_m, rel=0.1)
        assert sample.speed_kmh == pytest.approx(sample.lead_kmh, abs=1.5)


def test_the_limit_is_held_although_the_car_ahead_speeds(drive: list[Sample]) -> None:
    free = between(drive, 66, 70) + between(drive, 75, 85) + between(drive, 91, 95)

    assert all(sample.lead_kmh > sample.limit_kmh for sample in free)
    assert all(sample.speed_kmh == pytest.approx(sample.limit_kmh, abs=1.0) for sample in free)


def test_the_integral_takes_away_what_drag_would_leave(drive: list[Sample]) -> None:
    settled = between(drive, 82, 85) + between(drive, 105, 112)

    assert all(sample.speed_kmh == pytest.approx(sample.limit_kmh, abs=0.3) for sample in settled)


def test_no_limit_is_broken_by_more_than_a_little_once_there_was_time_to_brake(drive: list[Sample]) -> None:
    braking = between(drive, 70, 75)

    assert all(sample.speed_kmh < sample.limit_kmh + 1.0 for sample in drive if sample not in braking)


def test_acceleration_and_braking_stay_comfortable(drive: list[Sample]) -> None:
    hardest, strongest = COMFORT_MPS2

    assert min(sample.acceleration_mps2 for sample in drive) > hardest - 0.3
    assert max(sample.acceleration_mps2 for sample in drive) < strongest + 0.3
    assert max(sample.acceleration_mps2 for sample in drive) > 1.0, "it does use what it may"


def test_the_integral_does_not_wind_up_on_a_hill_that_is_too_steep() -> None:
    class Hill(Vehicle):
        slope_n = 9000.0

        def resistance_n(self) -> float:
            return super().resistance_n() + self.slope_n

    car = Hill(speed_mps=20.0)
    lower = HoldSpeed(App().loop("speed"), car)
    lower.set_target(30.0)

    def climb(seconds: int) -> None:
        for _ in range(10 * seconds):
            lower.process(car.speed_mps, lambda force_n: setattr(car, "force_n", force_n))
            for _ in range(5):
                car.step(0.02)

    climb(60)
    assert car.speed_mps == 0.0, "the engine cannot hold it"
    car.slope_n = 0.0
    climb(25)
    speeds = []
    for _ in range(15):
        climb(1)
        speeds.append(car.speed_mps)

    assert max(speeds) < 30.0 + 1.5, "an integral that wound up for a minute would overshoot for long"
    assert speeds[-1] == pytest.approx(30.0, abs=0.5)


def test_the_upper_loop_manages_the_lower_one_on_another_level() -> None:
    app = App()
    car = Vehicle()
    add_distance_loop(app, car, Vehicle(position_m=50.0), add_speed_loop(app, car))

    assert app.level("traffic")["distance"].path == "traffic.distance"
    assert app.level("vehicle")["speed"].path == "vehicle.speed"
    assert ("distance.advise", "speed.hold_speed") in [(edge.source, edge.target) for edge in app.edges()]


def test_the_profile_is_a_line_through_its_corners() -> None:
    corners = ((0, 0), (10, 100), (10, 50), (20, 50))

    assert [along(corners, time_s) for time_s in (0, 5, 10, 15, 99)] == [0, 50, 50, 50, 50]


def test_the_same_drive_is_the_same_to_the_last_digit(drive: list[Sample]) -> None:
    again: list[Sample] = []
    run_virtual(journey(again.append))

    assert again == drive


def test_the_command_runs_without_a_screen_and_draws_a_picture(tmp_path: Path) -> None:
    picture = tmp_path / "cruise.png"
    run = subprocess.run(
        [sys.executable, "-W", "error", "-m", "examples.cruise_control", "--fast", "--plot", str(picture)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )

    assert run.stderr == ""
    assert len(run.stdout.splitlines()) == DRIVE_S / 5 + 2
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_speeds_are_shown_in_kmh(drive: list[Sample]) -> None:
    assert kmh(mps(80.0)) == pytest.approx(80.0)
    assert "km/h" in str(drive[0])


def test_what_the_loops_do_becomes_time_series() -> None:
    influx = MemoryInflux()
    run_virtual(journey(lambda _: None, seconds=10.0, sinks=lambda app: record(app, influx)))
    radar = [point for point in influx.points if point.measurement == "distance.radar"]
    force = [point for point in influx.points if point.measurement == "force"]

    assert len(radar) == pytest.approx(10.0 / DISTANCE_PERIOD_S, abs=1)
    assert {"gap_m", "speed_mps", "lead_mps"} == dict(radar[0].fields).keys()
    assert len(force) == pytest.approx(100, abs=2)


def test_recording_in_virtual_time_is_refused_with_a_sentence() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "examples.cruise_control", "--fast", "--influx"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert run.returncode == 2
    assert "leave out --fast" in run.stderr
