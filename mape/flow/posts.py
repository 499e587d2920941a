"""The way in for other threads: one deque and one wake-up for many items."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from threading import Event, get_ident
from typing import Any

from mape.errors import MailboxFullError

__all__ = ["Posts"]

A_TURN = 2_048
"""Items that are passed on before others on the event loop have their turn."""


class Posts:
    """Items from other threads, on their way to the event loop's thread.

    Args:
        size: Items that wait at most; then the posting thread waits.
    """

    __slots__ = ("_has_room", "_loop", "_thread", "entries", "is_due", "limit")

    def __init__(self, size: int = 65_536) -> None:
        self.limit = 2 * size
        self.entries: deque[Any] = deque()  # bound: limit, whoever adds asks
        """In turn what an item goes to and the item, two at once: a tuple for each would cost as much again."""
        self.is_due = False
        """Whether the event loop knows that there is something to pass on."""
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = 0
        self._has_room = Event()

    def door(self, find: Callable[[str], Any]) -> Callable[..., None]:
        """Return ``post(target, item, timeout=5.0)``, which gives an element an item from another thread.

        `target` is an element, a port, or a path. When too many items wait already, `post` waits for room [s].

        Raises:
            UnknownPathError: Nothing is at that path.
            MailboxFullError: There was no room in time.

        Order:
            First in, first out, per thread.
        """
        entries, add = self.entries, self.entries.extend

        def post(target: Any, item: Any, timeout: float = 5.0) -> None:
            if type(target) is str:
                target = find(target)
            if len(entries) >= self.limit:
                self.wait_for_room(timeout)
            add((target.on_next, item))
            if not self.is_due:
                self.wake()

        return post

    def attach(self, loop: asyncio.AbstractEventLoop) -> None:
        """Pass items on from now on, in the thread that calls this."""
        self._loop, self._thread = loop, get_ident()
        self._drain()

    def detach(self) -> None:
        """Keep what comes until there is a loop again."""
        self._loop, self.is_due = None, False

    def wait_for_room(self, timeout: float) -> None:
        """Wait until there is room; in the event loop's own thread there is always room.

        Raises:
            MailboxFullError: None was taken within `timeout` [s].
        """
        if get_ident() != self._thread:
            self._has_room.clear()
            if len(self.entries) >= self.limit and not self._has_room.wait(timeout):
                raise MailboxFullError(
                    f"{self.limit // 2} posted items wait and none was taken for {timeout} s: post fewer"
                )

    def wake(self) -> None:
        """Let the event loop know; to be called after an entry was added while `is_due` was false."""
        if not self.is_due and (loop := self._loop) is not None:
            self.is_due = True
            loop.call_soon_threadsafe(self._drain)

    def _drain(self) -> None:
        self.is_due = False  # first: whoever appends from now on wakes the loop again
        pop = self.entries.popleft
        for _ in range(min(len(self.entries) // 2, A_TURN)):
            pop()(pop())
        if not self._has_room.is_set():
            self._has_room.set()
        if self.entries and self._loop and not self.is_due:
            self.is_due = True
            self._loop.call_soon(self._drain)
