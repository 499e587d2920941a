"""The panels beside the graph, as a person uses them: read an element, steer it, follow an item, read the log."""

# ruff: noqa: E501 - the lines of scripts

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.plant import Plant

pytestmark = pytest.mark.system

Opener = Callable[..., Page]
Planter = Callable[..., Plant]
Show = Callable[..., Locator]

PATIENCE = 15_000
"""How long a busy machine may take for anything [ms]."""

expect.set_options(timeout=PATIENCE)


def show(page: Page, tab: str, path: str = "") -> Locator:
    """Open a tab of the sheet, for an element if `path` is given; return what is in it."""
    expect(page.locator(".status[data-status=live]")).to_be_visible()
    act = "m.store.select({peer: '', path: x.path})" if path else "m.store.update({sheet: x.tab})"
    page.evaluate(f"x => import('/page/state/store.js').then(m => {{ {act} }})", {"tab": tab, "path": path})
    panel = page.locator(".sheet-body .panel")
    expect(panel).to_be_visible()
    return panel


def part(panel: Locator, name: str) -> Locator:
    """Return a section of the element panel."""
    return panel.locator(f"[data-part={name}]")


# -- an element --------------------------------------------------------------------------------------------------------


def test_an_element_shows_its_items_its_figures_and_its_numbers(opened: Opener, plant: Planter) -> None:
    house = plant("house")
    panel = show(opened(house.url), "element", "heating.comfort")
    expect(part(panel, "items")).to_contain_text("No item passed yet")
    expect(part(panel, "chart")).to_contain_text("No item with a number passed")

    house.ask('feed(50, "heating.thermometer")')

    expect(panel.locator(".figure").filter(has_text="in all").first).to_contain_text(
        re.compile(r"\d\d /s|\d\d\u202f/s")
    )
    expect(part(panel, "items").locator(".item").nth(3)).to_be_visible()
    expect(part(panel, "chart").get_by_role("img")).to_have_attribute("aria-label", re.compile("out value -?[0-9.]+"))
    assert (
        part(panel, "chart")
        .locator("canvas")
        .evaluate("""canvas => {
        const pixels = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
        return pixels.some((value, index) => index % 4 === 3 && value > 200);
    }""")
    )


def test_an_item_opens_as_a_tree_and_the_list_stands_still_meanwhile(opened: Opener, plant: Planter) -> None:
    house = plant("house")
    panel = show(opened(house.url), "element", "heating.comfort")
    house.ask('feed(30, "heating.thermometer")')
    items = part(panel, "items")
    expect(items.locator(".item").first).to_be_visible()
    items.get_by_role("radio", name=re.compile("^in")).check()

    items.locator(".item-fold").first.click()

    expect(items.locator(".tree").first).to_contain_text("Reading")
    expect(items.locator(".tree").first).to_contain_text("kitchen")
    times = items.locator(".item-time").all_text_contents()
    expect(items.get_by_text(re.compile(r"[1-9]\d newer"))).to_be_visible()
    assert items.locator(".item-time").all_text_contents() == times

    items.get_by_role("button", name="Go on").click()
    expect(items.locator(".item-time").first).not_to_have_text(times[0])


def test_failures_have_their_traceback_their_item_and_a_count(opened: Opener, plant: Planter) -> None:
    house = plant("house")
    panel = show(opened(house.url), "element", "heating.comfort")
    expect(panel.locator(".figure").filter(has_text="errors")).to_contain_text("none")

    house.ask('[app["heating.thermometer"].port_in.on_next(Reading("cellar", 8.5)) for _ in range(3)]')

    failures = part(panel, "failures")
    expect(failures.locator(".item")).to_have_count(3)
    failures.locator(".item-fold").first.click()
    expect(failures.locator(".traceback")).to_contain_text("Traceback (most recent call last)")
    expect(failures.locator(".traceback")).to_contain_text("nobody heats the cellar")
    expect(failures.locator(".tree")).to_contain_text("cellar")
    expect(panel.locator(".figure").filter(has_text="errors").locator(".figure-value")).to_have_text("3")


def test_an_element_says_how_it_was_made(opened: Opener, plant: Planter) -> None:
    panel = show(opened(plant("house").url), "element", "heating.comfort")
    about = part(panel, "about")

    about.get_by_role("button", name="About").click()

    expect(panel.locator(".panel-doc")).to_have_text("How far it is from what people like [K].")
    for text in ("Reading", "filter", "1 024 items".replace(" ", "\u202f", 1), "drop_oldest", "skip"):
        expect(about).to_contain_text(text)


