"""A page behind a slow line: it is told what it lost, its counters are right, and it recovers."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Opener
from tests.browser.eyes import live, picked, told, until
from tests.browser.plant import Plant

pytestmark = pytest.mark.system

SMALL = 8192
"""Bytes that a connection of the line buffers, and passes on at a time."""
PAUSE = 0.02
"""Between two of them, while the line is slow [s]."""


class Line:
    """Passes connections on to a port; slowly, while it is told to."""

    def __init__(self, port: int) -> None:
        self._target = port
        self.is_slow = threading.Event()
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
                sink.sendall(piece)
                if is_answer and self.is_slow.is_set():
                    self._over.wait(PAUSE)
        with contextlib.suppress(OSError):
            sink.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        """End all connections."""
        self._over.set()
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


def test_a_page_behind_a_slow_line_is_told_what_it_lost_and_recovers(
    opened: Opener, plant: Callable[..., Plant], line: Callable[[int], Line]
) -> None:
    program = plant("trap")
    way = line(program.port)
    page = live(opened(f"http://127.0.0.1:{way.port}/"), 2)
    picked(page, "trap.shown")
    program.ask("(large := {str(n): 'x' * 250 for n in range(60)}) and 0")
    program.ask("setattr(feeder, 'item', lambda element, number: large)")
    way.is_slow.set()
    program.ask('feed(300, "trap.shown")')

    took = until(page, "s.lost.items > 0", within=60)
    expect(page.locator(".notices")).to_contain_text("This connection is slow")
    assert told(page, "s.status") == "live"
    program.ask("feed(0)")
    way.is_slow.clear()

    total = program.ask("app['trap.shown'].stats.received")
    back = until(page, f"s.status === 'live' && s.pulse['trap.shown']?.received >= {total}", within=30)
    print(f"\ntold after {took:.1f} s of {told(page, 's.lost.items')} lost items; up to date {back:.1f} s after")
    page.locator(".notices").get_by_role("button", name="Close").click()
    expect(page.locator(".notices")).to_have_text("")
