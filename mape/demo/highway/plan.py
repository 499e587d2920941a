"""Who gets how many lanes: six in all, and a barrier between the directions that can be moved; pure.

Both directions look at the same knowledge and plan by the same function, each for itself. Only the direction that gives
a lane away moves the barrier, and closes the lane before that; the other opens it after that. So a lane is never open
to both. Should both want to give at once, compare-and-set lets one of them win, and the other plans anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

__all__ = [
    "CLOSED",
    "DIRECTIONS",
    "LANES",
    "NORTH",
    "SOUTH",
    "Barrier",
    "Close",
    "Move",
    "Open",
    "Situation",
    "best_north",
    "steps",
]

LANES: Final = 6
LEAST, MOST = 2, 4
"""How many lanes a direction has at least and at most."""
NORTH, SOUTH, CLOSED = "north", "south", "closed"
DIRECTIONS: Final = (NORTH, SOUTH)
GAIN = 0.15
"""The barrier is moved for an advantage of this part, not for less."""
ENOUGH = 2.0
"""Cars a lane that are no reason to do anything."""


@dataclass(frozen=True)
class Barrier:
    """Where the barrier is.

    Args:
        north: How many lanes are on its northern side, lane 1 first.
        number: How often it was moved.
        by: Who moved it last.
    """

    north: int = LANES // 2
    number: int = 0
    by: str = ""

    def owner(self, lane: int) -> str:
        """Return the direction that `lane` belongs to."""
        return NORTH if lane <= self.north else SOUTH

    def moved(self, by: str) -> Barrier:
        """Return where it is when the direction `by` has given a lane away."""
        return Barrier(self.north - 1 if by == NORTH else self.north + 1, self.number + 1, by)


@dataclass(frozen=True)
class Situation:
    """What both directions know.

    Args:
        cars: How many there are, by direction.
        barrier: Where it is.
        lanes: Who drives on each lane: a direction, or ``closed``.
    """

    cars: Mapping[str, int]
    barrier: Barrier
    lanes: Mapping[int, str]


@dataclass(frozen=True)
class Open:
    """Let cars of the direction use a lane."""

    lane: int


@dataclass(frozen=True)
class Close:
    """Let no car use a lane."""

    lane: int


@dataclass(frozen=True)
class Move:
    """Give the lane at the barrier away, if the barrier is still where it was."""

    expected: Barrier
    reason: str


def best_north(situation: Situation) -> int:
    """Return how many lanes north should have, so that the fuller direction is as empty as can be."""

    def crowd(north: int) -> float:
        return max(situation.cars[NORTH] / north, situation.cars[SOUTH] / (LANES - north))

    now = situation.barrier.north
    best = min(range(LEAST, MOST + 1), key=lambda north: (crowd(north), abs(north - now)))
    return best if crowd(now) > ENOUGH and crowd(best) < (1 - GAIN) * crowd(now) else now


def steps(direction: str, situation: Situation) -> list[Open | Close | Move]:
    """Return what a direction does now; what follows is planned when that is known to all."""
    barrier = situation.barrier
    best = best_north(situation)
    given = None
    if direction == NORTH and best < barrier.north:
        given = barrier.north
    elif direction == SOUTH and best > barrier.north:
        given = barrier.north + 1
    own = [lane for lane in range(1, LANES + 1) if barrier.owner(lane) == direction and lane != given]
    plan: list[Open | Close | Move] = [Open(lane) for lane in own if situation.lanes.get(lane, CLOSED) == CLOSED]
    if given is not None and situation.lanes.get(given, CLOSED) == direction:
        plan.append(Close(given))
    elif given is not None:
        counts = f"{situation.cars[NORTH]} cars north, {situation.cars[SOUTH]} south"
        plan.append(Move(barrier, f"lane {given} to {SOUTH if direction == NORTH else NORTH}: {counts}"))
    return plan
