"""The Rx scheduler of an app: time operators run on the app's event loop and by the app's clock.

Without it reactivex would run them on a thread of its own. It may be used before the loop runs: what is scheduled
until then starts with the app.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from reactivex import abc, typing
from reactivex.disposable import CompositeDisposable, Disposable, SingleAssignmentDisposable
from reactivex.scheduler.periodicscheduler import PeriodicScheduler

from mape.clock import Clock

__all__ = ["AppScheduler"]


class AppScheduler(PeriodicScheduler):
    """Schedules on the running event loop.

    Args:
        clock: Tells `now`.
        resolve: Finds the element at a path; for operators that route.
        watch: Called whenever an operator turns to the scheduler; how a chain learns that it has timers.
    """

    def __init__(
        self,
        clock: Callable[[], Clock],
        resolve: Callable[[str], Any],
        watch: Callable[[], None] | None = None,
        root: AppScheduler | None = None,
    ) -> None:
        super().__init__()
        self.resolve = resolve
        self.loop: asyncio.AbstractEventLoop | None = None
        self._clock = clock
        self._watch = watch
        self._root = root or self
        self.early: list[Callable[[asyncio.AbstractEventLoop], None]] = []

    def watched(self, watch: Callable[[], None]) -> AppScheduler:
        """Return a twin that calls `watch` on each use."""
        return AppScheduler(self._clock, self.resolve, watch, self)

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
        if self._watch:
            self._watch()
        return datetime.fromtimestamp(self._clock().now(), UTC)

    def schedule(self, action: typing.ScheduledAction[Any], state: Any = None) -> abc.DisposableBase:
        """Run `action` in the next turn of the loop."""
        return self.schedule_relative(0.0, action, state)

    def schedule_relative(
        self, duetime: typing.RelativeTime, action: typing.ScheduledAction[Any], state: Any = None
    ) -> abc.DisposableBase:
        """Run `action` after `duetime` [s]."""
        if self._watch:
            self._watch()
        result = SingleAssignmentDisposable()
        timer: list[asyncio.Handle] = []
        delay = max(0.0, self.to_seconds(duetime))

        def run() -> None:
            result.disposable = self.invoke_action(action, state=state)

        def start(loop: asyncio.AbstractEventLoop) -> None:
            timer.append(loop.call_later(delay, run) if delay else loop.call_soon(run))

        def cancel() -> None:
            for handle in timer:
                handle.cancel()
            if start in root.early:
                root.early.remove(start)

        root = self._root
        try:
            start(root.loop or asyncio.get_running_loop())
        except RuntimeError:  # no loop runs yet
            root.early.append(start)
        return CompositeDisposable(result, Disposable(cancel))

    def schedule_absolute(
        self, duetime: typing.AbsoluteTime, action: typing.ScheduledAction[Any], state: Any = None
    ) -> abc.DisposableBase:
        """Run `action` at the wall time `duetime`."""
        return self.schedule_relative(self.to_datetime(duetime) - self.now, action, state)
