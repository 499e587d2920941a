"""The counters of all elements, read so often that they look alive, and so that the elements do not notice."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from mape.flow.ledger import Ledger, Stats
from mape.web.journal import Journal

if TYPE_CHECKING:
    from mape.application import App

__all__ = ["Pulse", "Row"]

Row = tuple[int, int, int, int, int, int, float | None, float | None, int]
"""received, processed, emitted, dropped, errors, queued, last [s], mean [s], running."""
TIMED: Final = 16
"""Elements that are asked to time an item in one tick: that changes their ways for a moment."""
RUNNING: Final = 8


class Pulse:
    """Reads counters, and remembers what they were."""

    def __init__(self, app: App, journal: Journal) -> None:
        self._app, self._journal = app, journal
        self.rows: dict[str, Row] = {}
        self.edges: dict[str, tuple[int, ...]] = {}
        self._turn = 0

    def read(self) -> dict[str, Row]:
        """Return the rows of elements whose counters have changed."""
        changed: dict[str, Row] = {}
        elements: list[Any] = []
        for element in self._app.elements:
            path = element.path
            row = _row(element, Ledger.read_counts(element))
            before = self.rows.get(path)
            if row != before:
                changed[path] = row
                elements.append(element)
                if before is not None and before[RUNNING] != row[RUNNING]:
                    self._note(path, is_running=bool(row[RUNNING]))
        self.rows.update(changed)
        if len(self.rows) > sum(len(loop) for loop in self._app):
            self._forget()
        self._time(elements)
        return changed

    def read_edges(self, counts: Iterator[tuple[str, tuple[int, ...]]]) -> dict[str, tuple[int, ...]]:
        """Return what changed of what was counted behind the edges."""
        found = dict(counts)
        changed = {edge: count for edge, count in found.items() if self.edges.get(edge) != count}
        self.edges = found
        return changed

    def clear(self) -> None:
        """Forget everything: nobody looks any more."""
        self.rows, self.edges = {}, {}

    def _note(self, path: str, *, is_running: bool) -> None:
        kind = "started" if is_running else "stopped"
        self._journal.add(kind, path, f"the element was {kind}")

    def _forget(self) -> None:
        known = {element.path for element in self._app.elements}
        self.rows = {path: row for path, row in self.rows.items() if path in known}

    def _time(self, elements: list[Any]) -> None:
        """Have some of the elements that are at work time an item, each in its turn."""
        if elements:
            start = self._turn % len(elements)
            for element in (elements[start:] + elements[:start])[:TIMED]:
                Ledger.time_one_more(element)
            self._turn += TIMED


def _row(element: Any, stats: Stats) -> Row:
    dropped = sum(stats.dropped.values()) if stats.dropped else 0
    return (
        stats.received,
        stats.processed,
        stats.emitted,
        dropped,
        stats.errors,
        stats.queued,
        stats.last_time,
        stats.mean_time,
        int(element.is_running),
    )
