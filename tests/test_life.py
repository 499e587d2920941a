"""The one life of an app: opening, closing, draining, other threads, timers."""

from __future__ import annotations

import asyncio
import random
import threading
from typing import Any

import pytest

import mape
from mape import operators as ops
from mape.application import set_default_app
from mape.testing import collect, run_virtual


def test_elements_start_listeners_first_and_stop_in_reverse() -> None:
    order: list[str] = []

    def noting(role: type[mape.Element[Any, Any]]) -> type[mape.Element[Any, Any]]:
        class Noting(role):  # type: ignore[misc,valid-type]
            def start(self, scheduler: Any = None) -> Any:
                if not self.is_running:
                    order.append(f"start {self.role}")
                return super().start(scheduler)

            async def close(self) -> Any:
                order.append(f"close {self.role}")
                return await super().close()

        return Noting

    async def main() -> None:
        loop = mape.App().loop("main")
        for role in (mape.Monitor, mape.Analyze, mape.Plan):
            noting(role)(loop, role.__name__.lower() + "_1")
        async with loop.app:
            assert all(element.is_running for element in loop)
            with pytest.raises(mape.StateError, match="open already"):
                await loop.app.open()

    run_virtual(main)
    assert order == [f"start {r}" for r in ("plan", "analyze", "monitor")] + [
        f"close {r}" for r in ("monitor", "analyze", "plan")
    ]


def test_closing_finishes_what_is_at_work_all_along_the_loop() -> None:
    async def main() -> tuple[list[int], list[Any]]:
        loop = mape.App().loop("main")
        elements = []
        for role in ("monitor", "analyze", "plan", "execute"):

            async def work(item: int) -> int:
                await asyncio.sleep(0.1)
                return item

            elements.append(getattr(loop, role)(uid=f"my_{role}")(work))
        mape.connect(*elements)
        seen, failures = collect(elements[-1]), collect(loop.app.failures)
        async with loop.app:
            for item in range(50):
                elements[0](item)
        return seen, failures

    seen, failures = run_virtual(main)
    assert seen == list(range(50))
    assert failures == []


def test_what_is_not_finished_by_the_deadline_is_reported_item_by_item() -> None:
    async def main() -> tuple[list[int], list[int], dict[str, int], float]:
        app = mape.App()

        @app.loop("main").execute
        async def slow(item: int) -> int:
            await asyncio.sleep(3)
            return item

        seen, failures = collect(slow), collect(app.failures)
        async with app:
            for item in range(6):
                slow(item)
            await asyncio.sleep(0)
            start = app.clock.monotonic()
        took = app.clock.monotonic() - start
        assert slow.stats.received == slow.stats.processed + sum(slow.stats.dropped.values())
        return seen, sorted(failure.item for failure in failures), slow.stats.dropped, took

    seen, reported, dropped, took = run_virtual(main)
    assert seen == [0, 1, 2]
    assert reported == [3, 4, 5]
    assert dropped == {"closed": 2}
    assert took == pytest.approx(10.0, abs=0.1)


def test_an_async_element_keeps_what_came_before_the_loop_ran_and_while_it_was_stopped() -> None:
    app = mape.App()

    @app.loop("main").execute
    async def slow(item: int) -> int:
        await asyncio.sleep(0.1)
        return item

    seen = collect(slow)
    slow(1)

    async def main() -> None:
        async with app:
            slow(2)
            await asyncio.sleep(0.05)
            slow.stop()
            slow(3)
            await asyncio.sleep(1)
            assert seen == [1]  # what was at work left
            slow.start()

    run_virtual(main)
    assert seen == [1, 2]
    assert slow.stats.dropped == {"stopped": 1}


def test_an_app_can_open_again() -> None:
    async def main() -> list[int]:
        app = mape.App()

        @app.loop("main").execute
        async def slow(item: int) -> int:
            await asyncio.sleep(1)
            return item

        seen = collect(slow)
        for item in (1, 2):
            async with app:
                slow(item)
            assert not app.is_open
        return seen

    assert run_virtual(main) == [1, 2]


