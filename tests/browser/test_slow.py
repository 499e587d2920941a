"""A page behind a slow line: it is told what it lost, its counters are right, and it recovers.

A page whose line stands still is let go, which costs the program neither memory nor items; it comes back by itself.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Opener
from tests.browser.eyes import live, picked, told, until
from tests.browser.plant import Plant

pytestmark = pytest.mark.system

Planter = Callable[..., Plant]
Layer = Callable[[int], "Line"]

SMALL = 8192
"""Bytes that a connection of the line buffers, and passes on at a time."""
PAUSE = 0.1
"""Between two of them, while the line is slow [s]."""
GROWTH = 12.0
"""What a page may cost a program that takes nothing in, at most [MB]."""


class Line:
    """Passes connections on to a port; slowly, while it is told to."""

    def __init__(self, port: int) -> None:
        self._target = port
        self.is_slow = threading.Event()
        self.is_free = threading.Event()
        """While it is not set, no answer comes through."""
        self.is_free.set()
        self._over = threading.Event()
        self._open: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._run(self._accept)

    def _run(self, act: Callable[..., None], *given: object) -> None:
        thread = threading.Thread(target=act, args=given)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                far = socket.socket()
                far.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL)
                near.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SMALL)
                self._open += [near, far]
                far.connect(("127.0.0.1", self._target))
                self._run(self._pump, near, far, False)
                self._run(self._pump, far, near, True)

    def _pump(self, source: socket.socket, sink: socket.socket, is_answer: bool) -> None:
        with contextlib.suppress(OSError):
            while piece := source.recv(SMALL):
                if is_answer:
                    self.is_free.wait()
                sink.sendall(piece)
                if is_answer and self.is_slow.is_set():
                    self._over.wait(PAUSE)
        with contextlib.suppress(OSError):
            sink.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        """End all connections."""
        self._over.set()
        self.is_free.set()
        for each in (self._listener, *self._open):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()
        for thread in self._threads:
            thread.join(10)


@pytest.fixture
def line() -> Iterator[Callable[[int], Line]]:
    """Return what lays a line to a port."""
    laid: list[Line] = []

    def lay(port: int) -> Line:
        laid.append(Line(port))
        return laid[-1]

    yield lay
    for each in laid:
        each.close()


CLIENTS = "len(server.asgi._handlers['live_stream'].__self__.hub.clients)"
LOST = """sum(client._lost["items"] for client in server.asgi._handlers["live_stream"].__self__.hub.clients.values())"""
"""What the program counts: who looks at it, and what of it is lost that they are not told of yet."""


def flooded(program: Plant, page: Page) -> None:
    """Have large items pass an element that somebody looks at."""
    picked(page, "trap.shown")
    until(page, "s.status === 'live'")
    program.ask("(large := {str(n): 'x' * 250 for n in range(60)}) and 0")
    program.ask("setattr(feeder, 'item', lambda element, number: large)")
    program.ask('feed(300, "trap.shown")')


def count(program: Plant, expression: str, condition: Callable[[int], bool], within: float) -> float:
    """Wait until what the program counts is so; how long that took [s]."""
    begin = time.monotonic()
    while not condition(program.ask(expression)):
        if time.monotonic() - begin > within:
            raise AssertionError(f"not within {within} s: {expression} is {program.ask(expression)}")
        time.sleep(0.02)
    return time.monotonic() - begin


# -- slow --------------------------------------------------------------------------------------------------------------


def told_and_back(
    opened: Opener, program: Plant, way: Line, planted: dict[str, tuple[str, str]] | None = None, patience: float = 30
) -> None:
    """Fail unless a page behind a slow line says what it has lost, and catches up."""
    page = live(opened(f"http://127.0.0.1:{way.port}/", planted=planted), 2)
    way.is_slow.set()
    flooded(program, page)
    lost = count(program, LOST, lambda lost: lost > 0, 30)
    assert told(page, "s.status") == "live"
    way.is_slow.clear()

    took = until(page, "s.lost.items > 0", within=patience)
    expect(page.locator(".notices")).to_contain_text("This connection is slow")
    assert told(page, "s.status") == "live"
    program.ask("feed(0)")

    total = program.ask("app['trap.shown'].stats.received")
    back = until(page, f"s.status === 'live' && s.pulse['trap.shown']?.received >= {total}", within=patience)
    items = told(page, "s.lost.items")
    print(f"\nitems were left out after {lost:.1f} s; the page was told of {items} {took:.1f} s after; ", end="")
    print(f"up to date {back:.1f} s after the flood")
    page.locator(".notices").get_by_role("button", name="Close").click()
    expect(page.locator(".notices")).to_have_text("")


def test_a_page_behind_a_slow_line_is_told_what_it_lost_and_recovers(
    opened: Opener, plant: Planter, line: Layer
) -> None:
    program = plant("trap")
    told_and_back(opened, program, line(program.port))


def test_a_page_that_keeps_its_losses_to_itself_would_be_found(opened: Opener, plant: Planter, line: Layer) -> None:
    program = plant("trap")
    planted = {"state/events.js": ("slow: on_slow,", "slow: () => {},")}
    with pytest.raises(AssertionError, match=r"s\.lost\.items > 0; the page is live"):
        told_and_back(opened, program, line(program.port), planted, patience=3)


# -- still -------------------------------------------------------------------------------------------------------------


def let_go(opened: Opener, program: Plant, way: Line, patience: float) -> tuple[list[str], Page]:
    """What is wrong when a page's line stands still, and the page."""
    page = live(opened(f"http://127.0.0.1:{way.port}/"), 2)
    flooded(program, page)
    until(page, "s.items['trap.shown']?.in.length")
    faults, before = list[str](), program.memory()
    way.is_free.clear()
    try:
        took = count(program, CLIENTS, lambda clients: clients == 0, patience)
    except AssertionError:
        took = patience
        faults.append("it is not let go")
    rate = program.ask('feed(0) and [feeder.given, app["trap.shown"].stats.processed, app["trap.shown"].stats.dropped]')
    grown = program.memory() - before
    print(f"\nthe line stands still: let go after {took:.1f} s, memory grew by {grown:.1f} MB, of {rate[0]} items")
    if rate[1] < rate[0] - 50 or rate[2]:
        faults.append(f"of {rate[0]} items {rate[1]} were done, {rate[2]} dropped")
    if grown > GROWTH:
        faults.append("memory")
    return faults, page


def test_a_page_whose_line_stands_still_is_let_go_and_comes_back(opened: Opener, plant: Planter, line: Layer) -> None:
    program = plant("trap", **{"rest.timeout": "2"})
    way = line(program.port)

    faults, page = let_go(opened, program, way, 20)

    assert faults == []
    way.is_free.set()
    back = count(program, CLIENTS, lambda clients: clients == 1, 20)
    until(page, "s.status === 'live'")
    program.ask("app['trap.shown'].port_in.on_next(1)")
    total = program.ask("app['trap.shown'].stats.received")
    until(page, f"s.pulse['trap.shown']?.received >= {total}")
    print(f"back {back:.1f} s after the line was free again")


def test_a_server_that_waits_and_hoards_for_a_page_would_be_found(opened: Opener, plant: Planter, line: Layer) -> None:
    program = plant("trap", bugs="patient,hoarding", **{"rest.timeout": "1000"})
    way = line(program.port)
    assert let_go(opened, program, way, 6)[0] == ["it is not let go", "memory"]
