"""The Rx scheduler of an app: time operators run on the app's event loop and by the app's clock.

Without it reactivex would run them on a thread of its own. It may be used before the loop runs: what is scheduled
until then starts with the app. Each operator in a chain has a twin of it, which knows where the operator stands.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Protocol

from reactivex import abc, typing
from reactivex.disposable import CompositeDisposable, Disposable, SingleAssignmentDisposable
from reactivex.scheduler import CurrentThreadScheduler
from reactivex.scheduler.periodicscheduler import PeriodicScheduler

from mape.clock import Clock

__all__ = ["AppScheduler", "OperatorScheduler", "Place"]

Start = Callable[[asyncio.AbstractEventLoop], None]


class AppScheduler(PeriodicScheduler):
    """Schedules on the running event loop.

    Args:
        clock: Tells `now`.
        resolve: Finds the element at a path; for operators that route.
    """

    def __init__(self, clock: Callable[[], Clock], resolve: Callable[[str], Any]) -> None:
        super().__init__()
        self.resolve = resolve
        self.loop: asyncio.AbstractEventLoop | None = None
        self.early: list[Start] = []
        self._clock = clock

    def at(self, place: Place) -> OperatorScheduler:
        """Return the twin for an operator that stands at `place`."""
        return OperatorScheduler(self, self._clock, place)

    def attach(self, loop: asyncio.AbstractEventLoop) -> None:
        """Start what was scheduled before there was a loop."""
        self.loop = loop
        early, self.early = self.early, []
        for start in early:
            start(loop)

    def detach(self) -> None:
        """Forget the loop, which is about to end."""
        self.loop = None

    @property
    def now(self) -> datetime:
        """The app's wall time."""
        return datetime.fromtimestamp(self._clock().now(), UTC)

    def schedule(self, action: typing.ScheduledAction[Any], state: Any = None) -> abc.DisposableBase:
        """Run `action` in the next turn of the loop."""
        return self.schedule_relative(0.0, action, state)

    def schedule_relative(
        self, duetime: typing.RelativeTime, action: typing.ScheduledAction[Any], state: Any = None
    ) -> abc.DisposableBase:
        """Run `action` after `duetime` [s]."""
        result = SingleAssignmentDisposable()

        def run() -> None:
            result.disposable = self.invoke_action(action, state=state)

        return CompositeDisposable(result, self.call_later(self.to_seconds(duetime), run))

    def schedule_absolute(
        self, duetime: typing.AbsoluteTime, action: typing.ScheduledAction[Any], state: Any = None
    ) -> abc.DisposableBase:
        """Run `action` at the wall time `duetime`."""
        return self.schedule_relative(self.to_datetime(duetime) - self.now, action, state)

    def call_later(self, delay: float, run: Callable[[], None]) -> abc.DisposableBase:
        """Call `run` after `delay` [s], from when the loop runs; returns what cancels that."""
        timer: list[asyncio.Handle] = []

        def start(loop: asyncio.AbstractEventLoop) -> None:
            timer.append(loop.call_later(delay, run) if delay > 0 else loop.call_soon(run))

        def cancel() -> None:
            for handle in timer:
                handle.cancel()
            if start in self.early:
                self.early.remove(start)

        try:
            start(self.loop or asyncio.get_running_loop())
        except RuntimeError:  # no loop runs yet
            self.early.append(start)
        return Disposable(cancel)


class Place(Protocol):
    """Where an operator stands, as its scheduler sees it."""

    @property
    def is_at_work(self) -> bool:
        """Whether the operator is being given an item; `OperatorScheduler.drain` is called when that is done."""

    def note_timers(self) -> None:
        """Hear that the operator asks for the time or sets a timer."""

    def fail(self, item: Any, error: Exception) -> None:
        """Report an item that the operator failed on, and go on."""

    def break_off(self, error: Exception) -> None:
        """Hear that a timer of the operator raised, after which nobody knows what state it is in."""


class OperatorScheduler(AppScheduler):
    """The app's scheduler as one operator sees it; made by `AppScheduler.at`.

    Order:
        What is scheduled without a time, as ``rx.of`` and ``merge`` do it, runs before the item in hand is done.
    """

    def __init__(self, app: AppScheduler, clock: Callable[[], Clock], place: Place) -> None:
        super().__init__(clock, app.resolve)
        self.fail = place.fail
        self.put_off: deque[Callable[[], None]] = deque()  # bound: what the operator schedules for one item
        self._app, self._place = app, place
        self._is_held = False

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Put off what is scheduled in the body until its end."""
        before, self._is_held = self._is_held, True
        try:
            yield
            self.drain()
        finally:
            self._is_held = before

    def drain(self) -> None:
        """Do what was put off."""
        try:
            while self.put_off:
                self.put_off.popleft()()
        finally:
            self.put_off.clear()

    @property
    def now(self) -> datetime:
        """The app's wall time."""
        self._place.note_timers()
        return super().now

    def schedule(self, action: typing.ScheduledAction[Any], state: Any = None) -> abc.DisposableBase:
        """Run `action` when the subscription in hand is made, but before the item in hand is done.

        Rx by itself waits for the outermost subscription, which may be that of a source that sends many items.
        """
        result = SingleAssignmentDisposable()
        is_due = True

        def run(*_: Any) -> None:
            nonlocal is_due
            if is_due and not result.is_disposed:
                is_due = False
                result.disposable = self.invoke_action(action, state=state)

        if self._is_held or self._place.is_at_work:
            self.put_off.append(run)
        CurrentThreadScheduler.singleton().schedule(run)
        return result

    def call_later(self, delay: float, run: Callable[[], None]) -> abc.DisposableBase:
        """Call `run` after `delay` [s]; what it raises is reported."""
        self._place.note_timers()

        def run_behind_wall() -> None:
            try:
                with self.hold():
                    run()
            except Exception as error:  # the wall around a timer of an operator
                self._place.break_off(error)

        return self._app.call_later(delay, run_behind_wall)
