"""Collectors: what an observable sent, as a list that a test can compare."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

from reactivex.notification import Notification, OnCompleted, OnError, OnNext

from mape.errors import StateError

if TYPE_CHECKING:
    from reactivex import Observable
    from reactivex.abc import DisposableBase

__all__ = ["Collected", "collect", "loop_time"]

T = TypeVar("T")


class Collected(list[T]):
    """The items an observable sent, oldest first; compares equal to a plain list of them.

    Make one with `collect`. It is an observer too, so it can stand at the end of a chain: ``x.subscribe(Collected())``.
    """

    def __init__(self) -> None:
        super().__init__()
        self.events: list[tuple[float, Notification[T]]] = []
        self.started = loop_time()
        self._arrival = asyncio.Event()
        self.subscription: DisposableBase | None = None

    @property
    def times(self) -> list[float]:
        """When each item came, since the collector was made [s]; all zero outside an event loop."""
        return [time for time, event in self.events if isinstance(event, OnNext)]

    @property
    def errors(self) -> list[Exception]:
        """The errors that came as events, oldest first."""
        return [event.exception for _, event in self.events if isinstance(event, OnError)]

    @property
    def completed(self) -> bool:
        """Whether the end of the stream was announced."""
        return any(isinstance(event, OnCompleted) for _, event in self.events)

    def on_next(self, item: T) -> None:
        """Take an item."""
        self.append(item)
        self._note(OnNext(item))

    def on_error(self, error: Exception) -> None:
        """Take an error event."""
        self._note(OnError(error))

    def on_completed(self) -> None:
        """Take the end of the stream."""
        self._note(OnCompleted())

    async def wait_for(self, count: int, *, timeout: float | None = None) -> list[T]:  # noqa: ASYNC109 - the message
        """Wait until there are `count` items, and return the first `count`.

        Args:
            timeout: How long at most [s].

        Raises:
            TimeoutError: There are fewer when the time is over; the message shows them.
            StateError: The stream ended or failed before.
        """
        try:
            async with asyncio.timeout(timeout):
                while len(self) < count:
                    self._check_open(count)
                    self._arrival.clear()
                    await self._arrival.wait()
        except TimeoutError:
            raise TimeoutError(f"saw {len(self)} of {count} items within {timeout:g} s: {self!r:.300}") from None
        return self[:count]

    def dispose(self) -> None:
        """Collect no more."""
        if self.subscription is not None:
            self.subscription.dispose()

    def _check_open(self, count: int) -> None:
        if self.errors or self.completed:
            end = f"failed with {self.errors[0]!r}" if self.errors else "completed"
            raise StateError(f"the stream {end} after {len(self)} of {count} items: {self!r:.300}")

    def _note(self, event: Notification[T]) -> None:
        self.events.append((loop_time() - self.started, event))
        self._arrival.set()


def collect(observable: Observable[T]) -> Collected[T]:
    """Subscribe a new collector to an element, a port, ``app.failures`` or any other observable, and return it.

    Example:
        >>> import reactivex
        >>> collect(reactivex.of(1, 2))
        [1, 2]
    """
    collected: Collected[T] = Collected()
    collected.subscription = observable.subscribe(collected.on_next, collected.on_error, collected.on_completed)
    return collected


def loop_time() -> float:
    """Return the time of the running event loop [s]; 0 where none runs, as in a test of synchronous elements."""
    try:
        return asyncio.get_running_loop().time()
    except RuntimeError:
        return 0.0
