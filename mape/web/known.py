"""Which of the things that loops know have changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from mape.web.knowledge import scopes_of
from mape.web.tree import clean

if TYPE_CHECKING:
    from mape.application import App

__all__ = ["Known"]

MOST: Final = 2_000
"""Keys that are looked at in all; a namespace that holds more is no knowledge to be read by people."""


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
