"""What an app promises under faults: each promise with its figures, and with a planted bug that it must find."""

from __future__ import annotations

import asyncio
import gc
import itertools
import random
import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest

import mape
from mape import operators as ops
from mape.flow import door as doors
from mape.flow import wiring
from mape.flow.chain import Segment
from mape.flow.graph import START_ORDER
from mape.flow.worker import Worker
from mape.testing import collect, run_virtual

pytestmark = pytest.mark.system

Figures = dict[str, int]


def show(promise: str, figures: Figures) -> None:
    print(f"{promise}: " + ", ".join(f"{name} {value:,}" for name, value in figures.items()))


def balanced(app: mape.App) -> bool:
    return all(
        stats.received == stats.processed + sum(stats.dropped.values()) + stats.queued
        for stats in (element.stats for element in app.elements)
    )


# -- exceptions anywhere ---------------------------------------------------------------------------------------------

ITEMS, FAULTS, ELEMENTS = 100_000, 1_000, 20


def exceptions_anywhere() -> Figures:
    """20 elements in 5 branches of 4; every element raises on items of its own, in its function or an operator."""
    app, rng = mape.App(rng=random.Random(7)), random.Random(7)
    loop = app.loop("branches")
    bad: list[set[int]] = [set() for _ in range(ELEMENTS)]
    for item in rng.sample(range(ITEMS), FAULTS):
        bad[rng.randrange(ELEMENTS)].add(item)

    def raising(number: int) -> Callable[[int], int]:
        def check(item: int) -> int:
            if item in bad[number]:
                raise ValueError(number, item)
            return item

        return check

    source = loop.monitor(uid="source")(lambda item: item)
    ends = []
    for branch in range(ELEMENTS // 4):
        before: mape.Element[Any, Any] = source
        for step in range(4):
            number = 4 * branch + step
            check, fine = raising(number), lambda item: item
            options: dict[str, Any] = [{}, {"ops_in": ops.map(check)}, {"ops_out": ops.map(check)}][number % 3]
            element = loop.execute(uid=f"e{number}", **options)(fine if options else check)
            before.subscribe(element)
            before = element
        ends.append(collect(before))
    failures: set[Any] = set()
    reported = collect(app.failures)
    source.start()
    for item in range(ITEMS):
        source.port_in.on_next(item)
    failures.update((failure.error.args, failure.item) for failure in reported)
    lost = sum(
        len(set(range(ITEMS)) - set(end) - set().union(*bad[4 * branch : 4 * branch + 4]))
        for branch, end in enumerate(ends)
    )
    return {
        "items": ITEMS,
        "faults": FAULTS,
        "reported": len(failures),
        "lost": lost,
        "out of order": sum(end != sorted(end) for end in ends),
        "unbalanced": int(not balanced(app)),
        "errors counted": sum(element.stats.errors for element in app.elements),
    }


def check_exceptions(figures: Figures) -> None:
    show("exceptions anywhere", figures)
    assert figures["reported"] == figures["errors counted"] == FAULTS
    assert figures["lost"] == figures["out of order"] == figures["unbalanced"] == 0


@pytest.fixture
def quiet(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("CRITICAL", "mape")


@pytest.mark.slow
@pytest.mark.usefixtures("quiet")
def test_a_thousand_exceptions_cost_a_thousand_items_and_nothing_else() -> None:
    check_exceptions(exceptions_anywhere())


@pytest.mark.slow
@pytest.mark.usefixtures("quiet")
def test_operators_that_never_come_back_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Segment, "_reconnect", lambda *_: None)
    with pytest.raises(AssertionError):
        check_exceptions(exceptions_anywhere())


def test_a_missing_wall_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    with_wall = doors.lean_returning

    def bare(room: Any, counter: Any, fn: Any = None, out: Any = None) -> Any:
        switch = with_wall(room, counter, fn, out)[1]

        def without_wall(item: Any) -> None:
            if (result := room._call(item)) is not None:  # noqa: SLF001 - the planted bug
                room.port_out.send(result)

        return without_wall, switch

    monkeypatch.setattr(doors, "lean_returning", bare)
    with pytest.raises((AssertionError, ValueError)):
        check_exceptions(exceptions_anywhere())


# -- async order and bounds ------------------------------------------------------------------------------------------


def async_order(concurrency: int) -> Figures:
    count, rng = 10_000, random.Random(3)
    seen: list[int] = []

    async def main() -> mape.App:
        app = mape.App()

        @app.loop("order").execute(concurrency=concurrency, mailbox=count)
        async def slow(item: int) -> int:
            await asyncio.sleep(rng.random() * 0.005)
            return item

        slow.subscribe(seen.append)
        async with app:
            for item in range(count):
                slow(item)
            assert balanced(app)
            await slow.idle()
        return app

    app = run_virtual(main)
    return {
        "items": count,
        "lost": count - len(seen),
        "inversions": sum(a > b for a, b in itertools.pairwise(seen)),
        "unbalanced": int(not balanced(app)),
    }


def check_order(figures: Figures) -> None:
    show("async order", figures)
    assert figures["lost"] == figures["inversions"] == figures["unbalanced"] == 0


@pytest.mark.slow
@pytest.mark.parametrize("concurrency", [1, 8])
def test_ten_thousand_async_items_keep_their_order(concurrency: int) -> None:
    check_order(async_order(concurrency))


@pytest.mark.slow
def test_results_that_do_not_wait_for_their_turn_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    make = Worker.__init__

    def unordered(self: Worker, *args: Any, **options: Any) -> None:
        make(self, *args, **{**options, "ordered": False})

    monkeypatch.setattr(Worker, "__init__", unordered)
    with pytest.raises(AssertionError):
        check_order(async_order(8))


@pytest.mark.parametrize(
    ("overflow", "kept"),
    [("drop_oldest", [0, 7, 8, 9]), ("drop_newest", [0, 1, 2, 3]), ("latest", [0, 9]), ("error", [0, 1, 2, 3])],
)
def test_each_overflow_policy_drops_exactly_what_it_says(overflow: str, kept: list[int]) -> None:
    async def main() -> tuple[list[int], dict[str, int], int]:
        app = mape.App()

        @app.loop("bound").execute(mailbox=3, overflow=overflow)
        async def slow(item: int) -> int:
            await asyncio.sleep(1)
            return item

        seen, failures = collect(slow), collect(app.failures)
        async with app:
            slow(0)
            await asyncio.sleep(0)  # it is at work on the first
            for item in range(1, 10):
                slow(item)
            assert balanced(app)
        assert balanced(app)
        return seen, slow.stats.dropped, len(failures)

    seen, dropped, failures = run_virtual(main)
    assert seen == kept
    assert dropped == {"overflow": 10 - len(kept)}
    assert failures == (6 if overflow == "error" else 0)


def hung_element(size: int) -> Figures:
    async def main() -> int:
        app = mape.App()

        @app.loop("hung").execute(mailbox=size)
        async def hung(item: bytes) -> None:  # noqa: ARG001
            await asyncio.Event().wait()

        tracemalloc.start()
        try:
            async with app:
                before = tracemalloc.get_traced_memory()[0]
                for number in range(100_000):
                    hung(number.to_bytes(4, "big") * 250)
                    if number % 1000 == 0:
                        await asyncio.sleep(0)
                grown = tracemalloc.get_traced_memory()[0] - before
                assert balanced(app)
                app.loop("hung").remove("hung")
        finally:
            tracemalloc.stop()
        return grown

    return {"items": 100_000, "bytes grown": run_virtual(main)}


@pytest.mark.slow
def test_a_hung_element_does_not_eat_the_memory() -> None:
    figures = hung_element(1024)
    show("hung element", figures)
    assert figures["bytes grown"] < 32e6


@pytest.mark.slow
def test_a_mailbox_without_bound_is_found() -> None:
    assert hung_element(1_000_000)["bytes grown"] > 32e6


async def put_all(element: Any, count: int) -> None:
    for item in range(count):
        await element.put(item)


def test_a_producer_that_waits_for_room_loses_nothing() -> None:
    async def main() -> tuple[list[int], dict[str, int]]:
        app = mape.App()

        @app.loop("patient").execute(mailbox=4)
        async def slow(item: int) -> int:
            await asyncio.sleep(0.01)
            return item

        seen = collect(slow)
        async with app:
            await put_all(slow, 500)
        return seen, slow.stats.dropped

    seen, dropped = run_virtual(main)
    assert seen == list(range(500))
    assert dropped == {}


# -- circles and depth -----------------------------------------------------------------------------------------------


def circle(wire: Callable[[Any, Any], object], turns: int) -> Figures:
    app = mape.App()
    seen: list[int] = []
    loop = app.loop("circle")
    first = loop.execute(uid="first")(lambda item: item + 1 if item < turns else None)
    second = loop.execute(uid="second")(lambda item: item)

    @loop.execute
    def third(item: int) -> int:
        seen.append(item)
        return item

    wire(first, second)
    wire(second, third)
    wire(third, first)
    failures = collect(app.failures)
    first(0)
    return {
        "turns": len(seen),
        "out of order": int(seen != list(range(1, turns + 1))),
        "failures": len(failures),
        "unbalanced": int(not balanced(app)),
    }


def by_subscribe(a: Any, b: Any) -> None:
    a.subscribe(b)


def by_pipe(a: Any, b: Any) -> None:
    a.pipe(ops.map(lambda item: item)).subscribe(b)


def by_front(a: Any, b: Any) -> None:
    a.subscribe(b.port_in.on_next)


@pytest.mark.slow
def test_a_million_turns_around_a_circle_are_in_order() -> None:
    figures = circle(by_subscribe, 1_000_000)
    show("circle", figures)
    assert figures == {"turns": 1_000_000, "out of order": 0, "failures": 0, "unbalanced": 0}


@pytest.mark.parametrize("wire", [by_subscribe, by_pipe, by_front])
def test_a_circle_of_any_kind_of_edge_has_no_recursion(wire: Callable[[Any, Any], object]) -> None:
    assert circle(wire, 5_000) == {"turns": 5_000, "out of order": 0, "failures": 0, "unbalanced": 0}


@pytest.mark.usefixtures("quiet")
def test_a_circle_without_guard_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mape.port.keep_shallow", lambda *_: None)
    assert circle(by_subscribe, 5_000)["failures"] > 0


def test_items_that_meet_in_a_circle_keep_their_order() -> None:
    app = mape.App()
    loop = app.loop("meeting")
    burst = loop.execute(uid="burst")(lambda item, on_next: [on_next((item, n)) for n in range(50)] and None)
    work = loop.execute(uid="work")(lambda item: item)
    back = loop.execute(uid="back")(lambda item: item[0] + 1 if item[1] == 49 and item[0] < 20 else None)
    mape.connect(burst, work, back, burst)
    seen = collect(work)
    burst(0)
    assert seen == [(round_, n) for round_ in range(21) for n in range(50)]


def line(count: int, *, backwards: bool) -> Figures:
    app = mape.App()
    loop = app.loop("line")
    elements = [loop.execute(uid=f"e{number}")(lambda item: item + 1) for number in range(count)]
    pairs = list(itertools.pairwise(elements))
    for a, b in reversed(pairs) if backwards else pairs:
        a.subscribe(b)
    seen, failures = collect(elements[-1]), collect(app.failures)
    for item in range(20):
        elements[0](item)
    return {
        "items": 20,
        "arrived": len(seen),
        "wrong": sum(x != count + n for n, x in enumerate(seen)),
        "failures": len(failures),
    }


@pytest.mark.slow
@pytest.mark.parametrize("backwards", [False, True])
def test_a_line_of_ten_thousand_elements_needs_no_deeper_stack(backwards: bool) -> None:
    figures = line(10_000, backwards=backwards)
    show("depth 10,000", figures)
    assert figures == {"items": 20, "arrived": 20, "wrong": 0, "failures": 0}


@pytest.mark.usefixtures("quiet")
def test_a_line_that_is_never_broken_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wiring, "LONGEST", 10**9)
    assert line(2_000, backwards=False)["failures"] > 0


