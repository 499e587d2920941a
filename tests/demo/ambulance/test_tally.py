"""Counting what came, once and in order."""

from __future__ import annotations

import pytest

from mape.demo.ambulance.notice import Siren
from mape.demo.ambulance.tally import Count, Tally
from mape.item import Message


@pytest.mark.parametrize(
    ("numbers", "count"),
    [
        ([1, 2, 3], Count(received=3, first=1, last=3)),
        ([1, 3], Count(received=2, missing=1, first=1, last=3)),
        ([1, 3, 2], Count(received=3, swapped=1, first=1, last=3)),
        ([1, 2, 2, 1], Count(received=2, doubled=2, first=1, last=2)),
        ([3, 4], Count(received=2, missing=2, first=3, last=4)),
        ([2, 1], Count(received=2, swapped=1, first=1, last=2)),
    ],
)
def test_every_number_is_received_missing_doubled_or_swapped(numbers: list[int], count: Count) -> None:
    tally = Tally()
    for number in numbers:
        tally.take(Message(Siren(is_on=True, at_m=0.0, number=number), src="a"))

    assert tally.counts == {"a": count}


def test_each_source_is_counted_for_itself() -> None:
    tally = Tally()
    for source in ("a", "b", "b"):
        tally.take(Message(Siren(is_on=True, at_m=0.0, number=1), src=source))

    assert (tally.counts["a"].doubled, tally.counts["b"].doubled) == (0, 1)
