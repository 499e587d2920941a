"""memory_redis: a server of a name is the same for all who ask, in commands, streams and subscriptions."""

from __future__ import annotations

import asyncio
import uuid

import pytest
import redis

from mape.remote.memory import memory_redis, memory_server

pytestmark = pytest.mark.virtual_time


@pytest.fixture
def name() -> str:
    return f"t{uuid.uuid4().hex[:12]}"


async def test_clients_of_one_name_share_a_server_and_others_do_not(name: str) -> None:
    one, same, other = memory_redis(name), memory_redis(name), memory_redis(name + "x")
    await one.set("speed", 50)
    assert await same.get("speed") == b"50"
    assert await other.get("speed") is None
    for client in (one, same, other):
        await client.aclose()


async def test_what_is_published_reaches_patterns(name: str) -> None:
    client, other = memory_redis(name), memory_redis(name)
    async with other.pubsub() as pubsub:
        await pubsub.psubscribe("car_*")
        await pubsub.get_message(timeout=1)
        assert await client.publish("car_a", b"go") == 1
        message = await pubsub.get_message(timeout=1)
        assert message is not None
        assert (message["channel"], message["data"]) == (b"car_a", b"go")
    await client.aclose()
    await other.aclose()


async def test_a_blocked_reader_of_a_stream_gets_what_comes(name: str) -> None:
    client, reader = memory_redis(name), memory_redis(name)
    reading = asyncio.ensure_future(reader.xread({"s": "$"}, block=5000))
    await asyncio.sleep(1)
    await client.xadd("s", {"a": "1"})
    [[stream, [(_, fields)]]] = await reading
    assert (stream, fields) == (b"s", {b"a": b"1"})
    await client.aclose()
    await reader.aclose()


async def test_a_server_can_be_made_unreachable_and_keeps_what_it_has(name: str) -> None:
    client = memory_redis(name)
    await client.set("a", 1)
    memory_server(name).connected = False
    with pytest.raises(redis.exceptions.ConnectionError):
        await client.get("a")
    memory_server(name).connected = True
    assert await client.get("a") == b"1"
    await client.aclose()