def test_stop_asks_back_and_start_does_not_by_keyboard_alone(opened: Opener, plant: Planter) -> None:
    house = plant("house")
    page = opened(house.url)
    panel = show(page, "element", "heating.comfort")

    panel.get_by_role("button", name="Stop").focus()
    page.keyboard.press("Enter")
    expect(panel.get_by_role("button", name="no")).to_be_focused()
    page.keyboard.press("Escape")
    expect(panel.get_by_role("button", name="Stop")).to_be_focused()
    assert house.ask('app["heating.comfort"].is_running') is True

    page.keyboard.press("Enter")
    expect(panel.get_by_role("button", name="no")).to_be_focused()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    expect(panel.locator(".state")).to_have_text("stopped")
    assert house.ask('app["heating.comfort"].is_running') is False

    panel.get_by_role("button", name="Start").press("Enter")
    expect(panel.locator(".state")).to_have_text("running")
    assert house.ask('app["heating.comfort"].is_running') is True


def test_what_is_dropped_is_told_with_its_reason(opened: Opener, plant: Planter) -> None:
    house = plant("house")
    house.ask('app["air.damp"].stop()')
    panel = show(opened(house.url), "element", "air.damp")

    house.ask('[app["air.damp"](70.0) or app["air.damp"].port_in.on_next(1.0) for _ in range(2)]')

    expect(panel.locator(".figure").filter(has_text="dropped")).to_contain_text("it does not run")


def test_opening_an_element_takes_nobody_into_its_form(opened: Opener, plant: Planter) -> None:
    page = opened(plant("house").url)

    panel = show(page, "element", "air.damp")

    expect(part(panel, "push").get_by_role("textbox", name="item")).to_be_visible()
    expect(panel.locator(":focus")).to_have_count(0)
    expect(page.locator(".sheet-body")).to_have_js_property("scrollTop", 0)


def test_an_element_that_is_removed_says_so(opened: Opener, plant: Planter) -> None:
    house = plant("house")
    page = opened(house.url)
    show(page, "element", "air.window")

    house.ask('str(app["air"].remove("window"))')

    expect(page.locator(".sheet-body")).to_contain_text("There is no element air.window any more")


# -- push and follow ---------------------------------------------------------------------------------------------------


def test_what_is_typed_into_the_form_is_what_arrives(opened: Opener, plant: Planter) -> None:
    house = plant("house")
    house.ask('str(app["heating.thermometer"].port_in.subscribe(lambda item: setattr(app.k, "arrived", repr(item))))')
    push = part(show(opened(house.url), "element", "heating.thermometer"), "push")

    push.get_by_label("room").fill("hall <b>")
    push.get_by_label("celsius").fill("-3.25")
    push.get_by_role("combobox", name="mode").select_option("night")
    push.get_by_role("combobox", name="windows").select_option(label="list")
    push.get_by_role("button", name="add an item").click()
    expect(push.get_by_role("checkbox")).to_be_focused()
    push.get_by_role("checkbox").check()
    push.get_by_role("button", name="add an item").click()
    push.get_by_role("button", name="Push", exact=True).click()

    expect(push.get_by_role("status").get_by_text("pushed")).to_be_visible()
    assert house.ask("app.k.arrived") == (
        "Reading(room='hall <b>', celsius=-3.25, mode=<Mode.NIGHT: 'night'>, windows=[True, False])"
    )


def test_a_field_that_is_wrong_gets_the_focus_and_says_why(opened: Opener, plant: Planter) -> None:
    house = plant("house")
    push = part(show(opened(house.url), "element", "heating.thermometer"), "push")
    push.get_by_label("celsius").fill("warm")

    push.get_by_role("button", name="Push", exact=True).click()

    field = push.get_by_label("celsius")
    expect(field).to_be_focused()
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(field).to_have_accessible_description(re.compile("this is not a number"))
    assert house.ask('app["heating.thermometer"].stats.received') == 0
    field.fill("3")
    expect(field).to_have_attribute("aria-invalid", "false")


