"""The control loop: it keeps the service within its goal with as few workers as will do.

This is the part to read for how mape is used: four functions, joined in a row, and what they know.

    monitor measure -> analyze judge -> plan decide -> execute scale

The monitor is fed with the load generator's reports, as it would be with those of a gateway; `policy.py` holds the
arithmetic of the plan.
"""

from __future__ import annotations

from typing import Protocol

import mape
from mape import operators as ops
from mape.demo.elastic.load import BATCH_PERIOD
from mape.demo.elastic.measurement import Batch, Health, Sample
from mape.demo.elastic.policy import Decision, Limits, Policy

__all__ = ["Scalable", "control", "watch"]

WINDOW = 4
"""How many batches the analysis looks at: the last second."""


class Scalable(Protocol):
    """What the loop needs of the system that it manages."""

    capacity: int

    @property
    def workers(self) -> int:
        """How many workers serve now."""

    async def scale(self, workers: int) -> None:
        """Change that, without dropping a request."""


def watch(app: mape.App, uid: str, service: Scalable, goal: float) -> mape.Loop:
    """Make a loop that only watches: the first half, monitor and analyze.

    In: `Batch`, at ``measure``. Out: `Health`, at ``judge``, from the second second on at every batch.

    Args:
        app: Where it lives.
        uid: Its name.
        service: What it watches.
        goal: What p95 should not exceed [s]; may be changed at any time, as ``loop.k.p95_goal``.
    """
    loop = mape.Loop(uid, app=app)
    loop.k.p95_goal = goal

    @loop.monitor
    def measure(batch: Batch) -> Sample:
        """In: what clients saw. Out: the same, with the workers that served them."""
        return Sample(batch, service.workers)

    @loop.analyze(ops_in=ops.buffer_with_count(WINDOW, 1))
    def judge(samples: list[Sample]) -> Health:
        """In: the samples of the last second, at every new one. Out: how the service does against the goal."""
        health = Health.of(samples, goal=loop.k.p95_goal, period=BATCH_PERIOD, capacity=service.capacity)
        loop.k.p95 = health.p95
        return health

    measure.subscribe(judge)
    return loop


def control(loop: mape.Loop, service: Scalable, limits: Limits) -> None:
    """Add the second half to a loop that watches: plan and execute.

    Out: `Decision`, at ``decide`` when it is made and at ``scale`` when it is carried out.

    Args:
        loop: One that `watch` made.
        service: What it changes.
        limits: How many workers there may be.
    """
    loop.k.workers = service.workers
    policy = Policy(service.workers, limits)

    @loop.plan
    def decide(health: Health) -> Decision | None:
        """In: how the service does. Out: a change, when one is due."""
        return policy.decide(health)

    @loop.execute
    async def scale(decision: Decision) -> Decision:
        """In: a change. Out: the same, when the workers are ready or gone."""
        await service.scale(decision.workers)
        loop.k.workers = decision.workers
        return decision

    mape.connect(loop.judge, decide, scale)
