"""What waits for slow elements: bounded in number and bytes, nothing unaccounted for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mape.errors import WiringError
from mape.remote.redis.backlog import Backlog, Waiting


def message(payload: bytes) -> Waiting:
    return Waiting(payload, b"c", None)


def test_the_oldest_makes_room_for_the_newest() -> None:
    backlog = Backlog(2, 100, "drop_oldest")
    assert [backlog.put(message(payload)) for payload in (b"1", b"2", b"3")] == [0, 0, 1]
    assert [backlog.get().payload for _ in range(2)] == [b"2", b"3"]


def test_the_newest_is_dropped_where_that_is_asked_for() -> None:
    backlog = Backlog(2, 100, "drop_newest")
    assert [backlog.put(message(payload)) for payload in (b"1", b"2", b"3")] == [0, 0, 1]
    assert [backlog.get().payload for _ in range(2)] == [b"1", b"2"]


def test_bytes_are_bounded_too_and_what_never_fits_costs_nobody_else() -> None:
    backlog = Backlog(10, 10, "drop_oldest")
    backlog.put(message(b"1234"))
    backlog.put(message(b"5678"))
    assert backlog.put(message(b"x" * 11)) == 1
    assert len(backlog) == 2
    assert backlog.put(message(b"123456789")) == 2
    assert (len(backlog), backlog.bytes) == (1, 9)


@given(
    st.lists(st.one_of(st.none(), st.binary(max_size=6))),
    st.integers(1, 4),
    st.integers(0, 12),
    st.sampled_from(["drop_oldest", "drop_newest"]),
)
def test_the_counts_balance_and_the_bounds_hold(
    steps: list[bytes | None], size: int, max_bytes: int, overflow: str
) -> None:
    backlog, offered, dropped, got = Backlog(size, max_bytes, overflow), 0, 0, 0
    for step in steps:
        if step is not None:
            offered += 1
            dropped += backlog.put(message(step))
        elif len(backlog):
            backlog.get()
            got += 1
        assert offered == got + dropped + len(backlog)
        assert len(backlog) <= size
        assert 0 <= backlog.bytes <= max_bytes
    count = len(backlog)
    assert backlog.clear() == count
    assert backlog.bytes == len(backlog) == 0


@pytest.mark.parametrize(("size", "overflow"), [(0, "drop_oldest"), (1, "latest"), (1, "error"), (1, "nonsense")])
def test_bounds_that_make_no_sense_are_refused(size: int, overflow: str) -> None:
    with pytest.raises(WiringError, match="a backlog of size"):
        Backlog(size, 1, overflow)
