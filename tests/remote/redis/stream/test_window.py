"""What a sender keeps until the consumers have passed it."""

from __future__ import annotations

import pytest

from mape.errors import SendError
from mape.remote.outgoing import Batch
from mape.remote.redis.stream.window import Confirmed, Window, WindowStats


def batch(seq: int, count: int = 10) -> Batch:
    return Batch(seq, [b"x" * 10] * count, [None] * count, 10 * count)


def test_batches_leave_when_all_of_them_is_passed_and_the_counts_tell() -> None:
    window = Window()
    for seq in (0, 10, 20):
        window.keep(batch(seq))
    window.release(15)
    assert [each.seq for each in window.batches] == [10, 20]
    assert window.stats == WindowStats(stored=30, processed=15, kept=20, kept_bytes=200)
    window.release(5)
    assert window.stats.processed == 15
    window.release(30)
    assert window.stats == WindowStats(stored=30, processed=30)


def test_beyond_its_bound_the_oldest_is_forgotten_and_counted() -> None:
    window = Window(max_bytes=250)
    for seq in (0, 10, 20):
        window.keep(batch(seq))
    assert [each.seq for each in window.batches] == [10, 20]
    assert (window.stats.forgotten, window.stats.kept_bytes) == (10, 200)


def test_what_a_server_lacks_are_the_batches_from_there_on() -> None:
    window = Window()
    for seq in (0, 10, 20):
        window.keep(batch(seq))
    assert [each.seq for each in window.behind(-1)] == [0, 10, 20]
    assert [each.seq for each in window.behind(10)] == [10, 20]
    assert [each.seq for each in window.behind(11)] == [10, 20]
    assert window.behind(30) == []


async def test_whoever_waits_hears_when_it_is_that_far() -> None:
    window = Window()
    stored, processed = window.wait_for(10, Confirmed.STORED), window.wait_for(5, Confirmed.PROCESSED)
    later = window.wait_for(20, Confirmed.PROCESSED)
    assert window.is_awaited
    window.keep(batch(0))
    assert (stored.done(), processed.done()) == (True, False)
    window.release(5)
    assert processed.done()
    assert window.wait_for(5, Confirmed.PROCESSED).done()
    assert window.is_awaited
    window.abandon("closed")
    with pytest.raises(SendError, match="closed"):
        await later
    assert not window.is_awaited


async def test_items_that_are_refused_concern_those_who_wait_for_them() -> None:
    window = Window()
    before, mine, after = (window.wait_for(number, Confirmed.STORED) for number in (10, 15, 21))
    window.refuse(10, 20, "never")
    with pytest.raises(SendError, match="never"):
        await mine
    assert not before.done()
    assert not after.done()


async def test_what_is_stored_is_not_refused_any_more() -> None:
    window = Window()
    stored, mine = (window.wait_for(number, Confirmed.PROCESSED) for number in (10, 15))
    window.keep(batch(0))
    window.refuse(0, 20, "dropped")
    with pytest.raises(SendError, match="dropped"):
        await mine
    assert not stored.done()
