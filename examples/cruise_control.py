"""Cruise control that keeps its distance: two loops on two levels, the upper one steers the lower one.

    python -m examples.cruise_control --fast --plot cruise.png
    python -m examples.cruise_control --influx           # writes what the loops do to the InfluxDB of mape.yml

Hierarchical control (Weyns et al. 2013): the loop ``speed`` of the lower level works ten times a second and holds the
speed it is told; the loop ``distance`` of the upper level looks further, twice a second, and tells it how fast to go,
by calling a method of its plan. Without ``--fast`` it takes the two and a half minutes of the drive.
"""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

import reactivex
from simple_pid import PID

import mape
from examples.vehicle import Vehicle, drive, kmh, mps
from mape.settings import load
from mape.testing import run_virtual

DRIVE_S = 150.0
SPEED_PERIOD_S = 0.1
DISTANCE_PERIOD_S = 0.5
COMFORT_MPS2 = (-2.5, 1.5)
"""How hard the car brakes and accelerates by itself; ISO 15622 allows an adaptive cruise control a little more."""

LEAD_KMH = ((0, 80), (20, 80), (30, 40), (45, 40), (63, 110), (95, 110), (107, 60), (DRIVE_S, 60))
LIMIT_KMH = ((0, 100), (70, 100), (70, 80), (85, 80), (85, 100), (DRIVE_S, 100))
"""The speed of the car ahead and the limit on the signs, as corners of a line: (when [s], km/h)."""


class Reading(NamedTuple):
    """What the radar sees."""

    gap_m: float
    speed_mps: float
    lead_mps: float


@dataclass(frozen=True)
class Sample:
    """The drive at one moment."""

    time_s: float
    speed_kmh: float
    lead_kmh: float
    limit_kmh: float
    gap_m: float
    wanted_gap_m: float
    acceleration_mps2: float

    def __str__(self) -> str:
        return (
            f"{self.time_s:5.0f} s  car {self.speed_kmh:5.1f} km/h (limit {self.limit_kmh:3.0f})  "
            f"ahead {self.lead_kmh:5.1f} km/h  gap {self.gap_m:5.1f} m (wanted {self.wanted_gap_m:4.1f})"
        )


class HoldSpeed(mape.Plan[float, float]):
    """The lower loop's plan. In: speed [m/s], ten times a second. Out: force at the wheels [N], one for each.

    The set point moves to the target no faster than is comfortable. What the PID may ask for is limited, and its
    integral with it, so that it does not wind up while the engine or the brakes can do no more.
    """

    def __init__(self, loop: mape.Loop, car: Vehicle) -> None:
        super().__init__(loop, uid="hold_speed")
        self.target_mps = car.speed_mps
        limits_n = (-car.brake_force_n / 2, car.engine_force_n)
        self.pid = PID(Kp=3000.0, Ki=150.0, setpoint=car.speed_mps, sample_time=None, output_limits=limits_n)

    def set_target(self, target_mps: float) -> None:
        """Go this fast; the upper loop calls it."""
        self.target_mps = target_mps

    def process(self, speed_mps: float, on_next: Callable[[float], None]) -> None:
        """Take one step of the PID."""
        hardest, strongest = (limit * SPEED_PERIOD_S for limit in COMFORT_MPS2)
        self.pid.setpoint += max(hardest, min(strongest, self.target_mps - self.pid.setpoint))
        if (force_n := self.pid(speed_mps, dt=SPEED_PERIOD_S)) is not None:
            on_next(force_n)


def add_speed_loop(app: mape.App, car: Vehicle) -> HoldSpeed:
    """Make the lower loop and return its plan, which is the handle for the level above."""
    loop = mape.Loop("speed", level="vehicle", app=app)

    @loop.monitor
    def speedometer(_: int) -> float:
        """In: a tick. Out: speed [m/s]."""
        return car.speed_mps

    @loop.execute
    def pedals(force_n: float) -> None:
        """In: force at the wheels [N]."""
        car.force_n = force_n

    hold_speed = HoldSpeed(loop, car)
    mape.connect(speedometer, hold_speed, pedals)
    reactivex.interval(SPEED_PERIOD_S, scheduler=app.scheduler).subscribe(speedometer)
    return hold_speed


def add_distance_loop(app: mape.App, car: Vehicle, lead: Vehicle, hold_speed: HoldSpeed) -> None:
    """Make the upper loop, which manages the lower one."""
    loop = mape.Loop("distance", level="traffic", app=app)
    loop.k.headway_s, loop.k.standstill_gap_m = 1.8, 5.0

    @loop.monitor
    def radar(_: int) -> Reading:
        """In: a tick. Out: what the radar sees now."""
        return Reading(car.gap_to_m(lead), car.speed_mps, lead.speed_mps)

    @loop.analyze
    def spacing(reading: Reading) -> tuple[Reading, float]:
        """In: a reading. Out: the reading, and how much more road than wanted lies ahead [m]."""
        return reading, reading.gap_m - wanted_gap_m(loop, reading.speed_mps)

    @loop.plan
    def follow(seen: tuple[Reading, float]) -> float:
        """In: a reading and the spare road [m]. Out: the speed that closes the gap gently, within the limit [m/s]."""
        reading, spare_m = seen
        limit_mps: float = app.k.speed_limit_mps
        return max(0.0, min(limit_mps, reading.lead_mps + 0.2 * spare_m))

    @loop.execute
    def advise(target_mps: float) -> mape.CallMethod:
        """In: a speed [m/s]. Out: a call that sets it as the target of whoever listens."""
        return mape.CallMethod.create("set_target", target_mps)

    mape.connect(radar, spacing, follow, advise, hold_speed)
    reactivex.interval(DISTANCE_PERIOD_S, scheduler=app.scheduler).subscribe(radar)


