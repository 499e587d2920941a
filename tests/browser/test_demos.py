"""The demos on the live page: what somebody sees who has just installed mape."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import Opener

pytestmark = pytest.mark.system

URL = re.compile(r"live page: (http://\S+)")
STATE = "async () => (await import('/page/state/store.js')).store.get()"
ALIVE = 2.0
"""Within which the page shows the system at work, by its own clock [s]."""

Starter = Callable[..., tuple[subprocess.Popen[str], str]]


@pytest.fixture
def demo() -> Iterator[Starter]:
    """Return what starts a demo and returns its process and its page's URL."""
    started: list[subprocess.Popen[str]] = []

    def start(*words: str) -> tuple[subprocess.Popen[str], str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "mape", "demo", *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        started.append(process)
        assert process.stdout is not None
        for line in process.stdout:
            if found := URL.search(line):
                return process, found[1]
        raise AssertionError(process.communicate()[1][-2000:])

    yield start
    for process in started:
        process.terminate()
        process.communicate(timeout=20)


def until(page: Page, condition: str, within: float) -> float:
    """Wait until an expression on the page's state `s` is true; how long that took [s]."""
    begin = time.monotonic()
    page.wait_for_function(
        f"async () => {{ const s = (await import('/page/state/store.js')).store.get(); return {condition}; }}",
        timeout=within * 1000,
        polling=50,
    )
    return time.monotonic() - begin


def alive(opened: Opener, url: str, *conditions: str) -> tuple[Page, float]:
    """Open a page until it is alive; the page, and how long that took in the best of five times [s]."""
    took = []
    while True:
        page = opened(url)
        for condition in conditions:
            until(page, condition, 20)
        took.append(page.evaluate("performance.now()") / 1000)
        if min(took) < ALIVE or len(took) == 5:
            return page, min(took)
        page.close()


def interrupt(process: subprocess.Popen[str]) -> None:
    """End a demo as a person does who has seen enough."""
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)
    assert process.returncode == 130, "interrupted, says the shell"


def test_the_loop_of_the_first_demo_is_at_work_on_its_page(demo: Starter, opened: Opener) -> None:
    process, url = demo("--seconds", "90", "--report", "/dev/null")
    page, took = alive(opened, url, "['measure','judge'].every(e => (s.pulse['elastic.' + e]?.rate ?? 0) > 0)")
    page.get_by_role("treeitem", name="judge").first.click()
    page.get_by_text("p95").first.wait_for()
    scaled = until(page, "(s.pulse['elastic.scale']?.processed ?? 0) > 0", 20)
    interrupt(process)
    until(page, "s.status !== 'live'", 15)
    figures: Any = page.evaluate(STATE)["pulse"]["elastic.judge"]
    print(f"\nalive {took:.1f} s after opening; workers came {scaled:.1f} s later; {figures}")
    assert took < ALIVE


def test_an_emergency_spreads_over_four_processes_on_one_page(demo: Starter, opened: Opener) -> None:
    process, url = demo("ambulance", "--seconds", "90")
    page, took = alive(
        opened,
        url,
        "Object.values(s.graphs).reduce((n, g) => n + g.elements.length, 0) === 16",
        "Object.entries(s.pulse).filter(([k, f]) => k.includes('siren') && f.rate > 0).length === 1",
    )
    aside = until(
        page,
        "Object.entries(s.pulse).filter(([k, f]) => k.endsWith('_safety.lights') && f.processed > 0).length === 3",
        15,
    )
    # The siren reaches three cars, and each car the two others.
    edges = "Object.values(s.graphs).flatMap(graph => graph.edges).flatMap(edge => edge.peer_targets ?? []).length"
    joined = until(page, f"{edges} === {3 + 3 * 2}", 20)
    print(
        f"\nfour processes alive after {took:.1f} s; all cars reacted {aside:.1f} s later; joined {joined:.1f} s after"
    )
    assert took < ALIVE
    interrupt(process)
    until(page, "s.status !== 'live'", 15)
