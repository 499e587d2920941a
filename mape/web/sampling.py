"""The items at ports that somebody watches: a few of them, so that the rest goes its direct way."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

import msgspec

from mape.element import Element
from mape.errors import UnknownPathError
from mape.flow.cause import cause_text
from mape.flow.ledger import Ledger
from mape.web.address import element_at
from mape.web.tap import Tap
from mape.web.tree import numbers, summary, tree, within

if TYPE_CHECKING:
    from mape.application import App
    from mape.port import Port

__all__ = ["Sampler", "Seen", "see"]

A_TICK: Final = 20
"""Items of a port that are looked at in one tick ..."""
IN_A_FLOOD: Final = 5
"""The same, after a tick in which there were more ..."""
SECONDS: Final = 0.001
"""... unless it takes longer than this [s]."""
KEPT: Final = 20
ITEM_BYTES: Final = 16_384


class Seen(msgspec.Struct):
    """An item, as the page shows it.

    Args:
        t: Wall time [s].
        value: Its tree, encoded.
        numbers: The numbers in it, for charts.
    """

    t: float
    cause: str | None
    value: msgspec.Raw
    text: str
    numbers: dict[str, float]


def see(app: App, item: Any, most: int = ITEM_BYTES) -> Seen:
    """Look at an item that is in hand; never raises."""
    read = tree(item)
    cause = cause_text(app.scope.current())
    return Seen(app.clock.now(), cause, within(read, most), summary(read), numbers(read))


class _Sample:
    """What is seen at one port."""

    def __init__(self, app: App, port: Port) -> None:
        self._app = app
        self._tap = Tap(port, self._hear)
        self._spent, self._most = 0.0, A_TICK
        self.new: list[Seen] = []
        self.recent: deque[Seen] = deque(maxlen=KEPT)

    def attach(self) -> None:
        """Begin to look, for the next few items."""
        self._most = IN_A_FLOOD if self.new and not self._tap.is_attached else A_TICK
        self.new, self._spent = [], 0.0
        self._tap.attach()

    def detach(self) -> None:
        self._tap.detach()

    def _hear(self, item: Any) -> None:
        monotonic = self._app.clock.monotonic
        start = monotonic()
        seen = see(self._app, item)
        self.new.append(seen)
        self.recent.append(seen)
        self._spent += monotonic() - start
        if len(self.new) >= self._most or self._spent > SECONDS:
            self._tap.detach()


class Sampler:
    """Looks at what passes the elements that are watched."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._watched: dict[str, tuple[Element[Any, Any], dict[str, _Sample]]] = {}
        self._wanted: frozenset[str] = frozenset()

    def watch(self, paths: Iterable[str]) -> None:
        """Look at these elements from now on, and at no other; one that is not there yet is looked for."""
        self._wanted = frozenset(paths)
        for path in tuple(self._watched):
            if path not in self._wanted:
                self._drop(path)
        self._find()

    def collect(self) -> dict[tuple[str, str], tuple[int, list[Seen]]]:
        """Return what was seen since the last call, by path and port, with how many items had passed; go on looking."""
        found: dict[tuple[str, str], tuple[int, list[Seen]]] = {}
        for path, (element, samples) in tuple(self._watched.items()):
            if element.is_removed:
                self._drop(path)
                continue
            stats = Ledger.read_counts(element)
            for port, sample in samples.items():
                if sample.new:
                    passed = stats.received if port == "in" else stats.emitted
                    found[path, port] = (passed, sample.new)
                sample.attach()
        if len(self._watched) < len(self._wanted):
            self._find()
        return found

    def recent(self, element: Element[Any, Any]) -> dict[str, list[Seen]]:
        """Return the latest items of an element that is watched, newest last; none of another."""
        known = self._watched.get(element.path)
        samples = known[1] if known is not None and known[0] is element else {}
        return {port: list(samples[port].recent) if port in samples else [] for port in ("in", "out")}

    def _find(self) -> None:
        for path in self._wanted - self._watched.keys():
            try:
                element = element_at(self._app, path)
            except UnknownPathError:
                continue
            ports = {"in": element.port_in, "out": element.port_out}
            samples = {name: _Sample(self._app, port) for name, port in ports.items()}
            self._watched[path] = (element, samples)
            for sample in samples.values():
                sample.attach()

    def _drop(self, path: str) -> None:
        for sample in self._watched.pop(path)[1].values():
            sample.detach()
