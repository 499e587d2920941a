"""What every store of shared knowledge does, whatever is behind it; run it against your own."""
# ruff: noqa: S101, PLR2004 - a contract is checked by asserts, and the numbers are what is expected

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any

from mape.errors import ConflictError, DecodeError, EncodeError, StateError, UidError, WiringError

__all__ = ["Position", "check_store"]

PATIENCE = 5.0
"""How long a notification may take [s]."""


@dataclass
class Position:
    """A value with fields, for the checks."""

    road: str
    metres: float


VALUES: tuple[tuple[Any, tuple[Any, Any, Any]], ...] = (
    (str, ("", "Zürich", "a b\n\0c")),
    (bytes, (b"", b"\xff\x00", b"abc")),
    (int, (0, -7, 2**62)),
    (float, (0.0, -1.5, 1e300)),
    (bool, (True, False, True)),
    (dict, ({}, {"b": [1, None], "a": "x"}, {"n": {"deep": 1.5}})),
    (list, ([], [1, "two", None], [[1], [2]])),
    (Position, (Position("A1", 12.5), Position("", 0.0), Position("B", -1.0))),
)


async def check_store(make: Callable[[], AbstractAsyncContextManager[Any]]) -> None:
    """Check that a store does what `mape.knowledge.Knowledge` promises.

    Args:
        make: Makes an open, empty store: ``async with make() as store: store.scope("k.loop.x.", "loop 'x'")``.

    Raises:
        AssertionError: It does not; says in a sentence what is wrong.
    """
    checks = (
        _keyspace, _conditional, _hash, _set, _list, _sorted_set, _queues, _values, _foreign, _scopes, _locks, _watched
    )  # fmt: skip
    async with make() as store:
        for check in checks:
            async with asyncio.timeout(6 * PATIENCE):
                await check(store, store.scope(f"k.loop.{check.__name__}.", "a check"))


async def _keyspace(_: Any, k: Any) -> None:
    speeds = k.create_keyspace("speeds", int)
    assert await speeds.get("a") is None, "a key that is not there is None"
    assert await speeds.set("a", 5), "set says that it set"
    assert not await speeds.setnx("a", 6), "setnx does not set what is there"
    assert await speeds.get("a") == 5, "get returns what was set"
    assert await speeds.setdefault("a", 7) == 5, "setdefault keeps what is there"
    assert await speeds.setdefault("b.c", 7) == 7, "setdefault sets what is not there; an entry may hold dots"
    assert await speeds.update({"d": 8, "e": 9}), "update sets all entries of a mapping"
    assert not await speeds.update({"d": 0, "f": 0}, if_none_exist=True), (
        "update with if_none_exist sets nothing if one is there"
    )
    assert await _listed(speeds.keys()) == ["a", "b.c", "d", "e"], "keys are all entries, once, and no others"
    assert dict(await _listed(speeds)) == {"a": 5, "b.c": 7, "d": 8, "e": 9}, "iteration gives entries and values"
    assert await _listed(speeds.values()) == [5, 7, 8, 9], "values are those of all entries"
    assert await speeds.len() == 4, "len counts the entries"
    assert await speeds.pop("a") == 5, "pop returns what it removed"
    assert await speeds.pop("a") is None, "pop of what is gone is None"
    assert not await speeds.contains("a"), "what was popped is gone"
    await speeds.set("d", 1, ex=100)
    assert 98 <= await speeds.ttl("d") <= 100, "ttl is the time that is left, in seconds"
    assert await speeds.persist("d"), "persist says that it took the end away"
    assert await speeds.ttl("d") == -1, "then ttl is -1"
    assert await speeds.expire("d", 50), "expire says that the key is there"
    assert 48_000 <= await speeds.pttl("d") <= 50_000, "pttl is in milliseconds"
    await speeds.delete("d")
    assert await speeds.ttl("d") == -2, "a key that is not there has ttl -2"
    assert await speeds.clear() == 2, "clear says how many there were"
    assert await speeds.len() == 0, "nothing is left after clear"
    await k.keyspace.set("limit", {"kmh": 80})
    assert await k.keyspace.get("limit") == {"kmh": 80}, "the default keyspace keeps plain values of any type"
    await k.create_set("cars").add("a")
    assert await _listed(k.keyspace.keys()) == ["limit"], "the default keyspace has no entries of other collections"