def test_timers_set_before_the_loop_runs_start_with_it() -> None:
    app = mape.App()
    source = app.loop("main").monitor(uid="source")(lambda item: item)
    delayed = collect(source.pipe(ops.delay(0.01)))
    sampled = collect(source.pipe(ops.sample(0.01)))
    source.start()
    source(1)

    async def main() -> None:
        async with app, asyncio.timeout(5):
            source(2)
            await delayed.wait_for(2)
            await sampled.wait_for(1)

    asyncio.run(main())  # in real time, because the timers were set by the machine's clock
    assert delayed == [1, 2]
    assert sampled == [2]


def test_a_simulated_day_takes_seconds_and_is_the_same_for_the_same_seed() -> None:
    def day(seed: int) -> list[tuple[float, float]]:
        async def main() -> list[tuple[float, float]]:
            app = mape.App(rng=random.Random(seed))
            loop, seen = app.loop("day"), []
            meter = loop.monitor(uid="meter")(lambda item: item + app.rng.gauss(0, 1))
            mean = loop.analyze(uid="mean", ops_in=(ops.buffer_with_time(60.0), ops.filter(bool)))(
                lambda items: sum(items) / len(items)
            )

            @loop.execute
            async def act(value: float) -> None:
                await asyncio.sleep(app.rng.random())
                seen.append((app.clock.now(), value))

            mape.connect(meter, mean, act)
            async with app:
                for _ in range(24 * 360):
                    meter(20.0)
                    await asyncio.sleep(10)
            return seen

        return run_virtual(main, seed=seed)

    first = day(1)
    assert first == day(1)
    assert first != day(2)
    assert len(first) == 24 * 60


def test_items_from_other_threads_arrive_in_order_in_the_loops_thread() -> None:
    count, threads = 5_000, 4
    app = mape.App()
    seen: list[tuple[int, int]] = []
    at: set[int] = set()

    @app.loop("main").execute
    def sink(item: tuple[int, int]) -> None:
        seen.append(item)
        at.add(threading.get_ident())

    def produce(number: int) -> None:
        for item in range(count):
            app.post("main.sink", (number, item))

    async def main() -> None:
        async with app:
            makers = [threading.Thread(target=produce, args=(number,)) for number in range(threads)]
            for maker in makers:
                maker.start()
            async with asyncio.timeout(30):
                while len(seen) < count * threads:  # noqa: ASYNC110 - other threads feed it
                    await asyncio.sleep(0.001)
            for maker in makers:
                maker.join()

    app.post(sink, (-1, 0))  # before there is a loop
    asyncio.run(main())
    assert at == {threading.get_ident()}
    assert seen[0] == (-1, 0)
    for number in range(threads):
        assert [item for each, item in seen if each == number] == list(range(count))


def test_posting_waits_for_room_and_says_so_when_there_is_none() -> None:
    app = mape.App()
    app._posts.limit = 20  # noqa: SLF001 - instead of 65,536 items
    sink = app.loop("main").execute(uid="sink")(lambda item: item)
    for item in range(10):
        app.post(sink, item)
    with pytest.raises(mape.MailboxFullError, match="10 posted items"):
        app.post(sink, 11, timeout=0.01)
    with pytest.raises(mape.UnknownPathError, match="there is sink"):
        app.post("main.sync", 1)


def test_init_configures_the_app_that_appeared_by_itself(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    set_default_app(None)
    loop = mape.Loop("early")
    (tmp_path / "mape.yml").write_text("mailbox: {size: 7}\nmine: {colour: red}\n")
    app = mape.init(seed=3)
    assert mape.app is app is loop.app
    assert mape.config["mailbox"]["size"] == mape.config.mailbox.size == 7
    assert mape.config["mine"]["colour"] == "red"
    assert mape.config["debug"] is False
    assert mape.init() is not app
    assert "early" not in mape.app
    set_default_app(None)


def test_a_failed_async_element_outside_a_loop_says_what_to_do() -> None:
    class Slow(mape.Execute[Any, Any]):
        async def work(self) -> None: ...

    slow = Slow(mape.App().loop("main"), "slow")
    failures = collect(slow.loop.app.failures)
    slow(mape.CallMethod.create("work"))
    assert isinstance(failures[0].error, mape.StateError)
