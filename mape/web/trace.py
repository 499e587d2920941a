"""One item's way: taps at all ports for a moment, which look for its causal id."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

import msgspec

from mape.element import Element
from mape.errors import StateError
from mape.flow.cause import cause_text
from mape.item import Failure
from mape.web.sampling import see
from mape.web.tap import Tap

if TYPE_CHECKING:
    from mape.application import App

__all__ = ["Hop", "Tracer"]

SECONDS: Final = 5.0
"""How long an item is followed at most [s]."""
QUIET: Final = 0.3
"""How long nothing may be seen of it before its way counts as ended [s]."""
LATE: Final = 1.5
"""The same, while peers look for it [s]."""
PATIENCE: Final = 30.0
"""How long the next item of an element is waited for [s]."""
HOPS: Final = 512
AT_ONCE: Final = 4
"""Traces that run at a time, and that wait for an item."""
KEPT: Final = 16
"""Traces that can be asked for."""
ELEMENTS: Final = 400
"""Elements that get taps: those downstream first."""
ITEM_BYTES: Final = 2_048


class Hop(msgspec.Struct):
    """An item at a port.

    Args:
        t: Wall time [s].
        port: ``in`` or ``out``; None of a failure.
        took: Since the item came in at the same element [s].
    """

    t: float
    peer: str
    path: str
    kind: str
    port: str | None
    text: str
    value: msgspec.Raw = msgspec.Raw(b"null")
    took: float | None = None


class _Trace:
    """One that runs, or has ended."""

    def __init__(self, app: App, cause: int, now: float) -> None:
        self.cause = cause
        self.hops: list[Hop] = []
        self.told = 0
        self.clients: set[str] = set()
        self.is_done = False
        self.expected: set[str] = set()
        """Peers that look for it, too."""
        self._app = app
        self._began = self._seen = now
        self._taps: list[Tap] = []
        self._visited: dict[str, Element[Any, Any]] = {}
        self._entered: dict[str, float] = {}

    def arm(self, elements: Iterable[Element[Any, Any]]) -> None:
        """Put taps at both ports of these elements."""
        for element in elements:
            for port, there in (("in", element.port_in), ("out", element.port_out)):
                tap = Tap(there, partial(self._hear, element, port))
                tap.attach()
                self._taps.append(tap)

    def disarm(self) -> None:
        """Take all taps away."""
        self.is_done = True
        for tap in self._taps:
            tap.detach()
        self._taps.clear()
        self._visited.clear()

    def hear(self, element: Element[Any, Any], port: str, item: Any) -> None:
        """Take note of an item that is known to be the one."""
        now = self._app.clock.monotonic()
        path = element.path
        self._visited[path], self._seen = element, now
        took = None
        if port == "in":
            self._entered[path] = now
        elif path in self._entered:
            took = now - self._entered[path]
        seen = see(self._app, item, ITEM_BYTES)
        self.add(Hop(seen.t, "", path, port, port, seen.text, seen.value, took))

    def add(self, hop: Hop) -> None:
        """Add a hop."""
        if len(self.hops) < HOPS:
            self.hops.append(hop)

    def touch(self) -> None:
        """Take note that it goes on."""
        self._seen = self._app.clock.monotonic()

    def is_over(self, now: float) -> bool:
        """Whether nothing more is to be expected."""
        if now - self._began > SECONDS or len(self.hops) >= HOPS:
            return True
        quiet = LATE if self.expected else QUIET
        return now - self._seen > quiet and bool(self.hops) and not any(each.is_busy for each in self._visited.values())

    def news(self) -> dict[str, Any] | None:
        """Return what was not told yet; None if nothing."""
        if self.told == len(self.hops) and not self.is_done:
            return None
        first, self.told = self.told, len(self.hops)
        return {"peer": "", "first": first, **self.whole(first)}

    def whole(self, first: int = 0) -> dict[str, Any]:
        """Return the trace as it is told."""
        return {"cause": cause_text(self.cause), "hops": self.hops[first:], "is_done": self.is_done}

    def _hear(self, element: Element[Any, Any], port: str, item: Any) -> None:
        if self._app.scope.current() == self.cause:
            self.hear(element, port, item)


class _Wait:
    """Waits for the next item of an element."""

    def __init__(self, tap: Tap, client: str, until: float) -> None:
        self.tap, self.client, self.until = tap, client, until


class Tracer:
    """Follows items.

    Args:
        tell: Sends a part of a trace to clients of these ids.
    """

    def __init__(self, app: App, tell: Callable[[dict[str, Any], Iterable[str]], None]) -> None:
        self._app, self._tell = app, tell
        self._traces: OrderedDict[int, _Trace] = OrderedDict()
        self._waits: list[_Wait] = []
        self.began: Callable[[int], None] | None = None
        """Told of the cause of each trace that begins by itself."""

    def begin(self, cause: int, client: str, start: Element[Any, Any] | None = None) -> _Trace:
        """Follow what has this cause, from now on.

        Args:
            client: Who is told.
            start: Where it begins, if that is known.

        Raises:
            StateError: Too many are followed already.
        """
        trace = self._traces.get(cause)
        if trace is None or trace.is_done:
            self._check_room(sum(not each.is_done for each in self._traces.values()))
            trace = self._traces[cause] = _Trace(self._app, cause, self._app.clock.monotonic())
            trace.arm(self._near(start))
            while len(self._traces) > KEPT:
                self._traces.popitem(last=False)[1].disarm()
        trace.clients.add(client)
        return trace

    def wait(self, element: Element[Any, Any], client: str) -> float:
        """Follow the next item that comes to an element; return how long it is waited for [s].

        Raises:
            StateError: Too many are waited for already.
        """
        self._check_room(len(self._waits))
        wait = _Wait(
            Tap(element.port_in, lambda item: self._found(wait, element, item)), client, self._now() + PATIENCE
        )
        self._waits.append(wait)
        wait.tap.attach()
        return PATIENCE

    def find(self, cause: int) -> dict[str, Any] | None:
        """Return a trace as far as it has come; None if it is not known any more."""
        trace = self._traces.get(cause)
        return trace.whole() if trace is not None else None

    def hear_failure(self, failure: Failure, text: str) -> None:
        """Take note of a failure, if it belongs to a trace."""
        for trace in self._traces.values():
            if not trace.is_done and cause_text(trace.cause) == failure.cause:
                trace.add(Hop(failure.timestamp, "", failure.path, "failure", None, text))

    def expect(self, cause: int, peers: Iterable[str]) -> None:
        """Wait for what these peers tell of an item."""
        if (trace := self._traces.get(cause)) is not None:
            trace.expected.update(peers)

    def hear_peer(self, cause: int, peer: str, hops: list[Hop], *, is_done: bool) -> None:
        """Take note of what a peer has seen of an item."""
        trace = self._traces.get(cause)
        if trace is None or trace.is_done:
            return
        for hop in hops:
            hop.peer = peer
            trace.add(hop)
        trace.touch()
        if is_done:
            trace.expected.discard(peer)

    def tick(self) -> None:
        """Tell what is new, and end what is over."""
        now = self._now()
        for trace in self._traces.values():
            if trace.is_done:
                continue
            if trace.is_over(now):
                trace.disarm()
            if (news := trace.news()) is not None:
                self._tell(news, trace.clients)
        for wait in [each for each in self._waits if each.until < now]:
            self._waits.remove(wait)
            wait.tap.detach()
            self._tell({"peer": "", "cause": None, "first": 0, "hops": [], "is_done": True}, [wait.client])

    def close(self) -> None:
        """Follow nothing any more."""
        for trace in self._traces.values():
            trace.disarm()
        for wait in self._waits:
            wait.tap.detach()
        self._waits.clear()

    def _found(self, wait: _Wait, element: Element[Any, Any], item: Any) -> None:
        if wait not in self._waits:
            return
        self._waits.remove(wait)
        wait.tap.detach()
        cause = self._app.scope.current()
        if cause is None:
            return
        try:
            trace = self.begin(cause, wait.client, element)
        except StateError:
            return
        trace.hear(element, "in", item)
        if self.began is not None:
            self.began(cause)

    def _near(self, start: Element[Any, Any] | None) -> Iterable[Element[Any, Any]]:
        """Return the elements that get taps: what is downstream of `start`, then others, up to a number."""
        found: dict[Element[Any, Any], None] = {}
        waiting = [start] if start is not None else []
        while waiting and len(found) < ELEMENTS:
            element = waiting.pop(0)
            if element not in found:
                found[element] = None
                waiting += [each for each, _ in element.downstream()]
        others = islice((each for each in self._app.elements if each not in found), max(0, ELEMENTS - len(found)))
        return [*found, *others]

    def _check_room(self, count: int) -> None:
        if count >= AT_ONCE:
            raise StateError(f"{AT_ONCE} items are followed already: wait until one has arrived")

    def _now(self) -> float:
        return self._app.clock.monotonic()
