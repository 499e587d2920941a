from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import mape
from mape.remote.redis.collections import share_knowledge
from mape.web.shared import names as module
from mape.web.shared.names import Names, Place


def app_of() -> mape.App:
    app = mape.App()
    share_knowledge(app, "memory://names")
    app.loop("bridge", level="road")
    return app


@pytest.fixture
def names() -> Names:
    return Names(app_of())


@pytest.mark.parametrize(
    ("key", "place"),
    [
        ("k.cars", Place("app", "cars")),
        ("k.counts.a.b", Place("app", "counts.", "a.b")),
        ("k.loop.bridge.cars", Place("loop:bridge", "cars")),
        ("k.loop.bridge.counts.x", Place("loop:bridge", "counts.", "x")),
        ("k.level.road.policy", Place("level:road", "policy")),
        ("{k.loop.bridge.gate}!lock", Place("loop:bridge", "gate!lock")),
        ("{k.loop.bridge.gate}!fence", None),
        ("k.loop.other.cars", None),
        ("k.loop.bridge", None),
        ("k.loop", None),
        ("k.", None),
        ("k", None),
        ("k.counts.", None),
        ("mape:stream", None),
        ("k." + "x" * 2000, None),
        ("k.half\ud800", None),
        ("k.<script>\x00", Place("app", "<script>\x00")),
    ],
)
def test_a_key_belongs_to_a_scope_or_is_none_of_ours(names: Names, key: str, place: Place | None) -> None:
    assert names.place(key) == place


@given(st.text())
def test_a_key_is_found_again_from_where_it_belongs(text: str) -> None:
    names = Names(app_of())
    for prefix in ("k.", "k.loop.bridge.", "k.level.road."):
        place = names.place(prefix + text)
        if place is not None:
            assert names.key(place.scope, place.id) + place.entry == prefix + text


def test_what_comes_and_goes_is_counted_and_sorted(names: Names) -> None:
    for key in ("k.b", "k.a", "k.counts.x", "k.counts.y", "k.counts.x", "other"):
        assert names.add(key)
    assert names.ids("app") == ["a", "b", "counts."]
    assert names.space("app", "counts.") == module.Space(2, {"x": None, "y": None})
    for key in ("k.b", "k.counts.x", "k.counts.y", "k.never", "other"):
        assert names.discard(key)
    assert names.ids("app") == ["a"]
    assert names.scopes() == [("app", "")]


def test_where_not_all_names_are_remembered_a_change_asks_for_another_look(
    names: Names, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "ENTRIES", 2)
    assert [names.add(f"k.counts.{n}") for n in range(4)] == [True, True, True, False]
    space = names.space("app", "counts.")
    assert space is not None
    assert (space.count, len(space.names), space.is_whole) == (4, 2, False)
    assert not names.discard("k.counts.0")


async def test_a_scan_finds_what_is_there_and_stops_at_its_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    app = app_of()
    async with app:
        await app["bridge"].k.create_set("cars").add("a")
        await app.k.keyspace.update({f"n{n}": n for n in range(3000)})
        found = await Names(app).scan(app.store.client)
        assert (found.is_whole, len(found.ids("app")), found.ids("loop:bridge")) == (True, 3000, ["cars"])
        monkeypatch.setattr(module, "KEYS", 1000)
        found = await Names(app).scan(app.store.client)
        assert not found.is_whole
        assert len(found.ids("app")) in {999, 1000}  # one page of the server


def test_what_is_new_is_told_from_what_was_there(names: Names) -> None:
    after: Any = Names(names._app)  # noqa: SLF001 - the same app
    names.add("k.a")
    after.add("k.b")
    assert after.beyond(names) == {("app", "b")}
    assert names.beyond(after) == {("app", "a")}
