"""How a demo ends early: by signals, in order, or at once."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable

__all__ = ["Ending"]


class Ending:
    """Lets the first SIGINT or SIGTERM cancel the task that made this, and a second one end the process at once.

    Args:
        restore: Called before the process ends at once, to leave the terminal as it was.
    """

    def __init__(self, restore: Callable[[], None] = lambda: None) -> None:
        self.number = 0
        """The signal that ended it; 0: none."""
        self._restore = restore
        self._task = asyncio.current_task()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, self._heed, number)

    @property
    def name(self) -> str:
        """The signal's name; "" without one."""
        return signal.Signals(self.number).name if self.number else ""

    @property
    def code(self) -> int:
        """The exit code of a process that ended by it."""
        return 128 + self.number if self.number else 0

    def _heed(self, number: int) -> None:
        if self.number:
            self._restore()
            os._exit(128 + number)  # the children notice
        self.number = number
        if self._task:
            self._task.cancel()