async def _conditional(_: Any, k: Any) -> None:
    counts = k.create_keyspace("counts", int)
    assert await counts.compare_and_set("n", None, 1), "compare_and_set makes a key that was expected not to be there"
    await _refused(counts.compare_and_set("n", None, 2), ConflictError, "a key that is there is not absent")
    await _refused(counts.compare_and_set("n", 7, 2), ConflictError, "another value than expected is a conflict")
    assert await counts.get("n") == 1, "a conflict changes nothing"
    await counts.expire("n", 100)
    await counts.compare_and_set("n", 1, 2)
    assert await counts.get("n") == 2, "compare_and_set sets"
    assert await counts.ttl("n") > 90, "compare_and_set leaves the time to live alone"
    assert await counts.update("n", lambda n: (n or 0) + 1) == 3, "update returns the new value"
    await asyncio.gather(*(counts.update("n", lambda n: (n or 0) + 1) for _ in range(20)))
    assert await counts.get("n") == 23, "no update of many at once is lost"
    await counts.update("n", lambda _: None)
    assert not await counts.contains("n"), "an update to None removes the key"


async def _hash(_: Any, k: Any) -> None:
    cars = k.create_hash("cars", Position)
    a1, b2 = Position("A1", 1.0), Position("B2", 2.0)
    assert await cars.set("x", a1) == 1, "set says that the entry is new"
    assert await cars.get("x") == a1, "get returns what was set, as the type it was"
    assert await cars.get("y") is None, "an entry that is not there is None"
    assert await cars.setdefault("x", b2) == a1, "setdefault keeps what is there"
    assert await cars.setdefault("y", b2) == b2, "setdefault sets what is not there"
    assert await cars.update({"z*": a1}) == 1, "update says how many are new"
    assert await cars.dict() == {"x": a1, "y": b2, "z*": a1}, "dict has all entries"
    assert await _listed(cars.keys()) == ["x", "y", "z*"], "keys are all entries"
    assert dict(await _listed(cars.items(match="x*"))) == {"x": a1}, "items(match=...) filters"
    assert await cars.contains("y"), "contains finds an entry"
    assert await cars.len() == 3, "len counts the entries"
    assert await cars.pop("y") == b2, "pop returns what it removed"
    assert await cars.delete("x") == 1, "delete says that the entry was there"
    assert await cars.clear(), "clear says that there was something"


async def _set(_: Any, k: Any) -> None:
    cars = k.create_set("cars", dict)
    assert await cars.add({"id": 1, "v": 2}) == 1, "add says that the member is new"
    assert await cars.add({"v": 2, "id": 1}) == 0, "dicts that are equal are one member"
    assert await cars.update({"id": 2}, {"id": 3}) == 2, "update says how many are new"
    assert await cars.contains({"v": 2, "id": 1}), "contains finds a member"
    assert await cars.len() == 3, "len counts the members"
    assert await cars.discard({"id": 2}) == 1, "discard removes a member"
    assert await cars.remove({"id": 2}) == 0, "remove says that there was none"
    names = k.create_set("names")
    await names.update("car_1", "car_2", "van_1")
    assert await _listed(names.values(match="car_*")) == ["car_1", "car_2"], "values(match=...) filters"
    assert sorted(await names.members()) == ["car_1", "car_2", "van_1"], "members are all"
    assert await names.key_type() == "set", "key_type is what redis calls it"
    await names.clear()
    assert await _listed(names) == [], "nothing is left after clear"


async def _list(_: Any, k: Any) -> None:
    row = k.create_list("row", int)
    await row.extend([1, 2, 3])
    await row.appendleft(0)
    assert await row.append(4) == 5, "append returns the length"
    assert await row.contains(0), "contains finds the first item"
    assert not await row.contains(9), "contains does not find what is not there"
    assert await row.index(2) == 2, "index is where the item stands"
    await row.insert(2, 15)
    await row.insert(-1, 35)
    await row.insert(99, 5)
    assert await _listed(row.values(), ordered=True) == [0, 1, 15, 2, 3, 35, 4, 5], "insert inserts before"
    assert await _listed(row.values(batch_size=3), ordered=True) == [0, 1, 15, 2, 3, 35, 4, 5], "batches are no matter"
    assert await row.slice(1, 3) == [1, 15], "slice ends before stop"
    await row.append(15)
    assert await row.remove(15) == 2, "remove removes, and says how many"
    await row.setitem(0, -1)
    assert await row.getitem(0) == -1, "setitem replaces"
    await _refused(row.setitem(99, 0), IndexError, "an item that is not there cannot be replaced")
    assert [await row.pop(), await row.popleft(), await row.len()] == [5, -1, 5], (
        "pop takes the last, popleft the first"
    )
    await row.clear()
    await _refused(row.pop(), IndexError, "an empty list has nothing to pop")
    await _refused(row.getitem(0), IndexError, "an empty list has no item")


