from __future__ import annotations

from typing import Any

import mape
from mape.settings import load
from mape.web.portrait import attributes_of, doc_of, settings_of
from tests.remote.rest.wire import call
from tests.web.page import serve


async def test_an_element_is_shown_from_all_sides() -> None:
    app = mape.App()
    loop = app.loop("car")

    @loop.plan(concurrency=3, mailbox=7, overflow="drop_newest", on_error="retry")
    async def think(kmh: float) -> str:
        """Thinks.

        Long.
        """
        return str(kmh)

    think.emergency = 180.0
    think.api_token = "very secret"  # noqa: S105
    answer = await call(serve(app).asgi, "GET", "/live/element?path=car.think")
    shown = answer.json

    assert (shown["concurrency"], shown["mailbox"], shown["overflow"], shown["on_error"]) == (
        3,
        7,
        "drop_newest",
        "retry",
    )
    assert shown["takes"] == {"type": "number"}
    assert shown["gives"] == {"type": "string"}
    assert shown["types"] == {"takes": "float", "gives": "str"}
    assert shown["doc"].startswith("Thinks.")
    assert shown["attributes"] == {"emergency": "180.0", "api_token": "***"}
    assert shown["stats"]["received"] == 0
    assert shown["latest"] == {"in": [], "out": []}
    assert b"very secret" not in answer.body


async def test_its_failures_are_shown_and_nobody_elses() -> None:
    app = mape.App()
    loop = app.loop("car")
    one = loop.execute(uid="one")(lambda item: 1 / item)
    two = loop.execute(uid="two")(lambda item: 1 / item)
    server = serve(app)
    for _ in range(30):
        one(0)
    two(0)

    shown = (await call(server.asgi, "GET", "/live/element?path=car.one")).json
    assert len(shown["failures"]) == 20
    assert {each["path"] for each in shown["failures"]} == {"car.one"}


async def test_an_unknown_element_is_a_sentence_without_an_echo() -> None:
    app = mape.App()
    app.loop("car").execute(uid="one")(lambda _: None)
    server = serve(app)

    for path in ("car.oen", "<script>", "car", "", "a.b.c.d", "x" * 5_000):
        answer = await call(server.asgi, "GET", f"/live/element?path={path}")
        assert answer.status == 404
        assert "script" not in answer.json["error"]
        assert len(answer.body) < 300
    assert "did you mean 'car.one'" in (await call(server.asgi, "GET", "/live/element?path=car.oen")).json["error"]


def test_docstrings_of_the_classes_of_elements_are_nobodys() -> None:
    loop = mape.App().loop("car")

    assert doc_of(loop.execute(uid="a")(lambda _: None)) is None
    assert doc_of(mape.Plan(loop, "b")) is None

    class Own(mape.Plan[Any, Any]):
        """Does it its own way."""

    assert doc_of(Own(loop, "c")) == "Does it its own way."


def test_attributes_that_every_element_has_are_not_shown() -> None:
    loop = mape.App().loop("car")
    one = loop.execute(uid="one")(lambda _: None)
    one(1)
    assert one.stats.received == 1
    one.on_next(2)

    assert attributes_of(one) == {}


def test_settings_of_an_app_without_any_are_the_defaults() -> None:
    assert {each["name"]: each["is_default"] for each in settings_of(mape.App())}["rest.token"]
    assert any(not each["is_default"] for each in settings_of(mape.App(load(overrides={"debug": True}, environ={}))))
