from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

import mape
from mape.remote.redis.collections import share_knowledge
from tests.remote.rest.wire import call
from tests.web.page import looking, serve

BRIDGE = "scope=loop:bridge"


@asynccontextmanager
async def sharing(**settings: Any) -> AsyncIterator[tuple[mape.App, Any]]:
    app = mape.App()
    app.loop("bridge")
    share_knowledge(app, f"memory://k{uuid.uuid4().hex[:20]}")
    async with app:
        yield app, serve(app, **settings)


async def ask(server: Any, method: str, target: str, body: Any = b"", headers: Any = ()) -> Any:
    return await call(server.asgi, method, target, body, headers)


async def rows(server: Any, query: str = "") -> dict[tuple[str, str], Any]:
    answer = (await ask(server, "GET", f"/live/shared{query}")).json
    assert answer["state"] == "there"
    return {(scope["scope"], row["id"]): row for scope in answer["scopes"] for row in scope["keys"]}


async def test_an_app_without_a_store_says_so() -> None:
    server = serve(mape.App())
    assert (await ask(server, "GET", "/live/shared")).json == {"state": "none"}
    assert (await ask(server, "GET", "/live/shared/entries?scope=app&key=x")).status == 404
    assert (await ask(server, "POST", "/live/shared?scope=app&key=x", {"do": "add"})).status == 404


async def test_all_kinds_are_shown_by_scope_with_how_long_they_are() -> None:
    async with sharing() as (app, server):
        k = app["bridge"].k
        await k.create_set("cars").update("a", "b")
        await k.create_hash("limits", int).set("x", 1)
        await k.create_queue("jobs").put("x")
        await k.create_keyspace("counts", int).update({"a": 1, "b": 2, "c": 3})
        await app.k.keyspace.set("speed", 50)
        async with k.create_lock("gate"):
            found = await rows(server)
        assert {id_: (row["kind"], row["type"], row["length"], row["text"]) for id_, row in found.items()} == {
            ("app", "speed"): ("value", "int", None, "50"),
            ("loop:bridge", "cars"): ("set", "str", 2, ""),
            ("loop:bridge", "limits"): ("hash", "int", 1, ""),
            ("loop:bridge", "jobs"): ("queue", "str", 1, ""),
            ("loop:bridge", "counts."): ("keyspace", "int", 3, ""),
            ("loop:bridge", "gate!lock"): ("lock", "", None, "held"),
        }
        assert [id_ for (_, id_), row in found.items() if row["fixed"]] == ["gate!lock", "jobs"]


async def test_keys_beyond_the_first_are_counted_and_found_by_searching() -> None:
    async with sharing() as (app, server):
        await app.k.keyspace.update({f"n{n:04}": n for n in range(1500)})
        (scope,) = (await ask(server, "GET", "/live/shared")).json["scopes"]
        assert (len(scope["keys"]), scope["more"]) == (200, 1300)
        assert list(await rows(server, "?find=N1499")) == [("app", "n1499")]
        assert await rows(server, "?find=n1499 set") == {}


async def test_who_knows_the_version_is_told_nothing_twice() -> None:
    async with sharing() as (app, server):
        await app.k.keyspace.set("speed", 50)
        version = (await ask(server, "GET", "/live/shared")).json["version"]
        again = (await ask(server, "GET", f"/live/shared?after={version}")).json
        assert again["same"] is True
        assert "scopes" not in again


async def test_entries_are_shown_and_changed_and_the_log_says_so() -> None:
    async with sharing() as (app, server):
        await app["bridge"].k.create_hash("limits", int).set("x", 1)
        target = f"{BRIDGE}&key=limits"
        shown = (await ask(server, "GET", f"/live/shared/entries?{target}")).json
        (entry,) = shown["entries"]
        assert (shown["kind"], shown["length"], shown["more"], entry["value"]) == ("hash", 1, 0, 1)
        wanted = {"do": "set", "id": entry["id"], "mark": entry["mark"], "value": 2}
        assert (await ask(server, "POST", f"/live/shared?{target}", wanted)).status == 200
        refused = await ask(server, "POST", f"/live/shared?{target}", wanted)
        assert refused.status == 409
        assert "somebody else" in refused.json["error"]
        log = (await ask(server, "GET", "/live/log")).json["entries"]
        assert [each["path"] for each in log if each["kind"] == "changed"] == ["loop:bridge"]


@pytest.mark.parametrize(
    ("query", "body", "status"),
    [
        (f"{BRIDGE}&key=nothing", {"do": "add", "value": 1}, 404),
        ("scope=loop:other&key=limits", {"do": "add", "value": 1}, 404),
        ("scope=__class__&key=__class__", {"do": "add", "value": 1}, 404),
        (f"{BRIDGE}&key=limits", {"do": "drop"}, 422),
        (f"{BRIDGE}&key=limits", {"do": "add", "name": "y", "value": "x"}, 422),
        (f"{BRIDGE}&key=limits", {"do": "add", "name": "x", "value": 1}, 409),
        (f"{BRIDGE}&key=jobs", {"do": "add", "value": "x"}, 409),
        (f"{BRIDGE}&key=limits", [], 422),
    ],
)
async def test_what_cannot_be_done_is_refused_with_a_sentence(query: str, body: Any, status: int) -> None:
    async with sharing() as (app, server):
        limits = app["bridge"].k.create_hash("limits", int)
        await limits.set("x", 1)
        await app["bridge"].k.create_queue("jobs").put("x")
        answer = await ask(server, "POST", f"/live/shared?{query}", body)
        assert answer.status == status
        assert len(answer.json["error"]) > 10
        assert await limits.dict() == {"x": 1}
    assert (await ask(serve(mape.App()), "GET", "/live/shared/entries?scope=app&key=x&count=many")).status in {404, 422}


async def test_changing_needs_the_control_scope() -> None:
    async with sharing(tokens="read:" + "r" * 20) as (app, server):
        await app.k.create_set("cars").add("a")
        bearer = [("authorization", "Bearer " + "r" * 20)]
        assert (await ask(server, "GET", "/live/shared", headers=bearer)).status == 200
        target = "/live/shared?scope=app&key=cars"
        assert (await ask(server, "POST", target, {"do": "add", "value": "b"}, bearer)).status == 403
        assert await app.k.create_set("cars").members() == ["a"]


async def test_hostile_keys_and_values_are_text() -> None:
    async with sharing() as (app, server):
        client = app.store.client
        names = ["k.<script>\x00\u202e", "k.__proto__", "k.loop.bridge.{evil}", "k.'\"; DROP"]
        for name in names:
            await client.execute_command(
                "SADD", name, b"\xff\xfe", "<img onerror=1>", "\ud800".encode("utf-8", "surrogatepass")
            )
        await client.execute_command("SADD", b"k.\xff\xfe", "x")
        found = await rows(server)
        assert sorted(id_ for _, id_ in found) == sorted(["<script>\x00\u202e", "__proto__", "{evil}", "'\"; DROP"])
        from urllib.parse import quote

        for scope, id_ in found:
            answer = await ask(server, "GET", f"/live/shared/entries?scope={scope}&key={quote(id_)}")
            assert answer.status == 200
            assert answer.json["length"] == 3


async def test_who_looks_is_told_of_changes_from_the_page_and_nothing_runs_when_nobody_does() -> None:
    async with sharing() as (app, server):
        await app.k.create_set("cars").add("a")
        async with looking(server) as page:
            await page.ask("GET", "/live/shared")
            await page.ask("POST", "/live/shared?scope=app&key=cars", {"do": "add", "value": "b"})
            assert (await page.until("shared"))["version"] > 0
