"""A sink of time series: items as points, in batches, through faults."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

import mape
from mape.errors import ConfigError, EncodeError, WiringError
from mape.remote.influxdb import Answer, InfluxObserver, MemoryInflux, Point
from mape.settings import load
from mape.testing import EPOCH

pytestmark = pytest.mark.virtual_time


def make_app(**influxdb: object) -> mape.App:
    return mape.App(load(overrides={"influxdb": influxdb}, environ={}))


def monitor(app: mape.App, uid: str = "speed") -> mape.Element[Any, Any]:
    element: mape.Element[Any, Any] = app.loop("car").monitor(uid=uid)(lambda item: item)
    return element


def balanced(observer: InfluxObserver) -> bool:
    stats = observer.stats
    return stats.offered == stats.sent + sum(stats.dropped.values()) + stats.queued


async def written(*items: object, **options: Any) -> list[Point]:
    """What a server gets from an element that emits `items`."""
    app, server = make_app(), MemoryInflux()
    speed = monitor(app)
    observer = InfluxObserver(client=server, **options)
    speed.subscribe(observer)
    async with app:
        for item in items:
            speed(item)
    assert balanced(observer)
    return server.points


async def test_a_number_is_a_point_of_the_element_at_the_time_it_comes() -> None:
    assert await written(80.5) == [Point("car.speed", (), {"value": 80.5}, round(EPOCH * 1e9))]


async def test_a_message_brings_its_source_its_target_and_its_time() -> None:
    message = mape.Message.create({"kmh": 80}, src="car.speed", dst="road.plan", timestamp=1.5)

    assert await written(message, tags=("lane", "left")) == [
        Point("car.speed", (("dst", "road.plan"), ("lane", "left"), ("src", "car.speed")), {"kmh": 80}, 1_500_000_000)
    ]


async def test_names_tags_and_mapper_are_the_persons_own() -> None:
    points = await written(
        mape.Message(("speed", 3)),
        measurement="cars",
        tags=(("a", "1"), ("src", "me")),
        fields_mapper=lambda item: (item.value[0], item.value[1]),
    )

    assert [(point.measurement, point.tags, point.fields) for point in points] == [
        ("cars", (("a", "1"), ("src", "me")), {"speed": 3})
    ]


async def test_ready_points_are_written_as_they_are() -> None:
    points = await written(
        {"measurement": "m", "tags": {"a": "b"}, "fields": {"v": 1}, "time": 5},
        "n,a=b v=2 6",
        {"fields": {"v": 3}},
        is_raw=True,
        tags=("lane", "left"),
    )

    lane = ("lane", "left")
    assert points[:2] == [Point("m", (("a", "b"), lane), {"v": 1}, 5), Point("n", (("a", "b"), lane), {"v": 2.0}, 6)]
    assert points[2] == Point("car.speed", (lane,), {"v": 3}, round(EPOCH * 1e9))


async def test_a_raw_line_with_a_second_point_in_it_writes_none() -> None:
    app, server = make_app(), MemoryInflux()
    speed = monitor(app)
    speed.subscribe(observer := InfluxObserver(client=server, is_raw=True))
    async with app:
        speed("m v=1\ncars v=2")

    assert server.points == []
    assert observer.stats.dropped == {"encode": 1}


async def test_what_happens_to_an_object_after_it_was_emitted_does_not_matter() -> None:
    app, server = make_app(), MemoryInflux()
    speed = monitor(app)
    speed.subscribe(InfluxObserver(client=server))
    async with app:
        item = {"v": 1}
        speed(item)
        item["v"] = 2

    assert [point.fields for point in server.points] == [{"v": 1}]


async def test_one_observer_of_two_elements_writes_two_measurements() -> None:
    app, server = make_app(), MemoryInflux()
    speed, lane = monitor(app), monitor(app, "lane")
    observer = InfluxObserver(client=server)
    for element in (speed, lane):
        element.subscribe(observer)
    async with app:
        speed(1)
        lane(2)
        speed(3)

    assert [(point.measurement, point.fields["value"]) for point in server.points] == [
        ("car.speed", 1),
        ("car.lane", 2),
        ("car.speed", 3),
    ]


@pytest.mark.parametrize("item", [object(), float("nan"), {}, None])
async def test_an_item_that_is_no_point_costs_itself(item: object) -> None:
    app, server = make_app(), MemoryInflux()
    failures: list[mape.Failure] = []
    app.failures.subscribe(failures.append)
    speed = monitor(app)
    speed.subscribe(observer := InfluxObserver(client=server))
    async with app:
        speed.port_out.on_next(item)
        speed(1)

    assert [point.fields for point in server.points] == [{"value": 1}]
    assert (observer.stats.offered, observer.stats.dropped) == (2, {"encode": 1})
    assert isinstance(failures[0].error, EncodeError)
    assert balanced(observer)


async def test_a_mapper_that_fails_costs_one_item() -> None:
    app, server = make_app(), MemoryInflux()
    speed = monitor(app)
    speed.subscribe(observer := InfluxObserver(client=server, fields_mapper=lambda item: ("v", 1 / item)))
    async with app:
        speed(0)
        speed(2)

    assert [point.fields for point in server.points] == [{"v": 0.5}]
    assert observer.stats.dropped == {"encode": 1}


async def test_errors_and_completion_are_no_points() -> None:
    app, server = make_app(), MemoryInflux()
    speed = monitor(app)
    speed.subscribe(InfluxObserver(client=server))
    async with app:
        speed.port_out.on_error(ValueError())
        speed.port_out.on_completed()
        speed(1)

    assert len(server.points) == 1


async def test_a_lone_point_leaves_at_once_and_a_stream_does_not_send_posts_one_by_one() -> None:
    app, server = make_app(interval=0.1), MemoryInflux()
    speed = monitor(app)
    speed.subscribe(InfluxObserver(client=server))
    async with app:
        speed(0)
        await asyncio.sleep(0.001)
        assert server.posts == [1]
        for number in range(1, 1000):
            speed(number)
            await asyncio.sleep(0.01)
        assert 90 <= len(server.posts) <= 110

    assert [point.fields["value"] for point in server.points] == list(range(1000))


async def test_a_flood_goes_in_full_posts_without_a_pause() -> None:
    app, server = make_app(batch_size=100, interval=10), MemoryInflux()
    speed = monitor(app)
    speed.subscribe(InfluxObserver(client=server))
    async with app:
        for number in range(1000):
            speed(number)
        await asyncio.sleep(0.001)
        assert server.posts == [100] * 10


async def test_write_options_of_influxdb_client_are_understood() -> None:
    from influxdb_client.client.write_api import WriteOptions

    observer = InfluxObserver(write_options=WriteOptions(batch_size=7, flush_interval=500), app=make_app())
    assert (observer.batch_size, observer.interval) == (7, 0.5)

    observer = InfluxObserver(write_options={"batch_size": 8}, app=make_app(interval=2))
    assert (observer.batch_size, observer.interval) == (8, 2)


async def test_a_server_that_is_down_for_a_minute_costs_nothing() -> None:
    app, server = make_app(), MemoryInflux()
    events: list[mape.Event] = []
    app.events.subscribe(events.append)
    speed = monitor(app)
    speed.subscribe(observer := InfluxObserver(client=server))
    async with app:
        server.is_down = True
        for number in range(6000):
            speed(number)
            await asyncio.sleep(0.01)
        assert observer.stats.sent == 0
        assert not observer.stats.is_up
        assert balanced(observer)
        server.is_down = False
        await asyncio.sleep(2)
        assert observer.stats.queued == 0

    assert sorted(point.fields["value"] for point in server.points) == list(range(6000))
    assert [event.kind for event in events] == ["disconnected", "connected"]


@pytest.mark.parametrize("status", [429, 503])
async def test_a_server_that_asks_for_patience_gets_it(status: int) -> None:
    app = make_app()
    server = MemoryInflux(answers=[Answer(status, retry_after="30")])
    speed = monitor(app)
    speed.subscribe(InfluxObserver(client=server))
    async with app:
        speed(1)
        await asyncio.sleep(29.9)
        assert server.posts == [1]
        await asyncio.sleep(2)
        assert server.posts == [1, 1]

    assert len(server.points) == 1


async def test_what_waits_beyond_the_bound_goes_oldest_first_and_is_counted() -> None:
    app, server = make_app(queue_size=100, batch_size=10), MemoryInflux()
    server.is_down = True
    events: list[mape.Event] = []
    app.events.subscribe(events.append)
    speed = monitor(app)
    speed.subscribe(observer := InfluxObserver(client=server))
    async with app:
        await asyncio.sleep(0.01)
        for number in range(250):
            speed(number)
        assert observer.stats.dropped == {"overflow": 150}
        assert balanced(observer)
        server.is_down = False

    assert [point.fields["value"] for point in server.points] == list(range(150, 250))
    assert "overflow" in [event.kind for event in events]


async def test_bytes_are_bounded_too() -> None:
    app, server = make_app(queue_bytes=10_000), MemoryInflux()
    speed = monitor(app)
    speed.subscribe(observer := InfluxObserver(client=server))
    server.is_down = True
    async with app:
        for _ in range(100):
            speed("x" * 1000)
        assert observer.stats.queued_bytes <= 10_000
        assert balanced(observer)
        server.is_down = False


async def test_one_poisoned_point_costs_one_and_its_reason_is_told_once() -> None:
    app = make_app()
    server = MemoryInflux(refuses=lambda point: point.fields["value"] % 1000 == 7)
    failures: list[mape.Failure] = []
    app.failures.subscribe(failures.append)
    speed = monitor(app)
    speed.subscribe(observer := InfluxObserver(client=server))
    async with app:
        for number in range(4000):
            speed(number)

    assert len(server.points) == 3996
    assert observer.stats.dropped == {"refused": 4}
    assert observer.stats.sent == 3996
    assert balanced(observer)
    assert ["1 points are not written" in str(failure.error) for failure in failures] == [True]
    assert str(failures[0].item).startswith("car.speed value=7i")


async def test_a_wrong_token_is_reported_with_its_cure_and_tried_again_slowly() -> None:
    app = make_app()
    server = MemoryInflux(answers=[Answer(401)] * 3)
    failures: list[mape.Failure] = []
    app.failures.subscribe(failures.append)
    speed = monitor(app)
    speed.subscribe(observer := InfluxObserver(client=server))
    async with app:
        speed(1)
        await asyncio.sleep(60)
        assert len(server.posts) <= 3
        assert "influxdb.token" in str(observer.stats.last_error)
        await asyncio.sleep(60)

    assert [type(failure.error) for failure in failures] == [ConfigError]
    assert "set influxdb.token" in str(failures[0].error)
    assert len(server.points) == 1


async def test_all_that_waits_is_written_before_the_app_is_closed() -> None:
    app, server = make_app(interval=5), MemoryInflux()
    speed = monitor(app)
    speed.subscribe(observer := InfluxObserver(client=server))
    async with app:
        for number in range(12_000):
            speed(number)

    assert len(server.points) == 12_000
    assert observer.stats.queued == 0


async def test_closing_does_not_wait_for_the_distance_between_posts() -> None:
    app, server = make_app(interval=60), MemoryInflux()
    speed = monitor(app)
    speed.subscribe(InfluxObserver(client=server))
    loop = asyncio.get_running_loop()
    async with app:
        speed(1)
        await asyncio.sleep(1)
        speed(2)
        await asyncio.sleep(1)
        assert len(server.points) == 1
        closing = loop.time()

    assert len(server.points) == 2
    assert loop.time() - closing < 1


async def test_what_cannot_be_written_before_the_deadline_is_counted_and_reported() -> None:
    app, server = make_app(), MemoryInflux()
    failures: list[mape.Failure] = []
    app.failures.subscribe(failures.append)
    speed = monitor(app)
    speed.subscribe(observer := InfluxObserver(client=server))
    async with app:
        server.is_down = True
        for number in range(10):
            speed(number)

    assert observer.stats.dropped == {"closed": 10}
    assert balanced(observer)
    assert "10 items" in str(failures[-1].error)


async def test_a_batch_that_was_written_in_part_is_counted_in_part_when_the_app_closes() -> None:
    app = make_app(batch_size=10)
    server = MemoryInflux(refuses=lambda point: point.fields["value"] == 3)
    speed = monitor(app)
    speed.subscribe(observer := InfluxObserver(client=server))

    async def post_until_down(lines: bytes, post: Any = server.post) -> Answer:
        server.is_down = server.is_down or len(server.points) >= 9
        answer: Answer = await post(lines)
        return answer

    server.post = post_until_down  # type: ignore[method-assign]
    async with app:
        for number in range(40):
            speed(number)
        await asyncio.sleep(1)
        assert balanced(observer)
        assert observer.stats.sent == len(server.points)

    assert observer.stats.sent == len(server.points) == 9
    assert observer.stats.dropped["refused"] == 1
    assert balanced(observer)


async def test_an_app_that_cannot_write_for_want_of_a_token_closes_at_once() -> None:
    app = make_app()
    server = MemoryInflux(answers=[Answer(401)] * 100)
    speed = monitor(app)
    speed.subscribe(observer := InfluxObserver(client=server))
    loop = asyncio.get_running_loop()
    async with app:
        speed(1)
        await asyncio.sleep(1)
        closing = loop.time()

    assert loop.time() - closing < 1
    assert observer.stats.dropped == {"closed": 1}


async def test_a_batch_of_no_points_is_refused() -> None:
    with pytest.raises(WiringError, match="batch_size -1"):
        InfluxObserver(write_options={"batch_size": -1}, app=make_app())


async def test_items_that_came_before_the_app_opened_are_written_when_it_does() -> None:
    app, server = make_app(), MemoryInflux()
    observer = InfluxObserver("early", client=server, app=app)
    observer.on_next(1)
    async with app:
        pass

    assert [point.measurement for point in server.points] == ["early"]


async def test_an_app_that_does_not_know_where_to_write_does_not_open_and_says_what_to_set() -> None:
    app = make_app()
    monitor(app).subscribe(InfluxObserver())
    with pytest.raises(ConfigError, match=r"influxdb\.url and influxdb\.bucket not set"):
        await app.open()


async def test_tags_that_make_no_sense_are_refused_when_the_observer_is_made() -> None:
    with pytest.raises(WiringError, match="tags are"):
        InfluxObserver(tags="lane")
