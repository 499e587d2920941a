"""The way in for other threads: one deque and one wake-up for many items."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from threading import Event, get_ident
from typing import Any

from mape.errors import MailboxFullError

__all__ = ["Posts"]

SIZE = 65_536
"""Items that wait at most; then the posting thread waits."""

A_TURN = 2_048
"""Items that are passed on before others on the event loop have their turn."""


class Posts:
    """Items from other threads, on their way to the event loop's thread."""

    def __init__(self) -> None:
        self._items: deque[tuple[Callable[[Any], None], Any]] = deque()  # bound: put waits at SIZE
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = 0
        self._is_due = False
        self._has_room = Event()

    def attach(self, loop: asyncio.AbstractEventLoop) -> None:
        """Pass items on from now on, in the thread that calls this."""
        self._loop, self._thread = loop, get_ident()
        self._drain()

    def detach(self) -> None:
        """Keep what comes until there is a loop again."""
        self._loop = None

    def put(self, push: Callable[[Any], None], item: Any, timeout: float) -> None:
        """Take `item` for `push`, from any thread.

        Raises:
            MailboxFullError: There was no room within `timeout` [s].
        """
        if len(self._items) >= SIZE and get_ident() != self._thread:
            self._wait_for_room(timeout)
        self._items.append((push, item))
        if not self._is_due and (loop := self._loop) is not None:
            self._is_due = True
            loop.call_soon_threadsafe(self._drain)

    def _wait_for_room(self, timeout: float) -> None:
        self._has_room.clear()
        if len(self._items) >= SIZE and not self._has_room.wait(timeout):
            raise MailboxFullError(f"{SIZE} posted items wait and none was taken for {timeout} s: post fewer")

    def _drain(self) -> None:
        self._is_due = False
        items = self._items
        for _ in range(min(len(items), A_TURN)):
            push, item = items.popleft()
            push(item)
        if not self._has_room.is_set():
            self._has_room.set()
        if items and self._loop and not self._is_due:
            self._is_due = True
            self._loop.call_soon(self._drain)
