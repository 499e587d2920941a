"""Elements: forms of functions, start and stop, errors, counts, special items, events."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
import reactivex as rx

import mape
from mape import operators as ops
from mape.testing import collect

pytestmark = pytest.mark.virtual_time


def balance(stats: mape.Stats) -> bool:
    return stats.received == stats.processed + sum(stats.dropped.values()) + stats.queued


@pytest.fixture
def loop(app: mape.App) -> mape.Loop:
    return app.loop("main")


def negative(item: int) -> bool:
    return item < 0


def odd(item: int) -> bool:
    return item % 2 == 1


# -- the documented program ------------------------------------------------------------------------------------------


def test_the_ambulance_runs_as_it_is_documented(loop: mape.Loop) -> None:
    said: list[dict[str, Any]] = []

    @loop.monitor
    def detect(emergency, on_next):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
        on_next(emergency)

    @loop.plan(uid="custom_policy", ops_in=ops.distinct_until_changed())
    def policy(emergency, on_next, self):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
        on_next({"speed": self.emergency_speed if emergency else 80})
        on_next({"siren": emergency})

    policy.emergency_speed = 180

    @loop.execute
    def exec(item, on_next):  # type: ignore[no-untyped-def]  # noqa: A001, ANN001, ANN202, ARG001
        said.append(item)

    detect.subscribe(policy)
    policy.subscribe(exec)

    detect(True)
    assert said == []
    detect.start()
    detect(True)
    detect(True)
    assert said == [{"speed": 180}, {"siren": True}]
    detect(False)
    assert said[2:] == [{"speed": 80}, {"siren": False}]
    assert [element.uid for element in loop] == ["detect", "custom_policy", "exec"]
    assert [element.uid for element in loop if isinstance(element, mape.Execute)] == ["exec"]
    assert f"{policy}" == "custom_policy"


def test_a_pipe_through_elements_is_the_same_as_subscriptions(loop: mape.Loop) -> None:
    said: list[Any] = []
    detect = loop.monitor(uid="detect")(lambda item: item)
    policy = loop.plan(uid="policy")(lambda item: [item])
    act = loop.execute(uid="act")(said.append)
    detect.pipe(ops.distinct_until_changed(), ops.through(policy), ops.through(act)).subscribe()
    detect.start()
    for item in (1, 1, 2):
        detect(item)
    assert said == [[1], [2]]
    edges = [(edge.source, edge.target, edge.operators) for edge in loop.app.edges()]
    assert edges[:2] == [("main.detect", "main.policy", ("distinct_until_changed",)), ("main.policy", "main.act", ())]


# -- forms of functions ----------------------------------------------------------------------------------------------


class Doubler:
    def __call__(self, item: int) -> int:
        return 2 * item


class AsyncDoubler:
    async def __call__(self, item: int) -> int:
        return 2 * item


def by_on_next(item: int, on_next: Callable[[int], None]) -> None:
    on_next(2 * item)


def by_on_next_and_self(item: int, on_next: Callable[[int], None], self: Any) -> None:
    on_next(self.factor * item)


def with_self(item: int, self: Any) -> int:
    return self.factor * item  # type: ignore[no-any-return]


def self_first(self: Any, item: int) -> int:
    return self.factor * item  # type: ignore[no-any-return]


def in_odd_order(item: int, self: Any, on_next: Callable[[int], None]) -> None:
    on_next(self.factor * item)


def yielding(item: int) -> Iterator[int]:
    yield 2 * item


def yielding_with_self(item: int, self: Any) -> Iterator[int]:
    yield self.factor * item


async def waiting(item: int) -> int:
    await asyncio.sleep(1)
    return 2 * item


async def waiting_with_all(item: int, on_next: Callable[[int], None], self: Any) -> None:
    await asyncio.sleep(1)
    on_next(self.factor * item)


async def waiting_and_yielding(item: int) -> AsyncIterator[int]:
    await asyncio.sleep(1)
    yield 2 * item


FORMS = [
    lambda item: 2 * item,
    by_on_next,
    by_on_next_and_self,
    with_self,
    in_odd_order,
    yielding,
    yielding_with_self,
    waiting,
    waiting_with_all,
    waiting_and_yielding,
    Doubler(),
    AsyncDoubler(),
]


@pytest.mark.parametrize("function", FORMS, ids=lambda form: getattr(form, "__name__", type(form).__name__))
async def test_each_documented_form_of_function_emits(loop: mape.Loop, function: Any) -> None:
    double = loop.analyze(uid="double")(function)
    double.factor = 2
    seen = collect(double)
    async with loop.app:
        double(1)
        double(2)
    assert seen == [2, 4]
    assert balance(double.stats)
    assert double.stats.emitted == 2


def test_none_is_not_emitted_by_return_but_by_on_next(loop: mape.Loop) -> None:
    returns = loop.analyze(uid="returns")(lambda item: None)  # noqa: ARG005
    emits = loop.analyze(uid="emits")(lambda item, on_next: on_next(None))  # noqa: ARG005
    seen, seen_too = collect(returns), collect(emits)
    returns(1)
    emits(1)
    assert seen == []
    assert seen_too == [None]


@pytest.mark.parametrize(
    "function", [lambda: 1, lambda item, other: (item, other), 7], ids=["no item", "unknown", "no function"]
)
def test_a_function_of_another_form_is_refused(loop: mape.Loop, function: Any) -> None:
    with pytest.raises(mape.WiringError, match="'wrong' of loop main"):
        loop.monitor(uid="wrong")(function)
    assert "wrong" not in loop


def test_annotations_become_the_types_of_an_element(loop: mape.Loop) -> None:
    @loop.analyze
    def to_hours(minutes: int) -> float:
        return minutes / 60

    @loop.plan
    def split(text: str) -> Iterator[bytes]:
        yield text.encode()

    assert (to_hours.input_type, to_hours.output_type) == (int, float)
    assert (split.input_type, split.output_type) == (str, bytes)
    assert loop.monitor(uid="untyped")(lambda item: item).input_type is None


# -- start and stop --------------------------------------------------------------------------------------------------


def test_each_role_starts_as_it_is_documented(loop: mape.Loop) -> None:
    elements = {
        role: getattr(loop, role)(uid=f"my_{role}")(lambda item: item)
        for role in ("monitor", "analyze", "plan", "execute")
    }
    assert [each.is_running for each in elements.values()] == [False, False, False, True]
    for each in elements.values():
        each.subscribe()
    assert [each.is_running for each in elements.values()] == [False, True, True, True]
    elements["monitor"].start()
    assert elements["monitor"].is_running


def test_a_stopped_element_is_cut_from_ports_that_still_work_for_others(loop: mape.Loop) -> None:
    double = loop.execute(uid="double")(lambda item: 2 * item)
    tap_in, out = collect(double.port_in), collect(double)
    double(1)
    double.stop()
    double(2)
    double.port_out.on_next("fed")
    double.start()
    double(3)
    assert tap_in == [1, 2, 3]
    assert out == [2, "fed", 6]
    assert double.stats.dropped == {"stopped": 1}
    assert balance(double.stats)


def test_what_a_function_emits_late_follows_the_wiring_of_the_moment(loop: mape.Loop) -> None:
    kept: list[Callable[[Any], None]] = []
    source = loop.monitor(uid="source")(lambda item, on_next: kept.append(on_next))  # noqa: ARG005
    first, second = loop.execute(uid="first")(lambda item: item), loop.execute(uid="second")(lambda item: item)
    seen_first, seen_second = collect(first), collect(second)
    source.start()
    source(0)  # no listener yet
    kept[0]("unheard")
    link = source.subscribe(first)
    source(0)  # one direct listener
    kept[0]("a")
    kept[1]("b")
    other = source.subscribe(second)
    source(0)  # a fan-out
    for emit in kept:
        emit("c")
    link.dispose()
    for emit in kept:
        emit("d")
    source.stop()
    for emit in kept:
        emit("cut off")
    source.start()
    for emit in kept:
        emit("e")
    other.dispose()
    for emit in kept:
        emit("unheard")
    assert seen_first == ["a", "b", "c", "c", "c"]
    assert seen_second == [*"ccc", *"ddd", *"eee"]
    assert source.stats.withheld == 3


def test_a_removed_element_gets_nothing_and_cannot_start(loop: mape.Loop) -> None:
    source = loop.monitor(uid="source")(lambda item: item)
    gone, stays = (loop.execute(uid=uid)(lambda item: item) for uid in ("gone", "stays"))
    seen_gone, seen_stays = collect(gone), collect(stays)
    source.subscribe(gone)
    source.subscribe(stays)
    source.start()
    source(1)
    loop.remove(gone)
    source(2)
    gone(3)
    assert seen_gone == [1]
    assert seen_stays == [1, 2]
    assert "gone" not in loop
    with pytest.raises(mape.StateError, match="was removed"):
        gone.start()


def test_subscriptions_may_change_while_an_item_is_on_its_way(loop: mape.Loop) -> None:
    source = loop.monitor(uid="source")(lambda item: item)
    seen: list[tuple[str, int]] = []
    links: dict[str, Any] = {}

    def once(item: int) -> None:
        seen.append(("once", item))
        links["once"].dispose()
        links["late"] = source.subscribe(lambda each: seen.append(("late", each)))

    once_element = loop.execute(uid="once")(once)
    last = loop.execute(uid="last")(lambda item: seen.append(("last", item)))
    links["once"] = source.subscribe(once_element)
    source.subscribe(last)
    source.start()
    for item in (1, 2):
        source(item)
    assert seen == [("once", 1), ("last", 1), ("last", 2), ("late", 2)]


def test_an_element_may_stop_itself_and_its_neighbours_at_work(loop: mape.Loop) -> None:
    def stop_all(item: int, on_next: Callable[[int], None], self: Any) -> None:
        on_next(item)
        if item == 2:
            self.stop()
            on_next(-item)

    source = loop.execute(uid="source")(stop_all)
    seen = collect(source)
    for item in (1, 2, 3):
        source(item)
    assert seen == [1, 2]
    assert source.stats.withheld == 1
    assert source.stats.dropped == {"stopped": 1}


# -- errors ----------------------------------------------------------------------------------------------------------


async def test_one_bad_item_costs_one_failure_and_not_the_loop(app: mape.App) -> None:
    @app.loop("traffic").analyze
    def headway(cars_per_minute: int) -> float:
        return 60 / cars_per_minute

    seen = collect(headway)
    failures = collect(app.failures)
    async with app:
        for cars in (30, 0, 20):
            headway.port_in.on_next(cars)
    assert seen == [2.0, 3.0]
    assert [failure.item for failure in failures] == [0]
    assert isinstance(failures[0].error, ZeroDivisionError)
    assert failures[0].path == "traffic.headway"
    assert headway.stats.errors == 1


@pytest.mark.parametrize("place", ["ops_in", "ops_out"])
def test_an_operator_that_raises_costs_one_item_and_keeps_its_neighbours_state(loop: mape.Loop, place: str) -> None:
    def positive(item: int) -> int:
        if item < 0:
            raise ValueError(item)
        return item

    operators = (ops.map(positive), ops.buffer_with_count(2))
    element = loop.execute(uid="pairs")(lambda item: item)
    ports = {"ops_in": element.port_in, "ops_out": element.port_out}
    ports[place].operators = operators
    seen, failures = collect(element), collect(loop.app.failures)
    for item in (1, -1, 2, 3, -2, 4):
        element(item)
    assert seen == [[1, 2], [3, 4]]
    assert [failure.item for failure in failures] == [-1, -2]
    assert element.stats.errors == 2


def test_an_operator_in_a_pipe_that_raises_costs_one_item(loop: mape.Loop) -> None:
    source = loop.monitor(uid="source")(lambda item: item)
    seen: list[float] = []
    source.pipe(ops.map(lambda item: 1 / item)).subscribe(seen.append)
    failures = collect(loop.app.failures)
    source.start()
    for item in (1, 0, 2):
        source(item)
    assert seen == [1.0, 0.5]
    assert [failure.item for failure in failures] == [0]


def test_an_observer_that_raises_costs_its_siblings_nothing(loop: mape.Loop) -> None:
    source = loop.monitor(uid="source")(lambda item: item)
    source.subscribe(lambda item: 1 / item)
    seen = collect(source)
    failures = collect(loop.app.failures)
    source.start()
    for item in (1, 0, 2):
        source(item)
    assert seen == [1, 0, 2]
    assert failures[0].path.startswith("main.source > ")


def test_a_failing_listener_of_failures_does_not_fail_for_ever(loop: mape.Loop) -> None:
    bad = loop.execute(uid="bad")(lambda item: 1 / item)
    watcher = loop.execute(uid="watcher")(lambda failure: failure.nonsense)
    loop.app.failures.subscribe(watcher)
    bad(0)
    assert watcher.stats.errors == 1


async def test_retry_tries_again_with_growing_pauses_and_in_order(loop: mape.Loop) -> None:
    tries: list[tuple[int, float]] = []

    def flaky(item: int) -> int:
        tries.append((item, loop.app.clock.monotonic()))
        if item == 1 and len(tries) < 3:
            raise OSError("try again")
        return item

    element = loop.execute(uid="flaky", on_error=mape.Retry(times=3, delay=1.0))(flaky)
    seen = collect(element)
    async with loop.app:
        start = loop.app.clock.monotonic()
        element(1)
        element(2)
    assert seen == [1, 2]
    assert [(item, round(at - start)) for item, at in tries] == [(1, 0), (1, 1), (1, 3), (2, 3)]
    assert element.stats.errors == 0


async def test_retry_gives_up_after_so_many_times(loop: mape.Loop) -> None:
    element = loop.execute(uid="hopeless", on_error="retry")(lambda item: 1 / item)
    failures = collect(loop.app.failures)
    async with loop.app:
        element(0)
    assert len(failures) == 1
    assert element.stats.errors == 1


def test_on_error_stop_stops_the_element(loop: mape.Loop) -> None:
    element = loop.execute(uid="careful", on_error="stop")(lambda item: 1 / item)
    element(0)
    element(1)
    assert not element.is_running
    assert element.stats.dropped == {"stopped": 1}


def test_an_unknown_policy_is_refused(loop: mape.Loop) -> None:
    with pytest.raises(mape.WiringError, match="skip, retry, stop"):
        loop.execute(uid="x", on_error="ignore")(print)


# -- events ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("operators", [(), (ops.map(lambda item: item),)], ids=["plain", "operators"])
def test_completion_and_error_pass_as_events_and_end_nothing(loop: mape.Loop, operators: Any) -> None:
    first = loop.execute(uid="first", ops_in=operators, ops_out=operators)(lambda item: item)
    second = loop.execute(uid="second", ops_in=operators)(lambda item: item)
    first.subscribe(second)
    seen = collect(second)
    error = ValueError("an event")
    first.on_next(1)
    first.on_error(error)
    first.on_next(2)
    first.on_completed()
    first.on_next(3)
    first.port_out.on_completed()
    first.on_next(4)
    assert seen == [1, 2, 3, 4]
    assert seen.errors == [error]
    assert seen.completed
    assert first.stats.errors == 0


def test_an_operator_that_completes_by_itself_stays_complete(loop: mape.Loop) -> None:
    element = loop.execute(uid="three", ops_in=ops.take(3))(lambda item: item)
    seen = collect(element)
    for item in range(5):
        element(item)
    assert seen == [0, 1, 2]


def test_completion_lets_operators_give_what_they_hold_and_begin_anew(loop: mape.Loop) -> None:
    element = loop.execute(uid="all", ops_in=ops.to_list())(lambda item: item)
    seen = collect(element)
    for item in (1, 2):
        element(item)
    element.on_completed()
    element(3)
    element.on_completed()
    assert seen == [[1, 2], [3]]


@pytest.mark.parametrize("concurrency", [1, 4])
async def test_an_event_does_not_overtake_the_items_that_wait(loop: mape.Loop, concurrency: int) -> None:
    slow = loop.execute(uid="slow", concurrency=concurrency)(waiting)
    seen = collect(slow)
    async with loop.app:
        for item in (1, 2):
            slow(item)
        slow.on_completed()
        slow(3)
    assert [event.kind for _, event in seen.events] == ["N", "N", "C", "N"]
    assert seen == [2, 4, 6]


def test_any_rx_observable_can_feed_an_element(loop: mape.Loop) -> None:
    element = loop.execute(uid="sink")(lambda item: item)
    seen = collect(element)
    rx.of(1, 2, 3).subscribe(element)
    rx.of(-5).pipe(ops.map(abs)).subscribe(element.port_in)
    assert seen == [1, 2, 3, 5]


# -- special items ---------------------------------------------------------------------------------------------------


def test_messages_collect_hops_and_siblings_do_not_share_them(loop: mape.Loop) -> None:
    source = loop.monitor(uid="source")(lambda item, self: mape.Message.create(item, src=self, dst="main.right"))
    middle = loop.analyze(uid="middle", ops_in=ops.map(lambda item: item))(lambda item: item)
    left, right = (loop.execute(uid=uid)(lambda item: item) for uid in ("left", "right"))
    source.subscribe(middle)
    middle.subscribe(left)
    middle.subscribe(right)
    seen_left, seen_right = collect(left), collect(right)
    source.start()
    source(1)
    assert seen_left[0].hops == ("main.middle", "main.left")
    assert seen_right[0].hops == ("main.middle", "main.right")
    assert seen_left[0].src == "main.source"
    assert seen_left[0].timestamp == seen_right[0].timestamp > 0


@pytest.mark.parametrize("operators", [(), (ops.filter(negative),)], ids=["plain", "past operators"])
def test_a_method_call_calls_a_method_instead_of_the_function(loop: mape.Loop, operators: Any) -> None:
    @loop.register(uid="pid")
    class Pid(mape.Plan[float, float]):
        def __init__(self, loop: mape.Loop, target: float = 100, uid: str | None = None) -> None:
            self.target = target
            super().__init__(loop, uid=uid, ops_in=operators)

        def cruise_control(self, target: float, *, slope: float = 0) -> None:
            self.target = target + slope

        def _on_next(self, speed: float, on_next: Any = None, *args: Any, **kwargs: Any) -> None:  # noqa: ARG002
            on_next(self.target - speed)

    pid = loop.pid
    command = loop.execute(uid="command")(lambda speed: mape.CallMethod.create("cruise_control", speed, slope=1))
    command.subscribe(pid)
    seen = collect(pid)
    command(50)
    pid(-20)
    assert pid.target == 51
    assert seen == [71]
    assert pid.uid == Pid.uid == "pid"


def test_a_method_call_that_fails_is_one_failure(loop: mape.Loop) -> None:
    element = loop.execute(uid="e")(lambda item: item)
    failures = collect(loop.app.failures)
    for call in (
        mape.CallMethod.create("nothing_there"),
        mape.CallMethod.create("_isolate"),
        mape.CallMethod.create("remove", 1),
    ):
        element(call)
    assert [type(failure.error) for failure in failures] == [AttributeError] * 3


def test_a_call_from_a_wire_needs_an_exposed_method(loop: mape.Loop) -> None:
    class Valve(mape.Execute[Any, Any]):
        is_open = False

        @mape.exposed
        def open_wide(self) -> None:
            self.is_open = True

        def explode(self) -> None:
            raise AssertionError

    valve = Valve(loop, "valve")
    failures = collect(loop.app.failures)
    valve(mape.CallMethod("open_wide", remote=True))
    for method in ("explode", "stop", "__init__"):
        valve(mape.CallMethod(method, remote=True))
    assert valve.is_open
    assert valve.is_running
    assert len(failures) == 3


async def test_an_async_method_is_called_and_walled(loop: mape.Loop) -> None:
    class Slow(mape.Execute[Any, Any]):
        done = 0

        async def work(self, seconds: float) -> None:
            await asyncio.sleep(seconds)
            self.done += 1
            if seconds == 2:
                raise ValueError(seconds)

    slow = Slow(loop, "slow")
    failures = collect(loop.app.failures)
    async with loop.app:
        for seconds in (1, 2):
            slow(mape.CallMethod.create("work", seconds))
    assert slow.done == 2
    assert [type(failure.error) for failure in failures] == [ValueError]


# -- statistics ------------------------------------------------------------------------------------------------------


async def test_statistics_balance_in_every_state(loop: mape.Loop) -> None:
    source = loop.monitor(uid="source")(lambda item: item)
    plain = loop.analyze(uid="plain")(lambda item: item)
    chained = loop.analyze(uid="chained", ops_in=ops.filter(odd))(lambda item: 1 / item)
    tapped = loop.analyze(uid="tapped")(lambda item: item)
    slow = loop.execute(uid="slow", mailbox=5)(waiting)
    tapped.port_in.subscribe()
    for each in (plain, chained, tapped, slow):
        source.subscribe(each)
        each.subscribe()
    async with loop.app:
        for item in range(20):
            source(item)
            assert all(balance(each.stats) for each in loop)
        plain.stop()
        source(20)
        plain.start()
        source(21)
        assert all(balance(each.stats) for each in loop)
    assert plain.stats.received == 22
    assert plain.stats.dropped == {"stopped": 1}
    assert chained.stats.received == chained.stats.emitted == 11
    assert tapped.stats.processed == 22
    assert slow.stats.dropped["overflow"] == 22 - slow.stats.processed
    assert source.stats.emitted == source.port_out.passed == 22


async def test_processing_time_is_measured(loop: mape.Loop) -> None:
    slow = loop.execute(uid="slow")(waiting)
    quick = loop.execute(uid="quick")(lambda item: item)
    async with loop.app:
        slow(1)
        quick(1)
    assert slow.stats.last_time == slow.stats.mean_time == 1.0
    assert quick.stats.last_time == 0.0
    assert loop.execute(uid="idle")(lambda item: item).stats.mean_time is None


def test_debug_logs_the_ports_it_is_told_to(loop: mape.Loop, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "mape")
    element = loop.execute(uid="e")(lambda item: item + 1)
    element.debug(mape.Element.Debug.IN | mape.Element.Debug.OUT)
    element(1)
    assert [record.getMessage() for record in caplog.records] == [
        "on next: 1 | in > [main.e]",
        "on next: 2 | [main.e] > out",
    ]
    element.debug()
    element(2)
    assert len(caplog.records) == 2
