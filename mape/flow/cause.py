"""Causality: which item from outside the work in hand goes back to.

An item that enters an app gets a causal id. It is context, not payload: while the item is worked on it stands in
the `Scope` of the thread, across an ``await`` in a context variable of the task. A hop from element to element
touches neither, and so costs nothing.

Whatever else must follow an item hangs on its id, as a trace does, and so goes wherever the id goes: through
mailboxes, operators, timers and frames. An app without `Tracing` has plain ids, and pays nothing.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable
from contextvars import ContextVar
from typing import Any, Protocol, Self

__all__ = ["Causes", "Scope", "TracedCause", "Tracing", "Weaver", "cause_text", "task_cause", "traced"]

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

    __slots__ = ("_among", "_follows_tasks", "new")

    def __init__(self, start: int) -> None:
        self._follows_tasks = False
        self._among: Callable[[Callable[[], int]], Callable[[], int]] | None = None
        self.new: Callable[[], int]
        self.restart(start)

    def restart(self, start: int) -> None:
        """Go on with other numbers."""
        self.new = fresh = itertools.count(int(start)).__next__
        if self._among is not None:
            self.new = fresh = self._among(fresh)
        if self._follows_tasks:
            known = task_cause.get
            self.new = lambda: known() or fresh()

    def follow_tasks(self) -> None:
        """From now on, an item that a task brings in keeps the cause of what the task is at."""
        if not self._follows_tasks:
            self._follows_tasks = True
            self.restart(self.new())

    def choose_by(self, among: Callable[[Callable[[], int]], Callable[[], int]]) -> None:
        """From now on, have `among` choose which ids get a `TracedCause`: it returns what makes ids, given such."""
        self._among = among
        self.restart(self.new())


class TracedCause(int):
    """A causal id that a trace hangs on.

    Args:
        cause: The id.
        context: The span that the item comes from: an object with ``trace_id``, ``span_id`` and ``trace_flags``, or a
            W3C ``traceparent``. None: the trace begins with whoever makes the first span.
        since: When the item began to wait, since the Unix epoch [s]; None where it does not.
    """

    context: Any
    since: float | None

    def __new__(cls, cause: int, context: Any = None, since: float | None = None) -> Self:  # noqa: D102 - see the class
        made = super().__new__(cls, cause)
        made.context, made.since = context, since
        return made

    @property
    def traceparent(self) -> str | None:
        """The span in the form that travels; None where there is none yet.

        Source: https://www.w3.org/TR/trace-context/, version 00.
        """
        context = self.context
        if context is None or isinstance(context, str):
            return context
        return f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"


def traced(cause: int, traceparent: str | None) -> int:
    """Hang what a peer sent as ``traceparent`` on a causal id; what is malformed is left out, as W3C asks."""
    found = None if traceparent is None else _TRACEPARENT.match(traceparent)
    return cause if found is None else TracedCause(cause, f"00-{found[1]}")


_TRACEPARENT = re.compile(
    r"(?!ff|00.{54})[0-9a-f]{2}-((?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2})(?:-|\Z)", re.ASCII
)
"""Of later versions, which may have more behind it, the beginning counts."""


class Weaver(Protocol):
    """Puts something around the function of one element, see `mape.flow.station.Station.weave`."""

    def direct(self, call: Callable[..., Any], *, emits: bool) -> Callable[..., Any]:
        """Return what is called instead of a function that others call."""

    def in_task(self, call: Callable[..., Any], *, waits: bool) -> Callable[..., Any]:
        """Return what is called instead of a function that a worker's task calls."""

    def offer(self, offer: Callable[..., None]) -> Callable[..., None]:
        """Return what takes an item into the mailbox instead of `offer`."""


class Tracing(Protocol):
    """Follows items from element to element and from process to process; an app has one if it is switched on."""

    def weave(self, element: Any) -> None:
        """Follow items through a new element."""

    def sending(self, sink: Any, causes: list[int | None]) -> Callable[[BaseException | None], None]:
        """Hear that items leave; replace their causes by what shall travel. Return what hears how that ended."""

    def received(self, way: Any, causes: Iterable[int | None]) -> Iterable[int | None]:
        """Return the causes of items that arrive, one by one as they are handed to `way`."""


def cause_text(cause: int | None) -> str | None:
    """The form of a causal id in logs and failures: 16 hexadecimal digits."""
    return None if cause is None else f"{cause:016x}"
