"""The live page as a whole: alive at once, by hand, by keyboard, light and dark, on a phone, over a restart."""

from __future__ import annotations

import json
import re
import statistics
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from playwright.sync_api import Error, Page, expect

from tests.browser.conftest import Opener
from tests.browser.eyes import SIZES, graph_place, live, picked, told, until
from tests.browser.plant import Plant

pytestmark = pytest.mark.system
expect.set_options(timeout=15_000)

Planter = Callable[..., Plant]

ALIVE = 2.0
"""Within which a page is complete and live, by its own clock, which begins when somebody opens it [s]."""
HOUSE = 10
"""Elements of the scene "house"."""
PAINT = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? performance.now()"


# -- alive at once -----------------------------------------------------------------------------------------------------


def come_alive(
    opened: Opener, program: Plant, elements: int, edges: int, loops: int, times: int = 5, patience: float = 20
) -> None:
    """Fail unless the graph is complete and live soon after opening, in the best of so many times."""
    took, paints = list[float](), list[float]()
    while not took or (min(took) > ALIVE and len(took) < times):
        page = opened(program.url, wait="commit")
        until(page, f"{SIZES}[0] === {elements} && Object.values(s.pulse).some(figures => figures.received)", patience)
        took.append(told(page, "performance.now()") / 1000)
        paints.append(page.evaluate(f"() => {PAINT}"))
        assert told(page, SIZES) == [elements, edges]
        drawn = page.evaluate("() => document.querySelector('#graph').stage.scene.nodes.size")
        assert drawn >= elements
        assert page.get_by_role("treeitem").count() >= loops
    print(f"\n{elements} elements: complete and live after {min(took):.2f} s, first paint after {min(paints):.0f} ms")
    assert min(took) < ALIVE
    assert min(paints) < 1000


def test_the_graph_is_complete_and_live_soon_after_opening(opened: Opener, plant: Planter) -> None:
    house = plant("house")
    house.ask('feed(100, "heating.thermometer")')
    come_alive(opened, house, HOUSE, 9, HOUSE)


def test_a_graph_of_five_hundred_elements_is_complete_and_live_as_soon(opened: Opener, plant: Planter) -> None:
    program = plant("many")
    program.ask("feed(100, *[f'level{n % 5}.loop{n:02}.step0' for n in range(50)])")
    come_alive(opened, program, 500, 450, 50)


@pytest.mark.parametrize(
    ("planted", "said"),
    [
        (
            ("graph: on_graph,", "graph: event => on_graph({...event, elements: event.elements.slice(1)}),"),
            "not within",
        ),
        (("graph: on_graph,", "graph: event => on_graph({...event, edges: event.edges.slice(1)}),"), "10, 8"),
        (("pulse: on_pulse,", "pulse: () => {},"), "not within"),
        (("graph: on_graph,", f"graph: event => setTimeout(on_graph, {ALIVE * 1000}, event),"), f"< {ALIVE}"),
    ],
    ids=["an element is missing", "an edge is missing", "no figures come", "it is late"],
)
def test_a_page_that_comes_incomplete_or_late_would_be_found(
    opened: Opener, plant: Planter, planted: tuple[str, str], said: str
) -> None:
    house = plant("house")
    house.ask('feed(100, "heating.thermometer")')
    with pytest.raises(AssertionError, match=said):
        come_alive(partial(opened, planted={"state/events.js": planted}), house, HOUSE, 9, HOUSE, times=1, patience=4)


def test_only_what_moves_is_drawn_as_moving(opened: Opener, plant: Planter) -> None:
    house = plant("house")
    page = live(opened(house.url), HOUSE)
    dots = "document.querySelector('#graph').stage.motion.dots.map(dot => dot.edge.from)"
    assert told(page, dots) == []

    house.ask('feed(20, "air.hygrometer")')

    until(page, f"{dots}.length")
    assert {each.split(".")[-2] for each in told(page, dots)} <= {"air", "home"}


# -- by hand -----------------------------------------------------------------------------------------------------------


