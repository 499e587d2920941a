"""Bounded names, and sums that never fall."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mape.remote.rest.pool import Cap, Pool


def test_the_first_names_have_series_of_their_own_for_good() -> None:
    cap = Cap(2)

    assert [cap.admits(name) for name in "abcab"] == [True, True, False, True, True]


def test_what_was_counted_stays_when_its_owner_goes() -> None:
    pool = Pool(lambda name: name == "queued")

    assert pool.total({"a": {"sent": 5, "queued": 2}, "b": {"sent": 1}}) == {"sent": 6, "queued": 2}
    assert pool.total({"b": {"sent": 3, "queued": 1}}) == {"sent": 8, "queued": 1}
    assert pool.total({}) == {"sent": 8}


@given(st.lists(st.dictionaries(st.sampled_from("abc"), st.integers(0, 10))))
def test_a_sum_never_falls(steps: list[dict[str, int]]) -> None:
    pool, counted, before = Pool(), dict.fromkeys("abc", 0), 0.0
    for step in steps:
        now: dict[object, dict[str, float]] = {}
        for name, more in step.items():
            counted[name] += more
            now[name] = {"sent": float(counted[name])}
        for name in counted.keys() - step.keys():
            counted[name] = 0
        total = pool.total({**now}).get("sent", 0.0)
        assert total >= before
        before = total