def test_raw_json_says_where_it_is_wrong_and_goes_through_with_every_digit(opened: Opener, plant: Planter) -> None:
    house = plant("house")
    house.ask('str(app["home.summary"].port_in.subscribe(lambda item: setattr(app.k, "arrived", repr(item))))')
    push = part(show(opened(house.url), "element", "home.summary"), "push")

    push.get_by_label("item as JSON").fill('{"id": 12345678901234567890,\n "rate": 1.0,}')
    push.get_by_role("button", name="Push", exact=True).click()
    expect(push.locator(".form-problem")).to_have_text("line 2, column 14: no comma before }")

    push.get_by_label("item as JSON").fill('{"id": 12345678901234567890,\n "rate": 1.0}')
    push.get_by_role("button", name="Push", exact=True).click()
    expect(push.get_by_role("status").get_by_text("pushed")).to_be_visible()
    assert house.ask("app.k.arrived") == "{'id': 12345678901234567890, 'rate': 1.0}"


def test_form_and_json_show_the_same_item(opened: Opener, plant: Planter) -> None:
    push = part(show(opened(plant("house").url), "element", "heating.thermometer"), "push")
    push.get_by_label("room").fill("attic")
    push.get_by_label("celsius").fill("30")

    push.get_by_label("JSON", exact=True).check()
    text = push.get_by_label("item as JSON")
    expect(text).to_have_value(re.compile(r'"room": "attic",\n\s+"celsius": 30'))
    text.fill('{"room": "cellar", "celsius": 12.5, "windows": [true]}')
    push.get_by_label("Form", exact=True).check()

    expect(push.get_by_label("room")).to_have_value("cellar")
    expect(push.get_by_label("celsius")).to_have_value("12.5")
    expect(push.get_by_role("checkbox")).to_be_checked()


def test_a_server_that_refuses_an_item_is_quoted(opened: Opener, plant: Planter) -> None:
    push = part(show(opened(plant("house").url), "element", "heating.thermometer"), "push")
    push.get_by_label("JSON", exact=True).check()
    push.get_by_label("item as JSON").fill('{"room": 7}')

    push.get_by_role("button", name="Push", exact=True).click()

    expect(push.get_by_role("alert")).to_contain_text("not pushed: the item does not fit")


def test_a_pushed_item_is_followed_through_its_elements_with_times(opened: Opener, plant: Planter) -> None:
    page = opened(plant("house").url)
    push = part(show(page, "element", "heating.thermometer"), "push")
    push.get_by_label("room").fill("hall")
    push.get_by_label("celsius").fill("15")
    push.get_by_role("button", name="Push", exact=True).click()

    push.get_by_role("button", name="show its way").click()

    panel = page.locator(".sheet-body .panel")
    hops = panel.locator(".hop")
    expect(panel).to_contain_text("It came to its end.")
    paths = hops.locator(".hop-path").all_text_contents()
    chain = ["heating.thermometer", "heating.comfort", "heating.policy", "heating.valve"]
    assert [path for path in paths if path in chain] == chain
    policy = hops.filter(has_text="heating.policy")
    expect(policy.locator(".hop-took")).to_have_text(re.compile(r"\d+(\.\d+)?\u202f(ms|s)"))  # it sleeps for 2 ms
    policy.get_by_role("button").first.click()
    expect(policy.locator(".details")).to_contain_text("percent")
    policy.get_by_role("button", name="open this element").click()
    expect(panel.get_by_role("heading", name="policy")).to_be_visible()


def test_the_next_item_can_be_followed(opened: Opener, plant: Planter) -> None:
    house = plant("house")
    page = opened(house.url)
    push = part(show(page, "element", "air.damp"), "push")
    push.get_by_role("button", name="Follow the next item").click()
    expect(push.get_by_text("waiting for the next item")).to_be_visible()

    house.ask('app["air.hygrometer"].port_in.on_next(70.5)')

    expect(page.locator(".hop-path").first).to_have_text("air.damp")
    expect(page.locator(".hop").first).to_contain_text("70.5")


def test_an_item_whose_way_was_not_recorded_says_what_to_do(opened: Opener, plant: Planter) -> None:
    page = opened(plant("house").url)
    show(page, "trace")
    page.evaluate("import('/page/state/store.js').then(m => m.store.show_trace('00000000deadbeef'))")

    expect(page.locator(".sheet-body")).to_contain_text("its way was not recorded")
    expect(page.locator(".sheet-body")).to_contain_text("push an item or follow the next one")


# -- log, knowledge, settings ------------------------------------------------------------------------------------------


