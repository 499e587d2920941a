"""The scheduler of an app: on its loop, by its clock, and before there is a loop."""

from __future__ import annotations

import asyncio
import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import reactivex as rx
from reactivex.disposable import Disposable

import mape
from mape import operators as ops
from mape.flow.scheduler import AppScheduler
from mape.testing import EPOCH, collect, run_virtual

pytestmark = pytest.mark.virtual_time


@pytest.fixture
def loop(app: mape.App) -> mape.Loop:
    return app.loop("main")


def microsecond(stamped: Any) -> int:
    return stamped.timestamp.microsecond  # type: ignore[no-any-return]


def noting(seen: list[Any]) -> Any:
    """An action that notes its state and the time."""

    def action(scheduler: Any, state: Any = None) -> None:
        seen.append((state, round((scheduler.now - datetime.fromtimestamp(EPOCH, UTC)).total_seconds(), 6)))

    return action


async def test_actions_run_in_the_order_of_their_time(app: mape.App) -> None:
    seen: list[Any] = []
    action, start = noting(seen), datetime.fromtimestamp(EPOCH, UTC)
    async with app:
        app.scheduler.schedule_relative(2.0, action, "relative")
        app.scheduler.schedule_relative(timedelta(seconds=1), action, "timedelta")
        app.scheduler.schedule_absolute(start + timedelta(seconds=3), action, "absolute")
        app.scheduler.schedule_absolute(EPOCH + 4, action, "float")
        app.scheduler.schedule_relative(-1, action, "too late")
        app.scheduler.schedule(action, "now")
        assert seen == []
        await asyncio.sleep(5)
    assert seen == [
        ("too late", 0.0), ("now", 0.0), ("timedelta", 1.0), ("relative", 2.0), ("absolute", 3.0), ("float", 4.0),
    ]  # fmt: skip


async def test_an_action_may_schedule_the_next_and_dispose_of_it(app: mape.App) -> None:
    seen: list[int] = []

    def again(scheduler: Any, state: Any) -> Any:
        seen.append(state)
        return scheduler.schedule_relative(1.0, again, state + 1)

    async with app:
        link = app.scheduler.schedule_relative(1.0, again, 0)
        await asyncio.sleep(3.5)
        link.dispose()
        await asyncio.sleep(5)
    assert seen == [0, 1, 2]


async def test_an_action_that_is_disposed_of_in_time_does_not_run(app: mape.App) -> None:
    seen: list[Any] = []
    async with app:
        for schedule in (app.scheduler.schedule, lambda action: app.scheduler.schedule_relative(1.0, action)):
            schedule(noting(seen)).dispose()
        await asyncio.sleep(2)
    assert seen == []


async def test_what_is_periodic_keeps_its_period(app: mape.App) -> None:
    seen: list[float] = []
    async with app:
        start = app.clock.monotonic()
        link = rx.interval(0.1, scheduler=app.scheduler).subscribe(
            lambda _: seen.append(round(app.clock.monotonic() - start, 3))
        )
        await asyncio.sleep(1.05)
        link.dispose()
        await asyncio.sleep(1)
    assert seen == [round(0.1 * step, 3) for step in range(1, 11)]


def test_what_was_scheduled_before_the_loop_starts_with_it_unless_it_was_disposed_of() -> None:
    app, seen = mape.App(), []
    action = lambda scheduler, state: seen.append(state)  # noqa: ARG005, E731
    kept = app.scheduler.schedule_relative(1.0, action, "kept")
    app.scheduler.schedule_relative(2.0, action, "given up").dispose()
    late = app.scheduler.schedule_relative(5.0, action, "late")

    async def main() -> None:
        async with app:
            await asyncio.sleep(3)
            late.dispose()
            await asyncio.sleep(3)

    run_virtual(main)
    kept.dispose()
    assert seen == ["kept"]


def test_an_app_that_was_closed_schedules_on_its_next_loop() -> None:
    app = mape.App()
    seen: list[int] = []
    element = app.loop("main").execute(uid="element", ops_in=ops.delay(1.0))(seen.append)

    async def main() -> None:
        async with app:
            element(len(seen))
            await asyncio.sleep(2)

    run_virtual(main)
    run_virtual(main)
    assert seen == [0, 1]


def test_time_is_the_apps_own() -> None:
    class Stopped:
        now = staticmethod(lambda: 1_000.0)
        monotonic = staticmethod(lambda: 0.0)

    assert mape.App(clock=Stopped()).scheduler.now == datetime.fromtimestamp(1_000.0, UTC)


