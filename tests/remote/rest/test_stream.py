from __future__ import annotations

import asyncio
import json

import pytest

import mape
from mape.codecs import JSON, Header
from mape.remote.rest.stream import MOST, MOST_BYTES, Feeds, Tail, frame

pytestmark = pytest.mark.virtual_time


def fill(tail: Tail, *items: int) -> None:
    for item in items:
        tail.put(b"%d" % item, None, "item")


async def taken(tail: Tail) -> tuple[int, list[bytes]]:
    first, items = await tail.take(1.0)
    return first, [part for part, _, _ in items]


async def test_items_come_in_order_with_consecutive_numbers() -> None:
    tail = Tail(10)
    fill(tail, 1, 2)
    assert await taken(tail) == (0, [b"1", b"2"])
    fill(tail, 3)
    assert await taken(tail) == (2, [b"3"])


async def test_a_full_tail_drops_the_oldest_counts_and_leaves_a_gap_in_the_numbers() -> None:
    tail = Tail(3)
    fill(tail, 0, 1, 2, 3, 4)

    assert tail.dropped == 2
    assert await taken(tail) == (2, [b"2", b"3", b"4"])


async def test_not_everything_travels_at_once() -> None:
    tail = Tail(MOST * 2)
    fill(tail, *range(MOST + 1))

    assert len((await taken(tail))[1]) == MOST
    assert await taken(tail) == (MOST, [b"%d" % MOST])


async def test_large_items_travel_in_messages_that_every_client_takes() -> None:
    tail = Tail(10)
    for size in (MOST_BYTES // 2, MOST_BYTES // 2, 1, MOST_BYTES * 3):
        tail.put(bytes(size), None, "item")

    sizes = [[len(part) for part in (await taken(tail))[1]] for _ in range(3)]
    assert sizes == [[MOST_BYTES // 2] * 2, [1], [MOST_BYTES * 3]]
    assert len(tail) == 0


async def test_a_tail_is_bounded_in_bytes_too_and_keeps_the_newest_item_whatever_its_size() -> None:
    tail = Tail(10, max_bytes=100)
    for size in (60, 30, 10, 11, 1000):
        tail.put(bytes(size), None, "item")
        assert len(tail) == {60: 1, 30: 2, 10: 3, 11: 3, 1000: 1}[size]

    assert tail.dropped == 4
    assert [len(part) for part in (await taken(tail))[1]] == [1000]
    tail.put(bytes(100), None, "item")
    assert tail.dropped == 4


async def test_who_waits_is_woken_by_an_item() -> None:
    tail = Tail(3)
    waiting = asyncio.ensure_future(taken(tail))
    await asyncio.sleep(0.5)
    fill(tail, 7)

    assert await waiting == (0, [b"7"])


async def test_patience_ends_and_closing_wakes() -> None:
    tail = Tail(3)
    assert await taken(tail) == (0, [])
    waiting = asyncio.ensure_future(tail.take(1e9))
    await asyncio.sleep(0)
    tail.close()
    assert await waiting == (0, [])
    assert await tail.take(1e9) == (0, [])


async def test_an_item_is_encoded_once_for_all_who_watch_and_when_it_passes() -> None:
    app = mape.App()
    port = app.loop("l").execute(uid="e")(lambda item: item).port_in
    feeds = Feeds(app, 10)
    (first, leave_first), (second, leave_second) = feeds.watch(port), feeds.watch(port)
    item = {"speed": 1}
    port.on_next(item)
    item["speed"] = 2

    one, other = (await first.take(1))[1][0], (await second.take(1))[1][0]
    assert one[0] is other[0]
    assert json.loads(one[0]) == {"value": {"speed": 1}}
    assert one[1] is not None  # its causal id
    leave_first()
    leave_second()


async def test_a_port_that_nobody_watches_any_more_is_let_go() -> None:
    app = mape.App()
    element = app.loop("l").execute(uid="e")(lambda item: item)
    feeds = Feeds(app, 10)
    tails = [feeds.watch(element.port_in) for _ in range(2)]
    assert (len(feeds), len(element.port_in.links)) == (2, 1)
    for _, leave in tails:
        leave()

    assert (len(feeds), len(element.port_in.links)) == (0, 0)


async def test_what_has_no_form_on_the_wire_is_reported_and_counted_and_ends_nothing() -> None:
    app = mape.App()
    port = app.loop("l").execute(uid="e")(lambda item: item).port_in
    failures: list[mape.Failure] = []
    app.failures.subscribe(failures.append)
    feeds = Feeds(app, 10)
    tail, leave = feeds.watch(port)
    for item in (1, float("nan"), 2):
        port.on_next(item)

    assert tail.dropped == 1
    assert [json.loads(part)["value"] for part, _, _ in (await tail.take(1))[1]] == [1, 2]
    assert [type(failure.error) for failure in failures] == [mape.EncodeError]
    leave()
    assert feeds.dropped == 1


async def test_events_are_watched_too() -> None:
    app = mape.App()
    port = app.loop("l").execute(uid="e")(lambda item: item).port_in
    tail, leave = Feeds(app, 10).watch(port)
    port.on_error(ValueError("broken"))
    port.on_completed()

    assert [kind for _, _, kind in (await tail.take(1))[1]] == ["error", "completed"]
    leave()


async def test_who_comes_when_all_is_closed_gets_nothing() -> None:
    app = mape.App()
    feeds = Feeds(app, 10)
    before, leave_before = feeds.watch(app.failures)
    feeds.close()
    after, leave_after = feeds.watch(app.failures)

    assert before.is_closed
    assert after.is_closed
    leave_before()
    leave_after()


def test_a_frame_is_numbered_from_its_first_item() -> None:
    header = JSON.decode(frame(JSON, Header("s", 5, 0), 17, [(JSON.encode(1), 3, "item")])).header

    assert header is not None
    assert (header.source, header.epoch, header.seq, header.causes) == ("s", 5, 17, [3])
