"""Causality: which item from outside the work in hand goes back to.

An item that enters an app gets a causal id. It is context, not payload: while the item is worked on it stands in
the `Scope` of the thread, across an ``await`` in a context variable of the task. A hop from element to element
touches neither, and so costs nothing.
"""

from __future__ import annotations

from contextvars import ContextVar

__all__ = ["Scope", "cause_text", "task_cause"]

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


def cause_text(cause: int | None) -> str | None:
    """The form of a causal id in logs and failures: 16 hexadecimal digits."""
    return None if cause is None else f"{cause:016x}"
