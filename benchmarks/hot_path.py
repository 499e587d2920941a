"""Items per second through elements in one process."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from itertools import pairwise
from typing import Any

from reactivex.subject import Subject

import mape
from benchmarks.measure import ROUNDS, Row, millions, no_gc, rate, ratio
from mape import operators as ops

Feed = Callable[[int], object]
ROLES = ("monitor", "analyze", "plan", "execute")
ITEMS = 100_000


def passing(item: int, on_next: Feed) -> None:
    on_next(item)


def returning(item: int) -> int:
    return item


def ending(item: int, on_next: Feed) -> None:
    pass


def ending_return(item: int) -> None:
    pass


def chain(middle: Callable[..., Any], last: Callable[..., Any], **options: Any) -> Feed:
    """Monitor, analyze, plan, execute; fed from outside, walls, counts and causality on."""
    loop = mape.App().loop("bench")
    elements = [getattr(loop, role)(uid=f"my_{role}", **options)(middle) for role in ROLES[:-1]]
    elements.append(loop.execute(uid="last", **options)(last))
    mape.connect(*elements)
    loop.app.start()
    feed: Feed = elements[0].port_in.on_next
    for item in range(100):
        feed(item)
    assert elements[-1].stats.received == 100
    return feed


def closures(middle: Callable[..., Any], last: Callable[..., Any]) -> Feed:
    def link(function: Any, out: Any) -> Feed:
        return lambda item: function(item, out)

    return link(middle, link(middle, link(middle, link(last, None))))


def closures_return(middle: Callable[..., Any], last: Callable[..., Any]) -> Feed:
    def link(function: Any, out: Any) -> Feed:
        def call(item: int) -> None:
            result = function(item)
            if result is not None:
                out(result)

        return call

    return link(middle, link(middle, link(middle, link(last, None))))


def subjects() -> Feed:
    row: list[Subject[int]] = [Subject() for _ in ROLES]
    for one, other in pairwise(row):
        one.subscribe(other)
    row[-1].subscribe(lambda _: None)
    return row[0].on_next


def subjects_with_operators() -> Feed:
    """A Subject in front of each operator chain, behind which stands the same function with a wall."""

    def station(function: Any, out: Any) -> Feed:
        def call(item: int) -> None:
            try:
                function(item, out)
            except Exception as error:  # the wall around the function
                raise AssertionError from error

        subject: Subject[int] = Subject()
        subject.pipe(ops.map(lambda item: item)).subscribe(call)
        return subject.on_next

    return station(passing, station(passing, station(passing, station(ending, None))))


def in_chain(middle: Callable[..., Any], last: Callable[..., Any]) -> float:
    return rate(chain(middle, last), ITEMS)


def in_closures(plain: Callable[..., Feed], middle: Callable[..., Any], last: Callable[..., Any]) -> float:
    return rate(plain(middle, last), ITEMS)


def chains() -> Iterator[Row]:
    for name, middle, last, plain in (
        ("M-A-P-E, on_next style", passing, ending, closures),
        ("M-A-P-E, return style", returning, ending_return, closures_return),
    ):
        candidate = partial(in_chain, middle, last)
        ours, base, against = ratio(candidate, partial(in_closures, plain, middle, last), 3 * ROUNDS)
        yield Row(name, millions(ours), f"nested closures {millions(base)}", against, 0.5)
        ours, base, against = ratio(candidate, lambda: rate(subjects(), ITEMS // 4))
        yield Row(name, millions(ours), f"four Subjects {millions(base)}", against, 5)
    ours, base, against = ratio(
        lambda: rate(chain(passing, ending, ops_in=ops.map(lambda item: item)), ITEMS // 2),
        lambda: rate(subjects_with_operators(), ITEMS // 4),
    )
    yield Row(
        "the same, an operator in each ops_in", millions(ours), f"Subject before each {millions(base)}", against, 2.5
    )


def fan_out() -> Iterator[Row]:  # noqa: C901 - a closure a case
    width, items = 100, 2_000

    def elements() -> Feed:
        loop = mape.App().loop("bench")
        source = loop.monitor(uid="source")(returning)
        for number in range(width):
            source.subscribe(loop.execute(uid=f"e{number}")(ending_return))
        source.start()
        for item in range(20):
            source.port_in.on_next(item)
        return source.port_in.on_next  # type: ignore[no-any-return]

    def calls(target: Callable[[], Feed]) -> Feed:
        targets = [target() for _ in range(width)]

        def feed(item: int) -> None:
            for each in targets:
                each(item)

        return feed

    def closure() -> Feed:
        return lambda item: ending_return(item)  # noqa: PLW0108 - the closure is the baseline

    def bare() -> Feed:
        return lambda _: None

    def baseline(target: Callable[[], Feed]) -> float:
        return rate(calls(target), items) * width

    for name, target, goal in (("closures that call the function", closure, 0.5), ("empty closures", bare, 0.0)):
        ours, base, against = ratio(lambda: rate(elements(), items) * width, partial(baseline, target))
        yield Row("fan-out 1 to 100, deliveries", millions(ours), f"100 {name} {millions(base)}", against, goal)


def asynchronous() -> Iterator[Row]:
    count = 50_000

    def element() -> float:
        async def main() -> float:
            app = mape.App()
            loop = app.loop("bench")
            seen: list[int] = []
            source = loop.monitor(uid="source")(returning)

            @loop.analyze(mailbox=count)
            async def middle(item: int) -> int:
                return item

            sink = loop.execute(uid="sink")(seen.append)
            mape.connect(source, middle, sink)
            async with app:
                with no_gc():
                    start = time.thread_time()
                    for item in range(count):
                        source.port_in.on_next(item)
                    await middle.idle()
                    took = time.thread_time() - start
            assert seen == list(range(count))
            return count / took

        return asyncio.run(main())

    def task_each() -> float:
        async def main() -> float:
            seen: list[int] = []

            async def middle(item: int) -> None:
                seen.append(item)

            with no_gc():
                start = time.thread_time()
                tasks = [asyncio.create_task(middle(item)) for item in range(count)]
                await asyncio.gather(*tasks)
                took = time.thread_time() - start
            assert len(seen) == count
            return count / took

        return asyncio.run(main())

    ours, base, against = ratio(element, task_each)
    yield Row("an async element in the chain, in order", millions(ours), f"a task an item {millions(base)}", against, 3)


def threads() -> Iterator[Row]:
    count = 100_000

    def measure(posting: bool) -> float:  # noqa: FBT001 - a case
        async def main() -> float:
            app = mape.App()
            seen: list[int] = []
            sink = app.loop("bench").execute(uid="sink")(seen.append)

            def produce() -> None:
                if posting:
                    for item in range(count):
                        app.post(sink, item)
                else:
                    push = sink.port_in.on_next
                    for item in range(count):
                        loop.call_soon_threadsafe(push, item)

            loop = asyncio.get_running_loop()
            async with app:
                start = time.perf_counter()
                thread = threading.Thread(target=produce)
                thread.start()
                while len(seen) < count:  # noqa: ASYNC110 - an event would be set by the sink, at a cost
                    await asyncio.sleep(0.0005)
                took = time.perf_counter() - start
                thread.join()
            assert seen == list(range(count))
            return count / took

        return asyncio.run(main())

    ours, base, against = ratio(lambda: measure(True), lambda: measure(False))
    yield Row(
        "from another thread to an element",
        millions(ours),
        f"call_soon_threadsafe an item {millions(base)}",
        against,
        10,
    )


def depth() -> Iterator[Row]:
    loop = mape.App().loop("bench")
    line = [loop.execute(uid=f"e{number}")(returning) for number in range(10_000)]
    mape.connect(*line)
    arrived: list[int] = []
    line[-1].subscribe(arrived.append)
    per_second = rate(line[0].port_in.on_next, 100) * 10_000
    yield Row("depth 10,000, hops", millions(per_second), f"{len(arrived)} of 100 arrived", len(arrived) / 100, 1)

    turns = 1_000_000
    count = 0

    def once_more(item: int) -> int | None:
        nonlocal count
        count += 1
        return item + 1 if item < turns else None

    circle = [loop.execute(uid="first")(once_more), *(loop.execute(uid=uid)(returning) for uid in ("second", "third"))]
    mape.connect(*circle, circle[0])
    with no_gc():
        start = time.thread_time()
        circle[0].port_in.on_next(1)
        took = time.thread_time() - start
    yield Row("a circle of three, a million turns", millions(turns / took), f"{count:,} turns", count / turns, 1)
