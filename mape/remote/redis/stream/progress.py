"""How far a consumer has come with each sender; pure."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from typing import NamedTuple

__all__ = ["Place", "Progress"]

SOURCES = 4_096
"""Senders that are remembered; the one that was silent longest is forgotten first."""


class Place(NamedTuple):
    """Where a frame stands.

    Args:
        skip: How many of its items have come before.
        gap: How many items before it never came.
    """

    skip: int
    gap: int


class Progress:
    """The marks of all senders: the number after the last item that was dealt with.

    Order:
        Marks only grow, whatever is heard, and from whom.
    """

    def __init__(self) -> None:
        self._marks: OrderedDict[str, int] = OrderedDict()
        self._fresh: dict[str, int] = {}

    @property
    def marks(self) -> Mapping[str, int]:
        """All that is known."""
        return self._marks

    def adopt(self, marks: Mapping[str, int]) -> None:
        """Hear from elsewhere how far the group has come."""
        for source, mark in marks.items():
            if mark > self._marks.get(source, -1):
                self._remember(source, mark)

    def place(self, source: str, seq: int, count: int) -> Place:
        """Return where a frame of `count` items from `seq` on stands; before the very first nothing is missing."""
        expected = self._marks.get(source, seq)
        return Place(min(count, max(0, expected - seq)), max(0, seq - expected))

    def mark(self, source: str, number: int) -> None:
        """Say that everything below `number` is dealt with."""
        if number > self._marks.get(source, -1):
            self._remember(source, number)
            self._fresh[source] = number

    def take_fresh(self) -> dict[str, int]:
        """Return the marks that nobody was told yet."""
        fresh, self._fresh = self._fresh, {}
        return fresh

    def return_fresh(self, fresh: Mapping[str, int]) -> None:
        """Hear that nobody was told after all."""
        self._fresh = {**fresh, **self._fresh}

    def _remember(self, source: str, mark: int) -> None:
        self._marks[source] = mark
        self._marks.move_to_end(source)
        if len(self._marks) > SOURCES:
            self._marks.popitem(last=False)
