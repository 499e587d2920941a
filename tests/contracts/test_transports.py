"""Every transport passes the same checks; the real servers are in tests/system."""

from __future__ import annotations

import asyncio
import itertools
from typing import Any

import pytest

from mape.application import App
from mape.remote.memory import memory_redis, memory_server
from mape.remote.outgoing import Batch
from mape.remote.redis.pubsub import PubObserver
from mape.remote.redis.subscription import SubObservable
from mape.testing.contracts.transport import Ends, check_transport

pytestmark = pytest.mark.virtual_time

numbers = itertools.count()


@pytest.mark.parametrize("frame", [1, 512])
@pytest.mark.parametrize("pattern", ["car.detect", "car.*", "c?r.[de]etect"])
async def test_publish_and_subscribe_in_memory_is_a_transport(frame: int, pattern: str) -> None:
    name = f"contract{next(numbers)}"
    url = f"memory://{name}"
    server, client = memory_server(name), memory_redis(name)

    def make(_: App, receiver: App) -> Ends:
        return PubObserver("car.detect", redis=url, frame=frame), SubObservable(pattern, redis=url, app=receiver)

    async def inject(payload: bytes) -> None:
        await client.publish("car.detect", payload)

    async def down() -> None:
        server.connected = False

    async def up() -> None:
        server.connected = True

    await check_transport(make, inject=inject, down=down, up=up)
    await client.aclose()


class Lossy(PubObserver):
    """Loses one batch of many, as a transport with a bug."""

    async def transmit(self, batch: Batch) -> None:
        """Forget a batch."""
        if not batch.seq <= 100 < batch.seq + len(batch):
            await super().transmit(batch)


class Reckless(PubObserver):
    """Drops what waits when it closes."""

    async def transmit(self, batch: Batch) -> None:
        """Take time, as a network does."""
        await asyncio.sleep(0.01)
        await super().transmit(batch)

    async def drain(self) -> None:
        """Forget to flush."""


async def test_the_checks_find_a_transport_that_loses_an_item() -> None:
    url = f"memory://contract{next(numbers)}"

    def make(_: App, receiver: App) -> Ends:
        return Lossy("car.detect", redis=url), SubObservable("car.*", redis=url, app=receiver)

    with pytest.raises(TimeoutError, match="of 2000"):
        await check_transport(make)


async def test_the_checks_find_a_sink_that_does_not_flush() -> None:
    url = f"memory://contract{next(numbers)}"

    def make(_: App, receiver: App) -> Ends:
        return Reckless("car.detect", redis=url), SubObservable("car.*", redis=url, app=receiver)

    with pytest.raises(AssertionError, match="closing loses nothing"):
        await check_transport(make)


async def test_the_checks_find_a_source_that_ends_on_poison() -> None:
    name = f"contract{next(numbers)}"
    client = memory_redis(name)

    class Fragile(SubObservable):
        def _begin(self, message: Any) -> None:
            before = self.stats.rejected
            super()._begin(message)
            if self.stats.rejected > before:
                self.host.services.remove(self)

    def make(_: App, receiver: App) -> Ends:
        return PubObserver("car.detect", redis=f"memory://{name}"), Fragile(
            "car.*", redis=f"memory://{name}", app=receiver
        )

    async def inject(payload: bytes) -> None:
        await client.publish("car.detect", payload)

    with pytest.raises(TimeoutError, match="1 of 2"):
        await check_transport(make, inject=inject)
    await client.aclose()
