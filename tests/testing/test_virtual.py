"""Virtual time: waiting costs nothing, order and times are those of real time."""

from __future__ import annotations

import asyncio
import itertools
import os
import random
import subprocess
import threading
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
import reactivex
from reactivex import operators as ops
from reactivex.scheduler.eventloop import AsyncIOScheduler

import mape
from mape.errors import StateError
from mape.testing import EPOCH, VirtualEventLoop, collect, run_virtual

if TYPE_CHECKING:
    from collections.abc import Iterator

REAL_SECONDS = 10.0  # generous on a busy machine; an hour of real waiting would not fit


@pytest.fixture(autouse=True)
def _in_seconds() -> Iterator[None]:
    begin = time.perf_counter()
    yield
    assert time.perf_counter() - begin < REAL_SECONDS


def now() -> float:
    return asyncio.get_running_loop().time()


def test_a_day_of_one_second_timers_is_over_in_seconds() -> None:
    async def day() -> tuple[int, float]:
        ticks = 0
        while now() < 86_400:
            await asyncio.sleep(1)
            ticks += 1
        return ticks, now()

    assert run_virtual(day) == (86_400, 86_400.0)


def test_work_takes_no_virtual_time() -> None:
    async def work() -> float:
        for _ in range(1000):
            await asyncio.sleep(0)
        return now()

    assert run_virtual(work) == 0.0


def test_a_sum_of_tenths_is_exact() -> None:
    async def tenths() -> list[float]:
        times = []
        for _ in range(10):
            await asyncio.sleep(0.1)
            times.append(now())
        return times

    assert run_virtual(tenths) == [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0]


def test_timers_far_in_the_future_still_advance_by_small_steps() -> None:
    async def far() -> float:
        await asyncio.sleep(100 * 365 * 86_400)
        start = now()
        for _ in range(1000):
            await asyncio.sleep(0.001)
        return now() - start

    assert run_virtual(far) == pytest.approx(1.0, abs=1e-3)


def test_timers_fire_in_the_order_of_their_times_and_then_of_their_making() -> None:
    async def order() -> list[str]:
        loop, fired = asyncio.get_running_loop(), list[str]()
        for name, delay in (("c", 3.0), ("a1", 1.0), ("b", 2.0), ("a2", 1.0)):
            loop.call_later(delay, fired.append, name)
        await asyncio.sleep(4)
        return fired

    assert run_virtual(order) == ["a1", "a2", "b", "c"]


def test_wait_for_and_timeout_end_at_their_virtual_deadline() -> None:
    async def deadlines() -> list[float]:
        times = []
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.Event().wait(), 3600)
        times.append(now())
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(60):
                await asyncio.sleep(61)
        times.append(now())
        return times

    assert run_virtual(deadlines) == [3600.0, 3660.0]


def test_a_cancelled_timer_does_not_move_the_clock() -> None:
    async def cancel() -> float:
        asyncio.get_running_loop().call_later(1000, print).cancel()
        await asyncio.sleep(1)
        return now()

    assert run_virtual(cancel) == 1.0


def test_time_operators_of_rx_follow() -> None:
    async def operators() -> tuple[list[int], list[float]]:
        scheduler = AsyncIOScheduler(asyncio.get_running_loop())
        chain = reactivex.interval(60, scheduler=scheduler).pipe(
            ops.debounce(5, scheduler=scheduler),
            ops.buffer_with_time(600, scheduler=scheduler),
            ops.map(len),
        )
        seen = collect(chain)
        await asyncio.sleep(3600)
        seen.dispose()
        return list(seen), seen.times

    sizes, times = run_virtual(operators)
    assert times == [600.0, 1200.0, 1800.0, 2400.0, 3000.0, 3600.0]
    assert sizes == [9, 10, 10, 10, 10, 10]


def test_the_clock_shows_a_fixed_wall_time_at_the_start() -> None:
    async def clock() -> tuple[float, float]:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualEventLoop)
        await asyncio.sleep(90)
        return loop.clock.now(), loop.clock.monotonic()

    assert run_virtual(clock) == (EPOCH + 90, 90.0)
    assert datetime.fromtimestamp(EPOCH, UTC) == datetime(2020, 1, 1, tzinfo=UTC)


def test_the_same_seed_gives_the_same_random_numbers_to_the_loop_and_to_the_module() -> None:
    async def numbers() -> list[float]:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualEventLoop)
        return [loop.rng.random(), random.random()]

    first = run_virtual(numbers, seed=7)
    random.random()
    assert run_virtual(numbers, seed=7) == first
    assert all(one != other for one, other in zip(run_virtual(numbers, seed=8), first, strict=True))


def test_the_random_numbers_of_the_caller_go_on_undisturbed() -> None:
    async def numbers() -> float:
        return random.random()

    random.seed(1)
    expected = [random.random() for _ in range(2)]
    random.seed(1)
    before = random.random()
    run_virtual(numbers)
    assert [before, random.random()] == expected


def test_waiting_for_ever_is_an_error_that_names_who_waits_and_where() -> None:
    async def consumer() -> None:
        await asyncio.Queue[int]().get()

    async def main() -> None:
        await asyncio.sleep(5)
        async with asyncio.TaskGroup() as group:
            group.create_task(consumer(), name="consumer of nothing")

    with pytest.raises(
        StateError, match=r"nothing left to wait for: at 5 s .*consumer of nothing waits at test_virtual\.py:\d+"
    ):
        run_virtual(main)


def test_a_coroutine_runs_as_well_as_a_function_that_makes_one() -> None:
    assert run_virtual(asyncio.sleep(1, "result")) == "result"