@pytest.mark.parametrize(
    ("operator", "expected"),
    [
        (ops.delay(0.2), [0, 1, 2, 3]),
        (ops.debounce(0.2), [3]),
        (ops.throttle_first(0.15), [0, 2]),
        (ops.sample(0.25), [2, 3]),
        (ops.buffer_with_time(0.25), [[0, 1, 2], [3], [], []]),
        (ops.timeout(5.0), [0, 1, 2, 3]),
        (ops.take_with_time(0.15), [0, 1]),
        (ops.skip_with_time(0.15), [2, 3]),
        (rx.compose(ops.timestamp(), ops.map(microsecond)), [0, 1e5, 2e5, 3e5]),
    ],
    ids=["delay", "debounce", "throttle", "sample", "buffer", "timeout", "take", "skip", "timestamp"],
)
@pytest.mark.parametrize("place", ["ops_in", "ops_out", "pipe"])
async def test_time_operators_run_in_the_loops_thread_and_time_wherever_they_stand(
    loop: mape.Loop, place: str, operator: Any, expected: list[Any]
) -> None:
    threads: set[int] = set()
    options = {} if place == "pipe" else {place: operator}
    element = loop.execute(uid="element", **options)(lambda item: item)
    seen = collect(element.pipe(operator) if place == "pipe" else element)
    seen_by = loop.execute(uid="thread")(lambda _: threads.add(threading.get_ident()))
    (element.pipe(operator) if place == "pipe" else element).subscribe(seen_by)
    async with loop.app:
        for item in range(4):
            element(item)
            await asyncio.sleep(0.1)
        await asyncio.sleep(0.65)
    assert seen == expected
    assert threads == {threading.get_ident()}
    assert loop.app.failures.passed == 0


async def test_a_timeout_is_a_failure_after_which_the_stream_goes_on(loop: mape.Loop) -> None:
    element = loop.execute(uid="element", ops_in=ops.timeout(1.0))(lambda item: item)
    seen, failures = collect(element), collect(loop.app.failures)
    async with loop.app:
        element(1)
        await asyncio.sleep(3)
        element(2)
    assert seen == [1, 2]
    assert [str(failure.error) for failure in failures] == ["Timeout"]


@pytest.fixture
def schedule_now(app: mape.App) -> tuple[AppScheduler, list[int]]:
    """The scheduler that an operator is given, and what passed the operator."""
    given: list[Any] = []

    def operator(source: Any) -> Any:
        def subscribe(observer: Any, scheduler: Any = None) -> Any:
            given.append(scheduler)
            return source.subscribe(observer, scheduler=scheduler)

        return rx.Observable(subscribe)

    seen: list[int] = []
    app.loop("main").execute(uid="element", ops_in=operator)(seen.append)
    return given[0], seen


def test_an_operators_scheduler_does_at_once_what_nobody_else_would_do(
    schedule_now: tuple[AppScheduler, list[int]],
) -> None:
    scheduler, order = schedule_now

    def first(_: Any, __: Any) -> None:
        order.append(1)
        scheduler.schedule(lambda *_: order.append(3))
        order.append(2)

    scheduler.schedule(first)
    assert order == [1, 2, 3]


def test_what_an_operator_put_off_and_disposed_of_is_not_done(loop: mape.Loop) -> None:
    done: list[str] = []

    def operator(source: Any) -> Any:
        def subscribe(observer: Any, scheduler: Any = None) -> Any:
            def put_off(_: Any, __: Any) -> Any:
                scheduler.schedule(lambda *_: done.append("kept"))
                scheduler.schedule(lambda *_: done.append("given up")).dispose()
                done.append("subscribed")
                return Disposable()

            def on_next(item: Any) -> None:
                rx.create(put_off).subscribe()
                done.append("item")
                observer.on_next(item)

            return source.subscribe(on_next, scheduler=scheduler)

        return rx.Observable(subscribe)

    loop.execute(uid="element", ops_in=operator)(lambda _: done.append("function"))
    loop.element(1)
    assert done == ["subscribed", "kept", "item", "function"]


def test_what_an_operator_put_off_is_given_up_when_it_fails(loop: mape.Loop) -> None:
    def fail(_: Any) -> Any:
        raise OSError

    def endless(item: int) -> Any:
        return rx.of(item, item).pipe(ops.map(fail if item == 0 else abs))

    element = loop.execute(uid="element", ops_in=ops.flat_map(endless))(lambda item: item)
    seen, failures = collect(element), collect(loop.app.failures)
    for item in (1, 0, 2):
        element(item)
    assert seen == [1, 1, 2, 2]
    assert len(failures) == 1


def test_disposables_of_actions_are_disposed_of_with_them(app: mape.App) -> None:
    gone: list[int] = []

    async def main() -> None:
        async with app:
            link = app.scheduler.schedule(lambda *_: Disposable(lambda: gone.append(1)))
            await asyncio.sleep(1)
            assert gone == []
            link.dispose()

    run_virtual(main)
    assert gone == [1]
