from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest

import mape
from mape.codecs import JSON, MSGPACK
from mape.errors import WiringError
from mape.remote.memory import MemorySession
from mape.remote.rest.observer import POSTObserver, plain_json
from mape.remote.rest.server import RestServer
from mape.settings.schema import Rest
from mape.testing import collect

pytestmark = pytest.mark.virtual_time

URL = "http://127.0.0.1:8000"
TOKEN = "a-token-of-the-test"  # noqa: S105 - it opens nothing


@dataclass
class Reading:
    car: str
    kmh: float


class FakeServer:
    """An ASGI application that writes requests down and answers what `answers` says, else 202."""

    def __init__(self) -> None:
        self.answers: list[int | tuple[int, dict[str, str]] | Callable[[bytes], int]] = []
        self.targets: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.bodies: list[bytes] = []
        self.times: list[float] = []
        self.answer_body = b""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        body = (await receive())["body"]
        self.targets.append(f"{scope['path']}?{scope['query_string'].decode()}")
        self.headers.append({name.decode(): value.decode() for name, value in scope["headers"]})
        self.bodies.append(body)
        self.times.append(asyncio.get_running_loop().time())
        answer = self.answers.pop(0) if self.answers else 202
        answer = answer(body) if callable(answer) else answer
        status, headers = answer if isinstance(answer, tuple) else (answer, {})
        given = [(name.encode(), value.encode()) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": status, "headers": given})
        await send({"type": "http.response.body", "body": self.answer_body})

    @property
    def items(self) -> list[Any]:
        return [value for body in self.bodies for value in JSON.decode(body).values]


@pytest.fixture
def server() -> FakeServer:
    return FakeServer()


def observer(app: mape.App, server: Any, **options: Any) -> POSTObserver:
    return POSTObserver(URL, "cars.speed", session=MemorySession(server), app=app, **options)


def balances(sink: POSTObserver) -> bool:
    stats = sink.stats
    return stats.offered == stats.sent + sum(stats.dropped.values()) + stats.queued


async def test_what_waits_goes_as_one_frame_to_the_element(app: mape.App, server: FakeServer) -> None:
    sink = observer(app, server)
    async with app:
        for item in range(5):
            sink.on_next(item)

    assert server.targets == ["/loops/cars/elements/speed?port=in"]
    assert server.headers[0]["content-type"] == JSON.content_type
    assert "authorization" not in server.headers[0]
    frame = JSON.decode(server.bodies[0])
    assert frame.values == [0, 1, 2, 3, 4]
    assert frame.header is not None
    assert (frame.header.source, frame.header.seq) == (sink.source_id, 0)
    assert sink.stats.sent == 5


async def test_it_can_be_written_as_in_the_predecessor(app: mape.App, server: FakeServer) -> None:
    sink = POSTObserver(URL, "cars.speed", "out", lambda item: f'"<{item}>"', MemorySession(server))
    element = app.loop("l").monitor(uid="m")(lambda item: item)
    element.subscribe(sink)
    async with app:
        element.port_in.on_next(1)
        element.port_in.on_next(2)

    assert server.bodies == [b'"<1>"', b'"<2>"']
    assert server.targets[0].endswith("port=out")


async def test_a_token_is_sent_and_never_shown(
    app: mape.App, server: FakeServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    server.answers = [401, 500]
    sink = observer(app, server, token=TOKEN)
    async with app:
        sink.on_next(1)

    assert {headers["authorization"] for headers in server.headers} == {f"Bearer {TOKEN}"}
    assert TOKEN not in repr(sink) + sink.path + caplog.text
    assert "give token=" in caplog.text
    with pytest.raises(WiringError) as raised:
        observer(app, server, token=f"{TOKEN}\r\nx: y")
    assert TOKEN not in str(raised.value)


async def test_the_token_of_this_apps_own_server_is_not_sent_elsewhere(server: FakeServer) -> None:
    from mape.settings import load

    app = mape.App(load(None, {"rest.token": TOKEN}))
    sink = observer(app, server)
    async with app:
        sink.on_next(1)

    assert "authorization" not in server.headers[0]


async def test_plain_items_go_one_by_one_in_order_with_a_key_against_duplicates(
    app: mape.App, server: FakeServer
) -> None:
    server.answers = [202, 503, 202]
    sink = observer(app, server, plain=True)
    async with app:
        for item in (Reading("a", 3.5), mape.Message("text", src="x.y"), None):
            sink.on_next(item)
        sink.on_completed()

    bodies = [json.loads(body) for body in server.bodies]
    assert bodies == [{"car": "a", "kmh": 3.5}, "text", "text", None]
    keys = [headers["idempotency-key"] for headers in server.headers]
    assert keys[1] == keys[2]
    assert len(set(keys)) == 3
    assert server.headers[0]["content-type"] == "application/json"


def test_plain_json_is_the_value_and_nothing_else() -> None:
    assert plain_json(mape.Message(Reading("a", 1.0), dst="x.y", hops=("z",))) == b'{"car":"a","kmh":1.0}'
    assert plain_json("é") == '"é"'.encode()


@pytest.mark.parametrize("made", [b"raw", "raw", bytearray(b"raw")])
async def test_a_serializer_makes_the_body(app: mape.App, server: FakeServer, made: Any) -> None:
    sink = observer(app, server, serializer=lambda _: made)
    async with app:
        sink.on_next(1)

    assert server.bodies == [b"raw"]


async def test_a_serializer_may_return_a_value_for_json(app: mape.App, server: FakeServer) -> None:
    sink = observer(app, server, serializer=lambda item: {"v": item})
    async with app:
        sink.on_next(1)

    assert server.bodies == [b'{"v":1}']


async def test_another_codec_says_so_in_the_content_type(app: mape.App, server: FakeServer) -> None:
    sink = observer(app, server, codec=MSGPACK)
    async with app:
        sink.on_next(1)

    assert server.headers[0]["content-type"] == MSGPACK.content_type
    assert MSGPACK.decode(server.bodies[0]).values == [1]


@pytest.mark.parametrize("status", [301, 401, 403, 404, 408, 429, 502, 503])
async def test_what_a_later_try_may_cure_is_tried_again_and_told_once(
    app: mape.App, server: FakeServer, status: int
) -> None:
    server.answers = [status, status, (status, {"location": "http://evil/"})]
    sink = observer(app, server)
    events = collect(app.events)
    async with app:
        sink.on_next(1)
        await sink.flush()

    assert server.items == [1, 1, 1, 1]
    assert sink.stats.sent == 1
    assert [event.kind for event in events] == ["disconnected", "connected"]
    assert str(status) in events[0].text


async def test_another_reason_for_the_same_outage_is_told_too(app: mape.App, server: FakeServer) -> None:
    server.answers = [503, 503, 401, 401]
    sink = observer(app, server)
    events = collect(app.events)
    async with app:
        sink.on_next(1)
        await sink.flush()

    assert [event.kind for event in events] == ["disconnected", "refused", "connected"]


async def test_retry_after_is_honoured(app: mape.App, server: FakeServer) -> None:
    server.answers = [(503, {"retry-after": "7"}), (429, {"Retry-After": "9"})]
    sink = observer(app, server)
    async with app:
        sink.on_next(1)
        await sink.flush()

    assert server.times == pytest.approx([0.0, 7.0, 16.0])


@pytest.mark.parametrize("status", [400, 415, 422])
async def test_items_that_the_server_cannot_read_are_refused_counted_and_explained(
    app: mape.App, server: FakeServer, status: int
) -> None:
    server.answers = [status, 202]
    sink = observer(app, server, frame=2)
    failures = collect(app.failures)
    async with app:
        for item in range(4):
            sink.on_next(item)

    assert sink.stats.dropped == {"refused": 2}
    assert sink.stats.sent == 2
    assert len(failures) == 1
    assert str(status) in str(failures[0].error)
    assert balances(sink)


async def test_a_batch_that_is_too_large_goes_in_parts_and_only_what_can_never_fit_is_lost(
    app: mape.App, server: FakeServer
) -> None:
    def limited(body: bytes) -> int:
        return 413 if len(body) > 1_000 else 202

    server.answers = [limited] * 100
    sink = observer(app, server)
    items = ["x" * 100] * 20 + ["y" * 2_000] + ["z" * 100] * 20
    async with app:
        for item in items:
            sink.on_next(item)

    taken = [value for body in server.bodies if len(body) <= 1_000 for value in JSON.decode(body).values]
    assert taken == [item for item in items if len(item) == 100]
    assert sink.stats.dropped == {"refused": 1}
    assert sink.stats.sent == 40
    assert sink.frame_bytes < 1_500
    assert balances(sink)


async def test_a_server_that_fails_on_the_same_items_each_time_does_not_stop_the_rest(
    app: mape.App, server: FakeServer
) -> None:
    server.answers = [500] * 5
    sink = observer(app, server, frame=1)
    async with app:
        sink.on_next("poison")
        sink.on_next("good")
        await sink.flush()

    assert len(server.bodies) == 6
    assert sink.stats.dropped == {"refused": 1}
    assert sink.stats.sent == 1


async def test_what_the_servers_counts_reject_is_no_success(app: mape.App, server: FakeServer) -> None:
    server.answer_body = b'{"accepted":3,"rejected":2,"errors":[{"index":1,"reason":"odd"}],"dropped":{"overflow":4}}'
    sink = observer(app, server)
    failures, events = collect(app.failures), collect(app.events)
    async with app:
        for item in range(5):
            sink.on_next(item)

    assert (sink.stats.sent, sink.stats.dropped) == (3, {"refused": 2})
    assert "1: odd" in str(failures[0].error)
    assert [event.kind for event in events] == ["overflow"]
    assert "drops items: 4 ('overflow')" in events[0].text


async def test_a_server_that_cannot_be_reached_is_waited_for(app: mape.App, server: FakeServer) -> None:
    sink = observer(app, server)
    session: Any = sink._given  # noqa: SLF001 - the stand-in that the test put there
    session.is_reachable = False
    async with app:
        for item in range(3):
            sink.on_next(item)
        await asyncio.sleep(60)
        assert (sink.stats.queued, sink.stats.is_up) == (3, False)
        assert sink.stats.retries < 120
        session.is_reachable = True
        await sink.flush()

    assert server.items == [0, 1, 2]


async def test_a_session_that_was_given_is_not_closed_and_a_closed_one_is_an_outage(
    app: mape.App, server: FakeServer
) -> None:
    sink = observer(app, server)
    session: Any = sink._given  # noqa: SLF001 - as above
    async with app:
        sink.on_next(1)
        await sink.flush()
        assert not session.closed
        session.closed = True
        sink.on_next(2)
        await asyncio.sleep(1)
        assert sink.stats.last_error == "the session that was given is closed"
        session.closed = False


async def test_an_own_session_keeps_no_cookies_and_is_closed_with_the_app(app: mape.App) -> None:
    sink = POSTObserver("http://127.0.0.1:9", "a.b", app=app)
    async with app:
        session = sink._own_session()  # noqa: SLF001 - nothing else shows it
        assert isinstance(session.cookie_jar, aiohttp.DummyCookieJar)
        assert not session.trust_env
    assert session.closed


async def test_an_own_element_takes_what_is_posted_each_item_once(app: mape.App) -> None:
    """The real server, in this process; two of its answers are lost on the way back."""
    there = mape.App()
    seen: list[Reading] = []

    @there.loop("cars").execute
    def speed(reading: Reading) -> None:
        seen.append(reading)

    api = RestServer(there, Rest(host_port="127.0.0.1:0")).asgi
    losses = [True, True, False]

    async def lossy(scope: Any, receive: Any, send: Any) -> None:
        lost = losses.pop(0) if losses else False

        async def sending(message: Any) -> None:
            if not lost:
                await send(message)

        await api(scope, receive, sending)

    there.start()
    sink = observer(app, lossy)
    async with app:
        for number in range(10):
            sink.on_next(Reading("a", float(number)))
        await sink.flush()

    assert seen == [Reading("a", float(number)) for number in range(10)]
    assert sink.stats.retries == 2


async def test_an_element_that_is_made_later_gets_what_waited_for_it(app: mape.App) -> None:
    there = mape.App()
    api = RestServer(there, Rest(host_port="127.0.0.1:0")).asgi
    sink = observer(app, api)
    async with app:
        sink.on_next(1)
        await asyncio.sleep(5)
        assert "404" in str(sink.stats.last_error)
        seen = collect(there.loop("cars").execute(uid="speed")(lambda item: item).port_in)
        there.start()
        await sink.flush()

    assert seen == [1]