def test_a_click_on_a_card_opens_its_element_and_one_beside_it_closes_it(opened: Opener, plant: Planter) -> None:
    page = live(opened(plant("house").url), HOUSE)

    page.mouse.click(*graph_place(page, "heating.comfort"))

    panel = page.locator(".sheet .panel")
    expect(panel.get_by_role("heading", name="comfort")).to_be_visible()
    graph = page.locator("#graph").bounding_box()
    assert graph is not None
    x, y = graph_place(page, "heating.comfort")
    assert graph["x"] < x < graph["x"] + graph["width"]
    assert graph["y"] < y < graph["y"] + graph["height"]
    page.mouse.click(graph["x"] + 6, graph["y"] + graph["height"] - 6)
    expect(panel).to_have_count(0)


def test_a_loop_folds_and_unfolds_at_a_click(opened: Opener, plant: Planter) -> None:
    page = live(opened(plant("house").url), HOUSE)
    x, y = graph_place(page, "heating.comfort")
    group = page.evaluate("""() => { const {scene, view} = document.querySelector('#graph').stage;
        const group = [...scene.groups.values()].find(group => group.path === 'rooms.heating');
        return [group.x * view.zoom + view.x, group.y * view.zoom + view.y]; }""")
    graph = page.locator("#graph").bounding_box()
    assert graph is not None

    page.mouse.click(graph["x"] + group[0] + 30, graph["y"] + group[1] + 14)
    until(page, "s.folded.has('rooms.heating')")
    page.mouse.click(*graph_place(page, folded(page)))

    until(page, "!s.folded.has('rooms.heating')")
    assert graph_place(page, "heating.comfort") == (x, y)


def folded(page: Page) -> str:
    """Return the id of a folded loop's card."""
    name: str = page.evaluate("""() => [...document.querySelector('#graph').stage.scene.nodes.values()]
        .find(node => node.kind === 'loop').id""")
    return name


def test_the_wheel_zooms_where_the_mouse_is_and_a_drag_pans(opened: Opener, plant: Planter) -> None:
    page = live(opened(plant("house").url), HOUSE)
    x, y = graph_place(page, "heating.policy")
    page.mouse.move(x, y)
    page.mouse.wheel(0, -240)
    assert abs(graph_place(page, "heating.policy")[0] - x) <= 2
    other = graph_place(page, "heating.comfort")

    page.mouse.down()
    page.mouse.move(x + 70, y + 40, steps=4)
    page.mouse.up()

    assert graph_place(page, "heating.comfort") == (other[0] + 70, other[1] + 40)
    page.get_by_role("button", name="Show all").click()
    assert abs(graph_place(page, "heating.policy")[0] - x) <= 3


def test_search_finds_highlights_and_jumps(opened: Opener, plant: Planter) -> None:
    page = live(opened(plant("house").url), HOUSE)
    page.get_by_role("combobox", name="Search elements").fill("air damp")

    options = page.get_by_role("option")
    expect(options).to_have_count(1)
    expect(page.get_by_text("1 found")).to_be_visible()
    options.first.click()

    expect(page.locator(".panel").get_by_role("heading", name="damp")).to_be_visible()
    page.get_by_role("combobox", name="Search elements").fill("no such thing")
    expect(page.get_by_text("Nothing has that in its name.")).to_be_visible()


# -- by keyboard alone -------------------------------------------------------------------------------------------------


FOCUS = """() => { const at = document.activeElement; const style = getComputedStyle(at);
    return {name: at.getAttribute('aria-label') ?? at.textContent.trim().slice(0, 60), tag: at.tagName,
        is_seen: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0 || style.boxShadow !== 'none'
            || getComputedStyle(at.parentElement).outlineStyle !== 'none' || at.matches('.search input')}; }"""


def test_every_stop_of_the_tab_key_shows_that_it_has_the_focus(opened: Opener, plant: Planter) -> None:
    page = live(opened(plant("house").url), HOUSE)
    picked(page, "heating.thermometer")
    expect(page.get_by_label("room")).to_be_visible()
    stops = []
    for _ in range(80):
        page.keyboard.press("Tab")
        stop = page.evaluate(FOCUS)
        if stop["tag"] == "BODY":
            break
        stops.append(stop)
    names = [stop["name"] for stop in stops]
    assert [stop for stop in stops if not stop["is_seen"]] == []
    for expected in ("Search elements", "Graph of loops and elements", "Zoom in", "Close panel", "Stop", "Push"):
        assert any(expected in name for name in names), f"{expected} cannot be reached: {names}"
    assert len(names) < 80, "the focus never leaves the page"


