from __future__ import annotations

import asyncio

import pytest

import mape
from mape.codecs import JSON, Header
from mape.remote.receiver import Receiver
from mape.remote.source import RemoteSource
from mape.testing import collect

pytestmark = pytest.mark.virtual_time


class FakeSource(RemoteSource):
    """Writes down what is asked of it."""

    def __init__(self, app: mape.App | None = None) -> None:
        super().__init__("fake", app)
        self.calls: list[str] = []

    async def open(self) -> None:
        self.calls.append("open")

    async def drain(self) -> None:
        self.calls.append("drain")

    async def close(self) -> None:
        self.calls.append("close")


async def test_a_source_opens_with_the_app_of_the_element_that_listens(app: mape.App) -> None:
    source = FakeSource()
    element = app.loop("l").execute(uid="e")(lambda _: None)
    source.subscribe(element)
    assert source.host is app
    async with app:
        assert source.calls == ["open"]
        source.on_next(1)
        assert element.stats.received == 1

    assert source.calls == ["open", "drain", "close"]


async def test_without_an_element_the_default_app_is_its_app() -> None:
    source = FakeSource()
    source.subscribe(print)

    assert source.host is mape.app
    mape.app.services.remove(source)


async def test_an_app_that_is_named_wins(app: mape.App) -> None:
    source, other = FakeSource(app), mape.App()
    source.subscribe(other.loop("l").execute(uid="e")(lambda _: None))

    assert source.host is app


async def test_a_source_that_gets_its_first_listener_late_opens_then(app: mape.App) -> None:
    async with app:
        source = FakeSource(app)
        first = source.subscribe(print)
        second = source.subscribe(print)
        await asyncio.sleep(0.01)
        assert source.calls == ["open"]
        first.dispose()
        await asyncio.sleep(0.01)
        assert source.calls == ["open"]
        second.dispose()
        await asyncio.sleep(0.01)
        assert source.calls == ["open", "close"]

    assert source.calls == ["open", "close"]


async def test_operators_stand_between_a_source_and_an_element(app: mape.App) -> None:
    source = FakeSource(app)
    seen = collect(source.pipe(mape.operators.filter(lambda item: item > 1)))
    async with app:
        for item in (1, 2, 3):
            source.on_next(item)

    assert seen == [2, 3]


def test_the_kind_of_the_items_is_what_all_listeners_agree_on(app: mape.App) -> None:
    def number(item: int) -> None:
        del item

    def text(item: str) -> None:
        del item

    source, loop = FakeSource(app), app.loop("l")
    kinds = [source.kind]
    for uid, function in (("one", number), ("two", number), ("three", text)):
        source.subscribe(loop.execute(uid=uid)(function))
        kinds.append(source.kind)

    assert kinds == [None, int, int, None]


async def test_items_reach_an_only_element_under_their_own_causes_and_are_counted(app: mape.App) -> None:
    source, causes = FakeSource(app), list[str | None]()
    element = app.loop("l").execute(uid="e")(lambda _: causes.append(mape.current_cause()))
    source.subscribe(element)
    async with app:
        receiver = Receiver(app, source, "fake")
        receiver.take(JSON.frame(Header("s", 1, 0, [17, None, 18]), [JSON.encode(number) for number in range(3)]))

    assert (causes[0], causes[2]) == (f"{17:016x}", f"{18:016x}")
    assert causes[1] not in {None, causes[0], causes[2]}
    assert source.passed == element.stats.received == 3
    assert app.scope.cause is None


async def test_who_joins_in_the_middle_of_a_frame_hears_the_next_item(app: mape.App) -> None:
    source, others = FakeSource(app), list[int]()

    def first(item: int) -> None:
        if item == 1:
            source.subscribe(others.append)

    element = app.loop("l").execute(uid="e")(first)
    source.subscribe(element)
    async with app:
        receive(app, source, 4)

    assert others == [2, 3]
    assert element.stats.received == source.passed == 4


async def test_who_leaves_in_the_middle_of_a_frame_hears_nothing_more(app: mape.App) -> None:
    source, seen = FakeSource(app), list[int]()

    def once(item: int) -> None:
        seen.append(item)
        subscription.dispose()

    subscription = source.subscribe(app.loop("l").execute(uid="e")(once))
    async with app:
        receive(app, source, 4)

    assert seen == [0]


async def test_an_element_that_feeds_its_own_source_gets_that_item_after_the_one_in_hand(app: mape.App) -> None:
    source, seen = FakeSource(app), list[str]()

    def again(item: int) -> None:
        seen.append(f"begin {item}")
        if item < 2:
            source.on_next(item + 2)
        seen.append(f"end {item}")

    source.subscribe(app.loop("l").execute(uid="e")(again))
    async with app:
        receive(app, source, 2)

    assert seen == [f"{what} {item}" for item in (0, 2, 1, 3) for what in ("begin", "end")]


def receive(app: mape.App, source: RemoteSource, count: int) -> None:
    """Give the source a frame of numbers."""
    frame = JSON.frame(Header("s", 1, 0, list(range(100, 100 + count))), [JSON.encode(each) for each in range(count)])
    assert Receiver(app, source, "fake").take(frame).accepted == count


async def test_who_comes_after_another_has_left_hears_too(app: mape.App) -> None:
    source = FakeSource(app)
    first, second = (app.loop("l").execute(uid=uid)(lambda _: None) for uid in ("first", "second"))
    others = list[int]()
    async with app:
        source.subscribe(first)
        source.subscribe(second).dispose()
        receive(app, source, 2)
        source.subscribe(others.append)
        receive(app, source, 3)

    assert others == [0, 1, 2]
    assert first.stats.received == source.passed == 5
