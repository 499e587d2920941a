from __future__ import annotations

import asyncio
from typing import Any

import pytest

import mape
from mape.web import hub as hubs
from mape.web.client import Client
from mape.web.hub import INTERVAL, Hub
from mape.web.journal import Journal
from tests.web.page import looking, serve

pytestmark = pytest.mark.virtual_time


async def test_at_most_ten_pulses_a_second_however_much_happens() -> None:
    app = mape.App()
    act = app.loop("car").execute(uid="act")(lambda _: None)
    async with looking(serve(app)) as page:
        for _ in range(100):
            act(1)
            await asyncio.sleep(0.01)
        assert 9 <= len(page.all("pulse")) <= 12
        assert page.row("car.act")[0] >= 90


async def test_ticks_that_take_long_come_less_often(monkeypatch: pytest.MonkeyPatch) -> None:
    app = mape.App()
    hub = Hub(app, Journal(app))
    ticks: list[float] = []
    loop = asyncio.get_running_loop()

    class Slow:
        def now(self) -> float:
            return loop.time()

        def monotonic(self) -> float:
            return loop.time() + 0.05 * len(ticks)  # as if each tick took so long

    app.clock = Slow()
    monkeypatch.setattr(Hub, "tick", lambda _: ticks.append(loop.time()))
    client = Client()
    hub.join(client, {})
    await asyncio.sleep(10)
    hub.leave(client)

    assert len(ticks) == pytest.approx(10 / (0.05 / hubs.SHARE), abs=2)
    assert 0.05 / hubs.SHARE > INTERVAL


async def test_a_graph_is_sent_again_when_the_structure_changes_and_only_then() -> None:
    app = mape.App()
    loop = app.loop("car")
    sense = loop.monitor(uid="sense")(lambda item: item)
    async with looking(serve(app), "?watch=car.sense") as page:
        await asyncio.sleep(2)
        assert len(page.all("graph")) == 1
        sense.subscribe(loop.execute(uid="late")(lambda _: None))
        await asyncio.sleep(1)
        versions = [(each["version"], len(each["elements"]), len(each["edges"])) for each in page.all("graph")]
        assert versions == [(1, 1, 0), (2, 2, 1)]
        loop.remove(sense)
        await asyncio.sleep(1)
        assert [each["path"] for each in page.all("graph")[-1]["elements"]] == ["car.late"]


async def test_who_comes_later_is_told_everything_too() -> None:
    app = mape.App()
    act = app.loop("car").execute(uid="act")(lambda item: 1 / item)
    server = serve(app)
    for _ in range(3):
        act(0)
    async with looking(server) as one:
        act(1)
        await asyncio.sleep(0.55)
        async with looking(server) as other:
            await other.until("log", "entries")
            assert one.client != other.client
            assert other.row("car.act")[:5] == one.row("car.act")[:5] == [4, 4, 1, 0, 3]
            assert [entry["n"] for entry in other.log()] == [1, 2, 3]
            act(0)
            await asyncio.sleep(0.3)
            assert [entry["n"] for entry in other.log()] == [entry["n"] for entry in one.log()] == [1, 2, 3, 4]


async def test_what_one_client_watches_the_others_are_not_told() -> None:
    app = mape.App()
    act = app.loop("car").execute(uid="act")(lambda _: None)
    server = serve(app)
    async with looking(server, "?watch=car.act") as one, looking(server) as other:
        act(1)
        await one.until("items", "items")
        assert other.all("items") == []
        await other.watch("car.act")
        await one.watch()
        seen: list[Any] = one.all("items")
        act(2)
        await other.until("items", "items")
        assert one.all("items") == seen


async def test_an_entry_that_came_between_two_ticks_is_told_once() -> None:
    app = mape.App()
    act = app.loop("car").execute(uid="act")(lambda item: 1 / item)
    server = serve(app)
    async with looking(server):
        await asyncio.sleep(0.55)
        act(0)
        async with looking(server) as late:
            await late.until("log", "entries")
            await asyncio.sleep(0.3)
            assert [entry["n"] for entry in late.log()] == [1]
