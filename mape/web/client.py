"""What waits for one who looks: bounded in every part; who is slow loses detail first, and is told."""

from __future__ import annotations

import asyncio
import secrets
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from mape.web.journal import Entry

__all__ = ["Client", "Figures", "event"]

ITEMS: Final = 128
ITEM_BYTES: Final = 512 * 1024
LOG: Final = 400
TRACES: Final = 512
CHANGES: Final = 500
Known = tuple[str, str, str]


def event(name: str, value: Any) -> bytes:
    """Return an event of the stream. Wire: ``event: NAME``, ``data: JSON``, an empty line."""
    encoded = value if isinstance(value, bytes) else msgspec.json.encode(value)
    return b"event: %s\ndata: %s\n\n" % (name.encode(), encoded)


@dataclass
class Figures:
    """Counters and numbers that have changed.

    Args:
        e: Rows, by the paths of elements.
        o: What was counted behind edges, by their ids.
        k: Numbers that are known, by scope and key.
    """

    e: dict[str, Any] = field(default_factory=dict)
    o: dict[str, Any] = field(default_factory=dict)
    k: dict[str, dict[str, Any]] = field(default_factory=dict)

    def update(self, newer: Figures) -> None:
        """Become the newer ones, where there are."""
        self.e.update(newer.e)
        self.o.update(newer.o)
        for scope, numbers in newer.k.items():
            self.k.setdefault(scope, {}).update(numbers)

    def event(self, peer: str, t: float) -> bytes:
        """Return them as an event; `t` is wall time [s]."""
        return event("pulse", {"peer": peer, "t": t, "e": self.e, "o": self.o, "k": self.k})

    def __bool__(self) -> bool:
        return bool(self.e or self.o or self.k)


class Client:
    """One who looks.

    Args:
        wants_peers: Whether what peers tell is passed on.
    """

    def __init__(self, *, wants_peers: bool = True) -> None:
        self.id = secrets.token_hex(8)
        self.wants_peers = wants_peers
        self.watched: frozenset[tuple[str, str]] = frozenset()
        """Peer and path of the elements whose items it is shown."""
        self.is_closed = False
        self._wake = asyncio.Event()
        self._states: dict[str, bytes] = {}
        self._figures: dict[str, Figures] = {}
        self._time = 0.0
        self._ready: bytes | None = None
        self._items: deque[bytes] = deque()  # bound: ITEMS and ITEM_BYTES, in put_items
        self._items_bytes = 0
        self._log: deque[Entry] = deque(maxlen=LOG)
        self._traces: deque[bytes] = deque()  # bound: TRACES, in put_trace
        self._known: dict[Known, None] = {}
        self._lost = {"items": 0, "log": 0}

    # -- what comes in ---------------------------------------------------------------------------------------------

    def put_state(self, key: str, written: bytes) -> None:
        """Have an event sent that replaces one of the same key: a graph, a peer's state."""
        self._states[key] = written

    def put_pulse(self, t: float, peer: str, figures: Figures, ready: bytes) -> None:
        """Have counters sent; those that were not sent yet become the newer ones.

        Args:
            ready: The event that tells just these, encoded once for all clients.
        """
        self._ready = ready if not self._figures else None
        self._time = t
        self._figures.setdefault(peer, Figures()).update(figures)

    def put_items(self, written: bytes, count: int) -> None:
        """Have samples of items sent; the first to be lost where the client is slow."""
        if len(self._items) >= ITEMS or self._items_bytes + len(written) > ITEM_BYTES:
            self._lost["items"] += count
            return
        self._items.append(written)
        self._items_bytes += len(written)

    def put_log(self, entries: Sequence[Entry]) -> None:
        """Have entries sent; the oldest are lost where the client is slow."""
        self._lost["log"] += max(0, len(self._log) + len(entries) - LOG)
        self._log.extend(entries)

    def put_trace(self, written: bytes) -> None:
        """Have a part of a trace sent."""
        if len(self._traces) >= TRACES:
            self._traces.popleft()
            self._lost["items"] += 1
        self._traces.append(written)

    def put_known(self, peer: str, changed: Iterable[tuple[str, str]]) -> None:
        """Have it told what changed in knowledge."""
        for scope, key in changed:
            if len(self._known) < CHANGES:
                self._known[peer, scope, key] = None

    def wake(self) -> None:
        """Send what waits, if anything does."""
        if any((self._states, self._figures, self._log, self._traces, self._items, self._known)):
            self._wake.set()

    def close(self) -> None:
        """Let the stream end."""
        self.is_closed = True
        self._wake.set()

    # -- what goes out ---------------------------------------------------------------------------------------------

    async def take(self, patience: float) -> bytes:
        """Return what is to be sent next; a comment if nothing was for `patience` [s]."""
        if not self.is_closed:
            try:
                async with asyncio.timeout(patience):
                    await self._wake.wait()
            except TimeoutError:
                return b":\n\n"
        self._wake.clear()
        return self._written()

    def _written(self) -> bytes:
        """Return all that waits as events, structure before counters, and what was lost in the end."""
        parts: list[bytes] = [*self._states.values()]
        self._states.clear()
        parts += self._pulses()
        if self._log:
            parts.append(event("log", {"entries": list(self._log)}))
            self._log.clear()
        parts += [*self._traces, *self._items]
        self._traces.clear()
        self._items.clear()
        self._items_bytes = 0
        parts += self._changes()
        if any(self._lost.values()):
            parts.append(event("slow", {"dropped": self._lost}))
            self._lost = {"items": 0, "log": 0}
        return b"".join(parts)

    def _pulses(self) -> list[bytes]:
        if self._ready is not None:
            parts = [self._ready]
        else:
            parts = [figures.event(peer, self._time) for peer, figures in self._figures.items()]
        self._figures, self._ready = {}, None
        return parts

    def _changes(self) -> list[bytes]:
        changed: dict[str, list[dict[str, str]]] = {}
        for peer, scope, key in self._known:
            changed.setdefault(peer, []).append({"scope": scope, "key": key})
        self._known.clear()
        return [event("knowledge", {"peer": peer, "changed": keys}) for peer, keys in changed.items()]
