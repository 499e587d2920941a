from __future__ import annotations

import asyncio

import pytest

import mape
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
