from __future__ import annotations

import dataclasses
import uuid
from collections.abc import AsyncIterator
from typing import Any

import pytest

import mape
from mape.errors import CodecError, ConflictError, StateError, UnknownPathError
from mape.remote.redis.collections import StoreScope, share_knowledge
from mape.web.shared.edit import Edit, edit
from mape.web.shared.kinds import kind_of
from mape.web.shared.names import Space
from mape.web.shared.window import Entry, entries_of


@dataclasses.dataclass
class Goal:
    kmh: float


@pytest.fixture
async def k() -> AsyncIterator[StoreScope]:
    app = mape.App()
    share_knowledge(app, f"memory://k{uuid.uuid4().hex[:20]}")
    async with app:
        yield app.k.shared


class Hand:
    """Who changes things on the page."""

    def __init__(self, k: StoreScope, name: str, stored: str) -> None:
        self.redis, self.key = k.store.client, k.prefix + name
        self.kind = kind_of(k.declared, self.key, name, stored)
        self.space: Space | None = None

    async def entries(self) -> list[Entry]:
        return await entries_of(self.redis, self.key, self.kind, 50, self.space)

    async def do(self, do: Any, entry: Entry | None = None, **more: Any) -> None:
        seen: dict[str, Any] = {} if entry is None else {"id": entry.id, "mark": entry.mark}
        await edit(self.redis, self.key, self.kind, Edit(do, **seen, **more))


async def test_a_field_is_changed_added_and_removed(k: StoreScope) -> None:
    limits = k.create_hash("limits", int)
    await limits.update({"a": 1, "b": 2})
    hand = Hand(k, "limits", "hash")
    a, b = await hand.entries()
    assert (a.name, a.value, b.name, b.value) == ("a", 1, "b", 2)

    await hand.do("set", a, value=7)
    await hand.do("remove", b)
    await hand.do("add", name="c.<b>", value=3)

    assert await limits.dict() == {"a": 7, "c.<b>": 3}


async def test_what_somebody_else_changed_meanwhile_is_not_overwritten(k: StoreScope) -> None:
    limits = k.create_hash("limits", int)
    await limits.update({"a": 1, "b": 2, "c": 3})
    hand = Hand(k, "limits", "hash")
    a, b, c = await hand.entries()
    await limits.update({"a": 5, "b": 6})
    await limits.delete("c")

    for do, entry in (("set", a), ("remove", b), ("set", c), ("remove", c)):
        with pytest.raises(ConflictError, match="somebody else"):
            await hand.do(do, entry, value=9)
    with pytest.raises(ConflictError, match="already"):
        await hand.do("add", name="a", value=9)

    assert await limits.dict() == {"a": 5, "b": 6}


async def test_members_are_added_replaced_and_removed(k: StoreScope) -> None:
    cars = k.create_set("cars")
    await cars.update("a", "b")
    hand = Hand(k, "cars", "set")
    a, b = await hand.entries()

    await hand.do("add", value="c")
    await hand.do("set", a, value="d")
    await hand.do("remove", b)
    assert sorted(await cars.members()) == ["c", "d"]

    for do, entry, value in (("add", None, "c"), ("remove", b, None), ("set", a, "x")):
        with pytest.raises(ConflictError):
            await hand.do(do, entry, value=value)
    with pytest.raises(CodecError):
        await hand.do("add", value=4)
    assert sorted(await cars.members()) == ["c", "d"]


async def test_a_member_does_not_become_another_that_is_there(k: StoreScope) -> None:
    cars = k.create_set("cars")
    await cars.update("a", "b")
    hand = Hand(k, "cars", "set")
    a, _ = await hand.entries()
    with pytest.raises(ConflictError):
        await hand.do("set", a, value="b")
    await hand.do("set", a, value="a")
    assert sorted(await cars.members()) == ["a", "b"]


async def test_positions_of_a_list_are_changed_and_the_others_stay_in_order(k: StoreScope) -> None:
    goals = k.create_list("goals", Goal)
    await goals.extend([Goal(1), Goal(2), Goal(2), Goal(3)])
    hand = Hand(k, "goals", "list")
    entries = await hand.entries()

    await hand.do("set", entries[0], value={"kmh": 9})
    await hand.do("remove", entries[2])
    await hand.do("add", value={"kmh": 4})
    assert [each async for each in goals.values()] == [Goal(9), Goal(2), Goal(3), Goal(4)]

    with pytest.raises(ConflictError):
        await hand.do("remove", entries[2])  # the next has moved up
    with pytest.raises(CodecError):
        await hand.do("add", value={"kmh": "fast"})
    with pytest.raises(UnknownPathError):
        await edit(hand.redis, hand.key, hand.kind, Edit("set", id="LTE=", mark=entries[0].mark, value={"kmh": 1}))


