"""What happened to one arm of the comparison, and how it scores.

An arm is one way to run the service: with a loop, or with a fixed number of workers. All arms get the same requests.
A request belongs to the second in which it was sent.
"""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from mape.demo.elastic.measurement import Batch, Health, Outcome, percentile
from mape.demo.elastic.policy import Decision

__all__ = ["Point", "Record", "Score", "score"]

AROUND = 1.0
"""How long before a change, and how long after the first second of it, p95 is taken [s]."""


@dataclass(frozen=True, slots=True)
class Point:
    """One second of an arm: requests sent, the p95 of those [s], and the workers at its end."""

    second: int
    requests: int
    p95: float
    workers: int


@dataclass(slots=True)
class Record:
    """All that is known of an arm, growing while it runs.

    Attributes:
        title: What people call the arm.
        outcomes: Every request that was answered or failed.
        workers: When how many workers were there: (time [s], number).
        healths: What its loop saw.
        decisions: What its loop changed; empty where it only watched.
        worker_seconds: What it cost [s].
    """

    title: str
    outcomes: list[Outcome] = field(default_factory=list)
    workers: list[tuple[float, int]] = field(default_factory=list)
    healths: list[Health] = field(default_factory=list)
    decisions: list[Decision] = field(default_factory=list)
    worker_seconds: float = 0.0

    def add(self, batch: Batch, workers: int) -> None:
        """Take in a report, and how many workers there were."""
        self.outcomes.extend(batch.done)
        self.workers.append((batch.at, workers))

    def note_health(self, health: Health) -> None:
        """Take in what the loop saw."""
        self.healths.append(health)

    def note_decision(self, decision: Decision) -> None:
        """Take in what the loop changes."""
        self.decisions.append(decision)

    def points(self) -> list[Point]:
        """Return the arm second by second; seconds without a request are left out."""
        seconds: dict[int, list[float]] = defaultdict(list)
        for outcome in self.outcomes:
            seconds[int(outcome.sent_at)].append(outcome.latency)
        workers = {int(at): number for at, number in self.workers}
        return [
            Point(second, len(latencies), percentile(latencies, 95), workers.get(second, 0))
            for second, latencies in sorted(seconds.items())
        ]

    def p95(self, begin: float, end: float) -> float | None:
        """Return the p95 of the requests sent from `begin` to before `end` [s]; None if there were none."""
        latencies = [outcome.latency for outcome in self.outcomes if begin <= outcome.sent_at < end]
        return percentile(latencies, 95) if latencies else None


@dataclass(frozen=True, slots=True)
class Score:
    """How an arm did.

    Attributes:
        within_goal: Share of the seconds whose p95 was within the goal, 0 to 1.
        p95_light: The p95 of the seconds with less than half of the heaviest load [s]; None if there were none.
        p95_heavy: The same of the others.
        p95_before: The p95 in the second before the loop added workers, the median of all times [s].
        p95_after: The same, in the second after the new workers had a second to take effect.
        changes: How often the number of workers was changed.
    """

    arm: str
    within_goal: float
    p95_light: float | None
    p95_heavy: float | None
    p95_before: float | None
    p95_after: float | None
    worker_seconds: float
    changes: int
    requests: int
    errors: int


def score(record: Record, goal: float) -> Score:
    """Judge `record` by the `goal` for p95 [s]."""
    points = record.points()
    half = max((point.requests for point in points), default=0) / 2
    light = {point.second for point in points if point.requests < half}
    before, after = _around_growth(record)
    return Score(
        arm=record.title,
        within_goal=sum(point.p95 <= goal for point in points) / len(points) if points else 0.0,
        p95_light=_p95_where(record.outcomes, light),
        p95_heavy=_p95_where(record.outcomes, {point.second for point in points} - light),
        p95_before=before,
        p95_after=after,
        worker_seconds=record.worker_seconds,
        changes=len(record.decisions),
        requests=len(record.outcomes),
        errors=sum(not outcome.ok for outcome in record.outcomes),
    )


def _p95_where(outcomes: Iterable[Outcome], seconds: set[int]) -> float | None:
    latencies = [outcome.latency for outcome in outcomes if int(outcome.sent_at) in seconds]
    return percentile(latencies, 95) if latencies else None


def _around_growth(record: Record) -> tuple[float | None, float | None]:
    moments = [decision.at for decision in record.decisions if decision.workers > decision.before]
    before = [record.p95(at - AROUND, at) for at in moments]
    after = [record.p95(at + AROUND, at + 2 * AROUND) for at in moments]
    return _median(before), _median(after)


def _median(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return statistics.median(known) if known else None
