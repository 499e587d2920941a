"""The ambulance: an emergency becomes speed and siren.

    python -m examples.coordinated.ambulance --redis embedded:road

runs it alone, beside cars in other terminals, with an emergency of three seconds.
"""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import mape
from mape import operators as ops


@dataclass(frozen=True)
class SetSpeed:
    """A command: drive at this speed."""

    kmh: float


@dataclass(frozen=True)
class SetSiren:
    """A command: siren on or off."""

    on: bool


def add_ambulance(app: mape.App, report: Callable[[str], None] = print) -> mape.Loop:
    """Make the loop; its element ``detect`` takes true and false, ``siren`` sends them on to be heard."""
    loop = mape.Loop("ambulance", app=app)

    @loop.monitor
    def detect(emergency: bool) -> bool:
        """In: whether there is an emergency. Out: the same."""
        return emergency

    @loop.plan(ops_in=ops.distinct_until_changed())
    def policy(emergency: bool, on_next: Any) -> None:
        """In: whether there is an emergency. Out: two commands a change."""
        on_next(SetSpeed(180.0 if emergency else 80.0))
        on_next(SetSiren(emergency))

    @loop.execute
    def speed(command: SetSpeed) -> None:
        """In: how fast to drive."""
        report(f"ambulance: {command.kmh:.0f} km/h")

    @loop.execute
    def siren(command: SetSiren) -> bool:
        """In: siren on or off. Out: what can be heard."""
        report(f"ambulance: siren {'on' if command.on else 'off'}")
        return command.on

    detect.subscribe(policy)
    policy.pipe(ops.filter(lambda command: isinstance(command, SetSpeed))).subscribe(speed)
    policy.pipe(ops.filter(lambda command: isinstance(command, SetSiren))).subscribe(siren)
    return loop


def main() -> None:
    """Run the ambulance alone, through one emergency."""
    from mape.remote.redis import PubObserver

    parser = argparse.ArgumentParser(description="the ambulance, alone")
    parser.add_argument("--redis", default="embedded:road", help="Redis URL (default: %(default)s)")
    loop = add_ambulance(mape.init(redis_url=parser.parse_args().redis))
    loop["siren"].subscribe(PubObserver())

    async def emergency() -> None:
        for is_on in (True, False):
            loop["detect"](is_on)
            await asyncio.sleep(3.0)
        mape.stop()

    mape.run(emergency)


if __name__ == "__main__":
    main()
