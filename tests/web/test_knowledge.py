from __future__ import annotations

import dataclasses
from typing import Any

import pytest

import mape
from mape.errors import DecodeError
from mape.web.knowledge import fitted
from mape.web.known import Known, Numbers
from tests.web.page import looking, serve
from tests.web.test_tree import Hostile


@dataclasses.dataclass
class Goal:
    kmh: float
    name: str = "x"


def app_that_knows() -> mape.App:
    app = mape.App()
    app.k.started = True
    app.level("road").k.limit = 100.0
    loop = app.loop("traffic", level="road")
    loop.k.goal = Goal(80.0)
    loop.k.names = ["a"]
    return app


async def ask(server: Any, method: str, target: str, body: Any = b"") -> Any:
    from tests.remote.rest.wire import call

    return await call(server.asgi, method, target, body)


async def test_all_that_is_known_is_shown_by_scope() -> None:
    answer = (await ask(serve(app_that_knows()), "GET", "/live/knowledge")).json

    scopes = {each["scope"]: each for each in answer["scopes"]}
    assert list(scopes) == ["app", "level:road", "loop:traffic"]
    assert scopes["app"]["keys"] == [{"key": "started", "type": "bool", "value": True, "is_cut": False}]
    assert scopes["loop:traffic"]["path"] == "road.traffic"
    assert scopes["loop:traffic"]["keys"][0]["value"] == {"$type": "Goal", "kmh": 80.0, "name": "x"}


async def test_a_value_is_changed_and_becomes_what_it_was() -> None:
    app = app_that_knows()
    server = serve(app)
    seen: list[Any] = []
    app["traffic"].k.changes("goal").subscribe(seen.append)
    answer = await ask(
        server,
        "PUT",
        "/live/knowledge?scope=loop:traffic&key=goal",
        {
            "value": {"$type": "Goal", "kmh": 60, "name": "slow"},
            "if_value": {"$type": "Goal", "kmh": 80.0, "name": "x"},
        },
    )
    await ask(server, "PUT", "/live/knowledge?scope=level:road&key=limit", {"value": 90})

    assert answer.status == 200
    assert answer.json["value"]["kmh"] == 60
    assert app["traffic"].k.goal == Goal(60.0, "slow")
    assert seen == [Goal(60.0, "slow")]
    assert app.level("road").k.limit == 90.0
    assert type(app.level("road").k.limit) is float


@pytest.mark.parametrize(
    ("target", "body", "status"),
    [
        ("scope=app&key=started", {"value": False, "if_value": False}, 409),
        ("scope=app&key=started", {"value": "yes"}, 422),
        ("scope=app&key=started", {"value": 1}, 422),
        ("scope=app&key=nothing", {"value": 1}, 404),
        ("scope=loop:nothing&key=x", {"value": 1}, 404),
        ("scope=loop:traffic&key=goal", {"value": {"kmh": "fast"}}, 422),
        ("scope=loop:traffic&key=goal", {"value": 3}, 422),
        ("scope=app&key=started", {"valeu": True}, 422),
        ("scope=app&key=__class__", {"value": True}, 404),
    ],
)
async def test_what_does_not_fit_is_refused_with_a_sentence(target: str, body: Any, status: int) -> None:
    app = app_that_knows()
    answer = await ask(serve(app), "PUT", f"/live/knowledge?{target}", body)

    assert answer.status == status
    assert len(answer.json["error"]) > 10
    assert app.k.started is True
    assert app["traffic"].k.goal == Goal(80.0)


@pytest.mark.virtual_time
async def test_who_looks_is_told_what_has_changed() -> None:
    app = app_that_knows()
    async with looking(serve(app)) as page:
        app.k.started = False
        app["traffic"].k.new = 1
        del app["traffic"].k["names"]
        told = await page.until("knowledge")
        assert told["peer"] == ""
        assert sorted((each["scope"], each["key"]) for each in told["changed"]) == [
            ("app", "started"),
            ("loop:traffic", "names"),
            ("loop:traffic", "new"),
        ]


async def test_hostile_values_and_keys_are_shown_as_text() -> None:
    app = mape.App()
    app.k["<script>\ud800\x00"] = object.__new__(Hostile)
    app.k["big"] = "x" * 1_000_000
    (scope,) = (await ask(serve(app), "GET", "/live/knowledge")).json["scopes"]

    assert scope["keys"][0]["key"] == "<script>\\ud800\x00"
    assert scope["keys"][0]["value"] == {"$error": "ValueError"}
    assert [each["is_cut"] for each in scope["keys"]] == [True, True]


def test_changes_are_found_by_identity_and_nothing_is_held_in_between() -> None:
    app = mape.App()
    known = Known(app)
    app.k.a = [1]
    assert known.changes() == [("app", "a")]
    assert known.changes() == []
    app.k.a = [1]
    assert known.changes() == [("app", "a")]
    known.clear()
    assert known.changes() == [("app", "a")]


@pytest.mark.parametrize(
    ("value", "present", "expected"), [(1, 2.5, 1.0), (None, None, None), ({"a": 1}, {}, {"a": 1})]
)
def test_plain_values_become_what_the_present_one_is(value: Any, present: Any, expected: Any) -> None:
    assert fitted(value, present) == expected


@pytest.mark.parametrize(
    ("value", "present"), [(True, 1), (True, 1.0), (1, True), (1, "a"), ("a", mape.App()), ([1], {})]
)
def test_other_types_are_refused(value: Any, present: Any) -> None:
    with pytest.raises(DecodeError):
        fitted(value, present)


def test_the_numbers_among_it_are_read_and_only_what_has_changed_is_told() -> None:
    app = mape.App()
    numbers = Numbers(app)
    app.k.p95, app.k.goal, app.k.is_on, app.k.name = 0.25, 3, True, "x"
    app.k.far, app.k.huge, app.k.odd = float("inf"), 2**60, Hostile
    app.loop("car").k.speed = 50
    assert numbers.changes() == {"app": {"p95": 0.25, "goal": 3}, "loop:car": {"speed": 50}}
    assert numbers.changes() == {}
    app.k.p95, app.k.goal = 0.5, "none"
    del app["car"].k["speed"]
    assert numbers.changes() == {"app": {"p95": 0.5, "goal": None}, "loop:car": {"speed": None}}


def test_a_bounded_number_of_numbers_is_read() -> None:
    app = mape.App()
    for number in range(100):
        app.loop(f"l{number}").k[f"k{number}"] = number
        app.k[f"k{number}"] = number
    found = Numbers(app).changes()

    assert len(found) == 64
    assert len(found["app"]) == 8


@pytest.mark.virtual_time
async def test_who_looks_is_told_the_numbers_with_the_counters() -> None:
    app = mape.App()
    app.k.p95 = 0.25
    server = serve(app)
    async with looking(server) as page:
        assert (await page.until("pulse"))["k"] == {"app": {"p95": 0.25}}
        app.k.p95 = 0.5
        await page.until("pulse", k={"app": {"p95": 0.5}})
