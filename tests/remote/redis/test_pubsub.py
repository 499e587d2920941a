"""Publish and subscribe, with a server in memory; tests/system/test_pubsub.py has real ones."""

from __future__ import annotations

import asyncio
import itertools
import json
from typing import Any

import pytest

from mape.application import App
from mape.errors import ConfigError, ConnectError, StateError, WiringError
from mape.item import Event
from mape.remote.memory import memory_redis, memory_server
from mape.remote.redis.connection import connection_of
from mape.remote.redis.handler import ChannelMessage, subscribe_handler, subscribe_handler_deco
from mape.remote.redis.hub import hub_of
from mape.remote.redis.pubsub import PubObserver, SubObservable
from mape.settings import load
from mape.testing import collect
from tests.remote.clumsy import Clumsy

pytestmark = pytest.mark.virtual_time
numbers = itertools.count()


@pytest.fixture
def name() -> str:
    return f"pubsub{next(numbers)}"


@pytest.fixture
def app(name: str) -> App:
    return App(load(None, {"redis.url": f"memory://{name}"}))


def same(item: Any) -> Any:
    return item


async def test_one_line_each_connects_two_apps_by_the_path_of_an_element(app: App, name: str) -> None:
    other = App(load(None, {"redis.url": f"memory://{name}"}))
    detect = app.loop("car_1").monitor(same, uid="detect")
    policy = other.loop("traffic").plan(same, uid="policy")
    seen = collect(policy)

    detect.subscribe(PubObserver())
    (source := SubObservable("car_?.detect")).subscribe(policy)

    async with other, app:
        await source.wait_up(5)
        detect(50)
        await seen.wait_for(1, timeout=5)
    assert seen == [50]


async def test_a_lone_item_leaves_at_once_and_what_waits_leaves_together(app: App, name: str) -> None:
    sink = PubObserver("c", app=app)
    async with app, memory_redis(name).pubsub() as pubsub:
        await pubsub.subscribe("c")
        await pubsub.get_message(timeout=1)
        sink.on_next(0)
        await sink.flush()
        for number in range(1, 601):
            sink.on_next(number)
        await sink.flush()
        payloads = [(await pubsub.get_message(timeout=1))["data"] for _ in range(3)]
    counts = [json.loads(payload.split(b"\n")[0])["count"] for payload in payloads]
    assert counts == [1, 512, 88]
    assert sink.stats.sent == 601


async def test_frame_1_is_one_message_an_item_with_its_own_number(app: App, name: str) -> None:
    sink = PubObserver("c", app=app, frame=1)
    async with app, memory_redis(name).pubsub() as pubsub:
        await pubsub.subscribe("c")
        await pubsub.get_message(timeout=1)
        for number in range(3):
            sink.on_next(number)
        await sink.flush()
        headers = [json.loads((await pubsub.get_message(timeout=1))["data"].split(b"\n")[0]) for _ in range(3)]
    assert [(header["seq"], header["count"]) for header in headers] == [(0, 1), (1, 1), (2, 1)]


async def test_a_serializer_makes_plain_messages_and_a_deserializer_reads_them(app: App, name: str) -> None:
    sink = PubObserver("c", serializer=lambda speed: f"{speed} km/h", app=app)
    source = SubObservable("c", deserializer=lambda raw: int(raw.split()[0]), app=app)
    seen = collect(source)
    async with app, memory_redis(name).pubsub() as pubsub:
        await pubsub.subscribe("c")
        await pubsub.get_message(timeout=1)
        await source.wait_up(5)
        sink.on_next(50)
        sink.on_completed()
        sink.on_next(60)
        await seen.wait_for(2, timeout=5)
        raw = [(await pubsub.get_message(timeout=1))["data"] for _ in range(2)]
    assert seen == [50, 60]
    assert raw == [b"50 km/h", b"60 km/h"]


async def test_a_serializer_that_fails_costs_one_item(app: App) -> None:
    sink = PubObserver("c", serializer=lambda item: 1 / item, app=app)
    numbers = app.loop("l").monitor(same, uid="numbers")
    numbers.subscribe(sink)
    failures = collect(app.failures)
    async with app:
        numbers(0)  # raises
        numbers(1)  # makes a float
    assert [type(failure.error).__name__ for failure in failures] == ["EncodeError", "EncodeError"]
    assert sink.stats.dropped == {"encode": 2}


