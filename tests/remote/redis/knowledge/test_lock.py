from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from typing import Any

import pytest

import mape
from mape.errors import SendError, StateError
from mape.remote.redis.collections import Lock, RedisStore, share_knowledge
from mape.remote.redis.knowledge.atomic import ACQUIRE, COMPARE_AND


@pytest.fixture
async def store() -> AsyncIterator[RedisStore]:
    app = mape.App()
    made = share_knowledge(app, f"memory://k{uuid.uuid4().hex[:20]}")
    async with app:
        yield made


async def test_a_lease_that_nobody_renews_ends(store: RedisStore) -> None:
    scope = store.app.k.shared
    lock, other = scope.create_lock("bridge", lease=0.05), scope.create_lock("bridge")
    await lock.acquire()
    await lock.end()
    assert await other.acquire(timeout=1)
    assert not lock.is_held
    with pytest.raises(StateError, match="was lost"):
        await lock.release()
    assert other.is_held, "the late one released nothing of the other's"
    await other.release()


@pytest.mark.virtual_time
@pytest.mark.parametrize("fault", [asyncio.CancelledError, SendError])
async def test_a_lock_that_may_have_been_taken_in_vain_is_let_go(fault: type[BaseException]) -> None:
    sent: list[tuple[Any, ...]] = []

    class Slow:
        """A client whose first answer is lost."""

        async def execute_command(self, *command: Any) -> Any:
            sent.append(command)
            if len(sent) == 1:
                raise fault("lost")
            return [1, 1]

    with pytest.raises(fault):
        await Lock(Slow(), ("{k.x}!lock", "{k.x}!fence")).acquire()
    await asyncio.sleep(0.1)
    taken, let_go = sent
    assert (taken[1], let_go[1]) == (ACQUIRE, COMPARE_AND)
    assert let_go[-1] == "DEL"
    assert taken[5] == let_go[5], "only if it is this one's"


async def test_a_with_statement_that_waits_too_long_raises(store: RedisStore) -> None:
    scope = store.app.k.shared
    async with scope.create_lock("bridge"):
        with pytest.raises(SendError, match="not free within"):
            await scope.create_lock("bridge", timeout=0.03).__aenter__()


async def test_one_object_is_one_holder(store: RedisStore) -> None:
    async with store.app.k.create_lock("bridge") as lock:
        with pytest.raises(StateError, match="held by this object"):
            await lock.acquire()


async def test_an_error_in_the_body_is_not_hidden_by_a_lost_lock(store: RedisStore) -> None:
    with pytest.raises(ZeroDivisionError):  # noqa: PT012 - what is raised in the body
        async with store.app.k.create_lock("bridge") as lock:
            await store.client.delete(lock.key)
            raise ZeroDivisionError


async def test_no_renewal_outlives_the_app() -> None:
    app = mape.App()
    share_knowledge(app, f"memory://k{uuid.uuid4().hex[:20]}")
    before = asyncio.all_tasks()
    async with app:
        await app.k.create_lock("bridge").acquire()
    assert asyncio.all_tasks() == before


async def test_a_lease_of_nothing_is_refused(store: RedisStore) -> None:
    with pytest.raises(StateError, match="lease"):
        store.app.k.shared.create_lock("bridge", lease=0)
