from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import Any

import pytest

import mape
from mape.errors import ConfigError
from mape.remote.rest import RestServer
from mape.remote.rest.answer import Answer
from mape.remote.rest.answer import json as answer_json
from mape.remote.rest.credential import Scope
from mape.remote.rest.routes import ROUTES, Route
from mape.settings.schema import Rest
from tests.remote.rest.wire import Reply, call, line, scope

pytestmark = pytest.mark.virtual_time
NDJSON = [("content-type", "application/x-ndjson")]
POST = "/loops/car/elements/drive"


@dataclass
class Speed:
    kmh: float


class Car:
    """An app with one element behind a server that is called in process."""

    def __init__(self, **settings: Any) -> None:
        self.app = mape.App()
        self.seen: list[Any] = []

        @self.app.loop("car").execute
        def drive(speed: Speed) -> None:
            self.seen.append(speed)

        self.drive = drive
        self.server = RestServer(self.app, Rest(host_port="127.0.0.1:8000", **settings))

    async def __call__(self, method: str, target: str, body: Any = b"", headers: Any = ()) -> Reply:
        return await call(self.server.asgi, method, target, body, headers)


def bearer(token: str) -> list[tuple[str, str]]:
    return [("authorization", f"Bearer {token}")]


async def test_one_item_is_taken_as_what_the_annotation_says() -> None:
    car = Car()
    reply = await car("POST", POST, {"kmh": 50})

    assert (reply.status, reply.json["accepted"]) == (202, 1)
    assert car.seen == [Speed(50)]


async def test_many_items_are_taken_one_a_line() -> None:
    car = Car()
    reply = await car("POST", POST, b'{"kmh":1}\n{"mph":2}\n{"kmh":3}\n', NDJSON)

    assert reply.status == 202
    assert (reply.json["accepted"], reply.json["rejected"], reply.json["errors"][0]["index"]) == (2, 1, 1)
    assert car.seen == [Speed(1), Speed(3)]


async def test_an_item_may_go_over_several_lines() -> None:
    car = Car()
    reply = await car("POST", POST, b'{\n  "kmh": 1\n}\n', [("content-type", "application/json")])

    assert reply.status == 202
    assert car.seen == [Speed(1)]


@pytest.mark.parametrize(
    "body", [b"", b"{", b'{"kmh":"fast"}', b'{"kmh":NaN}', b'{"kmh":Infinity}', b"\xff\xfe", b"[" * 9_999]
)
async def test_a_body_of_which_nothing_can_be_taken_is_422_and_not_shown(body: bytes) -> None:
    car = Car()
    reply = await car("POST", POST, body, NDJSON)

    assert reply.status == 422
    assert b"fast" not in reply.body
    assert car.seen == []


async def test_a_form_is_415_and_too_much_is_413() -> None:
    car = Car(max_body_bytes=1024)
    form = await car("POST", POST, b"kmh=1", [("content-type", "application/x-www-form-urlencoded")])
    large = await car("POST", POST, b"1" * 2000, NDJSON)

    assert (form.status, large.status) == (415, 413)
    assert large.is_complete
    assert ("connection", "close") in large.headers


@pytest.mark.parametrize(
    "path", ["/loops/cra/elements/drive", "/loops/car/elements/driv", "/loops/cra", "/lops", "//car", "/"]
)
async def test_what_is_not_there_is_404_with_a_sentence(path: str) -> None:
    reply = await Car()("GET", path)

    assert reply.status == 404
    assert "did you mean" in reply.json["error"] or "there is" in reply.json["error"]


async def test_another_method_is_405_and_says_which_there_are() -> None:
    reply = await Car()("DELETE", POST)

    assert (reply.status, reply.header("allow")) == (405, "GET, POST")


async def test_errors_and_completion_travel_as_events_and_kill_nothing() -> None:
    car = Car()
    heard: list[Any] = []
    car.drive.subscribe(None, on_error=heard.append, on_completed=lambda: heard.append("completed"))
    statuses = [
        (await car("POST", f"{POST}?notification=error", b"broken")).status,
        (await car("POST", f"{POST}?notification=completed")).status,
        (await car("POST", POST, {"kmh": 1})).status,
    ]

    assert statuses == [202, 202, 202]
    assert isinstance(heard[0], mape.PeerError)
    assert [str(each) for each in heard] == ["broken", "completed"]
    assert car.seen == [Speed(1)]