def test_waiting_for_ever_still_closes_what_is_open() -> None:
    closed = []

    async def main() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(1)
            closed.append(now())

    with pytest.raises(StateError):
        run_virtual(main)
    assert closed == [1.0]


def test_a_cleanup_that_waits_for_ever_cannot_hang_the_run() -> None:
    async def main() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.Event().wait()

    with pytest.raises(StateError, match="nothing left to wait for"):
        run_virtual(main)


def test_a_run_longer_than_its_bound_ends_with_the_bound_in_the_message() -> None:
    async def tick_for_ever() -> None:
        for _ in itertools.count():
            await asyncio.sleep(1)

    with pytest.raises(TimeoutError, match="still at work after 3600 s of virtual time"):
        run_virtual(tick_for_ever, timeout_virtual=3600)


def test_a_timeout_of_the_program_itself_passes_through_unchanged() -> None:
    async def main() -> None:
        raise TimeoutError("mine")

    with pytest.raises(TimeoutError, match="mine"):
        run_virtual(main, timeout_virtual=1)


def test_the_clock_stands_still_while_a_thread_is_at_work() -> None:
    async def main() -> tuple[int, float]:
        gate = threading.Event()
        ticker = asyncio.create_task(asyncio.sleep(1))
        asyncio.get_running_loop().call_soon(threading.Timer(0.05, gate.set).start)
        await asyncio.to_thread(gate.wait, 5)
        ticker.cancel()
        return gate.is_set(), now()

    assert run_virtual(main) == (True, 0.0)


def test_the_clock_stands_still_inside_hold() -> None:
    async def main() -> float:
        loop, arrived = asyncio.get_running_loop(), asyncio.Event()
        assert isinstance(loop, VirtualEventLoop)
        loop.call_later(1, print)
        with loop.hold():
            threading.Timer(0.05, loop.call_soon_threadsafe, (arrived.set,)).start()
            await arrived.wait()
        return now()

    assert run_virtual(main) == 0.0


def test_another_thread_wakes_a_loop_that_has_nothing_else_to_do() -> None:
    async def main() -> float:
        loop, arrived = asyncio.get_running_loop(), asyncio.Event()
        threading.Timer(0.05, loop.call_soon_threadsafe, (arrived.set,)).start()
        await arrived.wait()
        return now()

    assert run_virtual(main) == 0.0


def test_threads_that_never_call_do_not_keep_a_stuck_loop_alive() -> None:
    idle = threading.Event()
    thread = threading.Thread(target=idle.wait)
    thread.start()
    try:
        with asyncio.Runner(loop_factory=lambda: VirtualEventLoop(patience=0.05)) as runner, pytest.raises(StateError):
            runner.run(asyncio.Event().wait())
    finally:
        idle.set()
        thread.join()


def test_sockets_work() -> None:
    async def main() -> bytes:
        async def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"hello")
            writer.close()

        server = await asyncio.start_server(greet, "127.0.0.1", 0)
        async with server:
            reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            answer = await reader.read()
            writer.close()
            await writer.wait_closed()
        return answer

    assert run_virtual(main) == b"hello"


def test_a_pipe_is_waited_for_when_there_is_no_timer() -> None:
    async def first_words(pipe: int) -> bytes:
        loop = asyncio.get_running_loop()
        said: asyncio.Future[bytes] = loop.create_future()
        loop.add_reader(pipe, lambda: said.set_result(os.read(pipe, 100)))
        answer = await said
        loop.remove_reader(pipe)
        return answer

    with subprocess.Popen(["/bin/sh", "-c", "sleep 0.1; echo hello"], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert run_virtual(first_words(process.stdout.fileno())) == b"hello\n"


def test_run_virtual_inside_a_running_loop_says_what_to_do_instead() -> None:
    async def inner() -> None: ...

    async def outer(*, ready_made: bool) -> None:
        run_virtual(inner() if ready_made else inner)

    for ready_made in (True, False):
        with pytest.raises(StateError, match="await main"):
            run_virtual(outer(ready_made=ready_made))


def test_the_default_threads_are_joined_without_asyncios_deadline_passing() -> None:
    begun, done = threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        time.sleep(0.1)
        done.set()

    async def main() -> bool:
        abandoned = asyncio.get_running_loop().run_in_executor(None, work)
        begun.wait(5)
        return abandoned.cancel()

    assert run_virtual(main)
    assert done.is_set()


def test_an_app_takes_its_time_from_the_loop_it_opens_in() -> None:
    app = mape.App()

    async def main() -> tuple[float, float]:
        async with app:
            await asyncio.sleep(3600)
            return app.clock.now(), app.clock.monotonic()

    assert run_virtual(main) == (EPOCH + 3600, 3600.0)


def test_an_app_with_a_timer_a_second_lives_a_day_in_seconds() -> None:
    app = mape.App()

    @app.loop("calendar").monitor
    def tick(second: int) -> int:
        return second

    async def main() -> list[int]:
        async with app:
            seen = collect(tick)
            reactivex.interval(1.0, scheduler=app.scheduler).subscribe(tick)
            await asyncio.sleep(86_400.5)
        return seen

    assert run_virtual(main) == list(range(86_400))


def test_a_virtual_day_of_failures_carries_virtual_timestamps() -> None:
    app = mape.App()

    @app.loop("calendar").monitor
    def fail(_: int) -> None:
        raise ValueError

    async def main() -> list[float]:
        failures = collect(app.failures)
        async with app:
            for _ in range(3):
                await asyncio.sleep(100)
                fail(1)
        return [failure.timestamp - EPOCH for failure in failures]

    assert run_virtual(main) == [100.0, 200.0, 300.0]
