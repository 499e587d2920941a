"""The ambulance: a loop that turns an emergency into speed and siren, and lets the road know."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count
from typing import Any

import mape
from mape import operators as ops
from mape.demo.ambulance.notice import Siren
from mape.demo.ambulance.road import Vehicle

__all__ = ["Ambulance", "SetSiren", "SetSpeed", "add_ambulance"]

CALM_KMH, EMERGENCY_KMH = 80.0, 180.0


@dataclass(frozen=True)
class SetSpeed:
    """A command: drive at this speed."""

    kmh: float


@dataclass(frozen=True)
class SetSiren:
    """A command: siren and blue light on or off."""

    on: bool


@dataclass(frozen=True)
class Ambulance:
    """The ends of the loop: `detect` takes true and false, `siren` sends `Siren` messages when it is ticked."""

    loop: mape.Loop
    detect: mape.Monitor[bool, bool]
    siren: mape.Monitor[Any, mape.Message]


def add_ambulance(app: mape.App, vehicle: Vehicle) -> Ambulance:
    """Make the ambulance's loop."""
    loop = mape.Loop("ambulance", level="road", app=app)
    numbers = count(1)

    @loop.monitor
    def detect(is_emergency: bool) -> bool:  # noqa: FBT001 - the item
        """In: whether there is an emergency, from a button or from elsewhere. Out: the same."""
        return is_emergency

    @loop.plan(ops_in=ops.distinct_until_changed())
    def policy(is_emergency: bool, on_next: Any) -> None:  # noqa: FBT001 - the item
        """In: whether there is an emergency. Out: two commands a change."""
        on_next(SetSpeed(EMERGENCY_KMH if is_emergency else CALM_KMH))
        on_next(SetSiren(is_emergency))

    @loop.execute
    def driver(command: SetSpeed | SetSiren) -> None:
        """In: a command for the vehicle."""
        if isinstance(command, SetSpeed):
            vehicle.wish_kmh = command.kmh
        else:
            vehicle.lights = "siren" if command.on else "normal"

    @loop.monitor
    def siren(_: Any, self: mape.Monitor[Any, mape.Message]) -> mape.Message:
        """In: a tick. Out: what can be heard, and where."""
        return mape.Message.create(Siren(vehicle.lights == "siren", vehicle.position_m, next(numbers)), src=self)

    mape.connect(detect, policy, driver)
    return Ambulance(loop, detect, siren)