# -- change while items flow -----------------------------------------------------------------------------------------


class Change:
    """One source, and listeners that come, stop, start, unsubscribe and go, at random and from inside functions."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.app = mape.App()
        self.loop = self.app.loop("change")
        self.source = self.loop.monitor(uid="source")(lambda item: item)
        self.seen: dict[str, list[int]] = {}
        self.gone: dict[str, int] = {}
        self.links: dict[str, Any] = {}
        self.source.start()

    def add(self) -> None:
        uid = f"e{len(self.seen)}"
        self.seen[uid] = []

        def take(item: int) -> None:
            self.seen[uid].append(item)
            if self.rng.random() < 0.01:
                self.change()

        self.links[uid] = self.source.subscribe(self.loop.execute(uid=uid)(take))

    def change(self) -> None:
        action = self.rng.choice(("add", "stop", "start", "dispose", "remove")) if self.links else "add"
        if action == "add":
            if len(self.links) < 50:
                self.add()
            return
        uid = self.rng.choice(sorted(self.links))
        if action in ("stop", "start"):
            getattr(self.loop[uid], action)()
            return
        self.links.pop(uid).dispose()
        if action == "remove":
            self.loop.remove(uid)
        self.gone[uid] = len(self.seen[uid])

    def listeners(self) -> set[str]:
        return {uid for uid in self.links if self.loop[uid].is_running}


def change_while_items_flow(seed: int) -> Figures:
    state, lost = Change(seed), 0
    for item in range(20_000):
        if item % 5 == 0:
            state.change()
        before = state.listeners()
        state.source(item)
        lost += sum(state.seen[uid][-1:] != [item] for uid in before & state.listeners())
    return {
        "items": 20_000,
        "elements": len(state.seen),
        "lost": lost,
        "after removal": sum(len(state.seen[uid]) - count for uid, count in state.gone.items()),
        "duplicated": sum(len(each) != len(set(each)) for each in state.seen.values()),
        "out of order": sum(each != sorted(each) for each in state.seen.values()),
        "unbalanced": int(not balanced(state.app)),
    }


@pytest.mark.parametrize("seed", range(3))
def test_changes_while_items_flow_lose_nothing_and_reach_nobody_removed(seed: int) -> None:
    figures = change_while_items_flow(seed)
    show("change while items flow", figures)
    assert figures["elements"] > 500
    assert not any(figures[name] for name in ("lost", "after removal", "duplicated", "out of order", "unbalanced"))


@pytest.mark.slow
def test_a_shared_door_left_open_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doors.Door, "close", lambda *_: None)
    assert change_while_items_flow(0)["after removal"] > 0


def many_rounds(rounds: int, remove: Callable[[mape.App], None]) -> list[int]:
    app = mape.App()
    held = []
    for _ in range(rounds):
        loop = app.loop("many")
        elements = [loop.execute(uid=f"e{n}", ops_in=ops.map(abs) if n % 100 == 0 else ())(abs) for n in range(10_000)]
        for a, b in itertools.pairwise(elements):
            a.subscribe(b)
        elements[0](-1)
        del elements, loop, a, b
        remove(app)
        gc.collect()
        held.append(len(gc.get_objects()))
    return held


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_thirty_rounds_of_ten_thousand_elements_leave_nothing_behind() -> None:
    held = many_rounds(30, lambda app: app.remove("many"))
    show("30 rounds of 10,000 elements", {"objects after round 2": held[1], "after round 30": held[-1]})
    assert held[-1] - held[1] < 100


@pytest.mark.slow
def test_elements_that_stay_are_found() -> None:
    kept: list[object] = []

    def forgetful(app: mape.App) -> None:
        kept.extend(app["many"])
        app.remove("many")

    held = many_rounds(3, forgetful)
    assert held[-1] - held[1] > 10_000


def test_the_order_of_starting_puts_listeners_first() -> None:
    assert START_ORDER == ("execute", "plan", "analyze", "element", "monitor")
