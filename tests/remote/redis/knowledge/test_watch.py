from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

import mape
from mape.remote.redis.collections import RedisStore, share_knowledge
from mape.remote.redis.knowledge import watch as watches
from mape.remote.redis.knowledge.watch import Notification


@pytest.fixture
async def store() -> AsyncIterator[RedisStore]:
    app = mape.App()
    made = share_knowledge(app, f"memory://k{uuid.uuid4().hex[:20]}")
    async with app:
        yield made


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 - the condition is anything
            await asyncio.sleep(0)


def test_a_notification_reads_as_an_object_and_as_a_dict() -> None:
    message = Notification("k.loop.bridge.cars", "cars", "sadd")
    assert (message.key, message.name, message.command) == (message["key"], message["name"], message["command"])
    assert not message.is_resync
    with pytest.raises(KeyError):
        message["__class__"]


async def test_the_first_subscription_and_each_one_later_is_told_to_read(store: RedisStore) -> None:
    heard: list[tuple[str, str]] = []
    store.app.k.notifications(lambda message: heard.append(("first", message.command)), "cars")
    await until(lambda: len(heard) == 1)
    store.app.k.notifications(lambda message: heard.append(("second", message.command)), "cars")
    await until(lambda: len(heard) == 2)
    assert heard == [("first", "resync"), ("second", "resync")]


async def test_notifications_come_one_at_a_time_and_in_order(store: RedisStore) -> None:
    heard, at_work = [], 0

    async def slow(message: Notification) -> None:
        nonlocal at_work
        at_work += 1
        assert at_work == 1
        await asyncio.sleep(0)
        heard.append(message.command)
        at_work -= 1

    store.app.k.notifications(slow, "cars")
    await until(lambda: heard == ["resync"])
    cars = store.app.k.create_set("cars")
    await cars.add("stays")
    for _ in range(20):
        await cars.add("a")
        await cars.remove("a")
    await until(lambda: len(heard) == 42)
    assert heard == ["resync", "sadd", *["sadd", "srem"] * 20]


@pytest.mark.parametrize("cmd_filter", [("sadd",), ["SADD"], "sadd"])
async def test_a_filter_takes_names_in_any_form(store: RedisStore, cmd_filter: Any) -> None:
    heard: list[str] = []
    store.app.k.notifications(lambda message: heard.append(message.command), "cars", cmd_filter)
    await until(lambda: bool(heard))
    cars = store.app.k.create_set("cars")
    await cars.add("a")
    await cars.remove("a")
    await cars.add("b")
    await until(lambda: len(heard) == 3)
    assert heard == ["resync", "sadd", "sadd"]


async def test_the_app_does_not_hear_of_what_loops_know(store: RedisStore) -> None:
    heard: list[str] = []
    store.app.k.notifications(lambda message: heard.append(message.key), "*")
    await until(lambda: bool(heard))
    await store.app.loop("bridge").k.create_set("cars").add("a")
    await store.app.k.create_set("cars").add("a")
    await until(lambda: len(heard) == 2)
    assert heard == ["k.*", "k.cars"]


async def test_a_handler_that_raises_is_reported_and_hears_the_next(store: RedisStore) -> None:
    heard: list[str] = []

    def bad(message: Notification) -> None:
        heard.append(message.command)
        raise ValueError("bad")

    failures: list[Any] = []
    store.app.failures.subscribe(failures.append)
    store.app.k.notifications(bad, "cars")
    await until(lambda: bool(heard))
    await store.app.k.create_set("cars").add("a")
    await until(lambda: heard == ["resync", "sadd"])
    await until(lambda: len(failures) == 2)
    assert failures[1].path == "k.cars"
    assert failures[1].item == Notification("k.cars", "cars", "sadd")


