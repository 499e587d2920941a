"""The plan: how many workers there should be. Pure: no process, no clock, only what is handed in.

It goes up fast and comes down slowly, for waiting customers cost more than idle workers. Four things keep it calm:

* hysteresis: it goes up above one mark and comes down below a much lower one, and between them it rests;
* foresight: it comes down only when those who stay will not be too busy;
* cool-down: after a change it waits until the change shows in the measurements;
* limits: never fewer than the lowest, never more than the highest number of workers.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from mape.demo.elastic.measurement import Health
from mape.errors import ConfigError

__all__ = ["Decision", "Limits", "Marks", "Policy"]


@dataclass(frozen=True, slots=True)
class Limits:
    """How many workers there may be.

    Raises:
        ConfigError: There would be no worker, or the lowest is above the highest.
    """

    lowest: int = 1
    highest: int = 6

    def __post_init__(self) -> None:
        """Check the limits."""
        if not 1 <= self.lowest <= self.highest:
            raise ConfigError(f"workers must be between 1 and the highest: got {self.lowest} to {self.highest}")

    def clamp(self, workers: int) -> int:
        """Return the allowed number nearest to `workers`."""
        return max(self.lowest, min(self.highest, workers))


@dataclass(frozen=True, slots=True)
class Marks:
    """When to act.

    Attributes:
        high: Go up when p95 is above this share of the goal...
        overload: ...or the workers are busier than this.
        low: Come down when p95 is below this share of the goal...
        comfort: ...and those who stay would be less busy than this...
        patience: ...for this long [s].
        cool_down: Rest after a change [s]; longer than the window of the analysis, so that no old measurement counts.
        stride: How many workers to add at a time, at most.
    """

    high: float = 0.75
    overload: float = 0.8
    low: float = 0.6
    comfort: float = 0.65
    patience: float = 3.0
    cool_down: float = 1.25
    stride: int = 3


@dataclass(frozen=True, slots=True)
class Decision:
    """A change of the number of workers, and why."""

    at: float
    before: int
    workers: int
    reason: str

    def __str__(self) -> str:
        """Return the decision as a line for people."""
        return f"{self.before} -> {self.workers}: {self.reason}"


class Policy:
    """Decides from the health of a service how many workers it should have.

    Args:
        workers: How many there are at the start.
        limits: How many there may be.
        marks: When to act.
    """

    def __init__(self, workers: int, limits: Limits, marks: Marks | None = None) -> None:
        self._wanted = limits.clamp(workers)
        self._limits = limits
        self._marks = marks or Marks()
        self._changed_at = -math.inf
        self._calm_since: float | None = None

    def decide(self, health: Health) -> Decision | None:
        """Return what to change now, or None."""
        self._watch_calm(health)
        if health.at - self._changed_at < self._marks.cool_down:
            return None
        return self._replace(health) or self._more(health) or self._fewer(health)

    def _replace(self, health: Health) -> Decision | None:
        missing = self._wanted - health.workers
        return self._change(health, self._wanted, f"{missing} missing, started anew") if missing > 0 else None

    def _more(self, health: Health) -> Decision | None:
        marks = self._marks
        if health.pressure <= marks.high and health.busy <= marks.overload:
            return None
        stride = round(self._wanted * (health.pressure - marks.high))
        p95, busy = f"p95 {health.p95 * 1000:.0f} ms", f"{health.busy:.0%} busy"
        reason = f"{p95}, {health.pressure:.0%} of the goal" if health.pressure > marks.high else f"{busy}, {p95}"
        return self._change(health, self._wanted + max(1, min(marks.stride, stride)), reason)

    def _fewer(self, health: Health) -> Decision | None:
        if self._calm_since is None or health.at - self._calm_since < self._marks.patience:
            return None
        reason = f"p95 {health.p95 * 1000:.0f} ms, {health.busy:.0%} busy, calm for {self._marks.patience:g} s"
        return self._change(health, self._wanted - 1, reason)

    def _watch_calm(self, health: Health) -> None:
        """Note since when one worker fewer would do."""
        staying = self._wanted - 1
        calm = (
            staying > 0
            and health.pressure < self._marks.low
            and health.busy * self._wanted / staying < self._marks.comfort
        )
        if not calm:
            self._calm_since = None
        elif self._calm_since is None:
            self._calm_since = health.at

    def _change(self, health: Health, workers: int, reason: str) -> Decision | None:
        allowed = self._limits.clamp(workers)
        if allowed == health.workers == self._wanted:
            return None
        decision = Decision(health.at, health.workers, allowed, reason)
        self._wanted = allowed
        self._changed_at = health.at
        self._calm_since = None
        return decision
