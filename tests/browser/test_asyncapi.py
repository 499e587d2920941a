"""The page of channels and streams in a real browser: what it shows, of whatever names, and how one finds it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

import mape
from mape.asyncapi import add_asyncapi
from mape.remote.rest import POSTObserver, RestServer
from mape.settings.schema import Rest

pytestmark = pytest.mark.system

HOSTILE = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>"


@dataclass
class Car:
    id: int
    kmh: float


@pytest.fixture
def url() -> Iterator[str]:
    """Serve an app from a thread of its own."""
    app = mape.App()
    loop = app.loop("road")

    def sense(item: int) -> Car:
        return Car(item, 1.0)

    sense.__doc__ = HOSTILE
    loop.monitor(sense).subscribe(POSTObserver("http://127.0.0.1:1", "town.show", app=app))
    loop.execute(uid="act")(print)
    server = add_asyncapi(RestServer(app, Rest(host_port="127.0.0.1:0")))
    ready, events = threading.Event(), list[Any]()

    async def serve() -> None:
        stop = asyncio.Event()
        events[:] = [asyncio.get_running_loop(), stop]
        async with app:
            ready.set()
            await stop.wait()

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    assert ready.wait(10)
    try:
        yield server.url
    finally:
        events[0].call_soon_threadsafe(events[1].set)
        thread.join(10)


@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (1440, "dark"), (390, "dark")])
def test_channels_and_types_are_shown_and_hostile_text_is_text(opened: Any, url: str, width: int, scheme: str) -> None:
    page = opened(f"{url}/asyncapi", width=width, color_scheme=scheme)
    card = page.locator("#channel-loops_road_elements_sense")
    card.wait_for()
    assert "kmh" in card.inner_text()
    assert HOSTILE in card.inner_text()
    assert page.title() == "Channels · mape"
    assert page.locator("html").get_attribute("data-theme") == scheme
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_channel_is_found_by_its_name_or_type(opened: Any, url: str) -> None:
    page = opened(f"{url}/asyncapi")
    page.locator("article").first.wait_for()
    assert page.locator("article").count() == 3
    page.get_by_label("Find a channel or type").fill("town")
    assert page.locator("article h3").all_inner_texts() == ["/loops/town/elements/show"]
    page.get_by_label("Find a channel or type").fill("nothing like that")
    assert page.get_by_text("No channel matches.").is_visible()


def test_the_documentation_leads_to_it(opened: Any, url: str) -> None:
    page = opened(f"{url}/docs")
    with page.context.expect_page() as following:
        page.get_by_role("link", name="Channels and streams").click()
    following.value.locator("article").first.wait_for()
