"""Functions that hear messages of channels, without a loop: ``@subscribe_handler_deco("car_*")``."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, TypedDict

from mape.errors import WiringError
from mape.mailbox import Mailbox
from mape.remote.redis.subscription import SubObservable

if TYPE_CHECKING:
    from mape.application import App

__all__ = ["ChannelMessage", "Handler", "subscribe_handler", "subscribe_handler_deco"]

WAITING = 1_024
"""Messages that wait for an async handler; then the oldest is dropped."""


class ChannelMessage(TypedDict):
    """What a handler is called with."""

    channel: str
    pattern: str | None
    """What the channel was subscribed to by; None where that was its own name."""
    data: Any
    """The item."""


class Handler:
    """A function that hears messages; called, it is that function. `dispose` ends it.

    Order:
        One message after the other, also where the function is async.
    """

    def __init__(self, source: SubObservable, function: Callable[[ChannelMessage], Any]) -> None:
        if not callable(function):
            raise WiringError(f"{source.path}: {function!r:.80} cannot hear messages: give a function")
        self.source, self.function = source, function
        self._mailbox: Mailbox[ChannelMessage] = Mailbox(WAITING)
        self._is_working = False
        self._subscription = source.subscribe(self._call_later if _is_async(function) else self._call)

    def __call__(self, message: ChannelMessage) -> Any:
        """Call the function."""
        return self.function(message)

    def dispose(self) -> None:
        """Hear nothing any more."""
        self._subscription.dispose()
        self._mailbox.clear()

    def _message(self, item: Any) -> ChannelMessage:
        current = self.source.current
        channel, pattern = (current.channel, current.pattern) if current else (b"", None)
        name = None if pattern is None else pattern.decode(errors="replace")
        return {"channel": channel.decode(errors="replace"), "pattern": name, "data": item}

    def _call(self, item: Any) -> None:
        self.function(self._message(item))

    def _call_later(self, item: Any) -> None:
        app = self.source.host
        if self._mailbox.put_nowait(self._message(item)):
            app.tell("overflow", self.source.path, "the async handler is too slow: its oldest message was dropped")
        if not self._is_working:
            self._is_working = True
            app.spawn(self._work_off(), self.source.path, item)

    async def _work_off(self) -> None:
        try:
            while self._mailbox:
                message = self._mailbox.get_nowait()
                try:
                    await self.function(message)  # deadline: the person's own function
                except Exception as error:  # the wall around a handler
                    self.source.host.report(self.source.path, message["data"], error)
        finally:
            self._is_working = False


def subscribe_handler(
    patterns: str | bytes | Iterable[str | bytes],
    handler: Callable[[ChannelMessage], Any],
    deserializer: Callable[[bytes], Any] | None = None,
    redis: Any = None,
    *,
    app: App | None = None,
) -> Handler:
    """Have `handler`, plain or async, called with each item that is published to `patterns`, as a `ChannelMessage`.

    Args:
        patterns, deserializer, redis, app: As for `SubObservable`.

    Returns:
        What ends it by ``dispose()``.
    """
    return Handler(SubObservable(patterns, deserializer, redis, app=app), handler)


def subscribe_handler_deco(
    patterns: str | bytes | Iterable[str | bytes],
    deserializer: Callable[[bytes], Any] | None = None,
    redis: Any = None,
    *,
    app: App | None = None,
) -> Callable[[Callable[[ChannelMessage], Any]], Handler]:
    """Do the same as a decorator: what it decorates can still be called, and has a ``dispose()``."""
    return lambda handler: subscribe_handler(patterns, handler, deserializer, redis, app=app)


def _is_async(function: Any) -> bool:
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(type(function).__call__)