def wanted_gap_m(loop: mape.Loop, speed_mps: float) -> float:
    """Return the gap for a speed: a safe time behind the car ahead, and a little more when both stand."""
    return float(loop.k.standstill_gap_m + loop.k.headway_s * speed_mps)


def record(app: mape.App, client: Any = None) -> None:
    """Write what both loops do as time series, where the settings say; in tests, into `client`."""
    from mape.remote.influxdb import InfluxObserver  # another extra

    app["distance.radar"].subscribe(InfluxObserver(client=client))  # distance.radar: gap_m, speed_mps, lead_mps
    app["speed.hold_speed"].subscribe(InfluxObserver("force", fields_mapper=force_field, client=client))


def force_field(force_n: float) -> tuple[str, float]:
    """Return the field of a force; always a float, because InfluxDB keeps the type that comes first."""
    return "force_n", float(force_n)


async def journey(
    report: Callable[[Sample], None],
    *,
    seconds: float = DRIVE_S,
    app: mape.App | None = None,
    sinks: Callable[[mape.App], None] | None = None,
) -> None:
    """Drive behind another car for a while.

    Args:
        report: Gets a sample every half second.
        seconds: For how long [s].
        app: Where the loops are made; by default a new one.
        sinks: Subscribes what else is to hear them, such as `record`.
    """
    app = app or mape.App()
    car, lead = Vehicle(speed_mps=mps(60)), Vehicle(position_m=60.0, speed_mps=mps(80))
    add_distance_loop(app, car, lead, add_speed_loop(app, car))
    if sinks is not None:
        sinks(app)
    begin_s = asyncio.get_running_loop().time()

    def now_s() -> float:
        return asyncio.get_running_loop().time() - begin_s

    def world() -> None:
        lead.drive_at(mps(along(LEAD_KMH, now_s())))
        app.k.speed_limit_mps = mps(along(LIMIT_KMH, now_s()))

    moving = asyncio.create_task(drive([lead, car], world))
    async with app:
        while now_s() < seconds:
            await asyncio.sleep(DISTANCE_PERIOD_S)
            wanted_m = wanted_gap_m(app.loop("distance"), car.speed_mps)
            report(
                Sample(
                    now_s(),
                    speed_kmh=kmh(car.speed_mps),
                    lead_kmh=kmh(lead.speed_mps),
                    limit_kmh=kmh(app.k.speed_limit_mps),
                    gap_m=car.gap_to_m(lead),
                    wanted_gap_m=wanted_m,
                    acceleration_mps2=car.acceleration_mps2,
                )
            )
    moving.cancel()


def along(corners: Sequence[tuple[float, float]], time_s: float) -> float:
    """Return the height of a line with these corners at a time."""
    for (start, low), (end, high) in pairwise(corners):
        if time_s < end:
            return low + (high - low) * (time_s - start) / (end - start)
    return corners[-1][1]


def plot(samples: Sequence[Sample], file: str) -> None:
    """Draw the drive into a picture; the ending of its name says of which kind."""
    from matplotlib.figure import Figure  # heavy, and only wanted for this

    times = [sample.time_s for sample in samples]
    figure = Figure(figsize=(9, 6), layout="constrained")
    speed, gap = figure.subplots(2, sharex=True)
    speed.step(times, [sample.limit_kmh for sample in samples], color="0.6", linestyle="--", label="limit")
    speed.plot(times, [sample.lead_kmh for sample in samples], color="#E69F00", label="car ahead")
    speed.plot(times, [sample.speed_kmh for sample in samples], color="#0072B2", label="our car")
    speed.set(ylabel="speed [km/h]", title="Cruise control on two levels", ylim=(0, None))
    gap.plot(times, [sample.wanted_gap_m for sample in samples], color="0.6", linestyle="--", label="wanted")
    gap.plot(times, [sample.gap_m for sample in samples], color="#0072B2", label="gap")
    gap.set(ylabel="gap [m]", xlabel="time [s]", ylim=(0, None))
    for axes, place in ((speed, "lower right"), (gap, "upper right")):
        axes.legend(loc=place, frameon=False)
        axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(file, dpi=150)


def main() -> None:
    """Drive, print a line every five seconds, and draw the plot if asked to."""
    parser = argparse.ArgumentParser(description="a car keeps its speed and its distance")
    parser.add_argument("--fast", action="store_true", help="in virtual time: about a second instead of two minutes")
    parser.add_argument("--influx", action="store_true", help="write time series, as the section influxdb says")
    parser.add_argument("--plot", metavar="FILE", help="draw the drive into this file, such as cruise.png")
    arguments = parser.parse_args()
    if arguments.fast and arguments.influx:
        parser.error("--influx writes to a real server, which knows no virtual time: leave out --fast")
    samples: list[Sample] = []

    def report(sample: Sample) -> None:
        samples.append(sample)
        if len(samples) % 10 == 0:
            print(sample, flush=True)

    app, sinks = (mape.App(load()), record) if arguments.influx else (None, None)
    try:
        (run_virtual if arguments.fast else asyncio.run)(journey(report, app=app, sinks=sinks))
    except mape.ConfigError as error:
        parser.error(str(error))
    except KeyboardInterrupt:
        pass  # the drive may end early
    if samples:
        print(f"the smallest gap was {min(sample.gap_m for sample in samples):.1f} m")
    if samples and arguments.plot:
        plot(samples, arguments.plot)
        print(f"the plot is in {arguments.plot}")


if __name__ == "__main__":
    main()
