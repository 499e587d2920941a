"""The managed system of the driving examples: a car that moves along a line, simulated.

A point mass with the forces that matter at road speeds. Units stand in the names; SI throughout.

    mass * acceleration = drive or brake force - rolling resistance - air drag

Source: Rajamani, Vehicle Dynamics and Control, 2nd ed. 2012, section 4.2; the numbers are those of a compact car.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass

__all__ = ["STEP_S", "Vehicle", "drive", "kmh", "mps"]

STEP_S = 0.02
"""Step of the simulation [s]; a hundred times shorter than the quickest change of a car's speed."""

GRAVITY_MPS2 = 9.81
AIR_KGM3 = 1.2


def mps(kmh: float) -> float:
    """Kilometres per hour as metres per second."""
    return kmh / 3.6


def kmh(mps: float) -> float:
    """Metres per second as kilometres per hour."""
    return mps * 3.6


@dataclass
class Vehicle:
    """A car on a straight, level road.

    Args:
        position_m: Where its front bumper is.
        speed_mps: How fast it goes; never below 0.
        force_n: What the driver asks of the engine (above 0) or of the brakes (below 0).
    """

    position_m: float = 0.0
    speed_mps: float = 0.0
    force_n: float = 0.0
    acceleration_mps2: float = 0.0
    length_m: float = 4.5
    mass_kg: float = 1500.0
    engine_force_n: float = 6000.0
    engine_power_w: float = 90_000.0
    brake_force_n: float = 12_000.0
    rolling_coefficient: float = 0.012
    drag_area_m2: float = 0.65

    def step(self, seconds: float) -> None:
        """Move on by a short time; the engine and the brakes give what they can of `force_n`."""
        speed_before = self.speed_mps
        acceleration = (self.traction_n() - self.resistance_n()) / self.mass_kg
        self.speed_mps = max(0.0, speed_before + acceleration * seconds)  # brakes stop a car, they do not reverse it
        self.acceleration_mps2 = (self.speed_mps - speed_before) / seconds
        self.position_m += (speed_before + self.speed_mps) / 2 * seconds

    def drive_at(self, wish_mps: float) -> None:
        """Press the pedals as a person does who wants to go this fast."""
        seconds_to_get_there = 1.0
        self.force_n = self.resistance_n() + self.mass_kg * (wish_mps - self.speed_mps) / seconds_to_get_there

    def traction_n(self) -> float:
        """The force that reaches the road: limited by the engine's torque and power, and by the brakes."""
        available_n = min(self.engine_force_n, self.engine_power_w / max(self.speed_mps, 1.0))
        return max(-self.brake_force_n, min(available_n, self.force_n))

    def resistance_n(self) -> float:
        """Rolling resistance and air drag."""
        rolling_n = self.rolling_coefficient * self.mass_kg * GRAVITY_MPS2 if self.speed_mps > 0 else 0.0
        return rolling_n + 0.5 * AIR_KGM3 * self.drag_area_m2 * self.speed_mps**2

    def gap_to_m(self, ahead: Vehicle) -> float:
        """The free road between this car and the one ahead; below 0 after a collision."""
        return ahead.position_m - ahead.length_m - self.position_m


async def drive(vehicles: Iterable[Vehicle], each_step: Callable[[], None] = lambda: None) -> None:
    """Let time pass for `vehicles` until cancelled; `each_step` is called before each step."""
    cars, loop = list(vehicles), asyncio.get_running_loop()
    next_step = loop.time()
    while True:
        each_step()
        for car in cars:
            car.step(STEP_S)
        next_step += STEP_S
        await asyncio.sleep(next_step - loop.time())  # late steps catch up, so the simulation keeps to the clock
