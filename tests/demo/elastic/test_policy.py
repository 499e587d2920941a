"""The plan: when it goes up, when it comes down, and when it rests."""

from __future__ import annotations

import itertools
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mape.demo.elastic.measurement import Health
from mape.demo.elastic.policy import Decision, Limits, Marks, Policy
from mape.errors import ConfigError

GOAL = 0.1


def health(at: float, pressure: float, busy: float = 0.5, workers: int = 1) -> Health:
    return Health(
        at=at, rate=50, p95=pressure * GOAL, pressure=pressure, busy=busy, errors=0, waiting=0, workers=workers
    )


def decisions(policy: Policy, healths: Iterable[Health]) -> list[tuple[float, int]]:
    """Return when the policy asks for how many workers, if they come at once."""
    found = []
    workers: int | None = None
    for each in healths:
        seen = each if workers is None else health(each.at, each.pressure, each.busy, workers)
        if (decision := policy.decide(seen)) is not None:
            workers = decision.workers
            found.append((decision.at, workers))
    return found


def test_it_rests_between_its_marks() -> None:
    policy = Policy(3, Limits(1, 6))
    assert decisions(policy, [health(at, 0.7, busy=0.6, workers=3) for at in range(60)]) == []


def test_it_goes_up_before_the_goal_is_missed_and_says_why() -> None:
    decision = Policy(1, Limits(1, 6)).decide(health(1.0, 0.8))
    assert decision == Decision(1.0, 1, 2, "p95 80 ms, 80% of the goal")
    assert str(decision) == "1 -> 2: p95 80 ms, 80% of the goal"


def test_it_goes_up_when_the_workers_are_too_busy_and_says_so() -> None:
    decision = Policy(2, Limits(1, 6)).decide(health(1.0, 0.4, busy=0.85, workers=2))
    assert decision == Decision(1.0, 2, 3, "85% busy, p95 40 ms")


def test_the_slower_the_service_the_more_workers_it_adds() -> None:
    added = [
        decision.workers - decision.before
        for pressure in (0.8, 1.5, 10.0)
        if (decision := Policy(2, Limits(1, 9)).decide(health(1.0, pressure, workers=2)))
    ]
    assert added == [1, 2, 3]


def test_it_waits_after_a_change_until_the_change_shows() -> None:
    policy = Policy(1, Limits(1, 9), Marks(cool_down=2.0, stride=1))
    assert decisions(policy, [health(at / 4, 3.0) for at in range(20)]) == [(0.0, 2), (2.0, 3), (4.0, 4)]


def test_it_comes_down_one_by_one_each_after_its_patience() -> None:
    policy = Policy(4, Limits(1, 6), Marks(patience=3.0, comfort=1.0))
    calm = [health(float(at), 0.3, busy=0.1, workers=4) for at in range(12)]
    assert decisions(policy, calm) == [(3.0, 3), (7.0, 2), (11.0, 1)]


def test_one_bad_moment_starts_its_patience_anew() -> None:
    policy = Policy(2, Limits(1, 6), Marks(patience=3.0))
    calm = [health(float(at), 0.7 if at == 2 else 0.3, busy=0.1, workers=2) for at in range(8)]
    assert decisions(policy, calm) == [(6.0, 1)]


def test_it_does_not_come_down_when_those_who_stay_would_be_too_busy() -> None:
    policy = Policy(2, Limits(1, 6))
    assert decisions(policy, [health(float(at), 0.3, busy=0.4, workers=2) for at in range(30)]) == []


def test_it_never_leaves_its_limits() -> None:
    up, down = Policy(3, Limits(2, 4)), Policy(3, Limits(2, 4))
    assert decisions(up, [health(float(at), 9.0, workers=3) for at in range(30)])[-1][1] == 4
    assert decisions(down, [health(float(at), 0.1, busy=0.0, workers=3) for at in range(30)])[-1][1] == 2


def test_at_its_limits_it_decides_nothing() -> None:
    assert decisions(Policy(4, Limits(1, 4)), [health(float(at), 9.0, workers=4) for at in range(30)]) == []
    assert decisions(Policy(1, Limits(1, 4)), [health(float(at), 0.0, 0.0, workers=1) for at in range(30)]) == []


def test_it_replaces_a_worker_that_died() -> None:
    decision = Policy(3, Limits(1, 6)).decide(health(1.0, 0.7, busy=0.6, workers=2))
    assert decision == Decision(1.0, 2, 3, "1 missing, started anew")


def test_it_asks_again_when_a_worker_did_not_come() -> None:
    policy = Policy(1, Limits(1, 6), Marks(cool_down=2.0))
    asked = [policy.decide(health(float(at), 0.8 if at == 0 else 0.5, workers=1)) for at in range(3)]
    assert [decision and decision.workers for decision in asked] == [2, None, 2]


@given(st.lists(st.tuples(st.floats(0, 20), st.floats(0, 1)), max_size=200), st.integers(1, 6))
def test_whatever_happens_it_keeps_its_limits_and_its_cool_down(seen: list[tuple[float, float]], start: int) -> None:
    limits, marks = Limits(1, 6), Marks()
    policy = Policy(start, limits, marks)
    healths = [health(at / 4, pressure, busy, start) for at, (pressure, busy) in enumerate(seen)]
    made = decisions(policy, healths)
    assert all(1 <= workers <= 6 for _, workers in made)
    assert all(later - sooner >= marks.cool_down for (sooner, _), (later, _) in itertools.pairwise(made))


@pytest.mark.parametrize(("lowest", "highest"), [(0, 3), (4, 3), (-1, -1)])
def test_limits_without_sense_are_refused(lowest: int, highest: int) -> None:
    with pytest.raises(ConfigError, match=f"got {lowest} to {highest}"):
        Limits(lowest, highest)
