"""One item's way through two programs on the page of the first, with times: over REST, and over Redis."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Opener
from tests.browser.eyes import live, picked, told, until
from tests.browser.plant import Plant
from tests.system.redis_server import RedisServer, free_ports, running

pytestmark = pytest.mark.system

Planter = Callable[..., Plant]
Planted = dict[str, tuple[str, str]]

SEES = ["lookout.watch", "lookout.warn"]
ACTS = ["barrier.judge", "barrier.lower"]
TIME = re.compile(r"([\d.]+)\u202f(ms|s|µs)")


@dataclass
class Way:
    """What the panel shows of an item's way.

    Args:
        lanes: The processes' names, in order.
        at: When it came to each element, since it began [s].
        took: How long each had it [s]; None where it says nothing.
        texts: What it was there.
    """

    lanes: list[str]
    paths: list[str]
    at: list[float | None]
    took: list[float | None]
    texts: list[str]
    summary: str


def pair(plant: Planter, bugs: str = "", **settings: str) -> tuple[Plant, Plant]:
    """Return two programs, not connected yet, of which the first shows the second, too."""
    far = plant("barrier", **{"rest.title": "barrier", **settings})
    near = plant("lookout", bugs=bugs, **{"rest.title": "lookout", "rest.peers": far.url, **settings})
    return near, far


def joined_by_rest(near: Plant, far: Plant) -> None:
    """Have the warnings of the first program sent to the second."""
    near.ask(f'str(app["lookout.warn"].subscribe(POSTObserver("{far.url}", "barrier.judge", app=app)))')


def joined_by_redis(near: Plant, far: Plant) -> None:
    """Have the warnings of the first program published, and taken up by the second."""
    far.ask('str(SubObservable("warnings", app=app).subscribe(app["barrier.judge"]))')
    near.ask('str(app["lookout.warn"].subscribe(PubObserver("warnings", app=app)))')


def seconds(text: str) -> float | None:
    """Read a time as the page writes it."""
    found = TIME.search(text)
    return float(found[1]) * {"s": 1, "ms": 1e-3, "µs": 1e-6}[found[2]] if found else None


def pushed(page: Page) -> Way:
    """Push a train by hand, and read its way to the end."""
    picked(page, "lookout.watch")
    push = page.locator("[data-part=push]")
    push.get_by_label("number").fill("7")
    push.get_by_label("kmh").fill("160.5")
    push.get_by_role("button", name="Push", exact=True).click()
    push.get_by_role("button", name="show its way").click()
    panel = page.locator(".sheet-body .panel")
    expect(panel).to_contain_text("It came to its end.")
    hops = panel.locator(".hop")

    def texts(part: str) -> list[str]:
        return hops.locator(part).all_inner_texts()

    return Way(
        [text.strip() for text in panel.locator(".hop-lane").all_text_contents()],
        texts(".hop-path"),
        [seconds(text) for text in texts(".hop-at")],
        [seconds(text) for text in texts(".hop-took")],
        [row.replace("\n", " ") for row in texts(".hop-row")],
        panel.locator(".trace-head").inner_text(),
    )


def assert_whole(way: Way, near: Plant, far: Plant) -> None:
    """Fail unless a way leads through both programs, in order, with its times."""
    print(f"\n{' -> '.join(way.paths)} in {way.lanes}, at {way.at}, took {way.took} [s]")
    assert way.paths == SEES + ACTS
    assert way.lanes == ["lookout", "barrier"]
    assert "2 processes" in way.summary
    assert "4 elements" in way.summary
    at = [each for each in way.at if each is not None]
    assert len(at) == 4
    assert at == sorted(at)
    _, warned, judged, _ = way.took
    assert warned is not None
    assert warned >= 0.019, "it sleeps for 20 ms"
    assert judged is not None
    assert judged >= 0.029, "it sleeps for 30 ms"
    assert at[2] >= warned, "the second program has it after the first has given it"
    assert "Train" in way.texts[0]
    assert "TRAIN 7 COMES" in way.texts[3]
    assert far.ask("app.k.closed_for") == "TRAIN 7 COMES"
    assert near.pid != far.pid


def shown(opened: Opener, near: Plant, far: Plant, planted: Planted | None = None) -> Page:
    """Open the page of the first program, until it shows both and the way between them."""
    page = live(opened(near.url, planted=planted), 4)
    until(page, "Object.keys(s.graphs).length === 2")
    until(page, "s.graphs[''].edges.some(edge => edge.peer_target?.path === 'barrier.judge')")
    assert told(page, "Object.values(s.peers).map(peer => [peer.state, peer.title])") == [["connected", "barrier"]]
    assert far.url.split("/")[2] in told(page, "Object.keys(s.peers)")
    return page


def test_an_item_is_followed_by_rest_into_the_other_process(opened: Opener, plant: Planter) -> None:
    near, far = pair(plant)
    joined_by_rest(near, far)
    page = shown(opened, near, far)

    assert_whole(pushed(page), near, far)

    page.locator(".hop").nth(2).get_by_role("button").first.click()
    page.get_by_role("button", name="open this element").click()
    expect(page.locator(".panel").get_by_role("heading", name="judge")).to_be_visible()
    expect(page.locator(".panel")).to_contain_text("This element runs in another process, barrier.")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[RedisServer]:
    """Return a store of its own."""
    server = RedisServer(tmp_path, free_ports(1)[0])
    with running(server):
        yield server


def test_an_item_is_followed_by_redis_into_the_other_process(
    opened: Opener, plant: Planter, store: RedisServer
) -> None:
    near, far = pair(plant, **{"redis.url": store.url})
    joined_by_redis(near, far)

    assert_whole(pushed(shown(opened, near, far)), near, far)


APPENDED = "const hops = [...old.hops.slice(0, event.first ?? 0), ...fresh]"
BUGS: dict[str, tuple[str, Planted | None, list[str]]] = {
    "peers are not asked": ("solitary", None, SEES),
    "the page keeps only the latest hops": ("", {"state/events.js": (APPENDED, "const hops = [...fresh]")}, []),
}


@pytest.mark.parametrize("name", BUGS)
def test_a_way_that_is_not_whole_would_be_found(opened: Opener, plant: Planter, name: str) -> None:
    bugs, planted, left = BUGS[name]
    near, far = pair(plant, bugs)
    joined_by_rest(near, far)
    way = pushed(shown(opened, near, far, planted))

    with pytest.raises(AssertionError):
        assert_whole(way, near, far)
    assert not left or way.paths == left
