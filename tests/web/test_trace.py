from __future__ import annotations

import asyncio
from typing import Any

import pytest

import mape
from mape import operators as ops
from mape.errors import StateError
from mape.web.trace import AT_ONCE, HOPS, KEPT, Tracer
from tests.web.page import looking, serve

pytestmark = pytest.mark.virtual_time


def hops(told: list[Any]) -> list[tuple[str, str, str]]:
    return [(hop["path"], hop["kind"], hop["text"]) for each in told for hop in each["hops"]]


async def test_a_pushed_item_is_followed_through_all_elements_in_order_with_times() -> None:
    app = mape.App()
    loop = app.loop("car")
    sense = loop.monitor(uid="sense")(lambda item: item + 1)

    @loop.plan
    async def think(item: int) -> int:
        await asyncio.sleep(0.25)
        return item * 2

    act = loop.execute(uid="act")(lambda item: 1 / (item - 4))
    sense.pipe(ops.filter(lambda item: item > 1)).subscribe(think)
    think.subscribe(act)
    async with app, looking(serve(app)) as page:
        sense(7)  # another one, which is not meant
        answer = (await page.ask("POST", "/live/push?path=car.sense", 1)).json
        assert answer["accepted"] == 1
        await page.until("trace", is_done=True)
        told = page.all("trace")

        assert {each["cause"] for each in told} == {answer["cause"]}
        assert [each["first"] for each in told] == [sum(len(one["hops"]) for one in told[:n]) for n in range(len(told))]
        assert hops(told) == [
            ("car.sense", "in", "1"),
            ("car.sense", "out", "2"),
            ("car.think", "in", "2"),
            ("car.think", "out", "4"),
            ("car.act", "in", "4"),
            ("car.act", "failure", "ZeroDivisionError: division by zero"),
        ]
        took = {hop["path"]: hop["took"] for each in told for hop in each["hops"] if hop["kind"] == "out"}
        assert took["car.sense"] < 0.1
        assert took["car.think"] > 0.2
        whole = (await page.ask("GET", f"/live/trace?cause={answer['cause']}")).json
        assert hops([whole]) == hops(told)
        assert whole["is_done"]
        assert sense.port_out.links and not sense.port_in.links  # noqa: PT018 - no tap is left


async def test_the_next_item_can_be_followed() -> None:
    app = mape.App()
    loop = app.loop("car")
    sense = loop.monitor(uid="sense")(lambda item: item)
    act = loop.execute(uid="act")(lambda _: None)
    sense.subscribe(act)
    async with app, looking(serve(app)) as page:
        assert (await page.ask("POST", "/live/follow?path=car.sense")).status == 202
        sense("first")
        sense("second")
        told = await page.until("trace", "hops")
        assert hops([told]) == [("car.sense", "in", "first"), ("car.sense", "out", "first"), ("car.act", "in", "first")]


async def test_an_item_that_does_not_come_is_not_waited_for_for_ever() -> None:
    app = mape.App()
    sense = app.loop("car").monitor(uid="sense")(lambda item: item)
    async with app, looking(serve(app)) as page:
        await page.ask("POST", "/live/follow?path=car.sense")
        assert sense.port_in.links
        await asyncio.sleep(31)
        assert page.all("trace") == [{"peer": "", "first": 0, "cause": None, "hops": [], "is_done": True}]
        assert not sense.port_in.links


async def test_taps_are_gone_after_five_seconds_also_when_nothing_came() -> None:
    app = mape.App()
    sense = app.loop("car").monitor(uid="sense")(lambda item: item)
    async with app, looking(serve(app)) as page:
        assert (await page.ask("POST", "/live/follow?cause=00000000000000ff")).status == 202
        assert sense.port_in.links
        await asyncio.sleep(5.3)
        assert not sense.port_in.links
        assert page.all("trace")[-1]["is_done"]


async def test_a_trace_of_an_item_that_goes_round_and_round_is_bounded() -> None:
    app = mape.App()
    loop = app.loop("car")
    sense = loop.monitor(uid="sense")(lambda item: item + 1 if item < 3 * HOPS else None)
    sense.subscribe(sense)
    async with app, looking(serve(app)) as page:
        await page.ask("POST", "/live/push?path=car.sense", 1)
        await page.until("trace", is_done=True)
        assert len(hops(page.all("trace"))) == HOPS


def test_so_many_items_are_followed_at_a_time_and_so_many_are_remembered() -> None:
    app = mape.App()
    sense = app.loop("car").monitor(uid="sense")(lambda item: item)
    tracer = Tracer(app, lambda *_: None)
    for cause in range(AT_ONCE):
        tracer.begin(cause, "me")
    with pytest.raises(StateError, match="followed already"):
        tracer.begin(99, "me")
    for _ in range(AT_ONCE):
        tracer.wait(sense, "me")
    with pytest.raises(StateError, match="followed already"):
        tracer.wait(sense, "me")
    tracer.close()
    assert not sense.port_in.links
    for cause in range(KEPT * 2):
        tracer.begin(cause, "me")
        tracer.close()
    assert tracer.find(0) is None
    assert tracer.find(KEPT * 2 - 1) is not None


@pytest.mark.parametrize("cause", ["", "xyz", "0x00000000000001", "-000000000000001", "00000000000000ff0", "٣" * 16])
async def test_what_is_no_causal_id_is_no_trace(cause: str) -> None:
    async with looking(serve(mape.App())) as page:
        assert (await page.ask("GET", f"/live/trace?cause={cause}")).status in {404, 422}
        if cause:
            assert (await page.ask("POST", f"/live/follow?cause={cause}")).status == 422
