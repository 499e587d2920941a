"""Sums of counters whose owners come and go: a sum never falls, as Prometheus asks of counters; pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping

__all__ = ["OTHER", "Cap", "Pool"]

OTHER = "other"
"""What stands in place of names beyond a `Cap`."""


class Cap:
    """Lets so many names have series of their own, ever: each new one costs a time-series database memory for long."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._known: set[object] = set()

    def admits(self, name: object) -> bool:
        """Whether a name has series of its own; the first ones have."""
        if name in self._known:
            return True
        if len(self._known) >= self._most:
            return False
        self._known.add(name)
        return True


class Pool:
    """Adds up what several have counted.

    Args:
        is_gauge: Whether a figure goes up and down, and so goes with its owner; a counter's last value stays.
    """

    def __init__(self, is_gauge: Callable[[str], bool] = lambda _: False) -> None:
        self._is_gauge = is_gauge
        self._last: Mapping[object, Mapping[str, float]] = {}
        self._gone: Counter[str] = Counter()

    def total(self, now: Mapping[object, Mapping[str, float]]) -> dict[str, float]:
        """Return the sums.

        Args:
            now: What each one has counted so far; those that are missing were here before and are gone.
        """
        for owner in self._last.keys() - now.keys():
            self._gone.update({name: value for name, value in self._last[owner].items() if not self._is_gauge(name)})
        self._last = now
        total: Counter[str] = Counter(self._gone)
        for figures in now.values():
            total.update(figures)
        return dict(total)
