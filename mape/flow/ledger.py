"""What an element has counted, and that the counts balance."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from reactivex import Observable

from mape.flow.chain import Chain
from mape.flow.door import Door
from mape.flow.worker import Worker
from mape.mailbox import Mailbox

__all__ = ["TIMED_AT_START", "Ledger", "Stats"]

TIMED_AT_START = 8
"""Items of a synchronous function that are timed before anybody asks."""


@dataclass(frozen=True)
class Stats:
    """What an element has done; ``received == processed + sum(dropped.values()) + queued`` at every moment.

    Args:
        received: Items that reached the element, past ``ops_in``.
        processed: Items the function was called with, whatever became of it.
        emitted: Items the function emitted.
        dropped: Items lost, by reason: ``stopped``, ``overflow``, ``closed``, ``removed``.
        errors: Failures of the function and of operators.
        queued: Items that wait, or are at work in an async function.
        withheld: Items a function emitted after its element was stopped, which went nowhere.
        last_time, mean_time: Processing time [s]. Of synchronous functions only the first eight items and one
            for each look at the statistics are timed, because timing costs more than a hop; None before that.
        timed: How many items were timed.
    """

    received: int
    processed: int
    emitted: int
    dropped: dict[str, int]
    errors: int
    queued: int
    withheld: int
    last_time: float | None
    mean_time: float | None
    timed: int = 0


class Ledger(Observable[Any]):
    """The counting side of an element; attributes are class defaults, so that an element costs what it uses."""

    host: Any
    port_in: Any
    port_out: Any
    deferred = withheld = 0

    _call: Callable[..., Any]
    _bare: Callable[..., Any] | None = None
    _worker: Worker | None = None
    _chain_out: Chain | None = None
    _front: Door | None = None
    _inner: Door | None = None
    _core: Door | None = None
    _waiting: Mailbox[Any] | None = None
    _dropped: dict[str, int] | None = None
    _errors = _settled = _lost_before = _emitted_before = _passed_before = 0
    _samples = TIMED_AT_START
    _timed_items = 0
    _last_time: float | None = None
    _total_time = 0.0

    @property
    def stats(self) -> Stats:
        """What the element has done so far."""
        self.time_one_more()
        return self.read_counts()

    def read_counts(self) -> Stats:
        """As `stats`, without having one more item timed for it: changes nothing, so that it may be read often."""
        received, queued = self._received(), self._queued()
        last, total, timed = self._last_time, self._total_time, self._timed_items
        if self._worker:
            last, total, timed = self._worker.last_time, self._worker.total_time, self._worker.processed
        dropped = dict(self._dropped or {})
        return Stats(
            received=received,
            processed=self._worker.processed if self._worker else received - queued - sum(dropped.values()),
            emitted=self._emitted(),
            dropped=dropped,
            errors=self._errors,
            queued=queued,
            withheld=self.withheld,
            last_time=last,
            mean_time=total / timed if timed else None,
            timed=timed,
        )

    def drop(self, _: Any, reason: str) -> None:
        """Take note that an item is lost."""
        if self._dropped is None:
            self._dropped = {}
        self._dropped[reason] = self._dropped.get(reason, 0) + 1

    def refuse(self, item: Any, reason: str) -> None:
        """Take note of an item that is lost before it came to a door of the function."""
        self._lost_before += 1
        self.drop(item, reason)

    def withhold(self, _: Any) -> None:
        """Take note of what the function emitted after the element was stopped, which goes nowhere."""
        self.withheld += 1

    def withhold_behind(self, item: Any) -> None:
        """As `withhold`, of an item that the operators behind the function have counted."""
        self.withhold(item)
        self._emitted_before -= 1

    def settle_emitted(self) -> None:
        """Keep what was emitted so far, when there will be other operators."""
        self._emitted_before, self._passed_before = self._emitted(), self.port_out.passed

    def took(self, seconds: float) -> None:
        """Take note of a processing time."""
        self._last_time = seconds
        self._total_time += seconds
        self._timed_items += 1

    def _timed(self, item: Any, *rest: Any) -> Any:
        """Call the function, without what may be woven around it, and take note of the time."""
        monotonic, call = self.host.clock.monotonic, self._bare or self._call
        start = monotonic()
        try:
            return call(item, *rest)
        finally:
            self.took(monotonic() - start)
            self._samples = max(0, self._samples - 1)
            if not self._samples:
                self.rewire()

    def rewire(self) -> None:
        """Open the ways that are right now."""
        raise NotImplementedError

    def time_one_more(self) -> None:
        """Time the next item of a synchronous function."""
        if self._samples == 0 and not self._worker:
            self._samples = 1
            self.rewire()

    def _emitted(self) -> int:
        now = self._chain_out.entered if self._chain_out else self.port_out.passed - self._passed_before
        return self._emitted_before + now

    def _received(self) -> int:
        waiting = self.deferred + (len(self._waiting) if self._waiting else 0)
        if self._worker:
            return self._worker.mailbox.offered + waiting + (self._dropped or {}).get("stopped", 0)
        doors: int = sum(link.reached for link in self.port_in.incoming) + self._settled
        own = sum(door.reached for door in (self._front, self._inner, self._core) if door)
        return doors + own + waiting + self._lost_before

    def _queued(self) -> int:
        waiting = len(self._waiting) if self._waiting else 0
        return waiting + self.deferred + (self._worker.queued if self._worker else 0)
