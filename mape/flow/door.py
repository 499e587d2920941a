"""The hot path: how an item gets into a function, and what the function emits gets on.

Each edge of the graph ends in a `Door` of its own. What a door does is decided when the topology changes, which is
rare, by putting another function in place; an item pays only for what is switched on. The two free variables that a
switch replaces are ``fn``, what the item is given to, and ``out``, what that function emits into.

Follow an item: the emitting function calls ``out``, which is the ``call`` of the next element's door; that door
counts, looks whether the item is special, and calls ``fn`` behind the wall. There is nothing in between. The forms
below differ in how ``fn`` is called and in who counts; they are written out because a further call costs more than
all they do. The counts are floats, whole numbers up to 2**53, because those are faster to add to than integers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from mape.flow.cause import Causes, Scope
from mape.item import HANDLED, SPECIAL

__all__ = [
    "Call",
    "Door",
    "Room",
    "counting",
    "emitting",
    "front",
    "inner_emitting",
    "inner_returning",
    "lean_emitting",
    "lean_returning",
    "plain",
    "returning",
]

Call = Callable[[Any], None]
Switch = Callable[[Any, Any], int]
Pair = tuple[Call, Switch]


class Room(Protocol):
    """What lies behind a door: an element."""

    is_resuming: bool
    """Whether it goes on with the items that wait."""

    def special(self, item: Any) -> Any:
        """Deal with a message or a method call; return what goes on, or `HANDLED`."""

    def fail(self, item: Any, error: Exception) -> None:
        """Take note that the function raised on `item`."""

    def nest(self, item: Any) -> None:
        """Have an item from outside wait that came up during the element's own work."""

    def resume(self) -> None:
        """Go on with the items that wait."""


class Door:
    """One edge's way in, with its counts.

    ``call`` takes an item and never raises; whoever captured it may keep it. While the door is closed its counts
    stand still, because another function then says where an item goes instead.

    Args:
        pair: What a form below made: ``call``, and the switch that opens it and tells the count.
    """

    __slots__ = ("_arrived", "_mark", "_reached", "_reaches", "_switch", "call")

    def __init__(self, pair: Pair) -> None:
        self.call, self._switch = pair
        self._arrived = self._reached = 0
        self._reaches = False
        self._mark: int | None = self._switch(None, None)

    def open(self, fn: Callable[..., Any], out: Call, *, reaches: bool) -> None:
        """Let items in, to `fn`, which emits into `out`; `reaches` says that `fn` is the function itself."""
        count = self._settle(self._switch(fn, out))
        self._mark, self._reaches = count, reaches

    def close(self, closed: Callable[..., None]) -> None:
        """Give what still comes to `closed` instead."""
        self._settle(self._switch(closed, None))
        self._mark = None

    @property
    def is_open(self) -> bool:
        """Whether items get in."""
        return self._mark is not None

    @property
    def arrived(self) -> int:
        """How many items came in."""
        return self._arrived + self._since()

    @property
    def reached(self) -> int:
        """How many of them went to the function with no mailbox, operator or guard in between."""
        return self._reached + (self._since() if self._reaches else 0)

    def _since(self) -> int:
        return 0 if self._mark is None else self._switch(None, None) - self._mark

    def _settle(self, count: int) -> int:
        if self._mark is not None:
            self._arrived += count - self._mark
            self._reached += count - self._mark if self._reaches else 0
        return int(count)


def emitting(room: Room, fn: Any = None, out: Any = None) -> Pair:
    """The door to ``f(item, on_next)``."""
    count = 0.0

    def call(item: Any) -> None:
        nonlocal count
        count += 1.0
        if type(item) in SPECIAL and (item := room.special(item)) is HANDLED:
            return
        try:
            fn(item, out)
        except Exception as error:  # the wall around an element's function
            room.fail(item, error)

    def switch(new_fn: Any, new_out: Any) -> int:
        nonlocal fn, out
        if new_fn is not None:
            fn, out = new_fn, new_out
        return int(count)

    return call, switch


def returning(room: Room, fn: Any = None, out: Any = None) -> Pair:
    """The door to ``f(item)``; what it returns goes on unless it is None."""
    count = 0.0

    def call(item: Any) -> None:
        nonlocal count
        count += 1.0
        if type(item) in SPECIAL and (item := room.special(item)) is HANDLED:
            return
        try:
            if (result := fn(item)) is not None:
                out(result)
        except Exception as error:  # the wall around an element's function
            room.fail(item, error)

    def switch(new_fn: Any, new_out: Any) -> int:
        nonlocal fn, out
        if new_fn is not None:
            fn, out = new_fn, new_out
        return int(count)

    return call, switch


