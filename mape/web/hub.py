"""All who look at an app, and the one tick that serves them; without anybody there is none."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Final

import msgspec

from mape.web.client import Client, Figures, event
from mape.web.graph import GraphShape, Shape, draw
from mape.web.journal import Entry, Journal
from mape.web.known import Known, Numbers
from mape.web.pulse import Pulse
from mape.web.sampling import Sampler
from mape.web.trace import Tracer

if TYPE_CHECKING:
    from mape.application import App
    from mape.web.peers import Peers

__all__ = ["INTERVAL", "Hub"]

INTERVAL: Final = 0.1
"""Between two ticks [s]."""
SHARE: Final = 0.04
"""Of the time that ticks may take: those of a huge app come less often."""
STRUCTURE: Final = 5
"""Ticks between two looks at the structure and at knowledge."""
AT_JOIN: Final = 200
"""Entries of the log that a client is told in the beginning."""
CALM: Final = 10.0
"""Between two reports of a tick that fails [s]."""


class Hub:
    """See the module.

    Args:
        report: Hears of a tick that failed.
    """

    def __init__(self, app: App, journal: Journal) -> None:
        self._app, self.journal = app, journal
        self.clients: dict[str, Client] = {}
        self.graph: GraphShape | None = None
        self.peers: Peers | None = None
        self.sampler = Sampler(app)
        self.tracer = Tracer(app, self.tell_trace)
        journal.heard = self.tracer.hear_failure
        self.changed: list[Callable[[], None]] = []
        """Called when the graph was drawn anew."""
        self._shape = Shape(app)
        self._pulse = Pulse(app, journal)
        self._known, self._numbers = Known(app), Numbers(app)
        self._version = 0
        self._told = 0
        self._ticks = 0
        self._task: asyncio.Task[None] | None = None
        self._reported = -CALM

    # -- who looks -------------------------------------------------------------------------------------------------

    def join(self, client: Client, hello: dict[str, Any]) -> None:
        """Take a client in, and have it told everything."""
        if not self.clients:
            self._begin()
        self.clients[client.id] = client
        client.put_state("hello", event("hello", {"client": client.id, **hello}))
        client.put_state("graph:", event("graph", self.graph))
        t, figures = self._app.clock.now(), Figures(self._pulse.rows, self._pulse.edges, dict(self._numbers.all))
        client.put_pulse(t, "", figures, figures.event("", t))
        client.put_log([entry for entry in self.journal.since(self._told - AT_JOIN) if entry.n <= self._told])
        if self.peers is not None and client.wants_peers:
            self.peers.welcome(client)
        client.wake()

    def leave(self, client: Client) -> None:
        """Let a client go; after the last one everything rests."""
        client.close()
        self.clients.pop(client.id, None)
        self.aim()
        if self.peers is not None and not any(each.wants_peers for each in self.clients.values()):
            self.peers.rest()
        if not self.clients:
            self._rest()

    def aim(self) -> None:
        """Look at what the clients watch, because that has changed."""
        watched = {each for client in self.clients.values() for each in client.watched}
        self.sampler.watch(path for peer, path in watched if not peer)
        if self.peers is not None:
            self.peers.watch({(peer, path) for peer, path in watched if peer})

    def close(self) -> None:
        """End all streams."""
        for client in self.clients.values():
            client.close()

    def _begin(self) -> None:
        self._told = self.journal.number
        self._shape.has_changed()
        self._draw()
        self._pulse.read()
        self._pulse.read_edges(self._shape.counts())
        self._known.changes()
        self._numbers.changes()
        self._task = asyncio.get_running_loop().create_task(self._run(), name="live page")

    def _rest(self) -> None:
        if self._task is not None:
            self._task.cancel()
            self._task = None
        self.tracer.close()
        self.sampler.watch(())
        self._pulse.clear()
        self._known.clear()
        self._numbers.clear()
        self._shape = Shape(self._app)
        self.graph = None

    # -- the tick --------------------------------------------------------------------------------------------------

    async def _run(self) -> None:
        monotonic = self._app.clock.monotonic
        while True:
            start = monotonic()
            try:
                self.tick()
            except Exception as error:  # the wall around the page: who looks must not hurt who works
                if start - self._reported >= CALM:
                    self._reported = start
                    self._app.report("live page", None, error)
            spent = monotonic() - start
            await asyncio.sleep(max(INTERVAL, spent / SHARE))

    def tick(self) -> None:
        """Tell all clients what is new."""
        self._ticks += 1
        if self._ticks % STRUCTURE == 0:
            self._look_at_structure()
        now = self._app.clock.now()
        edges = self._pulse.read_edges(self._shape.counts())
        self.tell_pulse(now, "", Figures(self._pulse.read(), edges, self._numbers.changes()))
        self._tell_items()
        self.tracer.tick()
        if entries := self.journal.since(self._told):
            self._told = self.journal.number
            self.tell_log(entries)
        for client in self.clients.values():
            client.wake()

    def _look_at_structure(self) -> None:
        if self._shape.has_changed():
            self._draw()
            written = event("graph", self.graph)
            for client in self.clients.values():
                client.put_state("graph:", written)
        if changed := self._known.changes():
            for client in self.clients.values():
                client.put_known("", changed)

    def _draw(self) -> None:
        self._version += 1
        self.graph = draw(self._app, self._shape, self._version)
        for hear in self.changed:
            hear()

    def _tell_items(self) -> None:
        for (path, port), (passed, items) in self.sampler.collect().items():
            told = {"peer": "", "path": path, "port": port, "seen": passed, "items": items}
            self.tell_items("", path, event("items", told), len(items))

    # -- telling, own things and peers' ----------------------------------------------------------------------------

    def _listeners(self, peer: str) -> Iterable[Client]:
        return [each for each in self.clients.values() if not peer or each.wants_peers]

    def tell_state(self, peer: str, key: str, written: bytes) -> None:
        """Have all clients told the newest state of something."""
        for client in self._listeners(peer):
            client.put_state(key, written)

    def tell_pulse(self, t: float, peer: str, figures: Figures) -> None:
        """Have all clients told counters, if there are any."""
        if figures:
            written = figures.event(peer, t)
            for client in self._listeners(peer):
                client.put_pulse(t, peer, figures, written)

    def tell_items(self, peer: str, path: str, written: bytes, count: int) -> None:
        """Have those who watch an element told its items."""
        for client in self._listeners(peer):
            if (peer, path) in client.watched:
                client.put_items(written, count)

    def tell_log(self, entries: list[Entry], peer: str = "") -> None:
        """Have all clients told what happened."""
        for client in self._listeners(peer):
            client.put_log(entries)

    def tell_known(self, peer: str, changed: Iterable[tuple[str, str]]) -> None:
        """Have all clients told what changed in knowledge."""
        for client in self._listeners(peer):
            client.put_known(peer, changed)

    def tell_trace(self, told: dict[str, Any], names: Iterable[str]) -> None:
        """Have some clients told a part of a trace."""
        written = event("trace", msgspec.json.encode(told))
        for name in names:
            if (client := self.clients.get(name)) is not None:
                client.put_trace(written)
