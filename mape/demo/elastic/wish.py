"""What the person asked for, checked before anything starts."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mape.clock import system_random
from mape.demo.elastic.arm import Way
from mape.demo.elastic.load import PROFILES
from mape.demo.elastic.policy import Limits
from mape.demo.elastic.report import check_place
from mape.demo.elastic.traffic import Course
from mape.errors import ConfigError

__all__ = ["Wish", "check_wish"]

SECONDS = (2.0, 3600.0)
WORKERS = (1, 16)
GOALS = (0.01, 10.0)
"""The shortest and longest run [s], the fewest and most workers, the strictest and laxest goal [s] to ask for."""


@dataclass(frozen=True, slots=True)
class Wish:
    """A run to make.

    Attributes:
        course: The load.
        ways: How to run the service, each under that load; the one to look at first.
        limits: For the workers of the loop.
        goal: For p95 [s].
        report: Where the report goes; None for a new file.
    """

    course: Course
    ways: tuple[Way, ...]
    limits: Limits
    goal: float
    report: Path | None

    @property
    def facts(self) -> str:
        """How it runs, in a line."""
        course = self.course
        return (
            f"Load: {course.profile}, {course.light:.0f} to {course.heavy:.0f} requests/s for {course.seconds:g} s, "
            f"seed {course.seed}. Goal: p95 within {self.goal * 1000:.0f} ms."
        )


def check_wish(
    *, seconds: float, load: str, adapt: bool, workers: int | None, goal: float, seed: int | None, report: Path | None
) -> Wish:
    """Check the arguments of `mape.demo.elastic.run`, which see.

    Raises:
        ConfigError: One is out of bounds.
    """
    if load not in PROFILES:
        raise ConfigError(f"load {load!r} is none of {', '.join(PROFILES)}: choose one of them")
    _check_range("seconds", seconds, *SECONDS)
    _check_range("goal", goal, *GOALS)
    start = Limits().lowest if workers is None else workers
    _check_range("workers", start, *WORKERS)
    check_place(report)
    limits = Limits(highest=max(Limits().highest, start))
    seed = system_random().randrange(1_000_000) if seed is None else seed
    ways = _ways(limits, start) if adapt else (Way("fixed", "fixed", start),)
    return Wish(Course(profile=load, seconds=seconds, seed=seed), ways, limits, goal, report)


def _check_range(name: str, value: float, least: float, most: float) -> None:
    if not least <= value <= most:  # not a number is in no range, either
        raise ConfigError(f"{name} must be from {least:g} to {most:g}, not {value:g}: choose another value")


def _ways(limits: Limits, start: int) -> tuple[Way, ...]:
    return (
        Way("elastic", "the loop", start, limits),
        Way("too_few", "too few", limits.lowest),
        Way("too_many", "too many", limits.highest),
    )
