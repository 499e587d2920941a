"""A car: it makes way for an ambulance that it hears, and earlier for one that others have heard."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import mape
from mape import operators as ops
from mape.demo.ambulance.notice import Emergency, Siren
from mape.demo.ambulance.road import EARSHOT, RING, Vehicle, ahead, apart

__all__ = ["Car", "EmergencyDetect", "SafetyPolicy", "SetLights", "SetSpeed", "add_car"]

CALM_KMH, WARNED_KMH, ASIDE_KMH = 90.0, 60.0, 30.0
SILENCE = 2.0
"""An ambulance that sends nothing for so long is heard no more [s]."""


@dataclass(frozen=True)
class SetLights:
    """A command: these lights."""

    lights: str


@dataclass(frozen=True)
class SetSpeed:
    """A command: drive at this speed, and make way or not."""

    kmh: float
    is_aside: bool


class EmergencyDetect(mape.Monitor[mape.Message, mape.Message]):
    """In: a message of an ambulance (`Siren`). Out: whether the car hears it (`Emergency`), when that changes."""

    def __init__(self, loop: mape.Loop, vehicle: Vehicle) -> None:
        self.vehicle = vehicle
        self.hears = False
        self.number = 0
        self.heard_at = 0.0
        self.siren = Siren(is_on=False, at_m=0.0, number=0)
        super().__init__(loop, uid="emergency_detect")

    def process(self, item: mape.Message, on_next: Callable[[mape.Message], None]) -> None:
        """Listen."""
        self.siren = item.value
        self.heard_at = self.loop.app.clock.monotonic()
        near = apart(self.siren.at_m, self.vehicle.position_m) <= EARSHOT
        self._judge(self.siren.is_on and near, item.hops, on_next)

    def notice_silence(self) -> None:
        """Find that nothing was sent for long; to be called now and then."""
        if self.loop.app.clock.monotonic() - self.heard_at > SILENCE:
            self._judge(False, (self.path,), self.port_out.on_next)

    def _judge(self, hears: bool, hops: tuple[str, ...], on_next: Callable[[mape.Message], None]) -> None:  # noqa: FBT001 - what it is about
        if hears != self.hears:
            self.hears = hears
            self.number += 1
            on_next(mape.Message.create(Emergency(hears, self.siren.at_m, self.number), src=self, hops=hops))


class SafetyPolicy(mape.Plan[mape.Message, SetLights | SetSpeed]):
    """In: what this car hears and what others tell (`Emergency`). Out: two commands when it decides otherwise.

    Attributes:
        reports: The latest of each car, by where it comes from.
        decision: ``calm``; ``warned``, an ambulance comes from behind, say others; ``aside``, it is near.
        tell: Hears of every report.
    """

    def __init__(self, loop: mape.Loop, vehicle: Vehicle) -> None:
        self.vehicle = vehicle
        self.own = f"{loop.uid}.emergency_detect"
        self.reports: dict[str, mape.Message] = {}
        self.decision = "calm"
        self.tell: Callable[[mape.Message], None] = lambda _: None
        super().__init__(loop, uid="safety_policy")

    def process(self, item: mape.Message, on_next: Callable[[SetLights | SetSpeed], None]) -> None:
        """Decide anew."""
        self.tell(item)
        self.reports[str(item.src)] = item
        decision = self._decide()
        if decision != self.decision:
            self.decision = decision
            kmh = {"calm": CALM_KMH, "warned": WARNED_KMH, "aside": ASIDE_KMH}[decision]
            on_next(SetLights("normal" if decision == "calm" else "hazard"))
            on_next(SetSpeed(kmh, is_aside=decision == "aside"))

    @property
    def reason(self) -> mape.Message | None:
        """The report that the decision goes back to; None if there is nothing."""
        mine = self.reports.get(self.own)
        if mine is not None and mine.value.is_on:
            return mine
        told = [each for each in self.reports.values() if each.value.is_on and self._comes(each.value.at_m)]
        return min(told, key=lambda each: each.timestamp or 0.0, default=None)

    def _decide(self) -> str:
        reason = self.reason
        return "calm" if reason is None else "aside" if reason.src == self.own else "warned"

    def _comes(self, at_m: float) -> bool:
        """Whether an ambulance at `at_m` is behind, rather than gone past."""
        return ahead(at_m, self.vehicle.position_m) < RING / 2


@dataclass(frozen=True)
class Car:
    """The parts of a car that others talk to: its monitor, and its plan."""

    loop: mape.Loop
    detect: EmergencyDetect
    policy: SafetyPolicy


def add_car(app: mape.App, vehicle: Vehicle) -> Car:
    """Make a car's loop, ``car_<name>_safety``."""
    loop = mape.Loop(f"car_{vehicle.name}_safety", level="road", app=app)
    detect, policy = EmergencyDetect(loop, vehicle), SafetyPolicy(loop, vehicle)

    @loop.execute
    def lights(command: SetLights) -> None:
        """In: which lights are to be on."""
        vehicle.lights = command.lights

    @loop.execute
    def speed(command: SetSpeed) -> None:
        """In: how fast to drive, and where."""
        vehicle.wish_kmh, vehicle.is_aside = command.kmh, command.is_aside

    detect.subscribe(policy)
    policy.pipe(ops.filter(_is(SetLights))).subscribe(lights)
    policy.pipe(ops.filter(_is(SetSpeed))).subscribe(speed)
    return Car(loop, detect, policy)


def _is(kind: type) -> Callable[[Any], bool]:
    return lambda command: isinstance(command, kind)
