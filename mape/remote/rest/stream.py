"""What passes a port, for clients that watch it: encoded once, queued for each, bounded."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from mape.codecs import JSON, Codec, Header
from mape.errors import EncodeError

if TYPE_CHECKING:
    from mape.application import App
    from mape.port import Port

__all__ = ["Feed", "Feeds", "Tail", "frame"]

MOST = 512
"""Items that travel together at most."""
MOST_BYTES = 2**20
"""Their size at most, unless one alone is larger; clients take no message of more than 16 MiB."""
KEPT_BYTES = 16 * 2**20
"""What waits for one client at most, but for one item of any size [bytes]."""


class Tail:
    """What waits for one client: drops the oldest when it is full, and counts them.

    Args:
        size: How many items may wait.
        max_bytes: How many bytes they may have together.
    """

    def __init__(self, size: int, max_bytes: int = KEPT_BYTES) -> None:
        self._waiting: deque[tuple[bytes, int | None, str]] = deque()  # bound: size and max_bytes, in put
        self._size, self._max_bytes = size, max_bytes
        self._bytes = 0
        self._wake = asyncio.Event()
        self.number = 0
        """Of the first item that waits; a gap in the numbers is what was dropped."""
        self.dropped = 0
        self.is_closed = False

    def put(self, part: bytes, cause: int | None, kind: str) -> None:
        """Add an item."""
        self._bytes += len(part)
        while self._waiting and (len(self._waiting) >= self._size or self._bytes > self._max_bytes):
            self._pop()
            self.skip()
        self._waiting.append((part, cause, kind))
        self._wake.set()

    def _pop(self) -> tuple[bytes, int | None, str]:
        item = self._waiting.popleft()
        self._bytes -= len(item[0])
        return item

    def skip(self) -> None:
        """Count an item that cannot be had."""
        self.number += 1
        self.dropped += 1

    def close(self) -> None:
        """Let whoever waits know that nothing more comes."""
        self.is_closed = True
        self._wake.set()

    async def take(self, patience: float) -> tuple[int, list[tuple[bytes, int | None, str]]]:
        """Return the number of the next item and what waits from there on, at most `MOST` and `MOST_BYTES`.

        Nothing after `patience` [s], and at once when the tail is closed and empty.
        """
        if not self._waiting and not self.is_closed:
            self._wake.clear()
            try:
                await asyncio.wait_for(self._wake.wait(), patience)
            except TimeoutError:
                return self.number, []
        taken: list[tuple[bytes, int | None, str]] = []
        length = 0
        while self._waiting and len(taken) < MOST:
            length += len(self._waiting[0][0])
            if taken and length > MOST_BYTES:
                break
            taken.append(self._pop())
        first, self.number = self.number, self.number + len(taken)
        return first, taken

    def __len__(self) -> int:
        return len(self._waiting)


class Feed:
    """An observer of a port for all clients that watch it: ``item``, ``error`` and ``completed``, encoded."""

    def __init__(self, app: App, port: Port, codec: Codec = JSON) -> None:
        self._app, self._codec = app, codec
        self.tails: dict[Tail, None] = {}
        self._subscription = port.subscribe(self)

    def on_next(self, item: Any) -> None:
        """Take an item; one that has no form on the wire is counted as dropped, and reported.

        Raises:
            EncodeError: It has none.
        """
        try:
            part = self._codec.encode(item)
        except EncodeError:
            for tail in self.tails:
                tail.skip()
            raise
        self._put(part, "item")

    def on_error(self, error: Exception) -> None:
        """Pass an error on as an event."""
        self._put(self._codec.encode_event(error), "error")

    def on_completed(self) -> None:
        """Pass completion on as an event."""
        self._put(self._codec.encode_event(None), "completed")

    def _put(self, part: bytes, kind: str) -> None:
        cause = self._app.scope.current()
        for tail in self.tails:
            tail.put(part, cause, kind)

    def close(self) -> None:
        """Watch no more."""
        self._subscription.dispose()


class Feeds:
    """All ports that are watched.

    Args:
        size: How many items may wait for one client.
    """

    def __init__(self, app: App, size: int) -> None:
        self._app, self._size = app, size
        self._feeds: dict[tuple[Port, str], Feed] = {}
        self.dropped = 0
        self.is_closed = False

    def watch(self, port: Port, codec: Codec = JSON) -> tuple[Tail, Callable[[], None]]:
        """Return what waits for a new client, and what lets go of it."""
        key = (port, codec.name)
        feed = self._feeds[key] = self._feeds.get(key) or Feed(self._app, port, codec)
        tail = Tail(self._size)
        feed.tails[tail] = None
        if self.is_closed:
            tail.close()

        def leave() -> None:
            self.dropped += tail.dropped
            feed.tails.pop(tail, None)
            if not feed.tails:
                self._feeds.pop(key, None)
                feed.close()

        return tail, leave

    def close(self) -> None:
        """Let all clients know that nothing more comes."""
        self.is_closed = True
        for feed in self._feeds.values():
            for tail in feed.tails:
                tail.close()

    def __len__(self) -> int:
        return sum(len(feed.tails) for feed in self._feeds.values())


def frame(codec: Codec, sender: Header, first: int, taken: list[tuple[bytes, int | None, str]]) -> bytes:
    """Return items as one frame, numbered from `first`."""
    causes = [cause for _, cause, _ in taken]
    return codec.frame(Header(sender.source, sender.epoch, first, causes), [part for part, _, _ in taken])
