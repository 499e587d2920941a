"""The traffic of one direction: cars come in waves, and are slow where there are too many of them; pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from typing import Final

from mape.demo.highway.plan import NORTH

__all__ = ["Traffic"]

PASSING: Final = 3.0
"""How long a car takes on an empty road [s]."""
ROOM: Final = 4.0
"""How many cars a lane takes before they are slow."""
QUIET, RUSH = 1.0, 5.5
"""Cars a second."""
PERIOD: Final = 12.0
"""How long until a rush comes again; the directions have theirs in turn [s]."""


@dataclass
class Traffic:
    """The cars of a direction.

    Args:
        direction: Which.
        rng: When they come.
        lanes: On how many lanes they drive.
        cars: How far each has come, 0 to 1, by name.
    """

    direction: str
    rng: Random
    lanes: int = 3
    cars: dict[str, float] = field(default_factory=dict)
    now: float = 0.0
    come: int = 0
    car_seconds: float = 0.0

    @property
    def is_rush(self) -> bool:
        """Whether many come."""
        is_first_half = self.now % PERIOD < PERIOD / 2
        return is_first_half == (self.direction == NORTH)

    def step(self, seconds: float) -> tuple[list[str], list[str]]:
        """Drive on for a moment; return who has come, and who has left."""
        self.now += seconds
        room = ROOM * max(self.lanes, 0)
        pace = min(1.0, room / len(self.cars)) if self.cars else 1.0
        self.car_seconds += len(self.cars) * seconds
        for car in self.cars:
            self.cars[car] += pace * seconds / PASSING
        left = [car for car, way in self.cars.items() if way >= 1.0]
        for car in left:
            del self.cars[car]
        come = []
        if self.rng.random() < (RUSH if self.is_rush else QUIET) * seconds:
            self.come += 1
            come.append(f"{self.direction}_{self.come}")
            self.cars[come[-1]] = 0.0
        return come, left