async def test_items_may_be_given_to_the_out_port() -> None:
    car = Car()
    seen: list[Any] = []
    car.drive.subscribe(seen.append)
    reply = await car("POST", f"{POST}?port=out", {"kmh": 1})

    assert reply.status == 202
    assert seen == [{"kmh": 1}]
    assert car.seen == []


async def test_elements_can_be_stopped_and_started() -> None:
    car = Car()
    stopped = await car("POST", f"{POST}/stop")
    lost = await car("POST", POST, {"kmh": 1})
    started = await car("POST", f"{POST}/start")

    assert (stopped.json["state"], started.json["state"]) == ("stopped", "running")
    assert lost.json["dropped"] == {"stopped": 1}


async def test_an_element_shows_its_schema_and_statistics() -> None:
    car = Car()
    await car("POST", POST, {"kmh": 1})
    shown = (await car("GET", POST)).json

    assert shown["takes"]["$defs"]["Speed"]["required"] == ["kmh"]
    assert shown["stats"]["processed"] == 1


async def test_elements_added_later_appear_at_once() -> None:
    car = Car()
    before = (await car("GET", "/openapi.json")).json

    @car.app.loop("car").execute
    def park(place: int) -> None: ...

    assert "/loops/car/elements/park" not in before["paths"]
    assert "/loops/car/elements/park" in (await car("GET", "/openapi.json")).json["paths"]
    assert (await car("POST", "/loops/car/elements/park", 3)).status == 202


async def test_health_follows_the_life_of_the_app() -> None:
    app = mape.App()
    server = RestServer(app, Rest(host_port="127.0.0.1:0"))
    app.services.remove(server)  # called in process: no socket
    seen = [(await call(server.asgi, "GET", "/health/ready")).status]
    async with app:
        seen.append((await call(server.asgi, "GET", "/health/ready")).status)
        await server.drain()
        seen.append((await call(server.asgi, "GET", "/health/ready")).status)
        seen.append((await call(server.asgi, "GET", "/health/live")).status)
        seen.append((await call(server.asgi, "POST", POST, 1)).status)

    assert seen == [503, 200, 503, 200, 503]


async def test_draining_waits_for_what_is_at_work() -> None:
    car = Car()
    async with line(car.server.asgi, f"{POST}/stream") as watching:
        await watching.until(lambda line: line.sent)
        async with asyncio.timeout(5):
            await car.server.drain()
        await watching.until(lambda line: line.sent[-1].get("more_body", False) is False)


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
async def test_with_a_token_set_no_route_lets_anybody_in_without(route: Any) -> None:
    car = Car(token="secret", tokens=("read:r", "write:w", "control:c"))  # noqa: S106
    path = route.path.format(loop="car", element="drive", file="docs.js")
    kind = "websocket" if route.method == "WEBSOCKET" else "http"
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def status(headers: Any) -> int:
        sent.clear()
        await car.server.asgi(scope(route.method, path, headers, kind=kind), _nothing, send)
        return int(sent[0]["status"])

    wrong = next(token for token, name in (("w", "write"), ("r", "read")) if name != route.scope.value)
    assert await status([]) == 401
    assert await status(bearer("wrong")) == 401
    assert await status(bearer(wrong)) == 403
    assert sent[0]["type"].startswith("websocket.http." if kind == "websocket" else "http.")


async def _nothing() -> Any:
    return {"type": "http.disconnect"}


async def test_events_need_control() -> None:
    car = Car(tokens=("write:w", "control:c"))
    statuses = [
        (await car("POST", f"{POST}?notification=completed", headers=bearer("w"))).status,
        (await car("POST", f"{POST}?notification=completed", headers=bearer("c"))).status,
        (await car("POST", POST, {"kmh": 1}, bearer("w"))).status,
    ]

    assert statuses == [403, 202, 202]


