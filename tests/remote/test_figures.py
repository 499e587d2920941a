"""What sinks, sources and connections count, as ``/metrics`` shows it."""

from __future__ import annotations

import asyncio
import itertools

import pytest

import mape
from mape.remote.memory import memory_server
from mape.remote.outgoing import Batch
from mape.remote.redis import PubObserver, SubObservable
from mape.remote.rest import PostObservable
from mape.remote.sender import Sender
from mape.testing import collect

pytestmark = pytest.mark.virtual_time
numbers = itertools.count()


class SlowSender(Sender):
    """Takes a quarter of a second for each batch."""

    async def transmit(self, _: Batch) -> int:
        await asyncio.sleep(0.25)
        return 0


async def test_a_sink_tells_how_long_its_peer_takes(app: mape.App) -> None:
    sink = SlowSender("slow", app=app)
    async with app:
        for item in (1, 2):
            sink.on_next(item)
            await asyncio.sleep(1)
    figures = sink.figures()

    assert figures["request_seconds_count"] == 2
    assert figures["request_seconds_sum"] == pytest.approx(0.5)
    assert (figures["offered"], figures["sent"], figures["queued"], figures["up"]) == (2, 2, 0, 1)


async def test_what_passes_through_redis_is_counted_at_all_its_stations(app: mape.App) -> None:
    url = f"memory://figures{next(numbers)}"
    memory_server(url.removeprefix("memory://"))
    sink, source = PubObserver("car.speed", redis=url, app=app), SubObservable("car.*", redis=url, app=app)
    collect(source)
    async with app:
        await source.wait_up(5)
        for speed in range(3):
            sink.on_next(speed)
        await sink.flush()
        await asyncio.sleep(1)
        figures = {type(each).__name__: each.figures() for each in app.services if hasattr(each, "figures")}

    assert figures["PubObserver"]["sent"] == 3
    assert figures["SubObservable"]["passed"] == figures["SubObservable"]["accepted"] == 3
    assert figures["SubObservable"]["up"] == 1
    assert figures["RedisConnection"] == {"up": 1, "restarts": 0}
    assert figures["Hub"]["messages"] >= 1
    assert (figures["Hub"]["up"], figures["Hub"]["topics"], figures["Hub"]["listeners"]) == (1, 1, 1)


async def test_a_source_without_statistics_counts_what_it_passes_on(app: mape.App) -> None:
    source = PostObservable("cars.speed", app=app)
    collect(source)
    source.on_next(80)

    assert source.figures() == {"passed": 1}
