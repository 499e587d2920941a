from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from typing import Any

import pytest

import mape
from mape.remote.redis.collections import StoreScope, share_knowledge
from mape.web.shared.kinds import kind_of
from mape.web.shared.names import Space
from mape.web.shared.window import MOST_BYTES, Entry, entries_of, mark_of


@pytest.fixture
async def k() -> AsyncIterator[StoreScope]:
    app = mape.App()
    share_knowledge(app, f"memory://k{uuid.uuid4().hex[:20]}")
    async with app:
        yield app.k.shared


async def entries(k: StoreScope, name: str, stored: str, count: int = 50, space: Any = None) -> list[Entry]:
    key = k.prefix + name
    return await entries_of(k.store.client, key, kind_of(k.declared, key, name, stored), count, space)


async def test_of_a_large_collection_the_first_are_read(k: StoreScope) -> None:
    await k.create_set("cars", int).update(*range(5000))
    await k.create_hash("limits", int).update({f"f{n}": n for n in range(5000)})
    await k.create_list("goals", int).extend(range(5000))
    await k.create_sortedset("ranks").add_multi([(f"m{n}", n) for n in range(5000)])

    for name, stored in (("cars", "set"), ("limits", "hash"), ("goals", "list"), ("ranks", "zset")):
        assert len(await entries(k, name, stored, 20)) == 20
    assert [each.value for each in await entries(k, "goals", "list", 3)] == [0, 1, 2]
    assert [each.name for each in await entries(k, "ranks", "zset", 3)] == [0.0, 1.0, 2.0]


async def test_a_small_set_and_a_small_hash_stand_in_order(k: StoreScope) -> None:
    await k.create_set("numbers", int).update(10, 9, 100)
    await k.create_hash("limits", int).update({"b": 1, "a": 2})
    assert [each.value for each in await entries(k, "numbers", "set")] == [9, 10, 100]
    assert [each.name for each in await entries(k, "limits", "hash")] == ["a", "b"]


async def test_a_queue_shows_first_what_is_taken_next(k: StoreScope) -> None:
    queue, stack, urgent = k.create_queue("q"), k.create_lifoqueue("s"), k.create_priorityqueue("u")
    for word in ("one", "two"):
        await queue.put(word)
        await stack.put(word)
        await urgent.put((word, 2 if word == "one" else 1))
    assert [each.value for each in await entries(k, "q", "list")] == ["one", "two"]
    assert [each.value for each in await entries(k, "s", "list")] == ["two", "one"]
    assert [(each.name, each.value) for each in await entries(k, "u", "zset")] == [(1.0, "two"), (2.0, "one")]


async def test_a_huge_value_is_cut_and_stays_as_it_is(k: StoreScope) -> None:
    huge = "x" * 10 * MOST_BYTES
    await k.create_hash("h").update({"huge": huge, "f" * 600: "name"})
    await k.create_set("s").update(huge, "small")
    by_name = {str(each.name)[:4]: each for each in await entries(k, "h", "hash")}
    assert by_name["huge"].value == {"…": len(huge) - 256, "text": "x" * 256}
    assert (by_name["huge"].is_cut, by_name["huge"].mark) == (True, "")
    assert by_name["ffff"].id is None
    assert all(each.fixed for each in by_name.values())
    cut = [each for each in await entries(k, "s", "set") if each.is_cut]
    assert [(each.id, bool(each.fixed)) for each in cut] == [(None, True)]


async def test_bytes_are_shown_and_not_typed(k: StoreScope) -> None:
    await k.create_hash("raw", bytes).set("f", b"\x00\xff")
    (entry,) = await entries(k, "raw", "hash")
    assert entry.value == {"$type": "bytes", "length": 2, "hex": "00ff"}
    assert entry.fixed
    assert "bytes" in entry.fixed


async def test_entries_of_a_keyspace_that_are_gone_meanwhile_are_left_out(k: StoreScope) -> None:
    await k.create_keyspace("counts", int).set("a", 1)
    space = Space(2, {"a": None, "gone": None})
    assert [(each.name, each.value) for each in await entries(k, "counts.", "string", space=space)] == [("a", 1)]


async def test_among_the_entries_of_a_keyspace_another_kind_is_somebody_elses(k: StoreScope) -> None:
    await k.create_keyspace("counts", int).set("a", 1)
    await k.store.client.execute_command("SADD", "k.counts.b", "x")
    space = Space(2, {"a": None, "b": None})
    a, b = await entries(k, "counts.", "string", space=space)
    assert (a.value, b.value, b.id) == (1, {"$error": "another kind"}, None)
    assert b.fixed


async def test_infinite_scores_are_text(k: StoreScope) -> None:
    await k.create_sortedset("ranks").add(("a", float("inf")))
    (entry,) = await entries(k, "ranks", "zset")
    assert entry.name == "inf"


def test_marks_tell_values_apart() -> None:
    assert mark_of(b"1") != mark_of(b"2")
    assert mark_of(b"1") == mark_of(b"1")
