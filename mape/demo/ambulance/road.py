"""The road, a ring, and what drives on it; pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

__all__ = ["EARSHOT", "RING", "Vehicle", "ahead", "apart"]

RING: Final = 2400.0
"""How long the road is [m]; its end is its beginning."""
EARSHOT: Final = 250.0
"""How far a siren is heard [m]."""
ACCELERATION, BRAKING = 5.0, 7.0
"""Of a vehicle in a hurry [m/s²]."""


def ahead(of_m: float, place_m: float) -> float:
    """Return how far `place_m` lies ahead of `of_m`, 0 to `RING` [m]."""
    return (place_m - of_m) % RING


def apart(one_m: float, other_m: float) -> float:
    """Return the shorter way between two places [m]."""
    way = ahead(one_m, other_m)
    return min(way, RING - way)


@dataclass
class Vehicle:
    """Something that drives.

    Args:
        name: Its name.
        position_m: Where it is, 0 to `RING`.
        speed_kmh: How fast it is.
        wish_kmh: How fast it is to be.
        lights: What one sees of its lights: ``normal``, ``hazard`` or ``siren``.
        is_aside: Whether it makes way.
    """

    name: str
    position_m: float
    speed_kmh: float
    wish_kmh: float
    lights: str = "normal"
    is_aside: bool = False

    def step(self, seconds: float) -> None:
        """Drive on for a moment."""
        change = self.wish_kmh - self.speed_kmh
        most = (ACCELERATION if change > 0 else BRAKING) * 3.6 * seconds
        self.speed_kmh += max(-most, min(most, change))
        self.position_m = (self.position_m + self.speed_kmh / 3.6 * seconds) % RING
