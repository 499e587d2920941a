"""RedisConnection: what it notices, how soon, whom it tells; in virtual time, with a world that lies on command."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from redis.asyncio import Redis
from redis.exceptions import AuthenticationError, NoPermissionError
from redis.exceptions import ConnectionError as RedisConnectionError

from mape.application import App, set_default_app
from mape.errors import ConfigError, ConnectError
from mape.item import Event
from mape.remote.memory import memory_redis, memory_server
from mape.remote.redis import RedisConnection, connection_of
from mape.remote.redis.address import Address, Kind
from mape.settings import load
from mape.testing import collect

pytestmark = pytest.mark.virtual_time
ADDRESS = Address(Kind.SERVER, (("far", 6379),), password="hunter2")  # noqa: S106 - the one to look for


class FakeClients:
    """A world that answers, refuses or falls silent, as it is told."""

    client: Any = None
    reaching = 2.0

    def __init__(self, mood: BaseException | str = "answers") -> None:
        self.mood = mood
        self.answered = asyncio.Event()
        self.pings: list[float] = []
        self.hung_up: list[float] = []

    async def ping(self) -> None:
        self.pings.append(now())
        if isinstance(self.mood, BaseException):
            raise self.mood
        if self.mood == "silent":
            await asyncio.Event().wait()

    def dedicated(self, key: str | bytes | None) -> Redis:
        raise NotImplementedError

    async def hang_up(self) -> None:
        self.hung_up.append(now())


def now() -> float:
    return asyncio.get_running_loop().time()


def refused() -> RedisConnectionError:
    return RedisConnectionError("connection refused")


@pytest.fixture
def name() -> str:
    return f"t{uuid.uuid4().hex[:12]}"


def connected(app: App, mood: BaseException | str = "answers", **options: Any) -> tuple[RedisConnection, FakeClients]:
    clients = FakeClients(mood)
    return app.services.shared("redis", lambda: RedisConnection(app, ADDRESS, clients, **options)), clients


def kinds(events: Any) -> list[str]:
    return [event.kind for event in events]


async def settled(condition: Callable[[], bool], within: float) -> float:
    begin = now()
    while not condition():
        await asyncio.sleep(0.01)
        assert now() - begin <= within
    return now() - begin


async def test_it_is_up_as_soon_as_the_app_is_open(app: App) -> None:
    connection, clients = connected(app)
    events = collect(app.events)
    async with app:
        assert connection.is_up
        assert now() == 0
    assert kinds(events) == ["connected"]
    assert not connection.is_up
    assert clients.hung_up


async def test_a_server_that_is_not_there_does_not_keep_the_app_from_opening(app: App) -> None:
    connection, clients = connected(app, refused())
    events = collect(app.events)
    async with app:
        assert now() == 0
        assert not connection.is_up
        await asyncio.sleep(30)
        clients.mood = "answers"
        await connection.wait_up(2)
    assert kinds(events) == ["disconnected", "connected"]


async def test_a_silent_server_keeps_the_app_waiting_for_a_second(app: App) -> None:
    connected(app, "silent")
    async with app:
        assert now() == pytest.approx(1.0)


async def test_silence_is_noticed_after_three_seconds_and_all_connections_are_broken(app: App) -> None:
    connection, clients = connected(app)
    events = collect(app.events)
    async with app:
        await asyncio.sleep(10.5)
        clients.mood = "silent"
        took = await settled(lambda: not connection.is_up, within=5)
        assert 2.5 <= took <= 3.6
        assert clients.hung_up == [pytest.approx(10.5 + took, abs=0.02)]
    assert kinds(events) == ["connected", "disconnected"]
    assert "no answer for 3 s" in events[-1].text


async def test_it_is_back_within_a_second_of_healing_and_tells_so(app: App) -> None:
    connection, clients = connected(app)
    events = collect(app.events)
    async with app:
        for outage in (0.3, 12, 600):
            await asyncio.sleep(5)
            clients.mood = refused()
            await settled(lambda: not connection.is_up, within=1.1)
            await asyncio.sleep(outage)
            clients.mood = "answers"
            assert await settled(lambda: connection.is_up, within=1.1) <= 1.1
    assert kinds(events) == ["connected", *["disconnected", "connected"] * 3]
    assert connection.restarts == 3


async def test_a_connection_refused_is_tried_again_at_most_a_second_later_and_not_in_a_rush(app: App) -> None:
    _, clients = connected(app, refused())
    async with app:
        await asyncio.sleep(60)
    gaps = [later - earlier for earlier, later in zip(clients.pings, clients.pings[1:], strict=False)]
    assert max(gaps) <= 1.0
    assert min(gaps) >= 0.02
    assert len(clients.pings) < 100


async def test_after_a_success_it_is_in_a_hurry_again(app: App) -> None:
    connection, clients = connected(app, refused())
    async with app:
        await asyncio.sleep(60)
        clients.mood = "answers"
        await connection.wait_up(2)
        clients.mood = refused()
        await settled(lambda: not connection.is_up, within=1.1)
        clients.mood = "answers"
        assert await settled(lambda: connection.is_up, within=1) <= 0.1


async def test_a_try_without_an_answer_does_not_add_its_own_time_to_the_wait(app: App) -> None:
    connection, clients = connected(app)
    async with app:
        clients.mood = "silent"
        await asyncio.sleep(60)
        begin = now()
        clients.mood = "answers"
        await connection.wait_up(5)
        assert now() - begin <= 2.1


async def test_a_blocked_event_loop_is_not_a_fault_of_the_server(app: App) -> None:
    connection, clients = connected(app)
    events = collect(app.events)
    async with app:
        original = clients.ping

        async def late() -> None:
            await original()
            await asyncio.sleep(2.1)  # the answer is there, and is read after the deadline has passed

        clients.ping = late  # type: ignore[method-assign]
        await asyncio.sleep(20)
        assert connection.is_up
    assert kinds(events) == ["connected"]


async def test_who_saw_an_error_makes_it_ask_at_once(app: App) -> None:
    connection, clients = connected(app)
    async with app:
        await asyncio.sleep(0.5)
        connection.suspect()
        assert not connection.is_up
        await connection.wait_up(0.1)
        assert clients.pings == [0, 0.5]
        clients.mood = refused()
        connection.suspect()
        with pytest.raises(ConnectError, match=r"no Redis at redis://far:6379 within 0\.2 s: connection refused"):
            await connection.wait_up(0.2)


async def test_callbacks_hear_of_every_rise_and_fall_and_one_that_raises_harms_nobody(app: App) -> None:
    connection, clients = connected(app)
    heard: list[str] = []
    connection.on_up(lambda: 1 / 0)  # a mistake
    connection.on_up(lambda: heard.append("up"))
    down = connection.on_down(lambda: heard.append("down"))
    failures = collect(app.failures)
    async with app:
        late = connection.on_up(lambda: heard.append("late"))
        assert heard == ["up", "late"]
        clients.mood = refused()
        await settled(lambda: not connection.is_up, within=2)
        clients.mood = "answers"
        late.dispose()
        await connection.wait_up(2)
        await settled(lambda: len(heard) == 4, within=0.1)
        down.dispose()
        clients.mood = refused()
        await settled(lambda: not connection.is_up, within=2)
    assert heard == ["up", "late", "down", "up"]
    assert [type(failure.error) for failure in failures] == [ZeroDivisionError] * 2


async def test_wrong_credentials_keep_the_app_from_opening_and_are_not_shown(app: App) -> None:
    connected(app, AuthenticationError("invalid username-password pair"))
    with pytest.raises(ConfigError, match="redis://far:6379 refuses the credentials") as caught:
        await app.open()
    assert "hunter2" not in str(caught.value)
    assert not app.is_open


async def test_a_user_who_may_not_ping_is_answered_all_the_same(app: App) -> None:
    connection, _ = connected(app, NoPermissionError("no permission to run 'ping'"))
    async with app:
        await asyncio.sleep(10)
        assert connection.is_up


async def test_a_fault_that_nobody_foresaw_is_one_more_failed_try(app: App) -> None:
    connection, clients = connected(app, AttributeError("deep inside"))
    async with app:
        await asyncio.sleep(5)
        clients.mood = "answers"
        await connection.wait_up(2)


async def test_who_waits_before_the_connection_opens_hears_of_it(app: App, name: str) -> None:
    connection = connection_of(app, f"memory://{name}")
    waiting = asyncio.create_task(connection.wait_up(60.0))
    await asyncio.sleep(0)
    async with app:
        await waiting
        assert connection.is_up


async def test_an_app_can_be_opened_again(app: App) -> None:
    connection, _ = connected(app)
    for _ in range(2):
        async with app:
            await connection.wait_up(1)
        assert not connection.is_up


# -- connection_of -------------------------------------------------------------------------------------------------


async def test_the_same_url_is_the_same_connection_and_what_redis_url_says(name: str) -> None:
    url = f"memory://{name}"
    app = App(load(overrides={"redis.url": url}, environ={}))
    assert connection_of(app) is connection_of(app, url)
    assert connection_of(app) is not connection_of(app, "memory")
    assert str(connection_of(app).address) == url


async def test_the_default_app_is_the_default(app: App, name: str) -> None:
    set_default_app(app)
    try:
        assert connection_of(None, f"memory://{name}") is connection_of(app, f"memory://{name}")
    finally:
        set_default_app(None)


async def test_a_client_that_was_given_lends_its_settings_and_stays_its_owners(app: App, name: str) -> None:
    mine = memory_redis(name)
    connection = connection_of(app, mine)
    assert connection_of(app, mine) is connection
    async with app:
        await connection.client.set("a", 1)
        assert connection.client is not mine
        assert await mine.get("a") == b"1"
    assert await mine.get("a") == b"1"
    await mine.aclose()


async def test_no_url_is_an_error_that_says_where_to_set_one(app: App) -> None:
    with pytest.raises(ConfigError, match=r"redis.url is not set: set it in mape.yml, by MAPE_REDIS__URL"):
        connection_of(app)


async def test_a_malformed_url_is_an_error_that_names_where_it_was_set() -> None:
    app = App(load(environ={"MAPE_REDIS__URL": "redis://:hunter2@host:x"}))
    with pytest.raises(ConfigError, match=r"^MAPE_REDIS__URL: redis\.url: .*malformed host or port") as caught:
        connection_of(app)
    assert "hunter2" not in str(caught.value)
    with pytest.raises(ConfigError, match=r"^argument redis: "):
        connection_of(app, "host:1")


async def test_an_outage_of_the_memory_server_is_like_any_other(app: App, name: str) -> None:
    connection = app.services.shared(
        "redis", lambda: RedisConnection(app, Address(Kind.MEMORY, name=name), ping_every=1.0)
    )
    events = collect(app.events)
    async with app:
        client = connection.dedicated()
        async with client.pubsub() as pubsub:
            await pubsub.subscribe("x")
            assert await connection.client.publish("x", b"1") == 1
        memory_server(name).connected = False
        await settled(lambda: not connection.is_up, within=4)
        with pytest.raises(RedisConnectionError):
            await connection.client.get("a")
        memory_server(name).connected = True
        await connection.wait_up(2)
        await connection.client.set("a", 1)
        await client.aclose()
    assert kinds(events) == ["connected", "disconnected", "connected"]
    assert isinstance(events[0], Event)


async def test_a_day_of_a_memory_server_costs_few_questions(app: App, name: str) -> None:
    connection_of(app, f"memory://{name}")
    async with app:
        await asyncio.sleep(86_400)
