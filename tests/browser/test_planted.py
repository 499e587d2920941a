"""What a person does on the page, done to a page with a bug: the test of each must fail, and for that bug's reason.

Bugs that need more than a line of the page's scripts stand beside the tests that must find them, in the other files.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Error, Page, expect

from tests.browser import test_page, test_panels
from tests.browser.conftest import PATIENCE, Opener
from tests.browser.eyes import live
from tests.browser.plant import Plant

pytestmark = pytest.mark.system

HASTE = 3_000
"""How long is waited for what a bug prevents, once the page is live [ms]."""
BARE = "* { outline: none !important; box-shadow: none !important; }"
BARED = f'begin(); const bare = new CSSStyleSheet(); bare.replaceSync("{BARE}"); document.adoptedStyleSheets = [bare];'
SELECT = "store.update({ selected: place, sheet });"
SEND = 'api.post("/live/push", { path }, json)'
BUGS: dict[str, tuple[Callable[..., None], dict[str, tuple[str, str]], dict[str, Any], str]] = {
    "a click opens nothing": (
        test_page.test_a_click_on_a_card_opens_its_element_and_one_beside_it_closes_it,
        {"state/store.js": (SELECT, "")},
        {},
        "to be visible",
    ),
    "search finds everything": (
        test_page.test_search_finds_highlights_and_jumps,
        {"frame/search.js": ("if (value) list.push", "list.push")},
        {},
        "10",
    ),
    "a number is sent without its sign": (
        test_panels.test_what_is_typed_into_the_form_is_what_arrives,
        {"panels/push.js": (SEND, SEND.replace("json", 'json.replace("-3", "3")'))},
        {},
        r"celsius=-3\.25",
    ),
    "stop starts": (
        test_panels.test_stop_asks_back_and_start_does_not_by_keyboard_alone,
        {"panels/head.js": ("api.post(`/live/${verb}`", "api.post(`/live/start`")},
        {},
        "stopped",
    ),
    "the choice of the dark is forgotten": (
        test_page.test_the_device_decides_on_dark_until_somebody_does,
        {"frame/theme.js": ("write(NAME, theme);", "")},
        {},
        "Theme: dark",
    ),
    "the page is wider than a phone": (
        test_page.test_on_a_phone_everything_has_its_place,
        {"app.js": ("begin();", 'begin(); document.documentElement.style.minWidth = "500px";')},
        {"width": 390},
        "wider than the phone",
    ),
    "no key leads to the search": (
        test_page.test_an_item_is_pushed_by_keyboard_alone,
        {"frame/keys.js": ('"/": () => focus("#search"),', "")},
        {},
        "to be focused",
    ),
    "nothing shows where the focus is": (
        test_page.test_every_stop_of_the_tab_key_shows_that_it_has_the_focus,
        {"app.js": ("begin();", BARED)},
        {},
        "is_seen",
    ),
}


@pytest.fixture
def hasty(opened: Opener) -> Iterator[Callable[..., Opener]]:
    """Return what opens pages with bugs, which nobody waits for as long as for others."""

    def spoil(planted: dict[str, tuple[str, str]]) -> Opener:
        def open_page(*given: Any, **options: Any) -> Page:
            page = live(opened(*given, planted=planted, **options))
            expect.set_options(timeout=HASTE)
            page.set_default_timeout(HASTE)
            return page

        return open_page

    yield spoil
    expect.set_options(timeout=PATIENCE)


@pytest.mark.parametrize("name", BUGS)
def test_a_bug_in_what_a_person_does_would_be_found(
    hasty: Callable[..., Opener], plant: Callable[..., Plant], name: str
) -> None:
    check, planted, options, said = BUGS[name]
    with pytest.raises((AssertionError, Error), match=said) as found:
        check(hasty(planted), plant, **options)
    print(f"\n{name}: {str(found.value).splitlines()[0][:100]}")
