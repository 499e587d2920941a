"""Counts what comes from whom, and whether all of it came, once, and in order."""

from __future__ import annotations

from dataclasses import dataclass

from mape.item import Message

__all__ = ["Count", "Tally"]


@dataclass
class Count:
    """What came from one source.

    Args:
        received: Notices, each number once.
        doubled: Notices that had come before.
        swapped: Notices that a later one had overtaken.
        missing: Numbers between the first and the last that never came.
        first, last: The lowest and the highest number.
    """

    received: int = 0
    doubled: int = 0
    swapped: int = 0
    missing: int = 0
    first: int = 0
    last: int = 0


class Tally:
    """Counts for each source; notices are numbered from 1 by whoever sends them."""

    def __init__(self) -> None:
        self.counts: dict[str, Count] = {}
        self._missing: dict[str, set[int]] = {}

    def take(self, message: Message) -> None:
        """Take note of a message whose value has a `number`."""
        number, source = int(message.value.number), str(message.src)
        count = self.counts.get(source)
        if count is None:
            self.counts[source] = Count(received=1, missing=number - 1, first=number, last=number)
            self._missing[source] = set(range(1, number))
            return
        missing = self._missing[source]
        if number > count.last:
            missing.update(range(count.last + 1, number))
            count.last = number
            count.received += 1
        elif number in missing:
            missing.discard(number)
            count.swapped += 1
            count.received += 1
            count.first = min(count.first, number)
        else:
            count.doubled += 1
        count.missing = len(missing)