async def test_a_deserializer_that_fails_costs_one_message(app: App, name: str) -> None:
    source = SubObservable("c", deserializer=int, app=app)
    seen, failures = collect(source), collect(app.failures)
    client = memory_redis(name)
    async with app:
        await source.wait_up(5)
        for payload in (b"1", b"x" * 100_000, b"2"):
            await client.publish("c", payload)
        await seen.wait_for(2, timeout=5)
    await client.aclose()
    assert seen == [1, 2]
    assert source.stats.rejected == 1
    assert len(str(failures[0].error)) < 500


async def test_plain_json_of_a_stranger_is_a_plain_item(app: App, name: str) -> None:
    seen = collect(source := SubObservable("c", app=app))
    client = memory_redis(name)
    async with app:
        await source.wait_up(5)
        await client.publish("c", b'{"speed":50}')
        await seen.wait_for(1, timeout=5)
    await client.aclose()
    assert seen == [{"speed": 50}]


async def test_overlapping_patterns_bring_each_message_once(app: App) -> None:
    sources = [SubObservable(p, app=app) for p in (["car_1", "car_?", "car_*"], "car_*", ["car_*", "car_1"], "car_2")]
    seen = [collect(source) for source in sources]
    sinks = [PubObserver(f"car_{number}", app=app) for number in (1, 2)]
    async with app:
        for source in sources:
            await source.wait_up(5)
        for number in range(10):
            for sink in sinks:
                sink.on_next(number)
        await asyncio.sleep(1)
    twice = sorted([*range(10), *range(10)])
    assert [sorted(each) for each in seen] == [twice, twice, twice, list(range(10))]


async def test_a_hundred_listeners_are_one_subscription_at_the_server(app: App, name: str) -> None:
    client = memory_redis(name)
    sources = [SubObservable("car_*", app=app) for _ in range(100)]
    seen = [collect(source) for source in sources]
    async with app:
        await sources[-1].wait_up(5)
        assert await client.pubsub_numpat() == 1
        assert await client.publish("car_1", b"1") == 1
        await seen[-1].wait_for(1, timeout=5)
        for source in seen[1:]:
            source.dispose()
        await asyncio.sleep(1)
        assert await client.pubsub_numpat() == 1
        seen[0].dispose()
        await asyncio.sleep(1)
        assert await client.pubsub_numpat() == 0
    await client.aclose()
    assert all(each == [1] for each in seen)


async def test_a_name_without_wildcards_is_no_pattern_at_the_server(app: App, name: str) -> None:
    client = memory_redis(name)
    collect(source := SubObservable([r"what\?", "car_1"], app=app))
    async with app:
        await source.wait_up(5)
        assert await client.pubsub_numpat() == 0
        assert sorted(await client.pubsub_channels()) == [b"car_1", b"what?"]
    await client.aclose()


async def test_listeners_that_come_and_go_while_items_flow_miss_nothing_else(app: App) -> None:
    sink = PubObserver("c", app=app)
    first = collect(source := SubObservable("c", app=app))
    async with app:
        await source.wait_up(5)
        sink.on_next(1)
        await first.wait_for(1, timeout=5)
        late = collect(other := SubObservable("*", app=app))
        await other.wait_up(5)
        sink.on_next(2)
        await late.wait_for(1, timeout=5)
        late.dispose()
        sink.on_next(3)
        await first.wait_for(3, timeout=5)
    assert first == [1, 2, 3]
    assert late == [2]


async def test_a_source_that_nobody_hears_any_more_can_be_heard_again(app: App) -> None:
    sink, source = PubObserver("c", app=app), SubObservable("c", app=app)
    async with app:
        first = collect(source)
        await source.wait_up(5)
        first.dispose()
        await asyncio.sleep(1)
        again = collect(source)
        await source.wait_up(5)
        sink.on_next(1)
        await again.wait_for(1, timeout=5)
    assert (first, again) == ([], [1])