async def _sorted_set(_: Any, k: Any) -> None:
    ranks = k.create_sortedset("ranks", str)
    assert await ranks.peak_min() is None, "an empty set has no smallest member"
    assert await ranks.add_multi([("a", 1.0), ("b", 2.5), ("c", 3.0)]) == 3, "add_multi says how many are new"
    assert await ranks.add(("a", 9.0), nx=True) == 0, "with nx a member keeps its score"
    assert await ranks.score("b") == 2.5, "score is that of the member"
    assert await ranks.score("x") is None, "who is not there has no score"
    assert await ranks.score_multi(["a", "x"]) == [("a", 1.0), ("x", None)], "score_multi gives each its score"
    assert await ranks.rank("b") == 1, "rank counts who stands before"
    assert await ranks.rank("a", descending=True) == 2, "rank counts from the other end"
    assert await ranks.increment(("a", 0.5)) == ("a", 1.5), "increment returns the new score"
    assert await ranks.slice_by_rank(0, 1) == [("a", 1.5), ("b", 2.5)], "slice_by_rank includes both ends"
    assert await ranks.slice_by_score(2, 3) == [("b", 2.5), ("c", 3.0)], "slice_by_score includes both ends"
    assert await ranks.slice_by_score(0, 9, count=1, descending=True) == [("c", 3.0)], "slice_by_score may begin above"
    assert await ranks.peak_max() == ("c", 3.0), "peak_max leaves the largest where it is"
    assert await _listed(ranks.values(match="[ab]")) == [("a", 1.5), ("b", 2.5)], "values(match=...) filters"
    assert await ranks.pop_max() == [("c", 3.0)], "pop_max takes the largest"
    assert await ranks.blocking_pop_min(1) == ("a", 1.5), "blocking_pop_min takes the smallest"
    assert await ranks.remove("b") == 1, "remove says how many there were"
    assert await ranks.blocking_pop_max(0.05) is None, "a wait for nothing ends"
    assert await ranks.len() == 0, "len counts the members"


async def _queues(_: Any, k: Any) -> None:
    fifo, lifo = k.create_queue("fifo", int), k.create_lifoqueue("lifo", int)
    for queue, order in ((fifo, [1, 2, 3]), (lifo, [3, 2, 1])):
        for item in (1, 2, 3):
            await queue.put(item)
        assert await queue.qsize() == 3, "qsize counts the items"
        assert [await queue.get(), await queue.get_nowait(), await queue.get(1)] == order, "a queue keeps its order"
        await _refused(queue.get_nowait(), asyncio.QueueEmpty, "nothing comes out of an empty queue")
        await _refused(queue.get(0.05), asyncio.QueueEmpty, "a wait for nothing ends")
    waiting = asyncio.ensure_future(fifo.get(PATIENCE))
    await asyncio.sleep(0.02)
    await fifo.put(4)
    assert await waiting == 4, "who waits gets what comes"
    urgent = k.create_priorityqueue("urgent", str)
    for pair in (("later", 2.5), ("first", 1), ("second", 1), ("last", 3)):
        await urgent.put(pair)
    taken = [await urgent.get(), await urgent.get_nowait(), await urgent.get(), await urgent.get_nowait()]
    assert taken == [("first", 1), ("second", 1), ("later", 2.5), ("last", 3)], (
        "small priorities first, then the oldest"
    )
    await _refused(urgent.get_nowait(), asyncio.QueueEmpty, "nothing comes out of an empty queue")


async def _values(_: Any, k: Any) -> None:
    for number, (kind, values) in enumerate(VALUES):
        keys, members = k.create_keyspace(f"space{number}", kind), k.create_set(f"set{number}", kind)
        for place, value in enumerate(values):
            await keys.set(str(place), value)
            found = await keys.get(str(place))
            assert found == value, f"{value!r} came back as {found!r}"
            assert type(found) is type(value), f"{value!r} came back as a {type(found).__name__}"
            await members.add(value)
            assert await members.contains(value), f"{value!r} is in the set"
        await _refused(keys.set("x", object()), EncodeError, f"what is no {kind.__name__} is refused")
    await _refused(k.create_keyspace("nan", float).set("x", float("nan")), EncodeError, "NaN is refused")
    await _refused(k.create_keyspace("nan", dict).set("x", {"a": [float("inf")]}), EncodeError, "infinity is refused")
    try:
        k.create_set("objects", asyncio.Event)
    except WiringError:
        return
    raise AssertionError("a type that cannot be shared is refused when the collection is made")


