"""Spans around elements of every form: who is whose parent, how long they take, what they say."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
from opentelemetry import trace as api

import mape
from mape import operators as ops
from mape.testing import collect
from mape.tracing import trace
from tests.tracing.conftest import Spans

pytestmark = pytest.mark.virtual_time


def returns(item: int) -> int:
    return item


def emits(item: int, on_next: Callable[[int], None]) -> None:
    on_next(item)


def yields(item: int) -> Iterator[int]:
    yield item


async def waits(item: int) -> int:
    await asyncio.sleep(0.25)
    return item


async def waits_and_emits(item: int, on_next: Callable[[int], None]) -> None:
    await asyncio.sleep(0.25)
    on_next(item)


async def waits_and_yields(item: int) -> AsyncIterator[int]:
    await asyncio.sleep(0.25)
    yield item


FORMS: list[tuple[Any, dict[str, Any]]] = [
    (returns, {}),
    (emits, {}),
    (yields, {}),
    (waits, {}),
    (waits_and_emits, {}),
    (waits_and_yields, {}),
    (waits, {"concurrency": 3}),
    (returns, {"on_error": "retry"}),
    (returns, {"ops_in": ops.filter(bool), "ops_out": ops.map(lambda item: item)}),
    (returns, {"ops_in": ops.delay(0.5)}),
]


@pytest.mark.parametrize("is_late", [False, True], ids=["before", "after"])
@pytest.mark.parametrize(("function", "options"), FORMS)
async def test_what_an_element_emits_belongs_to_its_span(
    app: mape.App, spans: Spans, function: Any, options: dict[str, Any], is_late: bool
) -> None:
    if not is_late:
        trace(app, spans.provider)
    loop = app.loop("main")
    sense = loop.monitor(uid="sense")(returns)
    middle = loop.plan(uid="middle", **options)(function)
    act, check = loop.execute(uid="act")(returns), loop.execute(uid="check")(returns)
    mape.connect(sense, middle, act)
    middle.subscribe(check)
    if is_late:  # loops that were made before `mape.init`
        trace(app, spans.provider)

    async with app:
        sense(1)
        await asyncio.sleep(2)

    assert sorted(spans.names) == ["main.act", "main.check", "main.middle", "main.sense"]
    assert spans.parent("main.sense") is None
    assert spans.parent("main.middle") == "main.sense"
    assert spans.parent("main.act") == spans.parent("main.check") == "main.middle"
    assert len({span.context.trace_id for span in spans.finished if span.context}) == 1


async def test_waiting_and_work_are_told_apart(app: mape.App, spans: Spans) -> None:
    trace(app, spans.provider)
    slow = app.loop("main").plan(uid="slow")(waits)

    async with app:
        slow.start()
        for item in range(3):
            slow(item)
        await asyncio.sleep(1)

    took = [(span.end_time - span.start_time) / 1e9 for span in spans.finished if span.end_time and span.start_time]
    waited = [span.attributes["mape.wait"] for span in spans.finished if span.attributes]
    assert took == pytest.approx([0.25, 0.25, 0.25])
    assert waited == pytest.approx([0, 0.25, 0.5])


async def test_a_failure_is_in_the_span_of_the_element_that_failed(app: mape.App, spans: Spans) -> None:
    trace(app, spans.provider)
    failures = collect(app.failures)

    @app.loop("main").monitor
    def sense(item: int) -> int:
        return item

    @app.loop("main").execute
    def act(_: int) -> None:
        raise ValueError("no brakes")

    sense.subscribe(act)
    async with app:
        sense(1)

    assert spans.names == ["main.sense", "main.act"]
    assert spans["main.sense"].status.is_unset
    assert spans["main.act"].status.description == "ValueError: no brakes"
    assert [event.attributes["exception.message"] for event in spans["main.act"].events] == ["no brakes"]
    assert [failure.cause for failure in failures] == [spans["main.act"].attributes["mape.cause"]]


@pytest.mark.parametrize("waiting", [False, True])
async def test_each_try_has_a_span_of_its_own_and_what_is_emitted_belongs_to_the_last(
    app: mape.App, spans: Spans, waiting: bool
) -> None:
    trace(app, spans.provider)
    tries: list[int] = []
    loop = app.loop("main")

    def shake(item: int) -> int:
        tries.append(item)
        if len(tries) < 3:
            raise ValueError("not yet")
        return item

    async def wait_and_shake(item: int) -> int:
        await asyncio.sleep(0.1)
        return shake(item)

    retry = mape.Retry(times=2, delay=0.1)
    shaky = loop.plan(uid="shaky", on_error=retry)(wait_and_shake if waiting else shake)
    sense, act = loop.monitor(uid="sense")(returns), loop.execute(uid="act")(returns)
    mape.connect(sense, shaky, act)
    async with app:
        sense(1)
        await asyncio.sleep(2)

    attempts = [span for span in spans.finished if span.name == "main.shaky"]
    assert [span.status.is_ok or span.status.is_unset for span in attempts] == [False, False, True]
    assert {span.parent.span_id for span in attempts if span.parent} == {spans["main.sense"].context.span_id}
    assert spans["main.act"].parent == attempts[-1].context


async def test_the_spans_that_a_function_makes_itself_are_inside_its_own(app: mape.App, spans: Spans) -> None:
    trace(app, spans.provider)
    tracer = api.get_tracer("of-the-program", tracer_provider=spans.provider)

    @app.loop("main").execute
    def act(_: int) -> None:
        with tracer.start_as_current_span("query"):
            pass

    @app.loop("main").execute
    async def wait(_: int) -> None:
        with tracer.start_as_current_span("request"):
            await asyncio.sleep(0.1)

    async with app:
        act(1)
        wait(1)
        await asyncio.sleep(1)

    assert spans.parent("query") == "main.act"
    assert spans.parent("request") == "main.wait"


async def test_an_item_that_comes_up_in_a_span_of_the_program_belongs_to_it(app: mape.App, spans: Spans) -> None:
    trace(app, spans.provider)
    act = app.loop("main").execute(uid="act")(returns)
    tracer = api.get_tracer("of-the-program", tracer_provider=spans.provider)

    async with app:
        with tracer.start_as_current_span("handler"):
            act(1)

    assert spans.parent("main.act") == "handler"


async def test_items_that_are_not_chosen_pass_without_a_span_and_keep_their_counts(app: mape.App, spans: Spans) -> None:
    trace(app, spans.provider, sample=0.0)
    loop = app.loop("main")
    row = [loop.monitor(uid="sense")(returns), loop.plan(uid="slow")(waits), loop.execute(uid="act")(returns)]
    mape.connect(*row)

    async with app:
        row[0](1)
        await asyncio.sleep(1)

    assert len(spans) == 0
    assert [element.stats.processed for element in row] == [1, 1, 1]


class FakeClock:
    """Time that passes when somebody works."""

    def __init__(self) -> None:
        self.time = 1e9

    def now(self) -> float:
        return self.time

    monotonic = now


async def test_the_processing_time_of_an_element_is_its_own_with_traces_or_without(spans: Spans) -> None:
    clock = FakeClock()
    app = mape.App(clock=clock)
    trace(app, spans.provider)
    loop = app.loop("main")

    @loop.monitor
    def sense(item: int) -> int:
        clock.time += 1
        return item

    @loop.execute
    def act(_: int) -> None:
        clock.time += 5

    sense.subscribe(act)
    async with app:
        sense(1)

    assert sense.stats.last_time == 1
    took = {
        span.name: (span.end_time - span.start_time) / 1e9
        for span in spans.finished
        if span.end_time and span.start_time
    }
    assert took == {"main.sense": 1, "main.act": 5}


async def test_what_enters_once_is_one_trace_however_many_listen(app: mape.App, spans: Spans) -> None:
    trace(app, spans.provider)
    loop = app.loop("main")
    sense = loop.monitor(uid="sense")(returns)
    for name in ("one", "other"):
        sense.subscribe(loop.execute(uid=name)(returns))

    async with app:
        sense.port_out.on_next(1)

    assert sorted(spans.names) == ["main.one", "main.other"]
    assert len({span.context.trace_id for span in spans.finished if span.context}) == 1


async def test_an_element_that_is_stopped_and_started_is_followed_again(app: mape.App, spans: Spans) -> None:
    trace(app, spans.provider)
    act = app.loop("main").execute(uid="act")(returns)

    async with app:
        act(1)
        act.stop()
        act(2)
        act.start()
        act(3)

    assert spans.names == ["main.act", "main.act"]
    assert act.stats.dropped == {"stopped": 1}
