"""A real browser for the tests of the page: Chromium without a screen, driven by playwright.

Whatever a test does, nothing may be asked of another host, no script may fail, and the content security policy
may have nothing to object to: `opened` looks at that after each test.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from mape.web.shell import FOLDER
from tests.browser.nursery import Nursery
from tests.browser.plant import Plant

CHROMIUM = "/usr/bin/chromium"
OPTIONS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--enable-precise-memory-info",
)
PATIENCE = 15_000
"""How long a busy machine may take for anything [ms]; what must be quick is measured by the test."""

Opener = Callable[..., Page]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Return a browser; not for longer than a module, because the event loop behind it is in the way of async tests."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(OPTIONS))
        yield browser
        browser.close()


@pytest.fixture
def opened(chromium: Browser) -> Iterator[Opener]:
    """Return what opens a URL in a browser of its own: `opened(url, width=390, height=844, color_scheme="dark")`.

    `planted` puts bugs into the page's scripts: {"panels/tree.js": ("what stands there", "what is to stand there")}.
    """
    contexts, complaints, unplanted = [], list[str](), list[str]()

    def open_page(
        url: str,
        width: int = 1440,
        height: int = 900,
        wait: str = "load",
        planted: dict[str, tuple[str, str]] | None = None,
        **options: Any,
    ) -> Page:
        context = chromium.new_context(viewport={"width": width, "height": height}, **options)
        contexts.append(context)
        for name, (old, new) in (planted or {}).items():
            unplanted.append(name)
            context.route(f"**/page/{name}", replacing(old, new, complaints, unplanted))
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        watch(page, url, complaints)
        page.goto(url, wait_until=wait)  # type: ignore[arg-type] # one of playwright's words
        return page

    open_page.complaints = complaints  # type: ignore[attr-defined] # for tests that expect some
    yield open_page
    for context in contexts:
        context.unroute_all(behavior="ignoreErrors")  # a page that is just loading would keep it from closing
        context.close()
    assert not complaints, "\n".join(complaints)
    assert not unplanted, f"the page has not asked for {unplanted}: plant the bug where it does"


def replacing(old: str, new: str, complaints: list[str], unplanted: list[str] | None = None) -> Callable[[Any], None]:
    """Return what answers with a script as it is served, but with something in it replaced."""

    def act(route: Any) -> None:
        name = route.request.url.split("/page/", 1)[1]
        if unplanted and name in unplanted:
            unplanted.remove(name)
        text = (FOLDER / name).read_text()  # not asked of the server, which a test may have ended meanwhile
        if old not in text:
            complaints.append(f"{route.request.url} has no {old!r} any more: plant another bug")
        kind = "text/css" if name.endswith(".css") else "text/javascript"
        route.fulfill(body=text.replace(old, new), content_type=f"{kind}; charset=utf-8")

    return act


def watch(page: Page, url: str, complaints: list[str]) -> None:
    """Write down what no page may do; a refused connection is no fault of its own."""

    def hear(message: Any) -> None:
        if message.type in {"error", "warning"} and "Failed to load resource" not in message.text:
            complaints.append(f"console: {message.text}")

    def look(request: Any) -> None:
        if not request.url.startswith((url.split("/", 3)[0] + "//" + url.split("/", 3)[2], "data:", "blob:")):
            complaints.append(f"asked elsewhere: {request.url}")

    page.on("console", hear)
    page.on("pageerror", lambda error: complaints.append(f"script failed: {error}"))
    page.on("request", look)


@pytest.fixture(scope="session")
def nursery() -> Iterator[Nursery]:
    """Return what starts programs quickly."""
    made = Nursery()
    yield made
    made.close()


@pytest.fixture
def plant(nursery: Nursery) -> Iterator[Callable[..., Plant]]:
    """Return what starts a program with a live page: `plant("house")`, `plant("many", port=8123)`.

    Each is a process of its own, and new. `bugs` puts bugs into its server: `plant("house", bugs="unguarded")`.
    """
    started: list[Plant] = []

    def start(scene: str = "house", port: int = 0, **settings: str) -> Plant:
        started.append(nursery.start(scene, str(port), *(f"{name}={value}" for name, value in settings.items())))
        return started[-1]

    yield start
    for each in started:
        each.close()