async def _foreign(_: Any, k: Any) -> None:
    raw, typed = k.create_keyspace("x", bytes), k.create_keyspace("x", Position)
    for content in (
        b"",
        b"\xff\xfe",
        b"null",
        b"[" * 100_000,
        b'{"road": 1}',
        b"NaN",
        b"\x80\x04N.",
        b"!!python/name:os",
    ):
        await raw.set("foreign", content)
        await _refused(
            typed.get("foreign"), DecodeError, f"foreign content {content[:20]!r} is a DecodeError", "foreign"
        )
    await k.create_list("row").append("a")
    await _refused(k.create_set("row").add("b"), DecodeError, "a key of another kind is a DecodeError", "row")
    await _refused(k.create_hash("row").get("b"), DecodeError, "a key of another kind is a DecodeError", "row")


async def _scopes(store: Any, k: Any) -> None:
    app, level = store.scope("k.", "the app"), store.scope("k.level.high.", "a level")
    for scope, value in ((app, 1), (level, 2), (k, 3)):
        await scope.create_keyspace("limits", int).set("a", value)
        await scope.keyspace.set("limit", value)
    for scope, value in ((app, 1), (level, 2), (k, 3)):
        assert await scope.create_keyspace("limits", int).get("a") == value, "each scope has its own keys"
        assert await _listed(scope.keyspace.keys()) == ["limit"], "a scope does not see the keys of others"
    assert await app.keyspace.clear() == 1, "clear leaves the keys of other scopes"
    for name in ("", "a.b", "a*", "a?", "a[", "a{b}", "a\n", "a\0", "a!lock", "x" * 201, None, 5):
        for create in (k.create_set, k.create_keyspace, k.create_lock):
            try:
                create(name)
            except UidError:
                continue
            raise AssertionError(f"the name {name!r} is refused")
    for name in ("loop", "level"):
        try:
            app.create_keyspace(name)
        except UidError:
            continue
        raise AssertionError(f"{name!r} is reserved in the app's scope")
    for entry in ("", "a*", "{a}", "a\n", "a!b"):
        await _refused(app.create_keyspace("limits", int).get(entry), UidError, f"the entry {entry!r} is refused")


async def _locks(_: Any, k: Any) -> None:
    one, other = k.create_lock("bridge"), k.create_lock("bridge")
    async with one:
        first = one.token
        assert one.is_held, "who has it, holds it"
        assert await other.locked(), "a lock that is held is locked"
        assert not await other.acquire(blocking=False), "a lock has one holder"
        assert not await other.acquire(timeout=0.05), "a wait for a lock ends"
        await _refused(other.release(), StateError, "who does not hold it cannot release it")
        waiting = asyncio.ensure_future(other.acquire(timeout=PATIENCE))
        await asyncio.sleep(0.02)
    assert await waiting, "who waits for a lock gets it"
    assert other.token > first, "tokens grow"
    await other.release()
    assert not await one.locked(), "a lock that was released is free"


async def _watched(_: Any, k: Any) -> None:
    heard: list[tuple[str, str]] = []
    every: list[str] = []
    news = asyncio.Event()

    async def on_cars(message: Any) -> None:
        heard.append((message.name, message.command))
        news.set()

    cars, lanes = k.create_set("cars"), k.create_keyspace("lanes", int)
    watcher = k.notifications(on_cars, "cars", cmd_filter=("sadd", "srem"))
    changes = k.changes("lanes.*").subscribe(lambda message: every.append(f"{message['name']} {message['command']}"))
    await _until(lambda: ("cars", "resync") in heard, "a new watcher is told to read")
    await _until(lambda: "lanes.* resync" in every, "a new watcher of a pattern is told to read")
    await cars.add("a")
    await lanes.set("north", 2)
    await cars.remove("a")
    await _until(lambda: len(heard) >= 3, "a watcher hears of changes")
    assert heard == [("cars", "resync"), ("cars", "sadd"), ("cars", "srem")], "it hears the commands that it asked for"
    await _until(lambda: "lanes.north set" in every, "a pattern matches the entries of a keyspace")
    watcher.dispose()
    changes.dispose()
    await cars.add("b")
    await asyncio.sleep(0.05)
    assert len(heard) == 3, "who was disposed hears no more"


async def _until(condition: Callable[[], bool], sentence: str) -> None:
    end = asyncio.get_running_loop().time() + PATIENCE
    while not condition():
        assert asyncio.get_running_loop().time() < end, f"{sentence}, within {PATIENCE:g} s"
        await asyncio.sleep(0.002)


async def _refused(call: Any, kind: type[Exception], sentence: str, names: str = "") -> None:
    try:
        result = await call
    except kind as error:
        text = str(error)
    else:
        raise AssertionError(f"{sentence}: {kind.__name__} expected, not {result!r}")
    assert names in text, f"{sentence} that names {names}: {text}"


async def _listed(items: AsyncIterator[Any], *, ordered: bool = False) -> list[Any]:
    found = [item async for item in items]
    return found if ordered else sorted(found)