def test_an_item_is_pushed_by_keyboard_alone(opened: Opener, plant: Planter) -> None:
    house = plant("house")
    house.ask('str(app["heating.thermometer"].port_in.subscribe(lambda item: setattr(app.k, "arrived", repr(item))))')
    page = live(opened(house.url), HOUSE)

    page.keyboard.press("/")
    expect(page.get_by_role("combobox", name="Search elements")).to_be_focused()
    page.keyboard.type("thermo")
    page.keyboard.press("Enter")
    room = page.get_by_label("room")
    expect(room).to_be_visible()
    for _ in range(60):
        if room.evaluate("field => field === document.activeElement"):
            break
        page.keyboard.press("Tab")
    page.keyboard.type("attic")
    page.keyboard.press("Tab")
    page.keyboard.type("7.5")
    page.keyboard.press("Enter")

    expect(page.locator("[data-part=push]").get_by_text("pushed")).to_be_visible()
    assert house.ask("app.k.arrived").startswith("Reading(room='attic', celsius=7.5")


def test_the_tree_is_walked_with_arrows_and_the_focus_comes_back(opened: Opener, plant: Planter) -> None:
    page = live(opened(plant("house").url), HOUSE)
    page.keyboard.press("o")
    page.keyboard.press("Home")
    item = page.locator('[role="treeitem"]:focus')
    for key in ("ArrowDown", "ArrowDown"):
        page.keyboard.press(key)
    expect(item).to_have_attribute("aria-level", "3")
    page.keyboard.press("ArrowLeft")
    expect(item).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("ArrowLeft")
    expect(item).to_have_attribute("aria-expanded", "false")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    name = item.inner_text()
    page.keyboard.press("Enter")
    expect(page.locator(".sheet .panel")).to_be_visible()

    page.keyboard.press("Escape")

    expect(page.locator(".sheet")).to_have_count(0)
    expect(item).to_be_focused()
    assert item.inner_text().split()[1:2] == name.split()[1:2]


def test_the_graph_is_walked_along_its_edges_and_says_where_one_is(opened: Opener, plant: Planter) -> None:
    page = live(opened(plant("house").url), HOUSE)
    page.keyboard.press("g")
    expect(page.locator("#graph")).to_be_focused()
    told(page, "void (document.querySelector('#graph').stage.focused = 'heating.thermometer')")

    for name in ("comfort", "policy", "valve"):
        page.keyboard.press("ArrowRight")
        expect(page.locator(".graph-area [role=status]")).to_contain_text(re.compile(f"^{name}, .*loop heating"))
    page.keyboard.press("Enter")
    expect(page.locator(".panel").get_by_role("heading", name="valve")).to_be_visible()
    page.keyboard.press("Escape")

    expect(page.locator("#graph")).to_be_focused()


def test_a_panel_that_the_keyboard_opened_is_left_where_one_came_from(opened: Opener, plant: Planter) -> None:
    page = live(opened(plant("house").url), HOUSE)
    tab = page.get_by_role("button", name="Knowledge")
    tab.focus()
    page.keyboard.press("Enter")
    page.locator(".sheet input").first.wait_for()
    page.locator(".sheet input").first.focus()
    page.locator(".sheet button[aria-label='Close panel']").focus()

    page.keyboard.press("Enter")

    expect(tab).to_be_focused()


def test_the_list_of_keys_opens_holds_the_focus_and_closes(opened: Opener, plant: Planter) -> None:
    page = live(opened(plant("house").url), HOUSE)
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    for _ in range(6):
        page.keyboard.press("Tab")
        assert page.evaluate(
            "() => document.activeElement === document.body || !!document.activeElement.closest('dialog')"
        )
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)


# -- light and dark ----------------------------------------------------------------------------------------------------


def test_the_device_decides_on_dark_until_somebody_does(opened: Opener, plant: Planter) -> None:
    page = live(opened(plant("house").url, color_scheme="dark"), HOUSE)
    assert brightness(page) < 60
    page.emulate_media(color_scheme="light")
    until(page, "!s.is_dark")
    assert brightness(page) > 200

    page.get_by_role("button", name="Theme: as the device").click()
    page.get_by_role("button", name="Theme: light").click()
    until(page, "s.is_dark")
    page.reload()
    live(page)

    expect(page.get_by_role("button", name="Theme: dark")).to_be_visible()
    assert brightness(page) < 60


