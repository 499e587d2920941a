"""Lines of mape that repeat: the first few are written, then how many more there were, once a period; pure."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["Repetition"]

MOST = 1_000
"""Kinds of lines that are told apart; beyond, the one that began longest ago makes room."""

Kind = tuple[str, int, str, str, str]


@dataclass
class _Window:
    """What there was of one kind of line since `since`, the latest at `at` [s]."""

    since: float
    at: float
    last: logging.LogRecord
    shown: int = 1
    held: int = 0


class Repetition:
    """Decides which records are written. Two are the same if path, kind and type of error are. A person's own all are.

    The first `most` of a period are written. If there are more, one line at its end says how many; that goes on each
    period for as long as they come. After a period without any they are news again.

    Args:
        most: How many are written at once; 0 is all.
        period: [s].
        clock: Tells the time [s].
    """

    def __init__(self, most: int, period: float, clock: Callable[[], float]) -> None:
        self._most, self._period, self._clock = most, period, clock
        self._windows: dict[Kind, _Window] = {}
        self._looked, self._next = -math.inf, math.inf

    def admits(self, record: logging.LogRecord) -> bool:
        """Whether a record is to be written; else it is counted, for `due`. Ask `due` first."""
        if not self._most or record.name != "mape":
            return True
        kind, now = _kind(record), self._clock()
        window = self._windows.get(kind)
        if window is None:
            self._windows[kind] = _Window(now, now, record)
            self._next = min(self._next, now + self._period)
            return True
        if window.shown < self._most:
            window.shown += 1
            return True
        window.held += 1
        window.at, window.last = now, record
        return False

    def due(self, *, at_once: bool = False) -> list[logging.LogRecord]:
        """Return what tells of the lines that were held back, of each period that is over.

        Args:
            at_once: Of all others, too.
        """
        now = self._clock()
        is_same_clock, self._looked = now >= self._looked, now  # it goes back where virtual time begins
        is_full = len(self._windows) >= MOST
        if is_same_clock and now < self._next and not is_full and not at_once:
            return []
        told = []
        for kind, window in list(self._windows.items()):
            is_over = not is_same_clock or is_full or now - window.since >= self._period
            if window.held and (is_over or at_once):
                told.append(_summary(window, now))
                window.since, window.held = now, 0
                is_over = not 0 <= now - window.at < self._period
            if is_over and not window.held:
                del self._windows[kind]
        self._next = min((each.since for each in self._windows.values()), default=math.inf) + self._period
        return told

    @property
    def holds(self) -> bool:
        """Whether lines are held back that nobody was told of."""
        return any(window.held for window in self._windows.values())


def _kind(record: logging.LogRecord) -> Kind:
    error = record.exc_info[0].__name__ if record.exc_info and record.exc_info[0] else ""
    kind = getattr(record, "kind", None) or record.msg
    return record.name, record.levelno, str(getattr(record, "path", "")), str(kind), error


def _summary(window: _Window, now: float) -> logging.LogRecord:
    last = window.last
    seconds = max(now - window.since, 0.0)
    place = str(getattr(last, "path", "")) or str(last.msg)
    summary = logging.LogRecord(
        last.name, last.levelno, last.pathname, last.lineno, "%s: …and %s more in %.3g s",
        (place, f"{window.held:,}", seconds), None,
    )  # fmt: skip
    for name in ("path", "kind", "cause", "trace_id", "span_id"):
        setattr(summary, name, getattr(last, name, None))  # five names, no wire
    summary.error = _kind(last)[-1] or None
    summary.count = window.held
    return summary
