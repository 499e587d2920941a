"""Operators on an edge: what they are, what their failures cost, and when they do what they put off."""

from __future__ import annotations

import asyncio
import gc
import itertools
from collections.abc import Callable
from typing import Any

import pytest
import reactivex as rx
from reactivex.disposable import CompositeDisposable

import mape
from mape.flow.chain import operator_name, operator_tuple
from mape.testing import assert_marbles, collect, feed

pytestmark = pytest.mark.virtual_time

Operator = Callable[[Any], Any]
ops: Any = mape.operators  # less strict than its types, as people are


@pytest.fixture
def loop(app: mape.App) -> mape.Loop:
    return app.loop("main")


def same(item: Any, *_: Any) -> Any:
    return item


def picky(item: Any, *_: Any) -> Any:
    """Pass on everything but zero."""
    if item == 0:
        raise ZeroDivisionError
    return item


def picky_stream(item: Any) -> Any:
    return rx.of(picky(item))


def truly(item: Any, *_: Any) -> bool:
    picky(item)
    return True


def raising(source: rx.Observable[Any]) -> rx.Observable[Any]:
    """An operator that raises instead of sending an error, as badly written ones do."""

    def subscribe(observer: Any, scheduler: Any = None) -> Any:
        def on_next(item: Any) -> None:
            observer.on_next(picky(item))

        return source.subscribe(on_next, observer.on_error, observer.on_completed, scheduler=scheduler)

    return rx.Observable(subscribe)


def through(loop: mape.Loop, operators: Any, items: Any = (1, 0, 2, 4)) -> tuple[list[Any], list[Any]]:
    """Give items to an element behind `operators`; return what came out and the items that failed."""
    element = loop.execute(uid="element", ops_in=operators)(same)
    seen, failures = collect(element), collect(loop.app.failures)
    for item in items:
        element(item)
    return list(seen), [failure.item for failure in failures]


# -- failures --------------------------------------------------------------------------------------------------------

FAILING: dict[str, Operator] = {
    "map": ops.map(picky),
    "filter": ops.filter(truly),
    "do_action": ops.do_action(picky),
    "scan": ops.scan(lambda _, item: picky(item)),
    "distinct": ops.distinct(picky),
    "distinct_until_changed": ops.distinct_until_changed(picky),
    "take_while": ops.take_while(truly),
    "map_indexed": ops.map_indexed(picky),
    "flat_map": ops.flat_map(picky_stream),
    "concat_map": ops.concat_map(picky_stream),
    "switch_map": ops.switch_map(picky_stream),
    "group_by": rx.compose(ops.group_by(picky), ops.flat_map(same)),
    "window": rx.compose(ops.window_with_count(1), ops.flat_map(lambda window: window.pipe(ops.map(picky)))),
    "compose": rx.compose(ops.map(same), ops.map(picky), ops.map(same)),
    "share": rx.compose(ops.map(picky), ops.share()),
    "replay": rx.compose(ops.map(picky), ops.replay(1, mapper=lambda shared: shared)),
    "repeat": rx.compose(ops.map(picky), ops.repeat()),
    "lambda": lambda source: source.pipe(ops.map(picky)),
    "raising": raising,
    "raising in the middle": rx.compose(ops.map(same), raising, ops.map(same)),
}


@pytest.mark.parametrize("operator", FAILING.values(), ids=FAILING)
def test_an_operator_that_fails_costs_one_item(loop: mape.Loop, operator: Operator) -> None:
    assert through(loop, operator) == ([1, 2, 4], [0])
    assert loop.element.stats.errors == 1


def test_each_of_several_operators_fails_for_itself_and_keeps_the_others_state(loop: mape.Loop) -> None:
    def fail_at(bad: int) -> Operator:
        fails: Operator = ops.map(lambda item: item if item != bad else picky(0))
        return fails

    operators = (fail_at(2), ops.pairwise(), ops.map(sum), ops.scan(lambda total, item: total + item), fail_at(12))
    assert through(loop, operators, (1, 2, 3, 5, 6)) == ([4, 23], [2, 12])


def test_an_operator_begins_anew_after_a_failure(loop: mape.Loop) -> None:
    total = ops.scan(lambda total, item: total + picky(item), 0)
    assert through(loop, total, (1, 2, 0, 3, 4)) == ([1, 3, 3, 7], [0])


