"""The hot path: how an item gets into a function, and what the function emits gets on.

Each edge of the graph ends in a `Door` of its own. What a door does is decided when the topology changes, which is
rare, by putting another function in place; an item pays only for what is switched on. The two free variables that a
switch replaces are ``fn``, what the item is given to, and ``out``, what that function emits into.

Follow an item: the emitting function calls ``out``, which is the ``call`` of the next element's door; that door
counts, looks whether the item is special, and calls ``fn`` behind the wall. There is nothing in between.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from mape.item import HANDLED, SPECIAL

__all__ = ["Call", "Door", "Room", "emitting", "plain", "returning"]

Call = Callable[[Any], None]
Switch = Callable[[Callable[..., Any] | None, Call | None], int]


class Room(Protocol):
    """What lies behind a door: an element."""

    def special(self, item: Any) -> Any:
        """Deal with a message or a method call; return what goes on, or `HANDLED`."""

    def fail(self, item: Any, error: Exception) -> None:
        """Take note that the function raised on `item`."""


class Door:
    """One edge's way in, with its count.

    ``call`` takes an item and never raises; whoever captured it may keep it. While the door is closed its count
    stands still, because `closed` then says where an item goes instead.
    """

    __slots__ = ("_mark", "_settled", "_switch", "call")

    def __init__(self, pair: tuple[Call, Switch]) -> None:
        self.call, self._switch = pair
        self._settled = 0
        self._mark: int | None = 0

    def open(self, fn: Callable[..., Any], out: Call | None) -> None:
        """Let items in, to `fn`, which emits into `out`."""
        count = self._switch(fn, out)
        if self._mark is None:
            self._mark = count

    def close(self, closed: Callable[..., None]) -> None:
        """Give what still comes to `closed` instead."""
        count = self._switch(closed, None)
        if self._mark is not None:
            self._settled += count - self._mark
            self._mark = None

    @property
    def is_open(self) -> bool:
        """Whether items get in."""
        return self._mark is not None

    @property
    def count(self) -> int:
        """How many items came in while it was open."""
        return self._settled if self._mark is None else self._settled + self._switch(None, None) - self._mark


def emitting(room: Room, fn: Any = None, out: Any = None) -> tuple[Call, Switch]:
    """The door to ``f(item, on_next)``."""
    count = 0

    def call(item: Any) -> None:
        nonlocal count
        count += 1
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
        return count

    return call, switch


def returning(room: Room, fn: Any = None, out: Any = None) -> tuple[Call, Switch]:
    """The door to ``f(item)``; what it returns goes on unless it is None."""
    count = 0

    def call(item: Any) -> None:
        nonlocal count
        count += 1
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
        return count

    return call, switch


def plain(fail: Callable[[Any, Exception], None], fn: Any) -> Call:
    """The door to an observer that is no element: a wall and nothing else."""

    def call(item: Any) -> None:
        try:
            fn(item)
        except Exception as error:  # the wall around an observer
            fail(item, error)

    return call
