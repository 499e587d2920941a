"""Marbles: streams in time, drawn as text.

The notation is reactivex' own. Each character is one `timespan`: ``-`` is nothing, ``|`` the end, ``#`` an error,
``(a,b)`` two items at the time of its ``(``. Any other run of characters is one item, at the time of the first of them:
a number stands for itself, other names are looked up in `lookup`. Spaces are for the eye. ``--a-b|`` at 0.1 s a
character is `a` at 0.2 s, `b` at 0.4 s and the end at 0.5 s; ``--ab`` is one item of the name `ab`.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Protocol, cast

from reactivex.notification import Notification, OnCompleted, OnError, OnNext
from reactivex.observable.marbles import parse

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mape.testing.collector import Collected

__all__ = ["Feedable", "assert_marbles", "feed", "to_marbles"]

_TOLERANCE = 1e-5  # [s]; Rx operators compute with times in whole microseconds
_DEFAULT_ERROR = Exception("error")


class Feedable(Protocol):
    """What takes items and events: a port, an element, an observer."""

    def on_next(self, value: Any, /) -> Any:
        """Take an item."""

    def on_error(self, error: Exception, /) -> Any:
        """Take an error event."""

    def on_completed(self) -> Any:
        """Take the end of the stream."""


async def feed(
    target: Feedable,
    diagram: str,
    lookup: Mapping[Any, Any] | None = None,
    *,
    timespan: float = 0.1,
    error: Exception | None = None,
) -> None:
    """Send what a diagram shows, when it shows it, counted from now; return at the end of the diagram.

    Args:
        target: Where to; usually ``element.port_in``.
        diagram: Such as ``"--a-b|"``.
        lookup: What the names stand for.
        timespan: How long a character lasts [s].
        error: What ``#`` sends.
    """
    loop = asyncio.get_running_loop()
    start = loop.time()
    for time, event in _parse(diagram, lookup, timespan, error):
        await _sleep_until(start + time)
        event.accept(target.on_next, target.on_error, target.on_completed)
    await _sleep_until(start + len(diagram.replace(" ", "")) * timespan)


def to_marbles(collected: Collected[Any], lookup: Mapping[Any, Any] | None = None, *, timespan: float = 0.1) -> str:
    """Draw what a collector saw, counted from when it was made.

    Values that `lookup` does not name are drawn by their text. An item that comes while a longer name before it is
    still being drawn is pushed to the right.
    """
    names = [(value, str(name)) for name, value in (lookup or {}).items()]
    frames: dict[int, list[str]] = {}
    for time, event in collected.events:
        frames.setdefault(round(time / timespan), []).append(_token(event, names))
    diagram = ""
    for frame, tokens in sorted(frames.items()):
        diagram += "-" * (frame - len(diagram))
        diagram += tokens[0] if len(tokens) == 1 else f"({','.join(tokens)})"
    return diagram


def assert_marbles(
    collected: Collected[Any],
    diagram: str,
    lookup: Mapping[Any, Any] | None = None,
    *,
    timespan: float = 0.1,
    error: Exception | None = None,
) -> None:
    """Check that a collector saw what a diagram shows, when it shows it, counted from when the collector was made.

    Args:
        collected: From `collect`.
        diagram: Such as ``"--a-b|"``; dashes at its end mean nothing.
        lookup: What the names stand for.
        timespan: How long a character lasts [s].
        error: What ``#`` stands for; any error when None.

    Raises:
        AssertionError: Something came at another time, or was another thing; the message shows both streams.
    """
    expected = _parse(diagram, lookup, timespan, error)
    seen = collected.events
    if len(expected) == len(seen) and all(map(_is_same, expected, seen)):
        return
    drawn = to_marbles(collected, lookup, timespan=timespan)
    raise AssertionError(
        f"the marbles differ\n  expected {diagram.replace(' ', '')}\n  seen     {drawn}"
        f"\n  expected {_listing(expected)}\n  seen     {_listing(seen)}",
    )


def _parse(
    diagram: str,
    lookup: Mapping[Any, Any] | None,
    timespan: float,
    error: Exception | None,
) -> list[tuple[float, Notification[Any]]]:
    messages = parse(diagram, timespan=float(timespan), lookup=lookup, error=error or _DEFAULT_ERROR)
    return [(cast("float", time), event) for time, event in messages]  # it also takes a timedelta, we gave seconds


async def _sleep_until(time: float) -> None:
    delay = time - asyncio.get_running_loop().time()
    if delay > 0:
        await asyncio.sleep(delay)


def _is_same(expected: tuple[float, Notification[Any]], seen: tuple[float, Notification[Any]]) -> bool:
    """Notifications compare by their text; values must compare as values."""
    (expected_time, wanted), (seen_time, event) = expected, seen
    if abs(expected_time - seen_time) > _TOLERANCE or type(wanted) is not type(event):
        return False
    if isinstance(wanted, OnError) and isinstance(event, OnError):
        return wanted.exception is _DEFAULT_ERROR or repr(wanted.exception) == repr(event.exception)
    return bool(wanted.value == event.value) if isinstance(wanted, OnNext) and isinstance(event, OnNext) else True


def _token(event: Notification[Any], names: list[tuple[Any, str]]) -> str:
    if isinstance(event, OnCompleted):
        return "|"
    if isinstance(event, OnNext):
        return next((name for value, name in names if value == event.value), str(event.value))
    return "#"


def _listing(events: list[tuple[float, Notification[Any]]]) -> str:
    return ", ".join(f"{time:g} s {_text(event):.80}" for time, event in events) or "nothing"


def _text(event: Notification[Any]) -> str:
    if isinstance(event, OnNext):
        return repr(event.value)
    return f"error {event.exception!r}" if isinstance(event, OnError) else "end"
