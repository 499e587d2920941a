"""Every store of shared knowledge does the same."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

import mape
from mape.remote.redis.collections import RedisStore, share_knowledge
from mape.testing.contracts.store import check_store


@asynccontextmanager
async def store_at(url: str) -> AsyncIterator[RedisStore]:
    app = mape.App()
    store = share_knowledge(app, url)
    async with app:
        yield store


async def test_a_store_in_memory_keeps_the_contract() -> None:
    await check_store(lambda: store_at(f"memory://k{uuid.uuid4().hex[:20]}"))


@pytest.mark.system
async def test_a_store_on_a_real_server_keeps_the_contract() -> None:
    await check_store(lambda: store_at("embedded"))