def test_one_half_of_a_merge_that_raises_brings_the_other_back_once(loop: mape.Loop) -> None:
    def halves(source: Any) -> Any:
        return rx.merge(source, source.pipe(ops.map(same), raising, ops.map(lambda item: -item)))

    assert through(loop, halves) == ([1, -1, 0, 2, -2, 4, -4], [0])


def test_an_operator_that_took_its_fill_stays_so_whatever_fails_before_it(loop: mape.Loop) -> None:
    assert through(loop, (ops.map(picky), ops.take(2))) == ([1, 2], [0])


async def test_a_timer_that_raises_is_reported_and_the_next_item_finds_a_fresh_operator(loop: mape.Loop) -> None:
    element = loop.execute(uid="element", ops_in=rx.compose(ops.delay(1.0), raising))(same)
    seen, failures = collect(element), collect(loop.app.failures)
    async with loop.app:
        for item in (1, 0, 2):
            element(item)
            await asyncio.sleep(2)
    assert seen == [1, 2]
    assert [type(failure.error) for failure in failures] == [ZeroDivisionError]
    assert element.stats.errors == 1


async def test_nothing_of_an_operator_goes_on_after_a_timer_of_it_raised(loop: mape.Loop) -> None:
    def ticking(source: Any) -> Any:
        zeros, ones = rx.timer(1.0), rx.interval(0.4).pipe(ops.map(lambda _: 1))
        return rx.merge(source, zeros, ones).pipe(raising)

    element = loop.execute(uid="element", ops_in=ticking)(same)
    seen = collect(element)
    async with loop.app:
        await asyncio.sleep(3)
        assert seen == [1, 1]
        element(2)
        await asyncio.sleep(0.9)
    assert seen == [1, 1, 2, 1, 1]


async def test_what_comes_before_an_operator_has_subscribed_is_swallowed_after_a_failure_too(loop: mape.Loop) -> None:
    operator = rx.compose(ops.delay_subscription(1.0), ops.map(picky))
    element = loop.execute(uid="element", ops_in=operator)(same)
    seen = collect(element)
    async with loop.app:
        for item in (1, 2, 0, 3, 4, 5):
            element(item)
            await asyncio.sleep(0.6)
    assert seen == [5]


async def test_a_failure_after_an_event_is_a_failure_and_no_event(loop: mape.Loop) -> None:
    element = loop.execute(uid="element", ops_in=rx.compose(ops.delay(1.0), ops.map(picky)))(same)
    seen, failures = collect(element), collect(loop.app.failures)
    async with loop.app:
        element(0)
        element.on_completed()
        element(1)
        await asyncio.sleep(2)
    assert (seen, seen.errors) == ([1], [])
    assert [type(failure.error) for failure in failures] == [ZeroDivisionError]


def test_an_error_that_was_an_event_before_may_be_a_failure_now(loop: mape.Loop) -> None:
    error = OSError("the same")

    def fail(_: Any) -> Any:
        raise error

    element = loop.execute(uid="element", ops_in=ops.map(fail))(same)
    seen, failures = collect(element), collect(loop.app.failures)
    element.on_error(error)
    element(1)
    assert seen.errors == [error]
    assert [failure.error for failure in failures] == [error]


def test_an_operator_that_cannot_be_applied_again_fails_item_by_item(loop: mape.Loop) -> None:
    tries: list[int] = []

    def moody(source: Any) -> Any:
        tries.append(len(tries))
        if len(tries) in (2, 3):
            raise OSError
        return source.pipe(ops.map(picky))

    assert through(loop, moody, (1, 0, 2, 3, 4)) == ([1, 4], [0, 2, 3])


