"""What an arm is worth."""

from __future__ import annotations

import pytest

from mape.demo.elastic.measurement import Batch, Outcome
from mape.demo.elastic.policy import Decision
from mape.demo.elastic.record import Point, Record, score

GOAL = 0.1


def record(*seconds: list[float]) -> Record:
    """Return the record of an arm whose second n had requests of the latencies ``seconds[n]``."""
    made = Record("arm")
    for second, latencies in enumerate(seconds):
        done = tuple(Outcome(second + 0.5, latency, 0.04, ok=latency < 1) for latency in latencies)
        made.add(Batch("arm", second + 0.9, len(done), 0, 0.0, done), workers=second + 1)
    return made


def test_an_arm_is_seen_second_by_second() -> None:
    assert record([0.05, 0.07], [], [0.2]).points() == [Point(0, 2, 0.07, 1), Point(2, 1, 0.2, 3)]


def test_a_request_belongs_to_the_second_in_which_it_was_sent() -> None:
    late = Record("arm")
    late.add(Batch("arm", 9.0, 0, 0, 0.0, (Outcome(1.99, 2.0, 0.0, ok=False),)), 1)
    assert [point.second for point in late.points()] == [1]


def test_within_goal_is_the_share_of_seconds_whose_p95_is_within() -> None:
    assert score(record([0.05], [0.1], [0.11], [0.5]), GOAL).within_goal == 0.5


def test_seconds_without_a_request_count_neither_way() -> None:
    assert score(record([0.05], [], [], [0.5]), GOAL).within_goal == 0.5


def test_failed_requests_are_counted_and_slow() -> None:
    scored = score(record([0.05, 2.0], [2.0]), GOAL)
    assert (scored.requests, scored.errors, scored.within_goal) == (3, 2, 0.0)


def test_light_and_heavy_seconds_have_a_p95_each() -> None:
    scored = score(record([0.01], [0.02], [0.3] * 10), GOAL)
    assert (scored.p95_light, scored.p95_heavy) == (0.02, 0.3)


def test_p95_before_and_after_is_taken_around_the_moments_when_workers_were_added() -> None:
    made = record([0.05], [0.4], [0.3], [0.06], [0.05], [0.9], [0.8])
    made.decisions += [Decision(2.0, 1, 2, "slow"), Decision(5.0, 2, 1, "calm")]
    scored = score(made, GOAL)
    assert (scored.p95_before, scored.p95_after, scored.changes) == (0.4, 0.06, 2)


def test_an_arm_without_changes_has_no_before_and_after() -> None:
    scored = score(record([0.05]), GOAL)
    assert (scored.p95_before, scored.p95_after) == (None, None)


def test_an_arm_that_saw_nothing_scores_nothing() -> None:
    scored = score(Record("arm"), GOAL)
    assert (scored.within_goal, scored.p95_light, scored.p95_heavy, scored.requests) == (0.0, None, None, 0)


@pytest.mark.parametrize(("begin", "end", "expected"), [(0, 1, 0.01), (1, 2, 0.02), (0, 2, 0.02), (2, 9, None)])
def test_the_p95_of_a_stretch_of_time_is_of_the_requests_sent_in_it(
    begin: float, end: float, expected: float | None
) -> None:
    assert record([0.01], [0.02]).p95(begin, end) == expected
