from __future__ import annotations

import dataclasses
import enum
from typing import Any

import pytest

import mape
from tests.remote.rest.wire import call
from tests.web.page import serve


class Lane(enum.StrEnum):
    LEFT = "left"


@dataclasses.dataclass
class Reading:
    kmh: float
    lane: Lane = Lane.LEFT
    tags: list[str] | None = None


def app_of_two() -> tuple[mape.App, list[Any]]:
    app = mape.App()
    loop = app.loop("car")
    seen: list[Any] = []

    @loop.monitor
    def sense(reading: Reading) -> Reading:
        return reading

    @loop.execute
    def act(reading: Reading) -> None:
        if reading.kmh < 0:
            raise ValueError("backwards")
        seen.append(reading)

    sense.subscribe(act)
    return app, seen


async def push(app: mape.App, body: Any, path: str = "car.sense") -> Any:
    return await call(serve(app).asgi, "POST", f"/live/push?path={path}", body)


async def test_what_is_pushed_arrives_as_what_the_element_takes() -> None:
    app, seen = app_of_two()
    app.start()
    answer = await push(app, {"kmh": 3, "lane": "left", "tags": ["a"]})

    assert answer.status == 200
    assert (answer.json["accepted"], answer.json["dropped"], answer.json["error"]) == (1, {}, None)
    assert seen == [Reading(3.0, Lane.LEFT, ["a"])]
    assert type(seen[0].lane) is Lane


async def test_what_came_of_it_is_said() -> None:
    app, seen = app_of_two()
    stopped = await push(app, {"kmh": 3})
    app.start()
    failed = await push(app, {"kmh": -1})

    assert stopped.json["dropped"] == {"stopped": 1}
    assert failed.json["error"] == "ValueError: backwards"
    assert seen == []


@pytest.mark.parametrize(
    ("body", "path", "status"),
    [
        ({"kmh": "fast"}, "car.sense", 422),
        ({}, "car.sense", 422),
        (b"{", "car.sense", 415),
        ({"kmh": 1}, "car.nothing", 404),
        ({"kmh": 1}, "car", 404),
        ({"kmh": 1}, "", 404),
        ({"kmh": 1, "tags": ["x" * 300_000]}, "car.sense", 413),
    ],
)
async def test_what_cannot_be_taken_is_refused_without_an_echo(body: Any, path: str, status: int) -> None:
    app, seen = app_of_two()
    app.start()
    answer = await push(app, body, path)

    assert answer.status == status
    assert answer.json["error"]
    assert len(answer.body) < 400
    assert b"fast" not in answer.body
    assert seen == []


async def test_many_items_or_events_are_no_item() -> None:
    app, _ = app_of_two()
    headers = [("content-type", "application/json")]
    server = serve(app)
    for body in (b'{"kmh": 1}\n{"kmh": 2}', b'{"v": null, "event": "completed"}'):
        assert (await call(server.asgi, "POST", "/live/push?path=car.sense", body, headers)).status == 422


async def test_an_element_is_stopped_and_started() -> None:
    app, _ = app_of_two()
    app.start()
    server = serve(app)
    stopped = await call(server.asgi, "POST", "/live/stop?path=car.sense")
    assert stopped.json == {"state": "stopped", "stopped": ["car.sense"]}
    assert not app["car.sense"].is_running
    started = await call(server.asgi, "POST", "/live/start?path=car.sense")
    assert started.json == {"state": "running", "started": ["car.sense"]}
    assert app["car.sense"].is_running


async def test_a_loop_is_stopped_speakers_first_and_started_listeners_first() -> None:
    app, _ = app_of_two()
    app.start()
    server = serve(app)

    assert (await call(server.asgi, "POST", "/live/stop?path=car")).json["stopped"] == ["car.sense", "car.act"]
    assert (await call(server.asgi, "POST", "/live/start?path=car")).json["started"] == ["car.act", "car.sense"]
    assert (await call(server.asgi, "POST", "/live/start?path=bus")).status == 404
