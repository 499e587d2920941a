"""How things are timed: baseline and candidate in turn, and the median of the ratios pair by pair."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

ROUNDS = 7


@dataclass(frozen=True)
class Row:
    """One line of the table.

    Args:
        what: What was measured.
        figure: The result, with its unit.
        against: The baseline and its figure.
        ratio: Candidate against baseline; above `goal` is good, unless `lower_is_better`.
        goal: What the ratio, or the figure where there is no baseline, must reach.
    """

    what: str
    figure: str
    against: str
    ratio: float
    goal: float
    lower_is_better: bool = False

    @property
    def is_met(self) -> bool:
        return self.ratio <= self.goal if self.lower_is_better else self.ratio >= self.goal

    def cells(self) -> tuple[str, ...]:
        bound = f"{'at most' if self.lower_is_better else 'at least'} {self.goal:g}"
        return self.what, self.figure, self.against, f"{self.ratio:.2f}", bound, "yes" if self.is_met else "NO"


@contextmanager
def no_gc() -> Iterator[None]:
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def rate(feed: Callable[[int], object], count: int) -> float:
    """Calls of `feed` a second of CPU time."""
    with no_gc():
        start = time.thread_time()
        for item in range(count):
            feed(item)
        return count / (time.thread_time() - start)


def medians(*makers: Callable[[], float]) -> tuple[float, ...]:
    """The medians of several measurements, taken in turn `ROUNDS` times, and after the first the ratios to it."""
    results = [[make() for make in makers] for _ in range(ROUNDS)]
    return tuple(statistics.median(column) for column in zip(*results, strict=True))


def ratio(
    candidate: Callable[[], float], baseline: Callable[[], float], rounds: int = ROUNDS
) -> tuple[float, float, float]:
    """Candidate, baseline, and the median of their ratios pair by pair."""
    pairs = [(candidate(), baseline()) for _ in range(rounds)]
    return (
        statistics.median(pair[0] for pair in pairs),
        statistics.median(pair[1] for pair in pairs),
        statistics.median(a / b for a, b in pairs),
    )


def millions(per_second: float) -> str:
    return f"{per_second / 1e6:.2f} M/s" if per_second >= 1e5 else f"{per_second / 1e3:.1f} k/s"
