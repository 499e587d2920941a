"""An arm of the comparison: a service, the loop over it, and the record of what happened."""

from __future__ import annotations

from dataclasses import dataclass

import mape
from mape.demo.elastic.control import control, watch
from mape.demo.elastic.measurement import Batch
from mape.demo.elastic.policy import Limits
from mape.demo.elastic.record import Record
from mape.demo.elastic.service import Service

__all__ = ["Arm", "Way"]


@dataclass(frozen=True, slots=True)
class Way:
    """A way to run the service.

    Attributes:
        uid: Its name in the app and for the load generator.
        title: What people call it.
        workers: How many there are at the start.
        limits: Within which a loop changes that; None for no loop.
    """

    uid: str
    title: str
    workers: int
    limits: Limits | None = None


class Arm:
    """One way to run the service, running.

    Args:
        app: Where its loop lives.
        way: How to run it.
        service: What to run; open, without workers.
        goal: What p95 should not exceed [s].
    """

    def __init__(self, app: mape.App, way: Way, service: Service, goal: float) -> None:
        self.way = way
        self.service = service
        self.record = Record(way.title)
        self._goal = goal
        self._app = app
        self._loop: mape.Loop | None = None
        self._free_seconds = 0.0

    async def start(self) -> None:
        """Start the workers."""
        await self.service.scale(self.way.workers)

    def wire(self) -> None:
        """Make the loop, when there are workers."""
        self._loop = loop = watch(self._app, self.way.uid, self.service, self._goal)
        loop.judge.subscribe(self.record.note_health)
        if self.way.limits:
            control(loop, self.service, self.way.limits)
            loop.decide.subscribe(self.record.note_decision)

    def begin(self) -> None:
        """Count costs from now on."""
        self._free_seconds = self.service.worker_seconds

    def take(self, batch: Batch, until: float) -> None:
        """Record a report; give it to the loop and count the costs up to `until` [s], when the load is over."""
        self.record.add(batch, self.service.workers)
        if self._loop and batch.at <= until:
            self.record.worker_seconds = self.service.worker_seconds - self._free_seconds
            self._loop.measure(batch)
