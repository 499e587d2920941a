"""What there is to see: the cars, the lanes, the barrier and its moves; pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mape.demo.highway.plan import LANES, LEAST, MOST, Barrier

__all__ = ["Moved", "Scene", "contradictions"]


@dataclass(frozen=True)
class Moved:
    """The barrier was moved by a lane.

    Args:
        at: When [s].
        by: The direction that gave it away.
        number: Which move, from 1.
        before, north: Lanes of the north before and after.
        why: What the decision was made of.
    """

    at: float
    by: str
    number: int
    before: int
    north: int
    why: str

    def __str__(self) -> str:
        return f"{self.at:5.1f} s  {self.by} gives {self.why}"


@dataclass
class Scene:
    """The demo, as far as the parent knows.

    Args:
        seconds: How long it lasts.
        seed: Of the traffic.
        now: Since both directions were there [s].
        states: Of the directions, as they say themselves.
        moves: Of the barrier.
        late: Moves that came too late, because the other direction was faster.
        writes: Whether time series are written.
    """

    seconds: float
    seed: int
    now: float = 0.0
    states: dict[str, dict[str, Any]] = field(default_factory=dict)
    moves: list[Moved] = field(default_factory=list)
    late: int = 0
    writes: bool = False

    def hear(self, name: str, word: Mapping[str, Any]) -> None:
        """Take note of what a direction says."""
        if "state" in word:
            self.states[name] = word["state"]
        elif "moved" in word:
            self.moves.append(Moved(self.now, name, **word["moved"]))
        elif "late" in word:
            self.late += 1
        elif "ready" in word:
            self.writes = bool(word["influxdb"])

    @property
    def north(self) -> int:
        """How many lanes are on the northern side of the barrier."""
        return max(self.moves, key=lambda move: move.number).north if self.moves else Barrier().north


def contradictions(moves: Sequence[Moved]) -> list[str]:
    """Return what does not fit together: each move must begin where the one before has ended, and go one lane."""
    found = []
    north = Barrier().north
    for number, move in enumerate(sorted(moves, key=lambda each: each.number), 1):
        if move.number != number:
            found.append(f"move {number} is missing or there twice")
        if move.before != north or abs(move.north - move.before) != 1 or not LEAST <= move.north <= MOST:
            found.append(f"move {move.number} goes from {move.before} to {move.north}, and the barrier was at {north}")
        if not LEAST <= LANES - move.north <= MOST:
            found.append(f"move {move.number} leaves {LANES - move.north} lanes")
        north = move.north
    return found