async def test_scores_are_changed_and_members_come_and_go(k: StoreScope) -> None:
    ranks = k.create_sortedset("ranks")
    await ranks.add_multi([("a", 1.5), ("b", 2)])
    hand = Hand(k, "ranks", "zset")
    a, b = await hand.entries()
    assert (a.name, a.value) == (1.5, "a")

    await hand.do("set", a, name=3)
    await hand.do("remove", b)
    await hand.do("add", name=0.5, value="c")
    assert sorted([each async for each in ranks.values()]) == [("a", 3.0), ("c", 0.5)]

    for do, entry, more in (("set", a, {"name": 4}), ("remove", a, {}), ("add", None, {"name": 1, "value": "c"})):
        with pytest.raises(ConflictError):
            await hand.do(do, entry, **more)
    with pytest.raises(CodecError, match="score"):
        await hand.do("add", name="high", value="d")


async def test_single_values_and_entries_of_a_keyspace_keep_their_type_and_time(k: StoreScope) -> None:
    counts = k.create_keyspace("counts", int)
    await counts.set("a.b", 1, ex=100)
    await k.keyspace.set("speed", {"limit": [1]})
    hand = Hand(k, "counts.", "string")
    hand.space = Space(1, {"a.b": None})
    (entry,) = await hand.entries()
    await hand.do("set", entry, value=2)
    await hand.do("add", name="new", value=3)
    assert (await counts.get("a.b"), await counts.get("new")) == (2, 3)
    assert await counts.ttl("a.b") > 90
    for do, seen, more in (("set", entry, {"value": 4}), ("add", None, {"name": "new", "value": 4})):
        with pytest.raises(ConflictError):
            await hand.do(do, seen, **more)
    for name in ("", "a*", "{a}", "x" * 300, "new\n"):
        with pytest.raises(CodecError, match="name"):
            await hand.do("add", name=name, value=4)

    single = Hand(k, "speed", "string")
    (value,) = await single.entries()
    await single.do("set", value, value={"limit": [2]})
    with pytest.raises(ConflictError):
        await single.do("remove", value)
    (value,) = await single.entries()
    with pytest.raises(CodecError):
        await single.do("set", value, value=5)
    with pytest.raises(StateError):
        await single.do("add", value=5)
    await single.do("remove", value)
    assert await k.keyspace.get("speed") is None


async def test_queues_and_locks_are_left_to_those_who_use_them(k: StoreScope) -> None:
    made: Any
    for name, made, stored in (
        ("jobs", k.create_queue("jobs"), "list"),
        ("stack", k.create_lifoqueue("stack"), "list"),
        ("urgent", k.create_priorityqueue("urgent"), "zset"),
    ):
        await made.put(("x", 1) if name == "urgent" else "x")
        hand = Hand(k, name, stored)
        (entry,) = await hand.entries()
        assert entry.value == "x"
        with pytest.raises(StateError, match="queue"):
            await hand.do("remove", entry)
    with pytest.raises(StateError, match="lock"):
        await Hand(k, "gate!lock", "string").do("remove")


async def test_a_collection_that_is_gone_or_of_another_kind_is_not_made_anew(k: StoreScope) -> None:
    cars = k.create_set("cars")
    await cars.add("a")
    hand = Hand(k, "cars", "set")
    await cars.clear()
    with pytest.raises(ConflictError):
        await hand.do("add", value="b")
    assert not await cars.exists()


async def test_what_names_no_entry_is_refused(k: StoreScope) -> None:
    limits = k.create_hash("limits", int)
    await limits.set("a", 1)
    hand = Hand(k, "limits", "hash")
    for wanted in (Edit("set", id="a", value=1), Edit("set", id="€", value=1), Edit("remove", id="YWE=")):
        with pytest.raises((UnknownPathError, ConflictError)):
            await edit(hand.redis, hand.key, hand.kind, wanted)
    for name in ("", "x" * 600):
        with pytest.raises(CodecError):
            await hand.do("add", name=name, value=1)
    assert await limits.dict() == {"a": 1}
