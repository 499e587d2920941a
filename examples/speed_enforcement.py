"""Section control: one master watches the average speed of many cars, and fines those that speed.

    python -m examples.speed_enforcement --fast
    python -m examples.speed_enforcement --influx        # writes speeds and fines to the InfluxDB of mape.yml

Master/slave (Weyns et al. 2013): the cars monitor and execute, the master analyses and plans for all of them. The
monitors send messages that say whose they are; `group_and_pipe` gives each sender an average of its own; `router` takes
each fine to the car it is addressed to. Without ``--fast`` it takes the five minutes of the drive.
"""

from __future__ import annotations

import argparse
import asyncio
import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import fmean
from typing import Any

import reactivex

import mape
from examples.vehicle import Vehicle, drive, kmh, mps
from mape import operators as ops
from mape.settings import load
from mape.testing import run_virtual

DRIVE_S = 300.0
PERIOD_S = 1.0
WINDOW = 20
"""Readings in an average; with the period, the time the section control looks at."""

LIMIT_KMH = 90.0
TOLERANCE_KMH = 3.0
CAUTION_S = 60.0
"""How long people drive with care after a fine."""

HABITS_KMH = {"ada": 84.0, "ben": 99.0, "cleo": 88.0, "dan": 120.0}


@dataclass(frozen=True)
class Fine:
    """What a car is told when it was too fast."""

    amount_eur: int
    average_kmh: float


@dataclass
class Car:
    """A simulated car and its driver, who has a habit, and is careful for a while after a fine."""

    name: str
    habit_kmh: float
    vehicle: Vehicle = field(default_factory=Vehicle)
    fines: list[Fine] = field(default_factory=list)
    careful_until_s: float = 0.0

    def wish_kmh(self, now_s: float) -> float:
        """How fast the driver wants to go."""
        return min(self.habit_kmh, LIMIT_KMH - 5.0) if now_s < self.careful_until_s else self.habit_kmh


def add_car(app: mape.App, car: Car, report: Callable[[str], None]) -> mape.Monitor[int, mape.Message]:
    """Make the loop of a car, a slave, and return its monitor."""
    loop = mape.Loop(car.name, level="car", app=app)

    @loop.monitor
    def speedometer(_: int, self: mape.Monitor[int, mape.Message]) -> mape.Message:
        """In: a tick. Out: the speed [km/h], within a per cent, in a message that says whose it is."""
        return mape.Message.create(kmh(car.vehicle.speed_mps) * app.rng.gauss(1.0, 0.01), src=self)

    @loop.execute
    def driver(message: mape.Message) -> None:
        """In: a fine in a message. The driver takes it to heart."""
        car.fines.append(message.value)
        car.careful_until_s = app.clock.monotonic() + CAUTION_S
        report(f"{car.name:>5} pays {message.value.amount_eur:3d} EUR for {message.value.average_kmh:.1f} km/h")

    reactivex.interval(PERIOD_S, scheduler=app.scheduler).subscribe(speedometer)
    return speedometer


def average_of(messages: Sequence[mape.Message]) -> mape.Message:
    """Return one message with the mean of the values of many from the same source."""
    return mape.Message.create(fmean(message.value for message in messages), src=messages[0].src)


def add_master(app: mape.App) -> mape.Analyze[mape.Message, mape.Message]:
    """Make the master's loop and return its analyzer, which all cars feed."""
    loop = mape.Loop("enforcement", level="road", app=app)
    loop.k.fines = Counter[str]()

    @loop.analyze(ops_in=ops.group_and_pipe((ops.buffer_with_count(WINDOW), ops.map(average_of))))
    def average(message: mape.Message) -> mape.Message | None:
        """In: the average speed of one car [km/h]. Out: the same, if it is above the limit and what is tolerated."""
        return message if message.value > LIMIT_KMH + TOLERANCE_KMH else None

    @loop.plan(ops_out=ops.router())
    def punish(message: mape.Message, self: mape.Plan[mape.Message, mape.Message]) -> mape.Message:
        """In: a car's average, too high. Out: a fine, addressed to that car's driver; the next one is twice as high."""
        car = str(message.src).partition(".")[0]
        fine = Fine(amount_eur=30 * 2 ** loop.k.fines[car], average_kmh=message.value)
        loop.k.fines[car] += 1
        return mape.Message.create(fine, src=self, dst=f"{car}.driver")

    mape.connect(average, punish)
    return average


def build(app: mape.App, report: Callable[[str], None] = print) -> list[Car]:
    """Make the master and the cars, and wire them; return the cars."""
    average = add_master(app)
    cars = [Car(name, habit_kmh, Vehicle(speed_mps=mps(habit_kmh))) for name, habit_kmh in HABITS_KMH.items()]
    for car in cars:
        add_car(app, car, report).subscribe(average)
    return cars


def record(app: mape.App, client: Any = None) -> None:
    """Write speeds and fines as time series, where the settings say; in tests, into `client`.

    Of a message the value is written, with where it comes from and goes to as tags: a series for each car.
    """
    from mape.remote.influxdb import InfluxObserver  # another extra

    speeds = InfluxObserver("speed_kmh", client=client)
    for loop in app.level("car"):
        loop["speedometer"].subscribe(speeds)
    app["enforcement.punish"].subscribe(InfluxObserver("fine", client=client))


async def patrol(app: mape.App, cars: Sequence[Car], *, seconds: float = DRIVE_S) -> None:
    """Let the cars drive for a while under section control."""

    def each_step() -> None:
        for car in cars:
            car.vehicle.drive_at(mps(car.wish_kmh(app.clock.monotonic())))

    async with app:
        moving = asyncio.create_task(drive([car.vehicle for car in cars], each_step))
        await asyncio.sleep(seconds)
        moving.cancel()


def main() -> None:
    """Drive, and print each fine and the totals."""
    parser = argparse.ArgumentParser(description="section control of a few cars")
    parser.add_argument("--fast", action="store_true", help="in virtual time: about a second instead of five minutes")
    parser.add_argument("--influx", action="store_true", help="write time series, as the section influxdb says")
    parser.add_argument("--seed", type=int, default=0, help="of the noise of the speedometers (default: %(default)s)")
    arguments = parser.parse_args()
    if arguments.fast and arguments.influx:
        parser.error("--influx writes to a real server, which knows no virtual time: leave out --fast")
    app = mape.App(load() if arguments.influx else None, rng=random.Random(arguments.seed))
    cars = build(app)
    if arguments.influx:
        record(app)
    try:
        (run_virtual if arguments.fast else asyncio.run)(patrol(app, cars))
    except mape.ConfigError as error:
        parser.error(str(error))
    except KeyboardInterrupt:
        pass  # the drive may end early
    print(f"\nlimit {LIMIT_KMH:.0f} km/h:")
    for car in cars:
        paid_eur = sum(fine.amount_eur for fine in car.fines)
        print(f"{car.name:>5}'s habit is {car.habit_kmh:5.1f} km/h: {len(car.fines)} fines, {paid_eur:3d} EUR")


if __name__ == "__main__":
    main()