def test_failures_and_events_leave_nothing_behind(loop: mape.Loop, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("CRITICAL", "mape")
    operators = (ops.map(picky), ops.share(), ops.take(1), ops.repeat(), lambda source: rx.merge(source, source))
    element = loop.execute(uid="element", ops_in=operators)(same)
    held = []
    for _ in range(3):
        for item in (1, 0) * 200:
            element(item)
            element.on_completed()
        gc.collect()
        held.append(len(gc.get_objects()))
    assert held[2] - held[1] < 50


async def test_a_failure_of_a_delayed_item_is_reported(loop: mape.Loop) -> None:
    element = loop.execute(uid="element", ops_in=(ops.delay(1.0), ops.map(picky)))(same)
    seen, failures = collect(element), collect(loop.app.failures)
    async with loop.app:
        for item in (1, 0, 2):
            element(item)
        await asyncio.sleep(2)
    assert seen == [1, 2]
    assert [failure.item for failure in failures] == [0]


def test_an_element_that_stops_on_errors_emits_nothing_after_its_operator_failed(loop: mape.Loop) -> None:
    kept: list[Any] = []

    @loop.execute(ops_out=ops.map(picky), on_error="stop")
    def element(item: int, on_next: Any) -> None:
        kept.append(on_next)
        on_next(item)

    seen = collect(element)
    element(0)
    kept[0](1)
    assert not element.is_running
    assert seen == []
    element.start()
    element(2)
    assert seen == [2]


def test_an_operator_of_an_edge_fails_for_the_port_it_hangs_on(loop: mape.Loop) -> None:
    source = loop.execute(uid="source")(same)
    seen = collect(source.pipe(ops.map(same), ops.map(picky)))
    failures = collect(loop.app.failures)
    for item in (1, 0, 2):
        source(item)
    assert seen == [1, 2]
    assert [(failure.path, failure.item) for failure in failures] == [("main.source", 0)]


# -- operators that put something off, or subscribe to their source more than once -----------------------------------

PROMPT_WITHOUT_A_LOOP: dict[str, tuple[Operator, list[Any]]] = {
    "merge with itself": (lambda source: rx.merge(source, source.pipe(ops.map(lambda item: -item))), [1, -1, 2, -2]),
    "zip with itself": (lambda source: rx.zip(source, source.pipe(ops.map(str))), [(1, "1"), (2, "2")]),
    "with_latest_from": (lambda source: source.pipe(ops.with_latest_from(source)), [(1, 1), (2, 2)]),
    "partition": (lambda source: rx.merge(*source.pipe(ops.partition(lambda item: item > 1))), [1, 2]),
    "flat_map": (ops.flat_map(lambda item: rx.of(item, 10 * item)), [1, 10, 2, 20]),
    "flat_map twice": (
        ops.flat_map(lambda item: rx.of(item, item).pipe(ops.flat_map(lambda each: rx.of(each, -each)))),
        [1, -1, 1, -1, 2, -2, 2, -2],
    ),
    "an endless stream": (
        ops.flat_map(lambda item: rx.from_iterable(itertools.count(item)).pipe(ops.take(2))),
        [1, 2, 2, 3],
    ),
    "start_with": (rx.compose(ops.start_with(0), ops.pairwise()), [(0, 1), (1, 2)]),
    "concat": (ops.concat(rx.of(9)), [1, 2]),
    "retry": (ops.retry(), [1, 2]),
    "catch": (ops.catch(rx.of(9)), [1, 2]),
    "expand": (ops.expand(lambda item: rx.of(item + 10) if item < 10 else rx.empty()), [1, 11, 2, 12]),
    "windows": (
        rx.compose(ops.window_with_count(2), ops.flat_map(lambda window: rx.merge(window, window))),
        [1, 1, 2, 2],
    ),
    "group_by": (rx.compose(ops.group_by(same), ops.flat_map(lambda group: rx.merge(group, group))), [1, 1, 2, 2]),
    "group_and_pipe": (ops.group_and_pipe(lambda source: rx.merge(source, source), same), [1, 1, 2, 2]),
    "timer of no time": (ops.flat_map(lambda item: rx.timer(0).pipe(ops.map(lambda _: item))), [1, 2]),
}


@pytest.mark.parametrize(("operator", "expected"), PROMPT_WITHOUT_A_LOOP.values(), ids=PROMPT_WITHOUT_A_LOOP)
def test_what_needs_no_time_needs_no_event_loop(loop: mape.Loop, operator: Operator, expected: list[Any]) -> None:
    assert through(loop, operator, (1, 2)) == (expected, [])


@pytest.mark.parametrize("name", sorted(PROMPT_WITHOUT_A_LOOP.keys() - {"group_by"}))  # which is too late in Rx itself
def test_an_element_sees_the_same_if_a_source_sends_all_items_at_once(loop: mape.Loop, name: str) -> None:
    operator, expected = PROMPT_WITHOUT_A_LOOP[name]
    element = loop.execute(uid="element", ops_in=operator)(same)
    seen = collect(element)
    rx.of(1, 2).subscribe(element.port_in.on_next)
    assert seen == expected


def test_what_an_operator_puts_off_is_done_before_the_item_is(loop: mape.Loop) -> None:
    element = loop.execute(uid="element", ops_in=ops.flat_map(lambda item: rx.of(item, item)))(same)
    order: list[Any] = []
    element.subscribe(lambda item: order.append((item, mape.current_cause())))

    def give(item: int) -> None:
        element(item)
        order.append("done")

    rx.of(1, 2).subscribe(give)  # Rx itself would wait for the end of both
    assert [each if each == "done" else each[0] for each in order] == [1, 1, "done", 2, 2, "done"]
    assert order[0] == order[1]
    assert order[0][1] is not None
    assert order[0][1] != order[3][1]


def test_another_source_of_an_operator_may_put_something_off_too(loop: mape.Loop) -> None:
    speeds = loop.k.changes("speed").pipe(ops.flat_map(lambda speed: rx.of(speed, -speed)))
    element = loop.execute(uid="element", ops_in=ops.merge(speeds))(same)
    seen = collect(element)
    element(1)
    loop.k.speed = 50
    element(2)
    assert seen == [1, 50, -50, 2]


async def test_an_operator_may_delay_one_of_its_two_sources(loop: mape.Loop) -> None:
    operator = lambda source: rx.merge(source, source.pipe(ops.delay(0.2)))  # noqa: E731 - as people write it
    element = loop.execute(uid="element", ops_in=operator)(same)
    seen = collect(element)
    async with loop.app:
        await feed(element, "1---2------")
    assert_marbles(seen, "1-1-2-2")


# -- what is no operator ---------------------------------------------------------------------------------------------

WRONG = {
    "uncalled": ops.map,
    "a number": 5,
    "a path": "main.element",
    "no stream": lambda _: 5,
    "a function of two": lambda source, _: source,
    "none of several": (ops.map(same), None),
    "an uncalled class": ops.through,
    "among keys": ops.group_and_pipe(ops.map),
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
@pytest.mark.parametrize("place", ["ops_in", "ops_out"])
def test_what_is_no_operator_is_refused_and_the_element_named(loop: mape.Loop, place: str, wrong: Any) -> None:
    with pytest.raises(mape.WiringError, match=r"element.* operator"):
        loop.execute(uid="element", **{place: wrong})(same)
    assert "element" not in loop


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
@pytest.mark.parametrize("place", ["port_in", "port_out"])
def test_what_is_no_operator_leaves_those_of_a_running_element(loop: mape.Loop, place: str, wrong: Any) -> None:
    element = loop.execute(uid="element")(same)
    port, seen = getattr(element, place), collect(element)
    port.operators = ops.map(lambda item: item + 1)
    with pytest.raises(mape.WiringError, match=r"main\.element: .* operator"):
        port.operators = wrong
    element(1)
    assert seen == [2]
    assert len(port.operators) == 1


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
def test_what_is_no_operator_cannot_stand_in_a_pipe(loop: mape.Loop, wrong: Any) -> None:
    source, other = loop.execute(uid="element")(same), loop.execute(uid="other")(same)
    each = wrong if isinstance(wrong, tuple) else (wrong,)
    with pytest.raises(mape.WiringError, match=r"main\.(element|other): .* operator"):
        source.pipe(ops.map(same), ops.through(other), *each).subscribe(print)
    assert loop.app.edges() == []


def test_an_element_is_no_operator_and_does_not_get_one_as_an_item(loop: mape.Loop) -> None:
    policy = loop.execute(uid="policy")(same)
    with pytest.raises(mape.WiringError, match=r"ops\.through\(element\)"):
        loop.execute(uid="element", ops_in=policy)(same)
    assert policy.stats.received == 0


def test_the_error_of_an_operator_that_cannot_be_applied_is_kept(loop: mape.Loop) -> None:
    def broken(_: Any) -> Any:
        raise OSError("no such valve")

    with pytest.raises(mape.WiringError, match="'broken' cannot be applied: no such valve") as caught:
        loop.execute(uid="element", ops_in=broken)(same)
    assert isinstance(caught.value.__cause__, OSError)


@pytest.mark.parametrize(
    ("operators", "expected"), [(None, 0), ((), 0), ([], 0), (same, 1), ([same, same], 2), ((same,), 1)]
)
def test_operators_are_given_one_by_one_in_a_row_or_not_at_all(operators: Any, expected: int) -> None:
    assert operator_tuple(operators, "here") == (same,) * expected


# -- operators of a running element ----------------------------------------------------------------------------------


def test_operators_may_be_set_on_a_running_element_and_taken_away(loop: mape.Loop) -> None:
    element = loop.execute(uid="element")(same)
    seen = collect(element)
    element(1)
    element.port_in.operators = ops.map(lambda item: item + 10)
    element(2)
    element.port_out.operators = [ops.filter(lambda item: item > 13), ops.map(lambda item: -item)]
    element(3)
    element(4)
    element.port_in.operators = ()
    element(5)
    element(15)
    element.port_out.operators = None
    element(6)
    assert seen == [1, 12, -14, -15, 6]
    assert element.stats.received == element.stats.processed == 7


def test_what_a_function_emits_late_passes_the_operators_of_the_moment(loop: mape.Loop) -> None:
    kept: list[Any] = []

    def keep(item: int, on_next: Any) -> None:
        kept.append(on_next)
        on_next(item)

    element = loop.execute(uid="element", ops_out=ops.map(lambda item: item + 10))(keep)
    seen = collect(element)
    element(1)
    element.port_out.operators = ops.map(lambda item: -item)
    element(2)
    for emit in kept:
        emit(3)
    element.stop()
    for emit in kept:
        emit("withheld")
    element.start()
    element.port_out.operators = ()
    for emit in kept:
        emit(4)
    assert seen == [11, -2, -3, -3, 4, 4]
    assert (element.stats.emitted, element.stats.withheld) == (6, 2)


def test_what_was_emitted_counts_before_the_operators_whichever_they_are(loop: mape.Loop) -> None:
    element = loop.execute(uid="element", ops_out=ops.filter(lambda item: item > 1))(same)
    emitted = []
    for operators in (ops.filter(bool), (), (), ops.take(0), ops.map(same)):
        for item in (0, 1, 2):
            element(item)
        emitted.append(element.stats.emitted)
        element.port_out.operators = operators
    assert emitted == [3, 6, 9, 12, 15]


async def test_timers_of_operators_that_were_replaced_are_gone(loop: mape.Loop) -> None:
    element = loop.execute(uid="element", ops_in=ops.delay(1.0))(same)
    seen = collect(element)
    async with loop.app:
        element("lost")
        element.port_in.operators = ops.delay(2.0)
        element("late")
        await asyncio.sleep(3)
    assert seen == ["late"]


async def test_a_stopped_element_lets_go_of_its_timers_and_starts_with_fresh_operators(loop: mape.Loop) -> None:
    element = loop.execute(uid="element", ops_in=(ops.scan(lambda total, item: total + item), ops.delay(1.0)))(same)
    seen = collect(element)
    async with loop.app:
        element(1)
        await asyncio.sleep(0.5)
        element.stop()
        await asyncio.sleep(1)
        element.start()
        element(2)
        await asyncio.sleep(1.5)
    assert seen == [2]


def test_operators_may_be_set_on_a_stopped_element(loop: mape.Loop) -> None:
    element = loop.monitor(uid="element")(same)
    seen = collect(element)
    element.port_in.operators = ops.map(lambda item: item + 1)
    element(1)
    element.start()
    element(2)
    assert seen == [3]


# -- events ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("operator", "expected"),
    [
        (ops.to_list(), [[1, 2], "end", [3], "end"]),
        (ops.concat(rx.of(9)), [1, 2, 9, "end", 3, 9, "end"]),
        (ops.start_with(0), [1, 2, "end", 0, 3, "end"]),
        (ops.repeat(), [1, 2, 3]),
        (ops.repeat(2), [1, 2, 3, "end"]),
        (ops.take(1), [1, "end", "end", 3, "end", "end"]),
        (ops.last(), [2, "end", 3, "end"]),
        (ops.buffer_with_count(3), [[1, 2], "end", [3], "end"]),
        (ops.materialize(), None),
    ],
    ids=["to_list", "concat", "start_with", "repeat", "repeat(2)", "take", "last", "buffer", "materialize"],
)
def test_completion_goes_through_an_operator_which_begins_anew(
    loop: mape.Loop, operator: Operator, expected: list[Any] | None
) -> None:
    element = loop.execute(uid="element", ops_in=operator)(same)
    seen: list[Any] = []
    element.subscribe(seen.append, on_completed=lambda: seen.append("end"))
    for item in (1, 2):
        element(item)
    element.on_completed()
    element(3)
    element.on_completed()
    assert seen == expected if expected else len(seen) == 7


def test_an_error_event_may_be_caught_by_an_operator(loop: mape.Loop) -> None:
    caught = ops.catch(lambda error, _: rx.of(str(error)))
    element = loop.execute(uid="element", ops_in=caught)(same)
    seen = collect(element)
    element(1)
    element.on_error(ValueError("an event"))
    element(2)
    assert seen == [1, "an event", 2]
    assert seen.errors == []


def test_a_retrying_operator_takes_an_error_event_as_a_reason_to_go_on(loop: mape.Loop) -> None:
    element = loop.execute(uid="element", ops_in=ops.retry())(same)
    seen = collect(element)
    for item in (1, 2):
        element(item)
        element.on_error(ValueError())
    element(3)
    assert seen == [1, 2, 3]
    assert seen.errors == []


def test_an_element_that_is_stopped_by_an_event_does_not_come_back_by_what_it_emits_late(loop: mape.Loop) -> None:
    kept: list[Any] = []
    element = loop.execute(uid="element", ops_out=ops.map(same))(lambda _, on_next: kept.append(on_next))
    seen: list[Any] = []
    element.subscribe(seen.append, on_completed=element.stop)
    element(1)
    element.on_completed()
    kept[0](2)
    assert seen == []
    assert element.stats.withheld == 1


def test_an_operator_need_not_listen_to_all_its_source_sends(loop: mape.Loop) -> None:
    def deaf(source: Any) -> Any:
        def subscribe(observer: Any, scheduler: Any = None) -> Any:
            links = [source.subscribe(scheduler=scheduler), source.subscribe(observer.on_next, scheduler=scheduler)]
            return CompositeDisposable(links)

        return rx.Observable(subscribe)

    element = loop.execute(uid="element", ops_in=deaf)(same)
    seen = collect(element)
    element(1)
    element.on_error(ValueError())
    element(2)
    element.on_completed()
    element(3)
    assert (seen, seen.errors, seen.completed) == ([1, 2, 3], [], False)
    assert loop.app.failures.passed == 0


async def test_what_an_operator_holds_comes_after_completion_too(loop: mape.Loop) -> None:
    element = loop.execute(uid="element", ops_in=ops.delay(1.0))(same)
    seen = collect(element)
    async with loop.app:
        element(1)
        element.on_completed()
        element(2)
        await asyncio.sleep(2)
    assert seen == [1, 2]
    assert seen.completed


# -- names -----------------------------------------------------------------------------------------------------------


def map(source: Any) -> Any:  # noqa: A001 - what if a person calls it so?
    return source.pipe(ops.delay(1.0))


NAMES = [
    (ops.map(same), "map"),
    (ops.filter(abs), "filter"),
    (ops.debounce(1), "debounce"),
    (ops.finally_action(same), "finally_action"),
    (rx.compose(ops.map(same), ops.delay(1)), "compose"),
    (ops.router(), "router"),
    (ops.group_and_pipe(ops.map(same), key_mapper=same), "group_and_pipe"),
    (raising, "raising"),
    (lambda source: source.pipe(raising), "<lambda>"),
]


@pytest.mark.parametrize(("operator", "name"), NAMES, ids=[name for _, name in NAMES])
def test_graphs_and_errors_call_an_operator_by_its_name(operator: Operator, name: str) -> None:
    assert operator_name(operator) == name


async def test_an_operator_with_the_name_of_another_keeps_the_cause_across_its_timer(loop: mape.Loop) -> None:
    causes: list[Any] = []
    source = loop.execute(uid="source", ops_in=ops.do_action(lambda _: causes.append(mape.current_cause())))(same)
    element = loop.execute(uid="element", ops_in=map)(lambda _: causes.append(mape.current_cause()))
    source.subscribe(element)
    async with loop.app:
        source(1)
        await asyncio.sleep(2)
    assert len(causes) == 2
    assert causes[0] == causes[1]
