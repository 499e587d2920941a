"""The graph under fingers, as a phone's: one moves it, two make it larger; the browser does not take them away."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import Opener
from tests.browser.eyes import graph_place, live
from tests.browser.plant import Plant

pytestmark = pytest.mark.system

Planter = Callable[..., Plant]
PHONE: dict[str, Any] = {"width": 390, "height": 844, "has_touch": True, "is_mobile": True}
STEPS = 12


def drag(page: Page, *ways: tuple[tuple[float, float], tuple[float, float]]) -> None:
    """Move a finger along each of `ways`, all at once."""
    touch = page.context.new_cdp_session(page)

    def at(share: float) -> list[dict[str, float]]:
        return [
            {"x": x + share * (to_x - x), "y": y + share * (to_y - y), "id": finger}
            for finger, ((x, y), (to_x, to_y)) in enumerate(ways)
        ]

    touch.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": at(0)})
    for step in range(1, STEPS + 1):
        touch.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": at(step / STEPS)})
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


def moved_by_one_finger(page: Page) -> tuple[float, float]:
    before = graph_place(page, "heating.comfort")
    drag(page, ((200, 300), (260, 400)))
    after = graph_place(page, "heating.comfort")
    return after[0] - before[0], after[1] - before[1]


def test_one_finger_moves_the_graph_as_far_as_it_goes(opened: Opener, plant: Planter) -> None:
    page = live(opened(plant("house").url, **PHONE))

    assert moved_by_one_finger(page) == pytest.approx((60, 100), abs=12)


def test_two_fingers_make_the_graph_larger_and_smaller(opened: Opener, plant: Planter) -> None:
    page = live(opened(plant("house").url, **PHONE))

    def apart() -> float:
        (x, y), (other_x, other_y) = (graph_place(page, f"heating.{name}") for name in ("comfort", "policy"))
        return float(((x - other_x) ** 2 + (y - other_y) ** 2) ** 0.5)

    small = apart()
    drag(page, ((195, 300), (195, 250)), ((195, 400), (195, 450)))
    large = apart()
    drag(page, ((195, 250), (195, 300)), ((195, 450), (195, 400)))

    assert large == pytest.approx(2 * small, rel=0.1)
    assert apart() == pytest.approx(small, rel=0.1)


def test_the_page_itself_stays_where_it_is_under_fingers(opened: Opener, plant: Planter) -> None:
    page = live(opened(plant("house").url, **PHONE))
    drag(page, ((200, 300), (200, 500)))
    drag(page, ((190, 350), (190, 250)), ((200, 360), (200, 460)))

    assert page.evaluate("[scrollX, scrollY, visualViewport.scale]") == [0, 0, 1]


def test_a_graph_whose_fingers_the_browser_takes_is_found_out(opened: Opener, plant: Planter) -> None:
    planted = {"styles/stage.css": ("touch-action: none", "touch-action: auto")}
    page = live(opened(plant("house").url, planted=planted, **PHONE))

    assert moved_by_one_finger(page) != pytest.approx((60, 100), abs=12)
