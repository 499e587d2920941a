"""Keeps the call stack short: finds circles and long chains when they are wired, and breaks them with a guard.

An item goes from element to element by plain calls, so a circle would recurse without end and a chain of thousands
would meet the recursion limit. Each element knows its height above the last guard (``hops``); an edge that would
close a circle, or a chain longer than `LONGEST`, makes its target guarded. An item that reaches a guarded element
while another guarded one is at work waits until that one is done, and then goes on, in order.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Any, Protocol

__all__ = ["LONGEST", "WAITING", "Guard", "Node", "keep_shallow"]

LONGEST = 64
"""Elements that call each other directly at most: about 130 frames, with operators more."""

WAITING = 65_536
"""Items that wait at one guarded element at most; the next are dropped and counted (``overflow``)."""


class Node(Protocol):
    """What this needs of an element."""

    hops: int
    guarded: bool
    deferred: int

    @property
    def is_cut(self) -> bool:
        """Whether the call stack ends here: guarded, or with a mailbox."""

    def downstream(self) -> Iterator[tuple[Any, int]]:
        """The elements it calls, with the weight of the way."""

    def admit(self, item: Any) -> None:
        """Take an item that is past the guard."""

    def refuse(self, item: Any, reason: str) -> None:
        """Take note that an item did not get past the guard."""

    def rewire(self) -> None:
        """Open the ways that are right now."""


class Guard:
    """Lets one item at a time through to the guarded elements of an app; what arrives meanwhile waits its turn.

    Order:
        First in, first out over all guarded elements, so in order on each edge.
    """

    def __init__(self) -> None:
        self._busy = False
        self._waiting: deque[tuple[Node, Any]] = deque()  # bound: WAITING for each element

    def run(self, element: Node, item: Any) -> None:
        """Give `item` to `element` now, or when the items before it are done."""
        if self._busy:
            if element.deferred >= WAITING:
                element.refuse(item, "overflow")
                return
            element.deferred += 1
            self._waiting.append((element, item))
            return
        self._busy = True
        try:
            element.admit(item)
            while self._waiting:
                element, item = self._waiting.popleft()
                element.deferred -= 1
                element.admit(item)
        finally:
            self._busy = False


def keep_shallow(source: Node, target: Node, weight: int) -> None:
    """Raise the heights behind a new edge from `source` to `target`; guard `target` where that has no end.

    Costs nothing when elements are wired in the order they were made, else a walk over at most `LONGEST` steps.
    """
    height = source.hops + weight
    if target.is_cut or height <= target.hops:
        return
    raised = {target: height}
    stack = [target]
    while stack:
        node = stack.pop()
        if node is source or raised[node] > LONGEST:
            target.guarded = True
            target.hops = 0
            target.rewire()
            return
        for following, step in node.downstream():
            height = raised[node] + step
            if not following.is_cut and height > max(following.hops, raised.get(following, 0)):
                raised[following] = height
                stack.append(following)
    for node, height in raised.items():
        node.hops = height
