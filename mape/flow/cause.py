"""Causality: which item from outside the work in hand goes back to.

An item that enters an app gets a causal id. It is context, not payload: while the item is worked on it stands in
the `Scope` of the thread, across an ``await`` in a context variable of the task. A hop from element to element
touches neither, and so costs nothing.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from contextvars import ContextVar

__all__ = ["Causes", "Scope", "cause_text", "task_cause"]

task_cause: ContextVar[int | None] = ContextVar("mape_cause", default=None)
"""The cause of what an asyncio task is at, for work that may wait."""


class Scope:
    """What one thread is working on just now."""

    __slots__ = ("cause",)

    def __init__(self) -> None:
        self.cause: int | None = None

    def current(self) -> int | None:
        """The causal id of the work in hand; None when nothing from outside is behind it."""
        return task_cause.get() if self.cause is None else self.cause


class Causes:
    """Makes the causal ids of an app: consecutive numbers.

    Args:
        start: The first; drawn at random, so that the ids of two processes differ.
    """

    __slots__ = ("_follows_tasks", "new")

    def __init__(self, start: int) -> None:
        self._follows_tasks = False
        self.new: Callable[[], int]
        self.restart(start)

    def restart(self, start: int) -> None:
        """Go on with other numbers."""
        self.new = fresh = itertools.count(start).__next__
        if self._follows_tasks:
            known = task_cause.get
            self.new = lambda: known() or fresh()

    def follow_tasks(self) -> None:
        """From now on, an item that a task brings in keeps the cause of what the task is at."""
        if not self._follows_tasks:
            self._follows_tasks = True
            self.restart(self.new())


def cause_text(cause: int | None) -> str | None:
    """The form of a causal id in logs and failures: 16 hexadecimal digits."""
    return None if cause is None else f"{cause:016x}"
