"""Knowledge in a store on the page: seen, changed, never overwritten unseen; and what other programs do to it."""

# ruff: noqa: E501 - the lines of scripts and texts

from __future__ import annotations

import contextlib
import json
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from playwright.sync_api import Locator, Page, expect
from redis import Redis

from tests.browser.conftest import Opener
from tests.browser.eyes import live, picked, told
from tests.browser.plant import Plant
from tests.browser.test_access import faults
from tests.browser.test_hostile import CLASSIC, MARKUP, TRACES
from tests.system.redis_server import RedisServer, free_ports, running

pytestmark = pytest.mark.system

Planter = Callable[..., Plant]
Store = Any
"""A client of redis-py, whose types are those of its async twin, too."""
LOOP = "k.loop.heating."
SOON = 1.0
"""How soon what somebody else changes is to be seen [s]."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    (port,) = free_ports(1)
    made = RedisServer(Path(tmp_path_factory.mktemp("redis")), port)
    with running(made):
        yield made


@pytest.fixture
def store(server: RedisServer) -> Iterator[Store]:
    """Another program that works on the same store, which is empty."""
    client = Redis(port=server.port)
    client.flushall()
    client.config_set("notify-keyspace-events", "")
    yield client
    client.close()


@pytest.fixture
def house(server: RedisServer, store: Store, plant: Planter) -> Plant:  # noqa: ARG001 - it is emptied before
    return plant("house", **{"redis.url": server.url})


def look(page: Page) -> Page:
    live(page, 2)
    picked(page, "", "knowledge")
    return page


def rows(within: Page | Locator) -> Locator:
    """The lines of all keys, or of the entries of one."""
    return within.locator(f"{'.part-body' if isinstance(within, Page) else '.details'} > .knowledge > .known")


def row(within: Page | Locator, name: str) -> Locator:
    """The line of a key, or of an entry."""
    page = within if isinstance(within, Page) else within.page
    key = page.locator(":scope > .known-row > .known-key", has_text=re.compile(f"^{re.escape(name)}$"))
    return rows(within).filter(has=key)


def said(line: Locator) -> Locator:
    """What a line says of its value."""
    return line.locator("> .known-row > .known-value")


def opened_row(within: Page | Locator, name: str) -> Locator:
    found = row(within, name)
    found.get_by_role("button").first.click()
    return found


def seen(page: Page, condition: Callable[[], bool], within: float) -> float:
    """How long it takes until `condition` holds [s]."""
    begin = time.monotonic()
    while not condition():
        assert time.monotonic() - begin < within, f"not within {within} s"
        page.wait_for_timeout(10)
    return time.monotonic() - begin


# -- looking -----------------------------------------------------------------------------------------------------------


def stock(store: Store) -> None:
    store.sadd(f"{LOOP}cars", "alice", "bob")
    store.hset(f"{LOOP}limits", mapping={"bath": "23", "kitchen": '{"low": 18, "high": 22}'})
    store.rpush(f"{LOOP}plan", "first", "second", "third")
    store.zadd(f"{LOOP}ranks", {"kitchen": 1.5, "bath": 2})
    store.set(f"{LOOP}season", '"winter"')
    store.mset({"k.counts.a": "1", "k.counts.b": "2"})


def test_collections_are_shown_with_their_kind_and_length_and_open_as_trees(
    opened: Opener, house: Plant, store: Store
) -> None:
    stock(store)
    house.ask('app["heating"].k.create_hash("limits", dict) and 0')
    page = look(opened(house.url))
    for name, text, kind in (
        ("cars", "2 members", "set"),
        ("limits", "2 fields", "hash of dict"),
        ("plan", "3 items", "list"),
        ("ranks", "2 members", "sorted set"),
        ("season", '"winter"', "str"),
        ("counts", "2 entries", "keyspace"),
    ):
        expect(said(row(page, name))).to_have_text(text)
        expect(row(page, name).locator("> .known-row > .known-type")).to_have_text(kind)

    limits = opened_row(page, "limits")
    kitchen = opened_row(limits, "kitchen")
    expect(kitchen.locator(".tree")).to_contain_text("high")
    plan = opened_row(page, "plan")
    expect(plan.locator(".known .known-value")).to_have_text(['"first"', '"second"', '"third"'])
    counts = opened_row(page, "counts")
    expect(counts.locator(".known .known-key")).to_have_text(["a", "b"])


def test_a_token_that_may_only_read_sees_no_buttons(opened: Opener, house: Plant, store: Store) -> None:
    stock(store)
    page = look(opened(house.url))
    told(page, "store.update({hello: {...s.hello, may: ['read']}})")
    cars = opened_row(page, "cars")
    expect(cars).to_contain_text("needs a token with the control scope")
    cars.locator(".known").first.get_by_role("button").first.click()
    expect(cars.get_by_role("button", name=re.compile("Edit|Remove|Add"))).to_have_count(0)


def test_a_queue_is_shown_and_says_why_it_is_not_changed_here(opened: Opener, house: Plant, store: Store) -> None:
    house.ask('app["heating"].k.create_queue("jobs") and 0')
    store.lpush(f"{LOOP}jobs", "x")
    jobs = opened_row(look(opened(house.url)), "jobs")
    expect(jobs).to_contain_text("belongs to whoever takes it next")
    expect(jobs.get_by_role("button", name=re.compile("Edit|Remove|Add"))).to_have_count(0)


# -- changing ----------------------------------------------------------------------------------------------------------


def test_entries_are_changed_added_and_removed_by_hand(opened: Opener, house: Plant, store: Store) -> None:
    stock(store)
    page = look(opened(house.url))

    limits = opened_row(page, "limits")
    bath = opened_row(limits, "bath")
    bath.get_by_role("button", name="Edit").click()
    expect(bath.get_by_role("textbox")).to_be_focused()
    bath.get_by_role("textbox").fill("{24")
    bath.get_by_role("button", name="Save").click()
    expect(bath.get_by_role("alert")).to_contain_text("line 1")
    bath.get_by_role("textbox").fill("24")
    bath.get_by_role("button", name="Save").click()
    expect(said(bath)).to_have_text("24")
    limits.get_by_role("button", name="Add a field").click()
    limits.get_by_label("name").fill("cellar")
    limits.get_by_label("value as JSON").fill("8")
    limits.get_by_role("button", name="Add", exact=True).click()
    expect(limits.locator(".known .known-key")).to_have_text(["bath", "cellar", "kitchen"])
    assert store.hgetall(f"{LOOP}limits")[b"bath"] == b"24"
    assert store.hget(f"{LOOP}limits", "cellar") == b"8"

    cars = opened_row(page, "cars")
    alice = cars.locator(".known").first
    alice.get_by_role("button").first.click()
    alice.get_by_role("button", name="Remove").click()
    expect(alice.get_by_role("group", name=re.compile('Remove "alice" from cars'))).to_be_visible()
    alice.get_by_role("button", name="remove", exact=True).click()
    expect(cars.locator(".known")).to_have_count(1)
    cars.get_by_role("button", name="Add a member").click()
    cars.get_by_label("text").fill("bob")
    cars.get_by_role("button", name="Add", exact=True).click()
    expect(cars.get_by_role("alert")).to_contain_text("that is in it already")
    cars.get_by_label("text").fill("carol")
    cars.get_by_label("text").press("Escape")
    assert store.smembers(f"{LOOP}cars") == {b"bob"}

    plan = opened_row(page, "plan")
    second = opened_row(plan, "1")
    second.get_by_role("button", name="Remove").click()
    expect(second.locator(".confirm")).to_contain_text('Remove item 1, which is "second", from plan?')
    second.get_by_role("button", name="remove", exact=True).click()
    expect(plan.locator(".known .known-value")).to_have_text(['"first"', '"third"'])
    assert store.lrange(f"{LOOP}plan", 0, -1) == [b"first", b"third"]


CARELESS = {
    "panels/knowledge-edit.js": (
        "const is_other = entry.mark !== begun.mark;",
        "begun = entry; const is_other = false;",
    )
}


def overwrite(page: Page, store: Store) -> None:
    """Have a person save what somebody else has changed since they began."""
    store.hset(f"{LOOP}limits", mapping={"bath": "23"})
    limits = opened_row(page, "limits")
    bath = opened_row(limits, "bath")
    bath.get_by_role("button", name="Edit").click()
    bath.get_by_role("textbox").fill("25")
    store.hset(f"{LOOP}limits", "bath", "30")
    expect(said(bath)).to_have_text("30")
    save = bath.get_by_role("button", name="Save")
    if save.is_enabled():
        save.click()
        with contextlib.suppress(AssertionError):
            seen(page, lambda: store.hget(f"{LOOP}limits", "bath") != b"30", 5)
    assert store.hget(f"{LOOP}limits", "bath") == b"30", "somebody's change is gone, and nobody saw it"
    expect(bath.get_by_role("alert").first).to_contain_text("Somebody else changed it meanwhile: it is 30 now")
    expect(bath.get_by_role("textbox")).to_have_value("25")


def test_what_somebody_else_changed_is_overwritten_only_on_purpose(opened: Opener, house: Plant, store: Store) -> None:
    page = look(opened(house.url))
    overwrite(page, store)
    page.get_by_role("button", name="Overwrite that").click()
    page.get_by_role("button", name="Save").click()
    expect(said(row(row(page, "limits"), "bath"))).to_have_text("25")
    assert store.hget(f"{LOOP}limits", "bath") == b"25"


def test_a_page_that_takes_the_newest_for_what_the_person_saw_is_found(
    opened: Opener, house: Plant, store: Store
) -> None:
    with pytest.raises(AssertionError, match="nobody saw it"):
        overwrite(look(opened(house.url, planted=CARELESS)), store)


def test_an_entry_that_somebody_removed_meanwhile_says_so_and_keeps_the_form(
    opened: Opener, house: Plant, store: Store
) -> None:
    stock(store)
    page = look(opened(house.url))
    limits = opened_row(page, "limits")
    bath = opened_row(limits, "bath")
    bath.get_by_role("button", name="Edit").click()
    store.hdel(f"{LOOP}limits", "bath")
    expect(limits.get_by_role("alert")).to_contain_text("Somebody else removed bath meanwhile")
    limits.get_by_role("button", name="all right").click()
    expect(limits.locator(".known .known-key")).to_have_text(["kitchen"])


# -- what others do ----------------------------------------------------------------------------------------------------

DEAF = {"panels/knowledge-shelf.js": ("if (is_here) timer = setTimeout(ask, wait * 1000);", "")}


def says(page: Page, text: str) -> Callable[[], bool]:
    return lambda: said(row(page, "cars")).inner_text() == text


def others_change(page: Page, store: Store) -> list[float]:
    """Change things from elsewhere; return how soon each was seen [s]."""
    store.sadd(f"{LOOP}cars", "a")
    expect(said(row(page, "cars"))).to_have_text("1 member")
    cars = opened_row(page, "cars")
    expect(cars.locator(".known")).to_have_count(1)
    times = []
    for number in range(2, 6):
        store.sadd(f"{LOOP}cars", f"car {number}")
        times.append(seen(page, says(page, f"{number} members"), 2 * SOON))
        expect(cars.locator(".known")).to_have_count(number)
        assert row(page, "cars").get_attribute("data-flash") is not None, "what has changed is not marked"
        expect(cars.locator(".known[data-flash]")).to_have_count(1)
    seen(page, lambda: page.locator(".known[data-flash]").count() == 0, 5)
    return times


@pytest.mark.parametrize("is_told", [True, False])
def test_a_change_by_somebody_else_is_seen_within_a_second_and_marked(
    opened: Opener, house: Plant, store: Store, is_told: bool
) -> None:
    if is_told:
        store.config_set("notify-keyspace-events", "KA")
    page = look(opened(house.url))
    store.sadd(f"{LOOP}first", "a")
    expect(page.get_by_text(re.compile("The store tells" if is_told else "The store does not tell"))).to_be_visible()
    times = others_change(page, store)
    print(f"told: {is_told}: seen after {min(times):.2f} to {max(times):.2f} s")
    assert sorted(times)[len(times) // 2] < SOON


def test_a_page_that_does_not_ask_again_is_found(opened: Opener, house: Plant, store: Store) -> None:
    store.sadd(f"{LOOP}cars", "before")
    page = look(opened(house.url, planted=DEAF))
    expect(said(row(page, "cars"))).to_have_text("1 member")
    with pytest.raises(AssertionError):
        others_change(page, store)


def test_who_does_not_look_asks_for_nothing(opened: Opener, house: Plant, store: Store) -> None:
    stock(store)
    page = look(opened(house.url))
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/live/shared" in request.url else None)
    seen(page, lambda: len(asked) > 1, 10)
    told(page, "store.update({sheet: null})")
    page.wait_for_timeout(300)
    before = len(asked)
    page.wait_for_timeout(2500)
    assert len(asked) == before
    picked(page, "", "knowledge")
    seen(page, lambda: len(asked) > before, 10)


def test_a_store_that_is_gone_is_said_so_what_was_known_is_kept_and_it_comes_back(
    opened: Opener, house: Plant, store: Store, server: RedisServer
) -> None:
    stock(store)
    page = look(opened(house.url))
    expect(said(row(page, "cars"))).to_have_text("2 members")
    assert store.ping()
    server.kill()
    try:
        trouble = page.locator(".shared-trouble")
        expect(trouble).to_contain_text(f"{server.port} cannot be reached")
        expect(trouble).to_contain_text("What is shown is what was known at")
        expect(said(row(page, "cars"))).to_have_text("2 members")
        expect(page.get_by_text("· old").first).to_be_visible()
        expect(row(page, "inhabitants")).to_be_visible()
    finally:
        server.start()
    store.sadd(f"{LOOP}cars", "new")
    expect(page.locator(".shared-trouble")).to_have_count(0)
    expect(said(row(page, "cars"))).to_have_text("1 member")


# -- many, and hostile -------------------------------------------------------------------------------------------------


def test_thousands_of_keys_stay_fluid_and_are_found_by_searching(opened: Opener, house: Plant, store: Store) -> None:
    store.mset({f"{LOOP}n{number:05}": number for number in range(5_000)})
    store.sadd(f"{LOOP}zebras", *range(100_000))
    page = look(opened(house.url))
    expect(page.get_by_text(re.compile("^5.002 keys"))).to_be_visible()
    assert page.locator(".sheet *").count() < 700
    frames = page.evaluate("""async () => { let longest = 0, last = performance.now(); const end = last + 3000;
        while (last < end) { const now = await new Promise(requestAnimationFrame); longest = Math.max(longest, now - last); last = now; }
        return longest; }""")
    begin = time.monotonic()
    page.get_by_label("key or value").fill("zebra")
    expect(rows(page)).to_have_count(1)
    took = time.monotonic() - begin
    zebras = opened_row(page, "zebras")
    expect(zebras.locator(".known")).to_have_count(50)
    expect(zebras.get_by_role("button", name=re.compile("^show more of"))).to_be_visible()
    assert page.locator(".sheet *").count() < 700
    page.get_by_label("key or value").fill("n04999")
    expect(rows(page)).to_have_count(1)
    print(f"5,000 keys: the longest frame {frames:.0f} ms; found after {took:.2f} s")
    assert frames < 500


TEXT = st.characters(codec="utf-8")
KEY = (st.text(TEXT, min_size=1, max_size=40) | MARKUP.map("".join)).filter(bool)


def test_keys_and_values_of_others_are_text(opened: Opener, house: Plant, store: Store) -> None:
    page = look(opened(house.url))
    page.on("dialog", lambda dialog: pytest.fail(f"a dialog: {dialog.message}"))
    texts = [text[:300].encode(errors="surrogatepass") for text in CLASSIC if text.strip()]
    store.sadd(f"{LOOP}classics", *texts)
    for text in CLASSIC[:16]:
        store.hset(
            "k.loop.air." + text[:150].replace(".", ":"),
            mapping={text[:200].encode(errors="replace"): text[:500].encode(errors="replace")},
        )
    expect(page.get_by_text(CLASSIC[0].replace(".", ":")).first).to_be_visible()
    for each in rows(page).locator("> .known-row").all():
        each.click()
    for each in page.locator(".details .known > .known-row").all()[:30]:
        each.click()
    assert page.evaluate(TRACES) == []

    @settings(max_examples=8, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(
        st.dictionaries(
            KEY,
            st.lists(st.text(TEXT) | st.binary(), min_size=1, max_size=4),
            min_size=5,
            max_size=12,
        )
    )
    def check(keys: dict[str, list[Any]]) -> None:
        store.flushall()
        for number, (key, values) in enumerate(keys.items()):
            name = LOOP + key
            if number % 2:
                store.rpush(name, *values)
            else:
                store.hset(name, mapping={f"{key} {n}": value for n, value in enumerate(values)})
        store.set(f"{LOOP}done{hash(json.dumps(list(keys)))}", "1")
        expect(
            page.locator(".known-key").filter(has_text=re.compile(f"^done{hash(json.dumps(list(keys)))}$"))
        ).to_be_visible()
        for each in rows(page).locator("> .known-row").all()[:8]:
            each.click()
        assert told(page, "s.status") == "live"
        assert page.evaluate(TRACES) == []

    check()


# -- for everybody -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [1440, 390])
def test_no_part_of_it_has_a_fault_or_is_wider_than_its_place(
    opened: Opener, house: Plant, store: Store, server: RedisServer, width: int
) -> None:
    stock(store)
    page = look(
        opened(house.url, width=width, height=844, color_scheme="light", bypass_csp=True, reduced_motion="reduce")
    )
    limits = opened_row(page, "limits")
    bath = opened_row(limits, "bath")
    cars = opened_row(page, "cars")
    rows(cars).first.get_by_role("button").first.click()
    cars.get_by_role("button", name="Remove").click()
    cars.get_by_role("button", name="Add a member").click()
    bath.get_by_role("button", name="Edit").click()
    store.hset(f"{LOOP}limits", "bath", "30" * 20)
    expect(bath.get_by_role("alert").first).to_be_visible()
    found = faults(page, "conflict")
    over = "() => [document.documentElement, document.querySelector('.sheet-body')].map(each => each.scrollWidth - each.clientWidth)"
    assert page.evaluate(over) == [0, 0]
    server.kill()
    try:
        expect(page.locator(".shared-trouble")).to_be_visible()
        found += faults(page, "gone")
    finally:
        server.start()
    assert found == []
