"""A real browser for the tests of the page: Chromium without a screen, driven by playwright.

Whatever a test does, nothing may be asked of another host, no script may fail, and the content security policy
may have nothing to object to: `opened` looks at that after each test.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

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
    contexts, complaints = [], list[str]()

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
            context.route(f"**/page/{name}", replacing(old, new, complaints))
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        watch(page, url, complaints)
        page.goto(url, wait_until=wait)  # type: ignore[arg-type] # one of playwright's words
        return page

    open_page.complaints = complaints  # type: ignore[attr-defined] # for tests that expect some
    yield open_page
    for context in contexts:
        context.close()
    assert not complaints, "\n".join(complaints)


def replacing(old: str, new: str, complaints: list[str]) -> Callable[[Any], None]:
    """Return what hands a script on, with something in it replaced; its headers stay."""

    def act(route: Any) -> None:
        answer = route.fetch()
        text = answer.text()
        if old not in text:
            complaints.append(f"{route.request.url} has no {old!r} any more: plant another bug")
        route.fulfill(response=answer, body=text.replace(old, new))

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


@pytest.fixture
def plant() -> Iterator[Callable[..., Plant]]:
    """Return what starts a program with a live page: `plant("house")`, `plant("many", port=8123)`."""
    started: list[Plant] = []
    errors = ExitStack()

    def start(scene: str = "house", port: int = 0, **settings: str) -> Plant:
        command = [sys.executable, str(Path(__file__).with_name("plant.py")), scene, str(port)]
        options = [f"{name}={value}" for name, value in settings.items()]
        log = errors.enter_context(tempfile.TemporaryFile("w+", errors="replace"))  # noqa: SIM115 - the stack closes it; a pipe would fill up
        process = subprocess.Popen(
            [*command, *options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            cwd=Path(__file__).parents[2],
        )
        started.append(running := Plant(process, log))
        running.ready()
        return running

    yield start
    for each in started:
        each.end()
    errors.close()