def lean_emitting(room: Room, counter: Callable[[], int], fn: Any = None, out: Any = None) -> Pair:
    """The door to ``f(item, on_next)`` in a fan-out, which counts and looks for special items for all."""

    def call(item: Any) -> None:
        try:
            fn(item, out)
        except Exception as error:  # the wall around an element's function
            room.fail(item, error)

    def switch(new_fn: Any, new_out: Any) -> int:
        nonlocal fn, out
        if new_fn is not None:
            fn, out = new_fn, new_out
        return counter()

    return call, switch


def lean_returning(room: Room, counter: Callable[[], int], fn: Any = None, out: Any = None) -> Pair:
    """The door to ``f(item)`` in a fan-out."""

    def call(item: Any) -> None:
        try:
            if (result := fn(item)) is not None:
                out(result)
        except Exception as error:  # the wall around an element's function
            room.fail(item, error)

    def switch(new_fn: Any, new_out: Any) -> int:
        nonlocal fn, out
        if new_fn is not None:
            fn, out = new_fn, new_out
        return counter()

    return call, switch


def inner_emitting(room: Room, fn: Any = None, out: Any = None) -> Pair:
    """The door to ``f(item, on_next)`` behind operators; special items were dealt with before those."""
    count = 0.0

    def call(item: Any) -> None:
        nonlocal count
        count += 1.0
        try:
            fn(item, out)
        except Exception as error:  # the wall around an element's function
            room.fail(item, error)

    def switch(new_fn: Any, new_out: Any) -> int:
        nonlocal fn, out
        if new_fn is not None:
            fn, out = new_fn, new_out
        return int(count)

    return call, switch


def inner_returning(room: Room, fn: Any = None, out: Any = None) -> Pair:
    """The door to ``f(item)`` behind operators."""
    count = 0.0

    def call(item: Any) -> None:
        nonlocal count
        count += 1.0
        try:
            if (result := fn(item)) is not None:
                out(result)
        except Exception as error:  # the wall around an element's function
            room.fail(item, error)

    def switch(new_fn: Any, new_out: Any) -> int:
        nonlocal fn, out
        if new_fn is not None:
            fn, out = new_fn, new_out
        return int(count)

    return call, switch


def front(  # noqa: C901 - written out, as all here
    room: Room, scope: Scope, causes: Causes, waiting: Any, *, emits: bool
) -> Pair:
    """The door from outside, which gives an item a cause; one that comes up during other work has one."""
    fn: Any = None
    out: Any = None
    count = 0.0
    is_busy = False

    def call(item: Any) -> None:
        nonlocal count, is_busy
        if (before := scope.cause) is None:
            scope.cause = causes.new()
        elif is_busy or room.is_resuming:
            room.nest(item)
            return
        is_busy = True
        count += 1.0
        try:
            if type(item) in SPECIAL and (item := room.special(item)) is HANDLED:
                pass
            elif emits:
                fn(item, out)
            elif (result := fn(item)) is not None:
                out(result)
        except Exception as error:  # the wall around an element's function
            room.fail(item, error)
        finally:
            scope.cause = before
            is_busy = False
        if waiting:
            room.resume()

    def switch(new_fn: Any, new_out: Any) -> int:
        nonlocal fn, out
        if new_fn is not None:
            fn, out = new_fn, new_out
        return int(count)

    return call, switch


def counting(fail: Callable[[Any, Exception], None], fn: Any = None) -> Pair:
    """The door to the only listener of a port when that is an observer: a count and a wall."""
    count = 0.0

    def call(item: Any) -> None:
        nonlocal count
        count += 1.0
        try:
            fn(item)
        except Exception as error:  # the wall around an observer
            fail(item, error)

    def switch(new_fn: Any, _: Any) -> int:
        nonlocal fn
        if new_fn is not None:
            fn = new_fn
        return int(count)

    return call, switch


def plain(fail: Callable[[Any, Exception], None], fn: Any) -> tuple[Call, Callable[[], None]]:
    """The door to an observer that is no element, a wall and nothing else; and what shuts it for good."""

    def call(item: Any) -> None:
        try:
            fn(item)
        except Exception as error:  # the wall around an observer
            fail(item, error)

    def shut() -> None:
        nonlocal fn
        fn = _nothing

    return call, shut


def _nothing(_: object) -> None:
    """Take what comes after the end."""
