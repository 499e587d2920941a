"""What the browser tests look at a page with: its state, its graph, its tree, until something is so."""

from __future__ import annotations

import time
from typing import Any

from playwright.sync_api import Page

__all__ = ["graph_place", "live", "log", "picked", "told", "until"]

PATIENCE = 20.0
"""How long a busy machine may take for anything [s]."""
SIZES = """Object.values(s.graphs).reduce(([elements, edges], graph) => [
    elements + graph.elements.length, edges + graph.edges.length], [0, 0])"""


def told(page: Page, expression: str, given: Any = None) -> Any:
    """Evaluate an expression on the page's state `s`, its `store`, and what is `given`."""
    function = "async given => { const {store} = await import('/page/state/store.js'); const s = store.get(); return "
    return page.evaluate(f"{function}{expression}; }}", given)


def until(page: Page, expression: str, within: float = PATIENCE, given: Any = None) -> float:
    """Wait until an expression on the page's state is true; how long that took [s]."""
    begin = time.monotonic()
    while not told(page, f"Boolean({expression})", given):
        if time.monotonic() - begin > within:
            raise AssertionError(f"not within {within} s: {expression}; the page is {told(page, 's.status')}")
        page.wait_for_timeout(20)
    return time.monotonic() - begin


def live(page: Page, elements: int = 1, within: float = PATIENCE) -> Page:
    """Wait until the page is live, with this many elements at least in its graph and their figures."""
    until(page, f"s.status === 'live' && {SIZES}[0] >= {elements} && Object.keys(s.pulse).length >= {elements}", within)
    return page


def log(page: Page) -> list[str]:
    """Return the texts of the log."""
    entries: list[str] = told(page, "s.log.map(entry => entry.text)")
    return entries


def picked(page: Page, path: str, tab: str = "element") -> None:
    """Open an element's panel, or with `tab` another one, without a hand."""
    until(page, "s.status === 'live'")
    if tab == "element":
        told(page, "store.select({peer: '', path: given})", path)
    else:
        told(page, "store.update({sheet: given})", tab)
    page.locator(".sheet-body .panel").wait_for()


def graph_place(page: Page, key: str) -> tuple[float, float]:
    """Where the middle of a node is on the screen, once nothing glides any more."""
    place: Any = None
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        before, place = (
            place,
            page.evaluate(
                """key => {
                const host = document.querySelector('#graph');
                const {left, top} = host.getBoundingClientRect();
                const place = host.stage?.place_of(key);
                return place && [Math.round(left + place.x), Math.round(top + place.y)];
            }""",
                key,
            ),
        )
        if place and before == place:
            return place[0], place[1]
        page.wait_for_timeout(60)
    raise AssertionError(f"{key} is not in the graph, or never stands still")