def brightness(page: Page) -> float:
    """How bright the page and the canvas are, of 255; they agree."""
    values: list[float] = page.evaluate("""async () => {
        await new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));
        const numbers = getComputedStyle(document.body).backgroundColor.match(/[\\d.]+/g).slice(0, 3).map(Number);
        return numbers; }""")
    return statistics.mean(values)


def test_who_wants_things_to_stand_still_sees_no_dots(opened: Opener, plant: Planter) -> None:
    house = plant("house")
    house.ask('feed(50, "heating.thermometer")')
    page = live(opened(house.url, reduced_motion="reduce"), HOUSE)
    until(page, "s.pulse['heating.comfort']?.rate > 10")

    assert told(page, "document.querySelector('#graph').stage.motion.dots.length") == 0


# -- on a phone --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [360, 390])
def test_on_a_phone_everything_has_its_place(opened: Opener, plant: Planter, width: int) -> None:
    house = plant("house")
    house.ask('feed(20, "heating.thermometer", "air.hygrometer")')
    page = live(opened(house.url, width=width, height=760, has_touch=True, is_mobile=True), HOUSE)
    rail = page.get_by_role("navigation", name="Panels")

    for name in ("List", "Graph", "Trace", "Log", "Knowledge", "Settings"):
        rail.get_by_role("button", name=name).tap()
        assert over(page) == 0, f"{name} is wider than the phone"
    rail.get_by_role("button", name="List").tap()
    page.get_by_role("treeitem", name=re.compile("policy")).tap()
    panel = page.locator(".sheet .panel")
    expect(panel.get_by_role("heading", name="policy")).to_be_visible()
    x, y = graph_place(page, "heating.policy")
    sheet = page.locator(".sheet").bounding_box()
    assert sheet is not None
    assert 0 < x < width
    assert y < sheet["y"], "the sheet hides the element that it shows"
    page.get_by_role("button", name="Close panel").tap()
    expect(panel).to_have_count(0)
    small = page.evaluate("""() => [...document.querySelectorAll('button, [role=treeitem], input')]
        .filter(each => each.checkVisibility()).map(each => [each.getBoundingClientRect(), each])
        .filter(([box]) => box.width && (box.width < 24 || box.height < 24))
        .map(([box, each]) => `${each.className} ${box.width} x ${box.height}`)""")
    assert small == [], "too small for a finger"


def over(page: Page) -> Any:
    """How far one can scroll to the side [px]."""
    return page.evaluate("() => document.documentElement.scrollWidth - document.documentElement.clientWidth")


# -- a server that goes and comes --------------------------------------------------------------------------------------


def find_back(opened: Opener, plant: Planter, patience: float = 20) -> None:
    """Fail unless a page finds back, by itself and undoubled, to a server that is killed and started again."""
    first = plant("house")
    first.ask('[app["heating.thermometer"].port_in.on_next(Reading("cellar", 8.5)) for _ in range(3)] and 0')
    page = live(opened(first.url), HOUSE)
    page.evaluate("() => { window.same_page = true; }")
    picked(page, "heating.comfort")
    until(page, "s.log.filter(entry => entry.kind === 'failure').length === 3")

    first.end(kill=True)

    until(page, "s.status === 'reconnecting'")
    expect(page.locator(".status")).to_have_text("reconnecting")
    expect(page.locator(".notices")).to_contain_text("What you see is the last that was known")
    assert page.title().startswith("(reconnecting)")
    assert told(page, SIZES)[0] == HOUSE

    second = plant("house", first.port)
    second.ask('feed(20, "heating.thermometer")')
    took = until(page, "s.status === 'live'", patience)
    until(page, "s.pulse['heating.comfort']?.rate > 5 && s.items['heating.comfort']?.in.length > 3", patience)
    print(f"\nlive again {took:.1f} s after the server")
    assert page.evaluate("() => window.same_page"), "it was loaded anew"
    assert told(page, SIZES)[0] == HOUSE
    assert page.evaluate("() => document.querySelector('#graph').stage.scene.nodes.size") == HOUSE + extra(page)
    numbers = told(page, "s.log.map(entry => `${entry.peer} ${entry.n}`)")
    assert len(numbers) == len(set(numbers)), "the log is doubled"
    assert told(page, "s.log.filter(entry => entry.kind === 'failure').length") == 0
    assert told(page, "s.hello.app.pid") == second.pid
    expect(page.locator(".notices")).to_have_text("")