async def test_a_handler_that_is_too_slow_is_told_to_read_again(
    store: RedisStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watches, "SIZE", 10)
    heard: list[str] = []
    go_on = asyncio.Event()

    async def slow(message: Notification) -> None:
        heard.append(message.command)
        await go_on.wait()

    events: list[str] = []
    store.app.events.subscribe(lambda event: events.append(event.kind))
    watcher = store.app.k.notifications(slow, "cars")
    await until(lambda: bool(heard))
    for number in range(11):
        await store.app.k.create_set("cars").add(str(number))
    await until(lambda: watcher.missed > 0)
    go_on.set()
    await until(lambda: heard[-1] == "resync" and len(heard) == 2)
    assert watcher.missed == 11, "each change is heard of, or counted"
    assert "overflow" in events


async def test_changes_are_items_with_causes_of_their_own(store: RedisStore) -> None:
    causes: list[str | None] = []
    store.app.k.changes("cars", ("sadd",)).subscribe(lambda _: causes.append(mape.current_cause()))
    await until(lambda: len(causes) == 1)
    await store.app.k.create_set("cars").add("a")
    await until(lambda: len(causes) == 2)
    assert len({*causes, None}) == 3


async def test_changes_are_watched_while_somebody_listens(store: RedisStore) -> None:
    heard: list[str] = []
    changes = store.app.k.changes("cars", ("sadd",))
    for _ in range(3):
        one, other = (changes.subscribe(lambda message: heard.append(message.command)) for _ in range(2))
        await until(lambda: heard == ["resync"] * 2)
        one.dispose()
        await store.app.k.create_set("cars").add(uuid.uuid4().hex)
        await until(lambda: heard == ["resync"] * 2 + ["sadd"])
        other.dispose()
        heard.clear()
        assert not vars(store.watch)["_watchers"]


async def test_a_key_that_nobody_watched_any_more_can_be_watched_again(store: RedisStore) -> None:
    heard: list[str] = []
    for expected in (["resync", "sadd"], ["resync", "sadd", "resync", "sadd"]):
        watcher = store.app.k.notifications(lambda message: heard.append(message.command), "cars")
        await until(lambda: heard[-1:] == ["resync"])
        await store.app.k.create_set("cars").add(str(len(heard)))
        await until(lambda wanted=expected: heard == wanted)  # type: ignore[misc]
        watcher.dispose()
        await store.app.k.create_set("cars").add("nobody hears")


async def test_a_watcher_made_before_the_app_opens_hears() -> None:
    app, heard = mape.App(), []
    share_knowledge(app, f"memory://k{uuid.uuid4().hex[:20]}")
    app.k.notifications(lambda message: heard.append(message.command), "cars")
    async with app:
        await until(lambda: heard == ["resync"])
        await app.k.create_set("cars").add("a")
        await until(lambda: heard == ["resync", "sadd"])


async def test_an_app_that_opens_again_hears_again() -> None:
    app, heard = mape.App(), []
    share_knowledge(app, f"memory://k{uuid.uuid4().hex[:20]}")
    app.k.notifications(lambda message: heard.append(message.command), "cars")
    for turn in (1, 2):
        async with app:
            await until(lambda wanted=turn: heard.count("resync") == wanted)  # type: ignore[misc]


async def test_nothing_is_heard_after_the_app_is_closed() -> None:
    app, heard = mape.App(), []
    share_knowledge(app, f"memory://k{uuid.uuid4().hex[:20]}")
    app.k.notifications(lambda message: heard.append(message.command), "cars")
    before = asyncio.all_tasks()
    async with app:
        await until(lambda: heard == ["resync"])
    assert asyncio.all_tasks() == before


@pytest.mark.parametrize(
    ("held", "missing"),
    [("", "AK"), ("KEA", ""), ("AK", ""), ("Kg$lshzxet", ""), ("Kg$", "A"), ("Elm", "AK"), ("g$lshzxetdK", "")],
)
def test_what_a_server_already_tells_of_is_known(held: str, missing: str) -> None:
    assert watches.missing_letters(held) == set(missing)