async def test_an_outage_is_told_survived_and_its_gap_counted(app: App, name: str) -> None:
    server = memory_server(name)
    remote = App(load(None, {"redis.url": f"memory://{name}"}))
    sink = PubObserver("c", app=app)
    source = SubObservable("c", app=remote)
    seen, events = collect(source), collect(remote.events)
    async with app, remote:
        await source.wait_up(5)
        sink.on_next(1)
        await seen.wait_for(1, timeout=5)
        hub = hub_of(remote, connection_of(remote))
        hub.remove(source)  # the subscriber's link alone is gone
        await asyncio.sleep(1)
        for number in range(2, 7):
            sink.on_next(number)
        await sink.flush()
        source.lost()
        hub.add(source, source.topics)
        await source.wait_up(5)
        sink.on_next(7)
        await seen.wait_for(2, timeout=5)
        assert source.stats.gaps == 5
        server.connected = False
        await asyncio.sleep(130)
        assert not source.stats.is_up
        sink.on_next(8)
        await asyncio.sleep(5)
        server.connected = True
        await source.wait_up(10)
        await asyncio.sleep(5)
        sink.on_next(9)
        await sink.flush()
        await asyncio.sleep(1)
    assert sink.stats.offered == sink.stats.sent + sum(sink.stats.dropped.values()) == 9
    assert seen[:2] == [1, 7]
    assert seen[-1] == 9
    assert source.stats.gaps + len(seen) == 9
    kinds = [event.kind for event in events if isinstance(event, Event)]
    assert "gap" in kinds
    assert "disconnected" in kinds


class Clock:
    """Time passes when elements are at work."""

    def __init__(self) -> None:
        self.time = 0.0

    def now(self) -> float:
        return self.time

    monotonic = now


async def test_slow_elements_do_not_stop_the_reading_and_what_is_too_much_is_counted(name: str) -> None:
    clock = Clock()
    app = App(load(None, {"redis.url": f"memory://{name}"}), clock=clock)
    sink = PubObserver("c", app=app, frame=50)
    source = SubObservable("c", app=app, size=3)
    seen: list[int] = []

    @app.loop("l").execute
    def slow(item: int) -> None:
        clock.time += 0.01
        seen.append(item)

    source.subscribe(slow)
    events = collect(app.events)
    hub = hub_of(app, connection_of(app))
    async with app:
        await source.wait_up(5)
        for number in range(500):
            sink.on_next(number)
        await sink.flush()
        while hub.messages < 10:  # noqa: ASYNC110 - turn by turn
            await asyncio.sleep(0)
        assert len(seen) < 200, "the connection was read before the items were dealt with"
        assert source.stats.queued == 3
        balance(source)
        await asyncio.sleep(1)
        sink.on_next(500)
        await asyncio.sleep(1)
        balance(source)
    stats = source.stats
    assert seen == sorted(set(seen))
    assert stats.dropped == {"overflow": 6}
    assert stats.gaps == 300
    assert stats.accepted == len(seen) == 201
    assert [event.kind for event in events].count("overflow") == 1


async def test_what_waits_when_the_app_closes_is_handed_over_first(name: str) -> None:
    clock = Clock()
    app = App(load(None, {"redis.url": f"memory://{name}"}), clock=clock)
    sink, source = PubObserver("c", app=app), SubObservable("c", app=app)
    seen: list[int] = []

    @app.loop("l").execute
    def slow(item: int) -> None:
        clock.time += 0.0001
        seen.append(item)

    source.subscribe(slow)
    async with app:
        await source.wait_up(5)
        for number in range(500):
            sink.on_next(number)
        await sink.flush()
        while not seen:  # noqa: ASYNC110 - turn by turn
            await asyncio.sleep(0)
        assert len(seen) < 500
    assert seen == list(range(500))


def balance(source: SubObservable) -> None:
    stats = source.stats
    assert stats.offered == stats.payloads + sum(stats.dropped.values()) + stats.queued