def test_a_page_finds_back_to_a_server_that_was_killed_and_started_again(opened: Opener, plant: Planter) -> None:
    find_back(opened, plant)


@pytest.mark.parametrize(
    ("name", "planted", "said"),
    [
        ("server/live.js", ("for (;;) {", "for (let n = 0; n < 1; n += 1) {"), "not within .*s.status === 'live'"),
        ("state/events.js", ("    log: [],\n", ""), "the log is doubled"),
        (
            "state/events.js",
            ('    status: "live",\n', '    status: (store.get().hello && location.reload(), "live"),\n'),
            "it was loaded anew|context was destroyed",
        ),
    ],
    ids=["it never tries again", "it keeps the old log", "it is loaded anew"],
)
def test_a_page_that_does_not_find_back_would_be_found(
    opened: Opener, plant: Planter, name: str, planted: tuple[str, str], said: str
) -> None:
    with pytest.raises((AssertionError, Error), match=said):
        find_back(partial(opened, planted={name: planted}), plant, patience=4)


def extra(page: Page) -> int:
    """Nodes that are no elements: channels."""
    number: int = page.evaluate("""() => [...document.querySelector('#graph').stage.scene.nodes.values()]
        .filter(node => node.kind !== 'element').length""")
    return number


def test_a_server_that_stays_away_is_called_gone(opened: Opener, plant: Planter) -> None:
    house = plant("house")
    page = live(opened(house.url), HOUSE)
    page.clock.install()

    house.end()
    until(page, "s.status === 'reconnecting'")
    deadline = time.monotonic() + 20
    while told(page, "s.status") != "gone" and time.monotonic() < deadline:
        page.clock.fast_forward(1500)
        page.wait_for_timeout(20)

    expect(page.locator(".status")).to_have_text("not there")
    expect(page.locator(".notices")).to_contain_text("The app is gone: the app has stopped")
    expect(page.get_by_role("button", name="Try now")).to_be_visible()


def test_the_way_of_an_item_through_processes_is_one_list_in_order(opened: Opener, plant: Planter) -> None:
    page = live(opened(plant("house").url), HOUSE)
    hops = [
        {"peer": peer, "path": f"loop.{path}"} for peer, path in [("", "a"), ("other:1", "b"), ("", "c"), ("", "d")]
    ]
    tell = "(await import('/page/state/events.js')).take('trace', given)"
    for first, until_, is_done in ((0, 2, False), (1, 3, False), (3, 4, True)):
        event = {"peer": "", "cause": "00ff", "first": first, "hops": hops[first:until_], "is_done": is_done}
        told(page, tell, json.dumps(event))

    assert told(page, "s.traces['00ff'].hops.map(hop => hop.path.slice(-1)).join('')") == "abcd"
    assert told(page, "s.traces['00ff'].is_done")


def test_an_app_without_elements_says_how_to_make_some(opened: Opener, plant: Planter) -> None:
    page = opened(plant("empty").url)
    expect(page.get_by_role("heading", name="No elements yet")).to_be_visible()
    expect(page.locator(".gate")).to_contain_text("mape.Loop")


def test_the_graph_follows_the_program_as_it_grows(opened: Opener, plant: Planter) -> None:
    house = plant("house")
    page = live(opened(house.url), HOUSE)
    before = graph_place(page, "heating.comfort")

    house.ask('str(app["air"].execute(uid="siren")(lambda item: None))')
    house.ask('str(app["air.damp"].subscribe(app["air.siren"]))')

    until(page, f"{SIZES}[0] === {HOUSE + 1}")
    expect(page.get_by_role("treeitem", name=re.compile("siren"))).to_be_visible()
    after = graph_place(page, "heating.comfort")
    print(f"\nwhat was there moved by {abs(after[0] - before[0])}, {abs(after[1] - before[1])} px")
