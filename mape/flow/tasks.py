"""Awaitables that an app sees through for whoever cannot wait for them."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable
from typing import Any

from mape.errors import StateError

__all__ = ["Tasks"]


class Tasks:
    """The tasks of an app; what they raise is reported.

    Args:
        report: Hears of a failure: path, item, error.
    """

    def __init__(self, report: Callable[[str, Any, BaseException], None]) -> None:
        self._report = report
        self._running: set[asyncio.Task[None]] = set()

    def spawn(self, awaitable: Any, path: str, item: Any) -> None:
        """See `awaitable` through in a task, and report what it raises."""

        async def run() -> None:
            try:
                await awaitable
            except Exception as error:  # the wall around an element's method
                self._report(path, item, error)

        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            if inspect.iscoroutine(awaitable):
                awaitable.close()
            missing = StateError("an async method needs a running app: use mape.run() or async with app")
            self._report(path, item, missing)
            return
        task = loop.create_task(run())
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def finish(self) -> None:
        """Wait for all of them."""
        await asyncio.gather(*self._running, return_exceptions=True)

    async def cancel(self) -> None:
        """Cancel all of them, and wait until they are gone."""
        for task in tuple(self._running):
            task.cancel()
        await self.finish()
