from __future__ import annotations

import asyncio
from typing import Any

import pytest

import mape
from mape.remote.rest.credential import Scope
from mape.web.live import CLIENTS
from mape.web.routes import LIVE_ROUTES
from tests.remote.rest.wire import call, line
from tests.web.page import looking, serve

pytestmark = pytest.mark.virtual_time
READER = ("authorization", "Bearer reader")


def small_app() -> tuple[mape.App, Any, Any]:
    app = mape.App()
    loop = app.loop("car", level="road")
    sense = loop.monitor(uid="sense")(lambda item: item)
    act = loop.execute(uid="act")(lambda item: 1 / item)
    sense.subscribe(act)
    return app, sense, act


async def test_a_page_sees_the_app_at_once_and_then_what_happens() -> None:
    app, sense, _ = small_app()
    server = serve(app, title="My app")
    sense.start()
    sense(1)
    async with looking(server) as page:
        assert [name for name, _ in page.events][:3] == ["hello", "graph", "pulse"]
        hello = page.all("hello")[0]
        assert hello["app"]["title"] == "My app"
        assert hello["may"] == ["control", "read", "write"]
        assert page.row("car.sense")[:3] == [1, 1, 1]
        sense(2)
        sense(0)
        await page.until("pulse", t=page.all("pulse")[0]["t"])
        await page.until("log", "entries")
        assert page.log()[-1]["text"] == "ZeroDivisionError: division by zero"
        assert page.log()[-1]["item"] == 0
        assert "1 / item" in page.log()[-1]["traceback"]
        assert page.row("car.act")[:5] == [3, 3, 2, 0, 1]


async def test_nobody_looks_nothing_runs() -> None:
    app, sense, act = small_app()
    server = serve(app)
    sense.start()
    before = asyncio.all_tasks()
    async with looking(server, "?watch=car.sense") as page:
        await page.watch("car.act")
        await page.ask("POST", "/live/push?path=car.sense", 1)
        assert asyncio.all_tasks() - before
    await asyncio.sleep(0.1)

    assert asyncio.all_tasks() == before
    assert [len(port.links) for port in (sense.port_in, sense.port_out, act.port_in, act.port_out)] == [0, 1, 0, 0]
    assert sense.port_out.is_direct


async def test_what_each_route_wants_is_asked_for() -> None:
    app, _, _ = small_app()
    server = serve(app, tokens=("read:reader", "write:writer", "control:controller"))
    may = {"read": "reader", "write": "writer", "control": "controller"}
    for route in LIVE_ROUTES:
        if route.scope is None or route.is_endless:
            continue
        for scope, token in may.items():
            body = b"1" if route.method != "GET" else b""
            headers = [("authorization", f"Bearer {token}"), ("content-type", "application/json")]
            status = (await call(server.asgi, route.method, route.path, body, headers)).status
            assert (status == 403) == (scope != route.scope.value), (route.name, scope, status)
            assert (await call(server.asgi, route.method, route.path, body)).status == 401


def test_what_changes_something_needs_more_than_read() -> None:
    harmless = {"live_watch", "live_follow"}
    public = {route.name for route in LIVE_ROUTES if route.scope is None}

    assert public == {"page", "page_file", "page_room"}
    for route in LIVE_ROUTES:
        if route.name not in harmless | public:
            assert (route.scope is Scope.READ) == (route.method == "GET")


async def test_a_page_that_lacks_a_token_is_told_so_without_a_dialog_of_the_browser() -> None:
    app, _, _ = small_app()
    server = serve(app, token="secret")  # noqa: S106

    for headers in ([("x-mape-page", "1")], [("sec-fetch-dest", "empty")]):
        refused = await call(server.asgi, "GET", "/live/hello", headers=headers)
        assert refused.status == 401
        assert refused.header("www-authenticate") == 'Bearer realm="mape"'
    assert "Basic" in (await call(server.asgi, "GET", "/live/hello")).header("www-authenticate")


async def test_what_a_token_may_is_told() -> None:
    app, _, _ = small_app()
    server = serve(app, tokens=("read:reader",))

    assert (await call(server.asgi, "GET", "/live/hello", headers=[READER])).json["may"] == ["read"]


@pytest.mark.parametrize("path", ["/live/hello", "/live/stream", "/live/knowledge", "/live/log"])
async def test_no_answer_is_kept_by_anybody_and_none_goes_to_other_sites(path: str) -> None:
    app, _, _ = small_app()
    server = serve(app)

    for header in (("origin", "http://evil.example"), ("host", "evil.example"), ("sec-fetch-site", "cross-site")):
        assert (await call(server.asgi, "GET", path, headers=[header])).status == 403
    if path != "/live/stream":
        answer = await call(server.asgi, "GET", path)
        assert (answer.header("cache-control"), answer.header("x-content-type-options")) == ("no-store", "nosniff")


async def test_head_of_the_stream_does_not_wait_for_its_end() -> None:
    app, _, _ = small_app()

    assert (await call(serve(app).asgi, "HEAD", "/live/stream")).status == 405