async def test_handlers_plain_and_async_get_messages_in_order_and_can_be_removed(app: App) -> None:
    plain: list[ChannelMessage] = []
    slow: list[Any] = []

    @subscribe_handler_deco("car_*", app=app)
    async def hear(message: ChannelMessage) -> None:
        await asyncio.sleep(0.3 if message["data"] == 0 else 0)
        slow.append(message["data"])

    handler = subscribe_handler("car_1", plain.append, app=app)
    sink = PubObserver("car_1", app=app)
    async with app:
        await handler.source.wait_up(5)
        await hear.source.wait_up(5)
        for number in range(3):
            sink.on_next(number)
        await asyncio.sleep(1)
        handler.dispose()
        hear.dispose()
        await asyncio.sleep(1)
        sink.on_next(3)
        await asyncio.sleep(1)
    assert slow == [0, 1, 2]
    assert plain == [{"channel": "car_1", "pattern": None, "data": number} for number in range(3)]


async def test_a_handler_that_fails_costs_one_message(app: App) -> None:
    seen: list[Any] = []

    async def hear(message: ChannelMessage) -> None:
        seen.append(1 / message["data"])

    handler = subscribe_handler("c", hear, app=app)
    failures = collect(app.failures)
    sink = PubObserver("c", app=app)
    async with app:
        await handler.source.wait_up(5)
        for number in (1, 0, 2):
            sink.on_next(number)
        await asyncio.sleep(1)
    assert seen == [1, 0.5]
    assert [type(failure.error) for failure in failures] == [ZeroDivisionError]


async def test_a_codec_that_raises_what_it_should_not_costs_one_message(app: App, name: str) -> None:
    source = SubObservable("c", codec=Clumsy(), app=app)
    seen, events = collect(source), collect(app.events)
    async with app:
        await source.wait_up(5)
        for payload in (b"1", b"poison", b"2"):
            await memory_redis(name).publish("c", payload)
        await seen.wait_for(2, timeout=5)
    assert seen == [1, 2]
    assert source.stats.rejected == 1
    assert "disconnected" not in [event.kind for event in events]


async def test_a_handler_is_told_the_pattern_and_stays_callable(app: App) -> None:
    @subscribe_handler_deco(["x", "car_*"], app=app)
    def hear(message: ChannelMessage) -> str | None:
        return message["pattern"]

    assert hear({"channel": "c", "pattern": "p", "data": 1}) == "p"
    with pytest.raises(WiringError, match="cannot hear messages"):
        subscribe_handler("c", "no function", app=app)  # type: ignore[arg-type]


async def test_without_redis_url_the_error_says_what_to_set() -> None:
    app = App()
    SubObservable("c", app=app).subscribe(print)
    with pytest.raises(ConfigError, match=r"redis\.url is not set"):
        await app.open()


async def test_a_publisher_without_a_channel_says_so() -> None:
    app = App(load(None, {"redis.url": "memory"}))
    PubObserver(app=app)
    with pytest.raises(WiringError, match="without a channel"):
        await app.open()
    for wrong in ("", 5):
        with pytest.raises(WiringError, match="no channel"):
            PubObserver(wrong)  # type: ignore[arg-type]
    with pytest.raises(WiringError, match="frame=0"):
        PubObserver("c", frame=0)


async def test_waiting_for_a_subscription_ends_with_a_sentence(app: App, name: str) -> None:
    memory_server(name).connected = False
    source = SubObservable("car_*", app=app)
    source.subscribe(print)
    async with app:
        with pytest.raises(ConnectError, match=r"car_\*: no subscription within 2 s"):
            await source.wait_up(2)


async def test_closing_with_the_server_away_counts_what_was_not_sent(app: App, name: str) -> None:
    memory_server(name).connected = False
    sink = PubObserver("c", app=app)
    failures = collect(app.failures)
    async with app:
        for number in range(10):
            sink.on_next(number)
    assert sink.stats.dropped == {"closed": 10}
    assert [type(failure.error) for failure in failures] == [StateError]


async def test_an_app_can_open_again(app: App) -> None:
    sink, source = PubObserver("c", app=app), SubObservable("c", app=app)
    seen = collect(source)
    for number in range(2):
        async with app:
            await source.wait_up(5)
            sink.on_next(number)
            await seen.wait_for(number + 1, timeout=5)
    assert seen == [0, 1]
