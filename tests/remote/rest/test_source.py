from __future__ import annotations

import asyncio
from typing import Any

import pytest

import mape
from mape.errors import UidError, WiringError
from mape.remote.memory import MemorySession
from mape.remote.rest.observer import POSTObserver
from mape.remote.rest.server import RestServer
from mape.remote.rest.source import PostObservable
from mape.settings.schema import Rest
from mape.testing import collect

pytestmark = pytest.mark.virtual_time
URL = "http://127.0.0.1:8000"


@pytest.fixture
def there() -> mape.App:
    return mape.App()


@pytest.fixture
def session(there: mape.App) -> Any:
    server = RestServer(there, Rest(host_port="127.0.0.1:0"))
    there.services.remove(server)  # it is called in this process: nothing needs to listen
    return MemorySession(server.asgi)


@pytest.mark.parametrize("path", ["cars.speed", "cars"])
async def test_what_others_post_to_its_path_comes_out(there: mape.App, session: Any, app: mape.App, path: str) -> None:
    source = PostObservable(path, app=there)
    seen = collect(source.pipe(mape.operators.map(lambda item: item + 1)))
    element = there.loop("l").execute(uid="e")(lambda item: item)
    source.subscribe(element)
    sink = POSTObserver(URL, path, session=session, app=app)
    async with there, app:
        for item in (1, 2, 3):
            sink.on_next(item)
        async with asyncio.timeout(5):
            await sink.flush()
        assert element.stats.received == 3

    assert seen == [2, 3, 4]


async def test_before_somebody_listens_posts_wait_at_their_sender(there: mape.App, session: Any, app: mape.App) -> None:
    source = PostObservable("cars.speed", app=there)
    sink = POSTObserver(URL, "cars.speed", session=session, app=app)
    async with there, app:
        sink.on_next(1)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(5):
                await sink.flush()
        seen = collect(source)
        await sink.flush()

    assert seen == [1]


async def test_items_are_read_as_what_those_who_listen_now_expect(there: mape.App, session: Any, app: mape.App) -> None:
    source = PostObservable("cars.speed", app=there)
    seen: list[object] = []

    def whole(item: int) -> None:
        seen.append(item)

    def texts(item: str) -> None:
        seen.append(item)

    sink = POSTObserver(URL, "cars.speed", session=session, app=app)
    async with there, app:
        for item, element in ((1, there.loop("l").execute(whole)), ("one", there.loop("l").execute(texts))):
            subscription = source.subscribe(element)
            sink.on_next(item)
            async with asyncio.timeout(5):
                await sink.flush()
            subscription.dispose()

    assert seen == [1, "one"]


async def test_a_source_whose_app_has_closed_takes_nothing(there: mape.App) -> None:
    source = PostObservable("cars.speed", app=there)
    collect(source)
    states = [source.takes_posts]
    async with there:
        states.append(source.takes_posts)
    states.append(source.takes_posts)

    assert states == [False, True, False]


async def test_without_a_server_it_says_what_to_set() -> None:
    app = mape.App()
    events = collect(app.events)
    collect(PostObservable("cars.speed", app=app))
    async with app:
        pass

    assert [(event.kind, event.path) for event in events] == [("unreachable", "cars.speed")]
    assert "rest.host_port" in events[0].text


def test_two_sources_cannot_have_one_path(there: mape.App) -> None:
    first = PostObservable("cars.speed", app=there)
    first.subscribe(print)
    first.subscribe(repr)
    with pytest.raises(WiringError, match=r"another PostObservable listens at 'cars\.speed'"):
        PostObservable("cars.speed", app=there).subscribe(print)

    assert sum(isinstance(service, PostObservable) for service in there.services) == 1


@pytest.mark.parametrize("path", ["", "a b", "a/b", "a..b"])
def test_a_malformed_path_is_refused(path: str) -> None:
    with pytest.raises(UidError):
        PostObservable(path)


async def test_while_the_app_drains_it_takes_nothing_more(there: mape.App) -> None:
    source = PostObservable("cars.speed", app=there)
    collect(source)
    async with there:
        await source.drain()
        assert source.takes_posts is False
