"""Backoff: longer each time, within bounds, and from the start again after a success."""

from __future__ import annotations

from itertools import islice
from random import Random
from typing import Any

import pytest

from mape.remote.backoff import Backoff


def test_delays_grow_by_the_factor_up_to_the_most() -> None:
    assert list(islice(Backoff(0.05, 2, 1.0), 7)) == [0.05, 0.1, 0.2, 0.4, 0.8, 1.0, 1.0]


def test_a_reset_begins_again() -> None:
    backoff = Backoff(0.1, 3, 10)
    assert list(islice(backoff, 3)) == pytest.approx([0.1, 0.3, 0.9])
    backoff.reset()
    assert next(backoff) == 0.1


def test_jitter_takes_away_at_most_its_part_and_adds_nothing() -> None:
    delays = list(islice(Backoff(1, 1, 1, jitter=0.3, rng=Random(1)), 1000))
    assert 0.7 <= min(delays) < 0.71
    assert 0.99 < max(delays) <= 1.0


def test_the_same_seed_gives_the_same_delays_and_another_one_does_not() -> None:
    first, same, other = (list(islice(Backoff(rng=Random(seed)), 10)) for seed in (1, 1, 2))
    assert first == same != other


@pytest.mark.parametrize(
    "wrong", [{"first": 0}, {"first": 2, "most": 1}, {"factor": 0.5}, {"jitter": -0.1}, {"jitter": 1.1}]
)
def test_arguments_out_of_range_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="a back-off needs"):
        Backoff(**wrong)
