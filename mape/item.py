"""What may travel besides plain values: messages with an address, method calls, and what went wrong.

Any object is a fine item. The two kinds here are special to the elements they reach.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Self, TypeVar

__all__ = [
    "HANDLED",
    "SPECIAL",
    "CallMethod",
    "Event",
    "Failure",
    "Message",
    "Passing",
    "Special",
    "exposed",
    "exposed_methods",
]

F = TypeVar("F", bound=Callable[..., Any])

SPECIAL: set[type] = set()
"""The types that an element looks at before its function does; filled by class statements only."""

HANDLED = object()
"""Says that a special item was dealt with and goes no further."""


class Special:
    """Base of the items that elements look at; subclasses are known by their exact type, which is fast."""

    __slots__ = ()

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        SPECIAL.add(cls)  # no state that a run changes: class statements only


@dataclass(slots=True)
class Message(Special):
    """A value with an address, like a packet.

    Args:
        value: The payload.
        src: Path of the element it comes from.
        dst: Path of the element it is meant for; `operators.router` reads it.
        hops: Paths of the elements it has passed, oldest first.
        timestamp: When it was made, since the Unix epoch [s]; the first element it reaches fills in a missing one.
    """

    value: Any
    src: str | None = None
    dst: str | None = None
    hops: tuple[str, ...] = ()
    timestamp: float | None = None

    @classmethod
    def create(cls, value: Any, src: object = None, dst: object = None, **fields: Any) -> Self:
        """Make a message; `src` and `dst` are paths or elements."""
        if "timestamp" not in fields and hasattr(src, "loop"):
            fields["timestamp"] = src.loop.app.clock.now()
        return cls(value, src=_path(src), dst=_path(dst), **fields)

    def passed(self, path: str, now: float) -> Self:
        """Return a copy that has passed the element at `path`, so that siblings do not share hops."""
        hops, timestamp = (*self.hops, path), now if self.timestamp is None else self.timestamp
        if type(self) is Message:  # six times faster than a copy
            return type(self)(self.value, self.src, self.dst, hops, timestamp)
        passed = copy.copy(self)  # a subclass has fields of its own
        passed.hops, passed.timestamp = hops, timestamp
        return passed


def _path(place: object) -> str | None:
    return place if place is None else str(getattr(place, "path", place))


@dataclass(frozen=True)
class CallMethod(Special):
    """Asks the element it reaches to call one of its methods instead of its function.

    Args:
        method: Its name; one that begins with "_" is refused.
        args, kwargs: What it is called with.
        remote: Whether it came over a wire: then only methods marked by `exposed` may be called.
    """

    method: str
    args: tuple[Any, ...] = ()
    kwargs: dict[str, Any] = field(default_factory=dict)
    remote: bool = False

    @classmethod
    def create(cls, method: str, *args: Any, **kwargs: Any) -> Self:
        """Make a call of `method` with these arguments."""
        return cls(method, args, kwargs)

    def call(self, element: object) -> Any:
        """Call the method of `element` and return what it returns.

        Raises:
            AttributeError: There is no such public method, or a remote caller may not call it.
        """
        if self.remote:
            method = exposed_methods(type(element)).get(self.method)
        else:
            method = None if self.method.startswith("_") else getattr(element, self.method, None)  # no wire
        if not callable(method):
            hint = "mark it with @mape.exposed to let remote callers in" if self.remote else "public methods only"
            raise AttributeError(f"{element!r} has no method {self.method!r:.80} that may be called: {hint}")
        if self.remote:
            return method(element, *self.args, **self.kwargs)
        return method(*self.args, **self.kwargs)


@dataclass(frozen=True)
class Passing(Special):
    """An ``on_error`` (the error) or ``on_completed`` (None) that waits its turn in a mailbox."""

    error: Exception | None


def exposed(method: F) -> F:
    """Let a `CallMethod` that came over a wire call this method."""
    method.mape_exposed = True  # type: ignore[attr-defined]
    return method


def exposed_methods(kind: type) -> dict[str, Callable[..., Any]]:
    """The methods of a class that `exposed` marks, by name; an override must be marked again."""
    members = {name: member for each in reversed(kind.__mro__) for name, member in vars(each).items()}
    return {name: member for name, member in members.items() if getattr(member, "mape_exposed", False)}


@dataclass(frozen=True)
class Failure:
    """One item that an element could not deal with.

    Args:
        path: The element, or the port or observer, that failed.
        item: What it was working on; None when a timer had no item in hand.
        error: What was raised.
        cause: Causal id of the item that had entered the app, see `mape.current_cause`.
        timestamp: When, since the Unix epoch [s].
    """

    path: str
    item: Any
    error: BaseException
    cause: str | None = None
    timestamp: float = 0.0


@dataclass(frozen=True)
class Event:
    """Something that happened to a connection, a stream or a service.

    Args:
        kind: One word: ``connected``, ``disconnected``, ``gap``, ``overflow``, ``dead_letter``, ...
        path: Whose connection or stream.
        text: A sentence for people.
        timestamp: When, since the Unix epoch [s].
    """

    kind: str
    path: str
    text: str
    timestamp: float = 0.0