async def test_there_is_room_for_so_many_and_then_a_sentence() -> None:
    app, _, _ = small_app()
    server = serve(app)
    async with asyncio.TaskGroup() as group:
        leave = asyncio.Event()

        async def look() -> None:
            async with looking(server):
                await leave.wait()

        for _ in range(CLIENTS):
            group.create_task(look())
        await asyncio.sleep(1)
        refused = await call(server.asgi, "GET", "/live/stream")
        assert refused.status == 503
        assert "close one" in refused.json["error"]
        leave.set()
    async with looking(server):
        pass


async def test_the_end_is_told_when_the_server_closes() -> None:
    app, _, _ = small_app()
    server = serve(app)
    async with looking(server) as page:
        await server.asgi.drain()
        await page.until("bye")
        assert (await call(server.asgi, "GET", "/live/stream")).status == 503


async def test_a_page_that_says_nothing_new_is_known_to_live_by_a_comment() -> None:
    app, _, _ = small_app()
    async with line(serve(app).asgi, "/live/stream") as held:
        await asyncio.sleep(6)
        assert held.body.count(b"\n\n:\n\n") == 1


async def test_a_client_that_takes_nothing_in_is_let_go_after_ten_seconds() -> None:
    app, sense, _ = small_app()
    server = serve(app)
    sense.start()
    async with line(server.asgi, "/live/stream") as held:
        await held.until(lambda held: b"pulse" in held.body)
        held.is_stuck = True
        sense(1)
        await asyncio.sleep(9.5)
        assert asyncio.all_tasks() - {asyncio.current_task()}
        began = len([task for task in asyncio.all_tasks() if task.get_name() == "live page"])
        await asyncio.sleep(1.5)
        held.is_stuck = False

        assert began == 1
        assert not [task for task in asyncio.all_tasks() if task.get_name() == "live page"]


async def test_items_are_shown_of_what_is_watched_and_of_nothing_else() -> None:
    app, sense, _ = small_app()
    server = serve(app)
    sense.start()
    async with looking(server) as page:
        sense(5)
        assert (await page.watch("road.car.sense")).status == 204
        sense(7)
        await page.until("items", "items", path="car.sense", port="out")
        (item,) = page.items("car.sense", "in")
        assert (item["value"], item["text"], item["numbers"]) == (7, "7", {"value": 7})
        assert len(item["cause"]) == 16
        assert page.items("car.act", "in") == []
        element = (await page.ask("GET", "/live/element?path=car.sense")).json
        assert [each["value"] for each in element["latest"]["out"]] == [7]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"client": "nobody", "paths": []}, 404),
        ({"client": None}, 422),
        ({"client": "x", "paths": "car"}, 422),
        ([], 422),
        (b"{", 415),
    ],
)
async def test_a_wrong_wish_is_refused_with_a_sentence(body: Any, status: int) -> None:
    app, _, _ = small_app()
    answer = await call(serve(app).asgi, "POST", "/live/watch", body)

    assert answer.status == status
    assert answer.json["error"]


async def test_a_page_watches_a_bounded_number_of_elements() -> None:
    app, _, _ = small_app()
    async with looking(serve(app)) as page:
        assert (await page.watch(*[f"car.e{number}" for number in range(17)])).status == 422


async def test_the_log_can_be_asked_for() -> None:
    app, _, act = small_app()
    server = serve(app)
    for _ in range(3):
        act(0)

    assert [entry["n"] for entry in (await call(server.asgi, "GET", "/live/log")).json["entries"]] == [1, 2, 3]
    assert [entry["n"] for entry in (await call(server.asgi, "GET", "/live/log?after=2")).json["entries"]] == [3]
    assert (await call(server.asgi, "GET", "/live/log?after=x")).status == 422


async def test_settings_are_shown_with_their_sources_and_without_secrets() -> None:
    from mape.settings import load

    settings = load(overrides={"rest.token": "very-secret", "redis.url": "redis://me:hidden@host"}, environ={})
    answer = await call(serve(mape.App(settings)).asgi, "GET", "/live/settings")

    shown = {each["name"]: each for each in answer.json}
    assert shown["rest.token"]["value"] == "***"
    assert shown["rest.token"]["source"] == "argument rest.token"
    assert shown["log.level"]["is_default"]
    assert b"very-secret" not in answer.body
    assert b"hidden" not in answer.body


async def test_a_tick_that_fails_is_reported_once_and_the_app_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    from mape.web.pulse import Pulse

    app, sense, _ = small_app()
    server = serve(app)
    failures: list[Any] = []
    app.failures.subscribe(failures.append)
    real = Pulse.read
    async with looking(server) as page:
        monkeypatch.setattr(Pulse, "read", lambda _: 1 / 0)
        await asyncio.sleep(5)
        assert [failure.path for failure in failures] == ["live page"]
        monkeypatch.setattr(Pulse, "read", real)
        sense.start()
        sense(3)
        await asyncio.sleep(0.3)
        assert page.row("car.sense")[0] == 1