async def test_every_answer_has_safe_headers_and_none_allows_other_sites() -> None:
    car = Car()
    for method, path in (
        ("GET", "/loops"),
        ("GET", "/nowhere"),
        ("POST", POST),
        ("GET", "/docs"),
        ("GET", "/static/docs.js"),
    ):
        reply = await car(method, path)
        assert reply.header("x-content-type-options") == "nosniff"
        assert reply.header("content-security-policy").startswith("default-src 'none'")
        assert not [name for name, _ in reply.headers if name.startswith("access-control")]


async def test_a_mistake_of_ours_is_500_without_details_and_is_reported() -> None:
    car = Car()
    failures: list[mape.Failure] = []
    car.app.failures.subscribe(failures.append)
    vars(car.drive)["uid"] = object()  # what JSON cannot show
    reply = await car("GET", "/graph")

    assert reply.status == 500
    assert "log" in reply.json["error"]
    assert [failure.path for failure in failures] == ["rest"]


async def test_head_is_answered_as_get() -> None:
    assert (await Car()("HEAD", "/loops")).status == 200


async def test_own_routes_stand_behind_the_same_guard_and_in_the_document() -> None:
    car = Car(tokens=("read:r", "write:w"))

    @car.server.api.get("/mine")
    def mine() -> dict[str, int]:
        return {"answer": 42}

    @car.server.api.post("/mine")
    def change() -> None: ...

    assert (await car("GET", "/mine")).status == 401
    assert (await car("GET", "/mine", headers=bearer("r"))).json == {"answer": 42}
    assert (await car("POST", "/mine", headers=bearer("r"))).status == 403
    assert (await car("GET", "/loops", headers=bearer("r"))).json[0]["uid"] == "car"
    assert "/mine" in (await car("GET", "/openapi.json", headers=bearer("r"))).json["paths"]


async def test_metrics_count_items_and_requests() -> None:
    car = Car()
    await car("POST", POST, b'{"kmh":1}\n"x"\n', NDJSON)
    text = (await car("GET", "/metrics")).body.decode()

    assert "mape_rest_items_accepted_total 1" in text
    assert "mape_rest_items_rejected_total 1" in text
    assert 'mape_element_received_total{loop="car",element="drive",role="execute"} 1' in text


def test_a_server_without_an_address_says_what_to_set() -> None:
    with pytest.raises(ConfigError, match=r"rest\.host_port"):
        RestServer(mape.App(), Rest())


def test_a_server_beyond_this_machine_does_not_begin_without_a_token() -> None:
    with pytest.raises(ConfigError, match=r"rest\.token.*rest\.auth: none"):
        RestServer(mape.App(), Rest(host_port="0.0.0.0:0"))


async def test_an_item_is_handed_over_under_its_causal_id() -> None:
    from mape.codecs import JSON, Header

    car = Car()
    causes: list[str | None] = []
    car.drive.port_in.subscribe(lambda _: causes.append(mape.current_cause()))
    payload = JSON.frame(Header("f" * 16, 1, 0, [255]), [JSON.encode(Speed(1))])
    await car("POST", POST, payload, NDJSON)

    assert causes == ["00000000000000ff"]
    assert json.loads((await car("GET", POST)).body)["stats"]["received"] == 1


async def test_other_rooms_may_add_routes_behind_the_same_guard_and_their_streams_end_with_the_server() -> None:
    ended: list[int] = []
    routes = (
        Route("extra", "GET", "/extra/{name}", Scope.READ, "Something."),
        Route("open", "GET", "/open", None, "Something for everybody."),
    )
    server = RestServer(mape.App(), Rest(host_port="127.0.0.1:8000", token="t"))  # noqa: S106
    handlers: dict[str, Any] = {
        "extra": lambda request: answer_json(request.names),
        "open": lambda _: Answer(200, headers=((b"cache-control", b"no-cache"),)),
    }
    server.mount(routes, handlers, lambda: ended.append(1))

    assert (await call(server.asgi, "GET", "/extra/x")).status == 401
    assert (await call(server.asgi, "GET", "/extra/x", headers=[("authorization", "Bearer t")])).json == {"name": "x"}
    public = await call(server.asgi, "GET", "/open")
    assert public.status == 200
    assert public.header("cache-control") == "no-cache"
    assert public.header("x-content-type-options") == "nosniff"
    await server.asgi.drain()
    assert ended == [1]
