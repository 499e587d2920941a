"""Causal ids: one for each item from outside, the same wherever its work goes on."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from typing import Any

import pytest
import reactivex as rx

import mape
from mape import operators as ops
from mape.testing import collect

pytestmark = pytest.mark.virtual_time


def later(item: int) -> rx.Observable[int]:
    return rx.timer(4.0 - item).pipe(ops.map(lambda _: item))


@pytest.fixture
def loop(app: mape.App) -> mape.Loop:
    return app.loop("main")


def cause_of(item: Any, self: Any) -> None:
    """An element's function that remembers the cause of each item."""
    self.causes.append((item, mape.current_cause()))


def watch(loop: mape.Loop, uid: str = "watch", **options: Any) -> Any:
    element = loop.execute(uid=uid, **options)(cause_of)
    element.causes = []
    return element


def test_there_is_no_cause_outside(loop: mape.Loop) -> None:
    element = watch(loop)
    assert mape.current_cause() is None
    element(1)
    assert mape.current_cause() is None


def test_each_item_from_outside_has_a_cause_of_its_own_in_all_it_leads_to(loop: mape.Loop) -> None:
    source = loop.monitor(uid="source")(lambda item: item)

    @loop.analyze(ops_in=ops.map(lambda item: item))
    def split(item: int) -> Iterator[int]:
        yield item
        yield -item

    left, right = watch(loop, "left"), watch(loop, "right", ops_in=ops.filter(lambda item: item < 0))
    source.subscribe(split)
    split.subscribe(left)
    split.subscribe(right)
    source.start()
    for item in (1, 2):
        source.port_in.on_next(item)
    first, second = (dict(left.causes)[item] for item in (1, 2))
    assert first != second
    assert all(len(cause) == 16 and int(cause, 16) for cause in (first, second))
    assert left.causes == [(1, first), (-1, first), (2, second), (-2, second)]
    assert right.causes == [(-1, first), (-2, second)]


def test_ids_follow_from_the_seed() -> None:
    def ids(seed: int) -> list[tuple[int, str | None]]:
        element = watch(mape.App(rng=random.Random(seed)).loop("main"))
        for item in range(3):
            element(item)
        return element.causes  # type: ignore[no-any-return]

    assert ids(1) == ids(1)
    assert ids(1) != ids(2)


async def test_a_cause_waits_with_its_item_in_a_mailbox_and_lasts_across_await(loop: mape.Loop) -> None:
    source = loop.monitor(uid="source")(lambda item: (item, mape.current_cause()))
    seen: list[tuple[str | None, str | None, str | None]] = []

    @loop.analyze(concurrency=3)
    async def slow(item: tuple[int, str]) -> str:
        before = mape.current_cause()
        await asyncio.sleep(3 - item[0])
        assert mape.current_cause() == before == item[1]
        return item[1]

    @loop.execute
    def check(cause: str) -> None:
        seen.append((cause, mape.current_cause(), None))

    mape.connect(source, slow, check)
    async with loop.app:
        for item in range(3):
            source(item)
    assert len(seen) == 3
    assert all(left == right for left, right, _ in seen)
    assert len({left for left, _, _ in seen}) == 3


async def test_an_async_function_hands_its_cause_to_what_it_feeds_by_hand(loop: mape.Loop) -> None:
    watcher = watch(loop)

    @loop.execute
    async def feed(item: int) -> None:
        await asyncio.sleep(item)
        watcher.port_in.on_next(mape.current_cause())

    async with loop.app:
        feed(1)
        feed(2)
    assert [item for item, _ in watcher.causes] == [cause for _, cause in watcher.causes]
    assert len(set(watcher.causes)) == 2


@pytest.mark.parametrize(
    ("operator", "expected"),
    [
        (ops.delay(1.0), [1, 2, 3]),
        (ops.debounce(0.5), [3]),
        (ops.sample(1.0), [3]),
        (ops.buffer_with_time(1.0), [3]),
        (ops.throttle_first(5.0), [1]),
        (ops.flat_map(later), [3]),
    ],
    ids=["delay", "debounce", "sample", "buffer_with_time", "throttle_first", "flat_map"],
)
async def test_time_operators_keep_the_cause_of_the_item_they_hold(
    loop: mape.Loop, operator: Any, expected: list[int]
) -> None:
    given: dict[int, str | None] = {}

    def note(item: int) -> int:
        given[item] = mape.current_cause()
        return item

    source = loop.monitor(uid="source")(note)
    watcher = watch(loop, ops_in=operator)
    source.subscribe(watcher)
    async with loop.app:
        for item in (1, 2, 3):
            source(item)
            await asyncio.sleep(0.1)
        await asyncio.sleep(1.2)
    items = [item[-1] if isinstance(item, list) else item for item, _ in watcher.causes if item != []]
    assert items == expected
    assert [cause for item, cause in watcher.causes if item != []] == [given[item] for item in expected]


def test_failures_and_the_log_carry_the_cause(loop: mape.Loop, caplog: pytest.LogCaptureFixture) -> None:
    causes: list[str | None] = []

    def fail(item: int) -> None:
        causes.append(mape.current_cause())
        raise ValueError(item)

    source = loop.monitor(uid="source")(lambda item: item)
    failing = loop.execute(uid="failing")(fail)
    source.subscribe(failing)
    failures = collect(loop.app.failures)
    source.start()
    source(1)
    assert [failure.cause for failure in failures] == causes
    assert f"cause {causes[0]}" in caplog.text


def test_two_apps_share_the_cause_of_an_item_that_goes_from_one_to_the_other() -> None:
    one, two = mape.App().loop("one"), mape.App().loop("two")
    first, second = watch(one), watch(two)
    link = one.monitor(uid="link")(lambda item: item)
    link.subscribe(first)
    link.subscribe(second)
    link.start()
    link(1)
    assert first.causes == second.causes


def test_a_cause_costs_nothing_per_hop(loop: mape.Loop) -> None:
    """Only the way in from outside draws an id; between elements nothing asks for one."""
    drawn: list[int] = []
    fresh = loop.app.causes.new

    def draw() -> int:
        drawn.append(fresh())
        return drawn[-1]

    loop.app.causes.new = draw
    elements = [loop.execute(uid=f"e{number}")(lambda item: item) for number in range(10)]
    mape.connect(*elements)
    for item in range(5):
        elements[0](item)
    assert len(drawn) == 5