def test_the_log_folds_filters_and_leads_to_the_element(opened: Opener, plant: Planter) -> None:
    house = plant("house")
    page = opened(house.url)
    panel = show(page, "log")
    house.ask('[app["heating.thermometer"].port_in.on_next(Reading("cellar", 8.5)) for _ in range(5)]')
    line = panel.locator(".log-line").filter(has_text="nobody heats the cellar")

    expect(line).to_have_count(1)
    expect(line).to_contain_text("5 times")
    panel.get_by_label("Connections").check()
    expect(line).to_have_count(0)
    panel.get_by_label("Failures").check()
    panel.get_by_label("text in the log").fill("cellar valueerror")
    expect(line).to_have_count(1)
    line.locator(".item-fold").click()
    expect(line.locator(".traceback")).to_contain_text("nobody heats the cellar")
    line.get_by_role("button", name="heating.comfort").click()
    expect(page.locator(".panel").get_by_role("heading", name="comfort")).to_be_visible()


def test_the_log_stands_still_for_somebody_who_reads_in_it(opened: Opener, plant: Planter) -> None:
    house = plant("house")
    page = opened(house.url)
    panel = show(page, "log")
    expect(panel.locator(".log-line").first).to_be_visible()
    page.evaluate("""() => import('/page/state/store.js').then(m => m.store.update({log: Array.from({length: 100}, (_, n) => (
        {n, t: n, peer: '', kind: 'gap', path: 'a.b', text: `entry ${n}`, cause: null}))}))""")
    expect(panel.locator(".log-line").first).to_contain_text("entry 99")
    page.locator(".sheet-body").evaluate("body => { body.scrollTop = 600; }")
    expect(page.locator(".sheet-body")).to_have_js_property("scrollTop", 600)

    house.ask('app["heating.thermometer"].port_in.on_next(Reading("cellar", 8.5))')

    newer = panel.get_by_role("button", name=re.compile("newer"))
    expect(newer).to_be_visible()
    expect(panel.locator(".log-line").first).to_contain_text("entry 99")
    newer.click()
    expect(panel.locator(".log-line").first).to_contain_text("cellar")


def test_knowledge_is_read_searched_and_changed(opened: Opener, plant: Planter) -> None:
    house = plant("house")
    house.ask('setattr(app["heating"].k, "limits", {"low": 1, "high": [2, 3]})')
    panel = show(opened(house.url), "knowledge")
    key = panel.locator(".known").filter(has_text="inhabitants")
    expect(panel.get_by_role("heading", name="loop heating")).to_be_visible()
    panel.get_by_label("key or value").fill("inhab")
    expect(panel.locator(".known")).to_have_count(1)

    key.get_by_role("button").first.click()
    key.get_by_role("button", name="Edit").click()
    text = key.get_by_role("textbox")
    expect(text).to_be_focused()
    text.fill("{4}")
    key.get_by_role("button", name="Save").click()
    expect(key.get_by_role("alert")).to_contain_text("line 1, column 2")
    text.fill('"many"')
    key.get_by_role("button", name="Save").click()
    expect(key.get_by_role("alert")).to_contain_text("does not fit")
    text.fill("4")
    key.get_by_role("button", name="Save").click()

    expect(key.locator(".known-value")).to_have_text("4")
    assert house.ask("app.k.inhabitants") == 4


def test_knowledge_that_changed_meanwhile_is_not_overwritten_unseen(opened: Opener, plant: Planter) -> None:
    house = plant("house")
    panel = show(opened(house.url), "knowledge")
    key = panel.locator(".known").filter(has_text="inhabitants")
    key.get_by_role("button").first.click()
    key.get_by_role("button", name="Edit").click()
    key.get_by_role("textbox").fill("9")

    house.ask('setattr(app.k, "inhabitants", 5)')
    expect(key.locator(".known-value")).to_have_text("5")
    key.get_by_role("button", name="Save").click()

    expect(key.get_by_role("alert")).to_contain_text("It changed since you began")
    assert house.ask("app.k.inhabitants") == 5
    expect(key.get_by_role("textbox")).to_have_value("9")
    key.get_by_role("button", name="Save").click()
    expect(key.locator(".known-value")).to_have_text("9")
    assert house.ask("app.k.inhabitants") == 9


def test_settings_are_searched_and_say_where_they_came_from(opened: Opener, plant: Planter) -> None:
    panel = show(opened(plant("house").url), "settings")
    rate = panel.locator(".setting").filter(has=panel.page.get_by_text("rest.rate", exact=True))
    expect(rate).to_contain_text("argument")

    panel.get_by_label("only what is set").check()
    expect(panel.locator(".setting").filter(has_text="default")).to_have_count(0)
    panel.get_by_label("name, value or source").fill("rest.rate")

    expect(panel.locator(".setting")).to_have_count(1)


