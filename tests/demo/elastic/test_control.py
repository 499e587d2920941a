"""The loop over a simulated service, in virtual time: what it does to latency, and what it costs."""

from __future__ import annotations

import asyncio
import random
from collections import deque
from dataclasses import dataclass

import pytest

import mape
from mape.demo.elastic.control import control, watch
from mape.demo.elastic.load import BATCH_PERIOD, PROFILES, Request, requests
from mape.demo.elastic.measurement import Batch, Health, Outcome
from mape.demo.elastic.policy import Decision, Limits
from mape.demo.elastic.record import Record, Score, score
from mape.testing import collect, run_virtual

GOAL = 0.15
SECONDS = 40.0
BOOT = 0.15
"""How long a simulated worker takes until it accepts [s]."""


class FakeService:
    """Queues and serves in virtual time as the real one does: one queue, a few requests a worker."""

    capacity = 2

    def __init__(self, workers: int) -> None:
        self.workers = workers
        self.worker_seconds = 0.0
        self._queue: deque[tuple[Request, float]] = deque()
        self._at_work = 0
        self._sent = 0
        self._done: list[Outcome] = []

    async def scale(self, workers: int) -> None:
        if workers > self.workers:
            await asyncio.sleep(BOOT)
        self.workers = workers
        self._serve()

    def send(self, request: Request, now: float) -> None:
        self._sent += 1
        self._queue.append((request, now))
        self._serve()

    def report(self, now: float) -> Batch:
        oldest = now - self._queue[0][1] if self._queue else 0.0
        batch = Batch("elastic", now, self._sent, len(self._queue), oldest, tuple(self._done))
        self._sent = 0
        self._done.clear()
        return batch

    def _serve(self) -> None:
        while self._queue and self._at_work < self.workers * self.capacity:
            request, sent_at = self._queue.popleft()
            self._at_work += 1
            loop = asyncio.get_running_loop()
            loop.call_later(request.work, self._finish, request, sent_at)

    def _finish(self, request: Request, sent_at: float) -> None:
        self._at_work -= 1
        latency = asyncio.get_running_loop().time() - sent_at
        self._done.append(Outcome(sent_at, latency, request.work, ok=True))
        self._serve()


@dataclass
class Run:
    score: Score
    decisions: list[Decision]
    healths: list[Health]
    known_workers: int


async def simulate(profile: str, seed: int, *, workers: int = 1, adapt: bool = True, crash_at: float = -1) -> Run:
    service, app, record = FakeService(workers), mape.App(), Record("simulated")
    loop = watch(app, "elastic", service, GOAL)
    healths = collect(loop.judge)
    if adapt:
        control(loop, service, Limits(1, 6))
        loop.decide.subscribe(record.decisions.append)
    plan = requests(random.Random(seed), PROFILES[profile], 20, 150, SECONDS)
    time = asyncio.get_running_loop().time

    async def send() -> None:
        for request in plan:
            await asyncio.sleep(request.at - time())
            service.send(request, time())

    async with app, asyncio.TaskGroup() as tasks:
        tasks.create_task(send())
        for number in range(int((SECONDS + 2) / BATCH_PERIOD)):
            await asyncio.sleep((number + 1) * BATCH_PERIOD - time())
            batch = service.report(time())
            record.add(batch, service.workers)
            record.worker_seconds += service.workers * BATCH_PERIOD
            loop.measure(batch)
            if crash_at == batch.at:
                service.workers -= 1
    return Run(score(record, GOAL), record.decisions, list(healths), loop.k.get("workers", 0))


def simulated(profile: str, seed: int, **options: object) -> Run:
    return run_virtual(lambda: simulate(profile, seed, **options))  # type: ignore[arg-type]


@pytest.mark.parametrize("profile", ["wave", "step", "spike"])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_loop_keeps_the_goal_nearly_as_often_as_too_many_at_clearly_fewer_worker_seconds(
    profile: str, seed: int
) -> None:
    loop = simulated(profile, seed).score
    few = simulated(profile, seed, adapt=False).score
    many = simulated(profile, seed, workers=6, adapt=False).score
    assert many.within_goal == 1.0
    assert loop.within_goal >= 0.85
    assert loop.within_goal >= few.within_goal + 0.3
    assert loop.worker_seconds <= 0.75 * many.worker_seconds


def test_it_follows_the_wave_up_and_down_without_flapping() -> None:
    workers = [decision.workers for decision in simulated("wave", 1).decisions]
    turns = sum(
        (before < here) != (here < after)
        for before, here, after in zip(workers, workers[1:], workers[2:], strict=False)
    )
    assert max(workers) >= 4
    assert workers[-1] <= 2
    assert turns <= 3


def test_under_a_steady_load_it_comes_to_rest() -> None:
    changes = [decision.at for decision in simulated("steady", 2).decisions]
    assert len(changes) <= 6
    assert sum(at > SECONDS / 2 for at in changes) <= 2


def test_the_same_seed_gives_the_same_decisions() -> None:
    assert simulated("wave", 5).decisions == simulated("wave", 5).decisions != simulated("wave", 6).decisions


def test_a_worker_that_dies_is_replaced() -> None:
    run = simulated("steady", 1, workers=5, crash_at=10.0)
    replaced = [decision for decision in run.decisions if "missing" in decision.reason]
    assert len(replaced) == 1
    assert 10.0 < replaced[0].at < 12.0


def test_the_loop_knows_how_many_workers_it_wants() -> None:
    run = simulated("steady", 1)
    assert run.known_workers == run.decisions[-1].workers > 1


def test_health_is_told_with_every_report_from_the_first_whole_second_on() -> None:
    times = [health.at for health in simulated("steady", 1, workers=4).healths]
    assert times[:3] == pytest.approx([1.0, 1.25, 1.5])
    assert len(times) == (SECONDS + 2) / BATCH_PERIOD - 3


def test_a_goal_that_changes_is_heeded_at_once() -> None:
    async def main() -> list[float]:
        service = FakeService(1)
        loop = watch(mape.App(), "elastic", service, 0.1)
        healths = collect(loop.judge)
        async with loop.app:
            for at in range(8):
                loop.k.p95_goal = 0.1 if at < 4 else 0.2
                loop.measure(Batch("elastic", at / 4, 1, 0, 0.0, (Outcome(0.0, 0.1, 0.04, ok=True),)))
        return [health.pressure for health in healths]

    assert run_virtual(main) == pytest.approx([1.0, 0.5, 0.5, 0.5, 0.5])
