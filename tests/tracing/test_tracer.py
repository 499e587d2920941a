"""Hops between processes, and failures outside of elements; the processes are two apps and stand-ins in memory."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF
from opentelemetry.trace import SpanKind

import mape
from mape import operators as ops
from mape.codecs import JSON
from mape.errors import PeerError
from mape.remote.memory import MemorySession
from mape.remote.outgoing import Batch
from mape.remote.redis.streams import MemoryLog, StreamObservable, StreamObserver
from mape.remote.rest.observer import POSTObserver
from mape.remote.rest.server import RestServer
from mape.remote.sender import Sender
from mape.settings.schema import Rest
from mape.tracing import trace
from tests.remote.rest.wire import call
from tests.tracing.conftest import Spans

pytestmark = pytest.mark.virtual_time

URL = "http://127.0.0.1:8000"
TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


class Town:
    """A second app, with one element behind a REST server."""

    def __init__(self, spans: Spans | None, sample: float = 1.0) -> None:
        self.app = mape.App()
        self.seen: list[Any] = []
        self.causes: list[str | None] = []
        if spans is not None:
            trace(self.app, spans.provider, sample)

        @self.app.loop("town").execute
        def act(item: Any) -> None:
            self.seen.append(item)
            self.causes.append(mape.current_cause())

        self.act = act
        self.server = RestServer(self.app, Rest(host_port="127.0.0.1:0"))
        self.session = MemorySession(self.server.asgi)

    async def post(self, body: bytes, *headers: tuple[str, str]) -> int:
        kind = ("content-type", "application/json")
        return (await call(self.server.asgi, "POST", "/loops/town/elements/act", body, [kind, *headers])).status


def monitor(app: mape.App) -> mape.Element[Any, Any]:
    @app.loop("car").monitor
    def sense(item: Any) -> Any:
        return item

    return sense


async def test_a_hop_has_a_span_on_either_side(app: mape.App, spans: Spans) -> None:
    town = Town(spans)
    trace(app, spans.provider)
    sense = monitor(app)
    sink = POSTObserver(URL, "town.act", session=town.session)
    sense.subscribe(sink)

    async with app:
        for item in range(3):
            sense(item)
        await sink.flush()

    assert town.seen == [0, 1, 2]
    sent = [span for span in spans.finished if span.name == "send /loops/town/elements/act"]
    received = [span for span in spans.finished if span.name == "receive town.act"]
    worked = [span for span in spans.finished if span.name == "town.act"]
    assert [span.kind for span in (*sent, *received)] == [SpanKind.PRODUCER] * 3 + [SpanKind.CONSUMER] * 3
    assert [span.parent.span_id for span in received if span.parent] == [
        span.context.span_id for span in sent if span.context
    ]
    assert [span.parent.span_id for span in worked if span.parent] == [
        span.context.span_id for span in received if span.context
    ]
    assert sent[0].attributes == {
        "messaging.system": "http",
        "messaging.destination.name": "/loops/town/elements/act",
        "messaging.operation.name": "send",
        "messaging.operation.type": "send",
        "server.address": URL,
        "mape.cause": town.causes[0],
    }


async def test_an_app_that_traces_nothing_hands_the_trace_on(app: mape.App, spans: Spans) -> None:
    end, middle = Town(spans), Town(None)
    trace(app, spans.provider)
    sense = monitor(app)
    sense.subscribe(POSTObserver(URL, "town.act", session=middle.session))
    middle.act.port_in.subscribe(POSTObserver(URL, "town.act", session=end.session, app=middle.app))

    async with middle.app, app:
        sense(1)
        await asyncio.sleep(1)

    assert end.seen == [1]
    assert spans["town.act"].context.trace_id == spans["car.sense"].context.trace_id
    assert spans.parent("receive town.act") == "send /loops/town/elements/act"


async def test_whoever_follows_fewer_items_follows_all_that_were_chosen_before(app: mape.App, spans: Spans) -> None:
    town = Town(spans, sample=0.0)
    trace(app, spans.provider, sample=1.0)
    sense = monitor(app)
    sense.subscribe(sink := POSTObserver(URL, "town.act", session=town.session))

    async with app:
        sense(1)
        await sink.flush()
        assert await town.post(b"2") == 202

    assert town.seen == [1, 2]
    assert spans.names.count("town.act") == 1


async def test_what_a_provider_does_not_want_is_not_followed_further_on(app: mape.App, spans: Spans) -> None:
    town, nothing = Town(spans), Spans(sampler=ALWAYS_OFF)
    trace(app, nothing.provider)
    sense = monitor(app)
    sense.subscribe(sink := POSTObserver(URL, "town.act", session=town.session))

    async with app:
        sense(1)
        await sink.flush()

    assert town.seen == [1]
    assert (len(spans), len(nothing)) == (0, 0)


async def test_a_foreign_request_brings_its_trace_along(spans: Spans) -> None:
    town = Town(spans, sample=0.0)
    async with town.app:
        assert await town.post(b"1", ("traceparent", f"00-{TRACE}-{SPAN}-01")) == 202
        assert await town.post(b"2", ("traceparent", f"00-{TRACE}-{SPAN}-00")) == 202
        assert await town.post(b"3", ("traceparent", "hello\xff")) == 202

    assert town.seen == [1, 2, 3]
    assert spans.names == ["receive town.act", "town.act"]
    assert f"{spans['receive town.act'].parent.span_id:016x}" == SPAN
    assert f"{spans['town.act'].context.trace_id:032x}" == TRACE
    assert len(set(town.causes)) == 3


async def test_a_plain_request_names_the_span_that_it_comes_from(app: mape.App, spans: Spans) -> None:
    town = Town(spans)
    trace(app, spans.provider)
    sense = monitor(app)
    sense.subscribe(sink := POSTObserver(URL, "town.act", session=town.session, plain=True))

    async with app:
        sense(1)
        sense(2)
        await sink.flush()

    received = [span for span in spans.finished if span.name == "receive town.act"]
    sent = [span for span in spans.finished if span.name.startswith("send ")]
    assert [span.parent.span_id for span in received if span.parent] == [
        span.context.span_id for span in sent if span.context
    ]


@pytest.mark.parametrize("waits", [False, True])
async def test_a_stream_carries_the_trace_whether_its_listener_waits_or_not(
    app: mape.App, spans: Spans, waits: bool
) -> None:
    trace(app, spans.provider)
    log, sense, loop = MemoryLog(), monitor(app), app.loop("town")

    async def wait(_: Any) -> None:
        await asyncio.sleep(0.1)

    act = loop.execute(uid="act")(wait if waits else lambda _: None)
    sense.subscribe(StreamObserver("orders", log, app=app))
    StreamObservable("orders", log, group="town", app=app).subscribe(act)

    async with app:
        for item in range(3):
            sense(item)
        await asyncio.sleep(3)

    ids = {span.context.span_id: span for span in spans.finished if span.context}
    acts = [span for span in spans.finished if span.name == "town.act"]
    assert len(acts) == 3
    for span in acts:
        row = [span]
        while (parent := row[-1].parent) is not None:
            row.append(ids[parent.span_id])
        assert [each.name for each in row] == ["town.act", "receive orders", "send orders", "car.sense"]


class Broken(Sender):
    """A sink whose peer takes nothing."""

    async def transmit(self, _: Batch) -> int:
        raise PeerError("the peer does not like it")


async def test_what_is_lost_on_its_way_has_a_failed_span(app: mape.App, spans: Spans) -> None:
    trace(app, spans.provider)
    sense = monitor(app)
    sense.subscribe(sink := Broken("broken", codec=JSON))

    async with app:
        sense(1)
        await sink.flush()

    assert spans.parent("send broken") == "car.sense"
    assert spans["send broken"].status.description == "PeerError: the peer does not like it"


async def test_a_failure_of_an_operator_or_a_listener_has_a_span_and_one_only(app: mape.App, spans: Spans) -> None:
    trace(app, spans.provider)
    sense = monitor(app)
    invert: Any = ops.map(lambda item: 1 / item)
    act = app.loop("car").execute(uid="act", ops_in=invert)(lambda _: None)

    def listen(_: Any) -> None:
        raise RuntimeError("tired")

    sense.subscribe(act)
    sense.subscribe(listen)
    async with app:
        sense(0)

    failed = {span.name: span.status.description for span in spans.finished if span.status.description}
    assert failed["car.act"] == "ZeroDivisionError: division by zero"
    assert sorted(failed.values()) == ["RuntimeError: tired", "ZeroDivisionError: division by zero"]
    assert {spans.parent(name) for name in failed} == {"car.sense"}


async def test_an_error_whose_text_raises_costs_its_text(app: mape.App, spans: Spans) -> None:
    class Silent(Exception):  # noqa: N818 - it says nothing, not even that
        def __str__(self) -> str:
            raise RuntimeError("no words")

    trace(app, spans.provider)
    seen: list[int] = []

    @app.loop("main").execute
    def act(item: int) -> None:
        seen.append(item)
        raise Silent

    async with app:
        act(1)
        act(2)

    assert seen == [1, 2]
    assert [span.status.description for span in spans.finished] == ["Silent", "Silent"]
