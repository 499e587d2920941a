"""What the contract (tests/contracts/test_stores.py) leaves open: errors, real loops, redis-purse beside us."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from typing import Any

import pytest
from purse.collections import RedisHash, RedisKeySpace, RedisList, RedisPriorityQueue, RedisQueue, RedisSet
from redis.asyncio import Redis

import mape
from mape.errors import ConfigError, ConflictError, DecodeError, EncodeError
from mape.remote.memory import memory_redis
from mape.remote.redis import collections
from mape.remote.redis.collections import RedisStore, share_knowledge


@pytest.fixture
def name() -> str:
    return f"k{uuid.uuid4().hex[:20]}"


@pytest.fixture
async def store(name: str) -> AsyncIterator[RedisStore]:
    app = mape.App()
    made = share_knowledge(app, f"memory://{name}")
    async with app:
        yield made


async def test_loops_of_two_apps_with_one_name_share_what_they_know(store: RedisStore, name: str) -> None:
    other = mape.App()
    share_knowledge(other, f"memory://{name}")
    async with other:
        await store.app.loop("bridge").k.create_set("cars").add("a")
        assert await other.loop("bridge").k.create_set("cars").contains("a")
        assert not await other.loop("road").k.create_set("cars").contains("a")
        assert not await other.k.create_set("cars").contains("a")


async def test_every_way_to_make_a_collection_is_there_in_knowledge(store: RedisStore) -> None:
    k = store.app.loop("bridge").k
    made = [
        k.create_keyspace("a"), k.create_hash("b"), k.create_set("c"), k.create_list("d"), k.create_sortedset("e"),
        k.create_queue("f"), k.create_lifoqueue("g"), k.create_priorityqueue("h"), k.create_lock("i"), k.keyspace,
    ]  # fmt: skip
    kinds = ["KeySpace", "Hash", "Set", "List", "SortedSet", "Queue", "LifoQueue", "PriorityQueue", "Lock", "KeySpace"]
    assert [type(each).__name__ for each in made] == kinds
    assert all(kind in collections.__all__ for kind in kinds)
    assert repr(made[2]) == "<Set 'k.loop.bridge.c'>"
    assert repr(made[0]) == "<KeySpace 'k.loop.bridge.a.'>"


async def test_the_collections_are_those_of_redis_purse_underneath(store: RedisStore) -> None:
    k = store.app.k
    assert isinstance(k.create_set("a"), RedisSet)
    assert isinstance(k.create_keyspace("a"), RedisKeySpace)
    assert isinstance(k.create_lifoqueue("a"), RedisQueue)
    assert await k.create_set("a").ttl() == -2, "what redis-purse does right is its own"


async def test_redis_purse_reads_what_is_written_here(store: RedisStore, name: str) -> None:
    k, plain = store.app.k, memory_redis(name)
    await k.create_keyspace("a", dict).set("x", {"n": 1})
    await k.create_hash("b").set("x", "y")
    await k.create_list("c").append("x")
    await k.create_priorityqueue("d").put(("x", 1))
    assert await RedisKeySpace(plain, "k.a.", dict).get("x") == {"n": 1}
    assert await RedisHash(plain, "k.b", str).dict() == {"x": "y"}
    assert await RedisList(plain, "k.c", str).slice(0, 1) == ["x"]
    assert await RedisPriorityQueue(plain, "k.d", str).get() == ("x", 1)
    await plain.aclose()


async def test_redis_purse_works_on_the_batching_client(store: RedisStore) -> None:
    speeds = RedisKeySpace(store.client, "own.", str)  # type: ignore[arg-type] # its client is one of redis-py's
    await asyncio.gather(*(speeds.set(str(number), f"v{number}") for number in range(50)))
    assert await asyncio.gather(*(speeds.get(str(number)) for number in range(50))) == [f"v{n}" for n in range(50)]


async def test_what_redis_purse_gets_wrong_is_still_wrong_there(store: RedisStore, name: str) -> None:
    """When one of these fails, redis-purse was mended, and the override may go."""
    k, plain = store.app.k, memory_redis(name)
    await k.create_list("row").extend(["a", "b"])
    await k.create_set("names").update("car_1", "van_1")
    row = RedisList(plain, "k.row", str)
    assert not await row.contains("a")
    forgotten: Any = await row.remove("a")
    left: Any = row.len()  # type: ignore[no-untyped-call] # of redis-purse
    assert await left == 2
    await forgotten
    assert len([each async for each in RedisSet(plain, "k.names", str).values(match="car_*")]) == 2
    with pytest.raises(TypeError):
        RedisSet(plain, "k.numbers", int)
    await plain.aclose()


async def test_an_update_that_is_always_too_late_is_a_conflict(store: RedisStore) -> None:
    counts, calls = store.app.k.create_keyspace("counts", int), []

    def slow(n: int | None) -> int:
        calls.append(n)
        return (n or 0) + 1

    class Busy:
        """A client that somebody else is always a step ahead of."""

        async def execute_command(self, *command: Any) -> Any:
            return [0, b"7"] if command[0] == "EVAL" else b"6"

    counts.redis = Busy()
    with pytest.raises(ConflictError, match="3 times"):
        await counts.update("n", slow, tries=3)
    assert calls == [6, 7, 7]


async def test_compare_and_set_knows_a_value_in_another_form(store: RedisStore) -> None:
    cars = store.app.k.create_keyspace("cars", dict)
    await store.client.set(cars.key("a"), b'{ "n":  1 }')
    assert await cars.compare_and_set("a", {"n": 1}, {"n": 2})
    assert await cars.get("a") == {"n": 2}


async def test_an_update_of_new_entries_only_is_asked_for_as_in_redis_purse(store: RedisStore) -> None:
    counts = store.app.k.create_keyspace("counts", int)
    assert await counts.update({"a": 1}, True)
    assert not await counts.update({"a": 2, "b": 2}, True)
    assert not await counts.update({"a": 2, "b": 2}, if_none_exist=True)
    assert await counts.update({"a": 3})
    assert await counts.get("a") == 3
    assert await counts.get("b") is None


async def test_compare_and_set_to_none_removes(store: RedisStore) -> None:
    cars = store.app.k.create_keyspace("cars")
    await cars.set("a", "x")
    assert await cars.compare_and_set("a", "x", None)
    assert not await cars.contains("a")


async def test_who_sets_a_default_first_decides_for_all(store: RedisStore) -> None:
    cars, rows = store.app.k.create_keyspace("cars", int), store.app.k.create_hash("rows", int)
    assert len(set(await asyncio.gather(*(cars.setdefault("a", number) for number in range(20))))) == 1
    assert len(set(await asyncio.gather(*(rows.setdefault("a", number) for number in range(20))))) == 1


async def test_clear_removes_thousands_and_looks_at_each_once(store: RedisStore) -> None:
    cars = store.app.k.create_keyspace("cars", int)
    await cars.update({str(number): number for number in range(1_234)})
    assert await cars.clear() == 1_234


async def test_foreign_content_costs_the_reader_of_that_key_only(store: RedisStore) -> None:
    cars = store.app.k.create_keyspace("cars", int)
    await cars.update({"a": 1, "b": 2})
    await store.client.set(cars.key("b"), b"\x80\x04K\x01.")
    answers: Any = await asyncio.gather(cars.get("a"), cars.get("b"), return_exceptions=True)
    assert answers[0] == 1
    assert isinstance(answers[1], DecodeError)
    assert "'k.cars.b'" in str(answers[1])


async def test_a_value_of_the_wrong_type_is_refused_before_it_is_sent(store: RedisStore) -> None:
    with pytest.raises(EncodeError, match="a str where int is shared"):
        await store.app.k.create_set("cars", int).add("7")
    assert not await store.app.k.create_set("cars", int).exists()


async def test_knowledge_without_a_store_says_what_to_set() -> None:
    with pytest.raises(ConfigError, match=r"redis\.url"):
        mape.App().k.create_set("cars")
    with pytest.raises(ConfigError, match=r"redis\.url"):
        share_knowledge(mape.App())


def test_a_client_that_decodes_answers_is_refused() -> None:
    class Decoding:
        client = Redis(decode_responses=True)
        dedicated = client.client

    with pytest.raises(ConfigError, match="decode_responses=False"):
        RedisStore(mape.App(), Decoding())


async def test_cached_reads_go_to_a_server_that_cannot_take_copies_back(store: RedisStore) -> None:
    events: list[str] = []
    store.app.events.subscribe(lambda event: events.append(event.kind))
    cars = store.app.k.shared.create_keyspace("cars", int, cached=True)
    for number in range(3):
        await store.client.set(cars.key("a"), number)
        assert await cars.get("a") == number
        await asyncio.sleep(0.01)
    assert events.count("uncached") == 1
    assert not store.cache.copies
