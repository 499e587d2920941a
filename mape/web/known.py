"""Which of the things that loops know have changed, and the numbers among them."""

from __future__ import annotations

import math
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from mape.web.knowledge import scopes_of
from mape.web.tree import clean

if TYPE_CHECKING:
    from mape.application import App

__all__ = ["Known", "Numbers"]

MOST: Final = 2_000
"""Keys that are looked at in all; a namespace that holds more is no knowledge to be read by people."""


NUMBERS: Final = 8
"""Numbers of one scope that are shown all the time."""
SCOPES: Final = 64
LARGEST: Final = 2**53


class Known:
    """Compares what is known with what was; a value counts as changed when it is another object."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._values: dict[tuple[str, str], Any] = {}

    def changes(self) -> list[tuple[str, str]]:
        """Return scope and key of what was set, changed or deleted since the last call."""
        before = self._values
        self._values = now = self._read()
        changed = [place for place, value in now.items() if place not in before or before[place] is not value]
        return [*changed, *(place for place in before if place not in now)]

    def clear(self) -> None:
        """Hold nothing any more."""
        self._values = {}

    def _read(self) -> dict[tuple[str, str], Any]:
        values: dict[tuple[str, str], Any] = {}
        for scope, _, knowledge in scopes_of(self._app):
            if not len(knowledge):
                continue
            for key in knowledge:
                if len(values) >= MOST:
                    return values
                values[scope, clean(str(key))] = knowledge.get(key)
        return values


class Numbers:
    """Reads the numbers that are known, as often as counters are."""

    def __init__(self, app: App) -> None:
        self._app = app
        self.all: dict[str, dict[str, float]] = {}
        """By scope and key, as at the last look."""

    def changes(self) -> dict[str, dict[str, float | None]]:
        """Return what has changed since the last look; None stands for what is no number any more."""
        before, self.all = self.all, self._read()
        changed: dict[str, dict[str, float | None]] = {}
        for scope in dict.fromkeys((*before, *self.all)):
            old, new = before.get(scope, {}), self.all.get(scope, {})
            if old != new:
                changed[scope] = {key: new.get(key) for key in (*new, *old) if new.get(key) != old.get(key)}
        return changed

    def clear(self) -> None:
        """Forget everything."""
        self.all = {}

    def _read(self) -> dict[str, dict[str, float]]:
        found: dict[str, dict[str, float]] = {}
        for scope, _, knowledge in scopes_of(self._app):
            if len(knowledge) and len(found) < SCOPES:
                numbers = ((key, knowledge.get(key)) for key in islice(knowledge, MOST))
                shown = dict(islice(((clean(str(key)), each) for key, each in numbers if _is_number(each)), NUMBERS))
                if shown:
                    found[scope] = shown
        return found


def _is_number(value: Any) -> bool:
    """Whether a value is a plain number that JSON can hold: of a class of somebody's own its code would run."""
    return (type(value) is float and math.isfinite(value)) or (type(value) is int and abs(value) <= LARGEST)