def test_a_token_that_may_only_read_is_told_so_before_it_tries(opened: Opener, plant: Planter) -> None:
    page = opened(plant("house").url)
    panel = show(page, "element", "heating.comfort")
    only_read = (
        "import('/page/state/store.js').then(m => m.store.update({hello: {...m.store.get().hello, may: ['read']}}))"
    )
    page.evaluate(only_read)

    expect(panel.get_by_role("button", name="Stop")).to_have_count(0)
    expect(panel).to_contain_text("This needs a token with the control scope")
    expect(part(panel, "push").get_by_role("button", name="Push", exact=True)).to_be_disabled()
    expect(part(panel, "push")).to_contain_text("This needs a token with the write scope")


# -- every screen ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("width", "height"), [(360, 640), (1440, 900)])
def test_no_panel_is_wider_than_its_place(opened: Opener, plant: Planter, width: int, height: int) -> None:
    house = plant("house")
    house.ask('feed(20, "heating.thermometer", "air.hygrometer")')
    house.ask('setattr(app.k, "k" * 60, "word" * 100)')
    house.ask('app["heating.thermometer"].port_in.on_next(Reading("cellar", 8.5))')
    page = opened(house.url, width=width, height=height)

    for tab in ("element", "trace", "log", "knowledge", "settings"):
        show(page, tab, "heating.comfort" if tab == "element" else "")
        if tab == "element":
            expect(page.locator("[data-part=items] .item").first).to_be_visible()
            for button in page.locator(".item-fold").all()[:3]:
                button.click()
        over = page.evaluate("""() => [document.documentElement, document.querySelector('.sheet-body')]
            .map(each => each.scrollWidth - each.clientWidth)""")
        assert over == [0, 0], f"{tab} is wider than its place by {over}"


def test_a_panel_stays_small_whatever_it_shows(opened: Opener, plant: Planter) -> None:
    house = plant("house")
    page = opened(house.url)
    house.ask('str([setattr(app.k, f"key{n}", list(range(64))) for n in range(300)])')
    panel = show(page, "knowledge")
    expect(panel.get_by_role("button", name=re.compile("^show .* more"))).to_be_visible()
    assert page.locator(".sheet *").count() < 500

    panel = show(page, "log")
    page.evaluate("""() => import('/page/state/store.js').then(m => m.store.update({log: Array.from({length: 500}, (_, n) => (
        {n, t: n, peer: '', kind: 'failure', path: 'a.b', text: `entry ${n}`, cause: 'abcd'}))}))""")
    expect(panel.get_by_role("button", name="show more")).to_be_visible()
    assert page.locator(".sheet *").count() < 600

    items = part(show(page, "element", "home.summary"), "items")
    house.ask('[app["home.summary"].port_in.on_next(list(range(60))) for _ in range(99)] and 0')
    items.get_by_role("radio", name=re.compile("^in")).check()
    items.locator(".item-fold").first.click()
    items.get_by_role("button", name="[60 items]", exact=True).click()
    expect(items.get_by_role("button", name="show all 60")).to_be_visible()
    assert page.locator(".sheet *").count() < 600


HOSTILE = '<img src=x onerror="window.ran=1"><script>window.ran=1</script>{{ran}}\\u202e\\u0000'


def test_what_a_program_says_is_text_and_never_runs(opened: Opener, plant: Planter) -> None:
    house = plant("house")
    page = opened(house.url)
    panel = show(page, "element", "home.summary")
    house.ask(f"setattr(app.k, 'evil', '{HOSTILE}')")
    house.ask(f"""app["home.summary"].port_in.on_next({{'{HOSTILE}': '{HOSTILE}', "__proto__": {{"x": 1}}}})""")
    items = part(panel, "items")
    items.get_by_role("radio", name=re.compile("^in")).check()
    items.locator(".item-fold").first.click()
    expect(items.locator(".tree").first).to_contain_text("<script>window.ran=1</script>")

    knowledge = show(page, "knowledge")
    knowledge.locator(".known").filter(has_text="evil").get_by_role("button").first.click()
    expect(knowledge.locator(".tree")).to_contain_text("onerror")
    expect(knowledge.locator(".tree")).to_contain_text("\\u202e")

    assert page.evaluate("[window.ran, document.querySelectorAll('.sheet img, .sheet script').length]") == [None, 0]
