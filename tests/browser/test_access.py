"""No screen has a fault that axe finds: WCAG 2.1, A and AA; light and dark, wide and on a phone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from axe_playwright_python.base import AXE_SCRIPT  # type: ignore[import-untyped]
from playwright.sync_api import Page

from tests.browser.conftest import Opener
from tests.browser.eyes import live, picked, told, until
from tests.browser.plant import Plant

pytestmark = pytest.mark.system

Planter = Callable[..., Plant]

RULES = {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]}
COLOURS = {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}
"""What may be another in the dark; all else of a screen is the same then, and has been looked at."""
RUN = """async ([theme, rules]) => {
    document.documentElement.dataset.theme = theme;
    const frame = () => new Promise(done => requestAnimationFrame(done));
    for (await frame(); document.getAnimations().length; await frame()) {
        await Promise.all(document.getAnimations().map(each => each.finished.catch(() => 0)));
    }
    const {violations} = await axe.run(document, {runOnly: rules, resultTypes: ['violations']});
    return violations.flatMap(({id, nodes}) => nodes.map(
        node => `${id}: ${node.target.join(' ')}: ${node.failureSummary.replace(/\\s+/g, ' ')}`)); }"""
AT_ONCE = "*, ::before, ::after { transition: none !important; }"
"""Colours that fade into each other take time, and are faults half-way."""


def faults(page: Page, where: str) -> list[str]:
    """Return what axe finds on a page as it is now, in the light and in the dark."""
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(f"() => {{ {AXE_SCRIPT} }}")
        page.add_style_tag(content=AT_ONCE)
    dark: list[str] = page.evaluate(RUN, ["dark", COLOURS])
    light: list[str] = page.evaluate(RUN, ["light", RULES])
    return [*(f"{where}: {fault}" for fault in light), *(f"{where} in the dark: {fault}" for fault in dark)]


def busy(plant: Planter) -> Plant:
    """A program of which every panel has something to show."""
    house = plant("house", **{"rest.token": "a-token-of-the-test"})
    house.ask('feed(20, "heating.thermometer", "air.hygrometer")')
    house.ask('[app["heating.thermometer"].port_in.on_next(Reading("cellar", 8.5)) for _ in range(3)] and 0')
    house.ask('str(setattr(app["heating"].k, "limits", {"low": 1, "high": [2, 3]}))')
    return house


@pytest.mark.parametrize("width", [1440, 390])
def test_no_screen_has_a_fault(opened: Opener, plant: Planter, width: int) -> None:
    house = busy(plant)
    page = opened(house.url, width=width, color_scheme="light", bypass_csp=True, reduced_motion="reduce")
    page.get_by_role("textbox", name="Token").wait_for()
    found = faults(page, "token")
    page.get_by_role("textbox", name="Token").fill("wrong")
    page.keyboard.press("Enter")
    page.get_by_text("The server does not know this token.").wait_for()
    found += faults(page, "wrong token")
    page.get_by_role("textbox", name="Token").fill("a-token-of-the-test")
    page.keyboard.press("Enter")
    live(page, 10)
    found += faults(page, "graph")
    for tab in ("element", "trace", "log", "knowledge", "settings"):
        picked(page, "heating.comfort" if tab == "element" else "", tab)
        if tab == "element":
            page.locator(".item-fold").first.wait_for()
        for button in page.locator(".sheet .item-fold, .sheet .known-fold").all()[:2]:
            button.click()
        found += faults(page, tab)
    picked(page, "heating.thermometer")
    page.get_by_label("room").wait_for()
    page.get_by_role("button", name="Push", exact=True).click()
    found += faults(page, "form with mistakes")
    told(page, "store.show_trace(s.log.find(entry => entry.cause).cause)")
    found += faults(page, "one trace")
    told(page, "store.update({sheet: null, selected: null, view: 'list'})")
    found += faults(page, "list")
    if width > 720:
        page.get_by_role("combobox", name="Search elements").fill("a")
        page.get_by_role("option").first.wait_for()
        found += faults(page, "search")
        told(page, "store.update({query: ''})")
        page.locator("body").click(position={"x": 700, "y": 5})
    page.keyboard.press("?")
    page.get_by_role("dialog").wait_for()
    found += faults(page, "keys")
    page.keyboard.press("Escape")
    house.end()
    until(page, "s.status === 'reconnecting'")
    found += faults(page, "reconnecting")
    told(page, "store.update({status: 'gone', graphs: {}})")
    found += faults(page, "gone")
    told(page, "store.update({status: 'refused', reason: 'this token may not read'})")
    found += faults(page, "refused")

    print(f"\n{width} px wide: {len(found)} faults")
    assert found == [], "\n".join(found)


def test_the_page_of_an_empty_app_has_no_fault(opened: Opener, plant: Planter) -> None:
    page = opened(plant("empty").url, bypass_csp=True)
    page.get_by_role("heading", name="No elements yet").wait_for()
    assert faults(page, "empty") == []


def test_a_button_without_a_name_and_a_pale_text_would_be_found(opened: Opener, plant: Planter) -> None:
    planted: Any = {
        "graph/graph.js": ("aria-label=${label} title", "data-label=${label} data-title"),
        "styles/tokens.css": ("--muted:", "--muted: #777; --was-muted:"),
    }
    page = live(opened(plant("house").url, bypass_csp=True, color_scheme="light", planted=planted), 10)
    found = faults(page, "graph")
    print("\n" + "\n".join(fault[:100] for fault in found))
    assert any(fault.startswith("graph: button-name") for fault in found)
    assert any(fault.startswith("graph in the dark: color-contrast") for fault in found)
