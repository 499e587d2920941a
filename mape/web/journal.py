"""What happened: failures and events, the last of them, as the page tells them."""

from __future__ import annotations

import traceback
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

import msgspec

from mape.item import Event, Failure
from mape.web.tree import clean, summary, tree, within

if TYPE_CHECKING:
    from mape.application import App

__all__ = ["Entry", "Journal", "text_of", "traceback_of"]

KEPT: Final = 500
TEXT: Final = 500
TRACEBACK: Final = 8_000
FRAMES: Final = 24
ITEM_BYTES: Final = 8_192
A_SECOND: Final = 50
"""Failures that are kept whole in a second; of more only the number, because to write one down takes a while."""
KINDS_COUNTED: Final = 1_000


class Entry(msgspec.Struct):
    """One line.

    Args:
        n: Its number; they grow by one.
        t: Wall time [s].
        peer: Whose it is; "" is the server's own app.
        more: How many failures like this one before it were not kept.
    """

    n: int
    t: float
    peer: str
    kind: str
    path: str
    text: str
    cause: str | None = None
    traceback: str | None = None
    item: Any = None
    more: int = 0


class Journal:
    """Keeps the last entries; hears of failures and events by itself, from now on.

    Args:
        heard: Told of each failure, flood or not: its path, its causal id, its text.
    """

    def __init__(self, app: App) -> None:
        self._app = app
        self.entries: deque[Entry] = deque(maxlen=KEPT)
        self.number = 0
        """Of the newest entry."""
        self.heard: Callable[[Failure, str], None] | None = None
        self._second, self._kept_in_it = 0, 0
        self._left_out: dict[tuple[str, type], int] = {}
        app.failures.subscribe(self._hear_failure)
        app.events.subscribe(self._hear_event)

    def add(self, kind: str, path: str, text: str, cause: str | None = None, peer: str = "", **more: Any) -> None:
        """Add an entry."""
        self.number += 1
        now = more.pop("t", None)
        at = self._app.clock.now() if now is None else now
        self.entries.append(Entry(self.number, at, peer, kind, clean(path)[:TEXT], clean(text)[:TEXT], cause, **more))

    def since(self, number: int) -> list[Entry]:
        """Return the entries after `number`, oldest first."""
        if number >= self.number:
            return []
        return [entry for entry in self.entries if entry.n > number]

    def _hear_event(self, event: Event) -> None:
        self.add(event.kind, event.path, event.text, t=event.timestamp)

    def _hear_failure(self, failure: Failure) -> None:
        key = (failure.path, type(failure.error))
        if not self._has_room(failure.timestamp):
            if key in self._left_out or len(self._left_out) < KINDS_COUNTED:
                self._left_out[key] = self._left_out.get(key, 0) + 1
            return
        text = text_of(failure.error)
        item = None if failure.item is None else within(tree(failure.item), ITEM_BYTES)
        trace, left_out = traceback_of(failure.error), self._left_out.pop(key, 0)
        more: dict[str, Any] = {"traceback": trace, "item": item, "more": left_out, "t": failure.timestamp}
        self.add("failure", failure.path, text, failure.cause, **more)
        if self.heard is not None:
            self.heard(failure, text)

    def _has_room(self, now: float) -> bool:
        if int(now) != self._second:
            self._second, self._kept_in_it = int(now), 0
        self._kept_in_it += 1
        return self._kept_in_it <= A_SECOND


def text_of(error: BaseException) -> str:
    """Return what an error says, and its type."""
    try:
        said = str(error)
    except Exception as raised:  # the wall around somebody's own error
        said = f"<{type(raised).__name__}>"
    return summary(f"{type(error).__name__}: {clean(said)}" if said else type(error).__name__, TEXT)


def traceback_of(error: BaseException) -> str | None:
    """Return the last frames of a traceback as text; None if there are none."""
    if error.__traceback__ is None:
        return None
    try:
        lines = traceback.format_exception(type(error), error, error.__traceback__, limit=-FRAMES)
    except Exception as raised:  # the wall around somebody's own error
        lines = [f"<the traceback cannot be shown: {type(raised).__name__}>"]
    return clean("".join(lines))[-TRACEBACK:]
