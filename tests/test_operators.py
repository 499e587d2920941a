"""The operators of a MAPE loop: through, router and group_and_pipe; and those of reactivex, all of them."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import pytest
import reactivex as rx
from reactivex import operators as reactivex_operators
from reactivex.subject import BehaviorSubject, Subject

import mape
from mape.port import Port
from mape.testing import collect

pytestmark = pytest.mark.virtual_time

ops: Any = mape.operators  # less strict than its types, as people are


@pytest.fixture
def loop(app: mape.App) -> mape.Loop:
    return app.loop("main")


def same(item: Any) -> Any:
    return item


def doubled(item: int) -> int:
    return 2 * item


def inverse(item: Any) -> float:
    return 1.0 / item  # type: ignore[no-any-return]


def passing(loop: mape.Loop, uid: str, **options: Any) -> Any:
    return loop.execute(uid=uid, **options)(same)


# -- what there is ---------------------------------------------------------------------------------------------------


def test_all_operators_of_reactivex_are_here() -> None:
    for name in reactivex_operators.__all__:
        assert getattr(ops, name) is getattr(reactivex_operators, name)
    assert set(ops.__all__) >= set(reactivex_operators.__all__)


@pytest.mark.parametrize(
    ("alias", "name"), [("sitm", "through"), ("gateway", "router"), ("reverse_proxy", "group_and_pipe")]
)
def test_documented_aliases_are_the_same(alias: str, name: str) -> None:
    assert getattr(ops, alias) is getattr(ops, name)
    assert {alias, name} <= set(ops.__all__)


# -- through ---------------------------------------------------------------------------------------------------------


def test_a_stream_through_elements_has_an_edge_to_each(loop: mape.Loop) -> None:
    detect, policy, act = (passing(loop, uid) for uid in ("detect", "policy", "act"))
    seen = collect(detect.pipe(ops.map(str), ops.through(policy), ops.filter(bool), ops.sitm(act)))
    for item in (1, ""):
        detect(item)
    assert seen == ["1"]
    assert [(edge.source, edge.target, edge.operators) for edge in loop.app.edges()][:2] == [
        ("main.detect", "main.policy", ("map",)),
        ("main.policy", "main.act", ("filter",)),
    ]


def test_a_stream_can_be_piped_on(loop: mape.Loop) -> None:
    detect, policy = passing(loop, "detect"), passing(loop, "policy")
    stream = detect.pipe(ops.map(doubled)).pipe(ops.through(policy)).pipe(ops.map(str), ops.map(len))
    seen = collect(stream)
    detect(50)
    assert seen == [3]
    with pytest.raises(mape.WiringError, match=r"main\.detect: 5 is no operator"):
        stream.pipe(5)


def test_a_stream_through_an_element_ends_with_its_subscription(loop: mape.Loop) -> None:
    detect, policy = passing(loop, "detect"), passing(loop, "policy")
    seen = collect(detect.pipe(ops.through(policy)))
    detect(1)
    seen.dispose()
    detect(2)
    policy(3)
    assert seen == [1]
    assert policy.stats.received == 2
    assert loop.app.edges() == []


def test_a_stream_through_a_plan_starts_it(loop: mape.Loop) -> None:
    detect, policy = loop.monitor(uid="detect")(same), loop.plan(uid="policy")(same)
    stream = detect.pipe(ops.through(policy))
    before = (detect.is_running, policy.is_running)
    stream.subscribe(passing(loop, "act"))
    assert (before, (detect.is_running, policy.is_running)) == ((False, False), (False, True))


@pytest.mark.parametrize("before", [(), (ops.map(same),)], ids=["direct", "operators"])
@pytest.mark.parametrize("behind", [(), (ops.map(inverse),)], ids=["direct", "operators"])
def test_a_stream_through_a_subject_is_walled_on_both_sides(loop: mape.Loop, before: Any, behind: Any) -> None:
    source, subject = passing(loop, "source"), Subject[Any]()
    stream = source.pipe(*before, ops.through(subject), *behind)
    failures = collect(loop.app.failures)
    stream.subscribe(inverse)
    seen = collect(stream)
    for item in (1, 0, 2):
        source(item)
    subject.on_next(4)
    expected = [1, 0.5, 0.25] if behind else [1, 0, 2, 4]
    assert sorted(set(seen)) == sorted(expected)  # two subscriptions feed the subject twice
    assert {failure.item for failure in failures} == {0}
    assert {failure.path.split(" > ")[1] for failure in failures} == {"Subject"}


async def test_operators_behind_a_subject_run_in_the_loops_thread_and_time(loop: mape.Loop) -> None:
    source, threads = passing(loop, "source"), set[int]()
    stream = source.pipe(ops.through(Subject()), ops.delay(1.0), ops.router(lambda _: "main.target"))
    passing(loop, "target").subscribe(lambda _: threads.add(threading.get_ident()))
    seen = collect(stream)
    async with loop.app:
        source(1)
        await asyncio.sleep(2)
    assert (seen, seen.times) == ([1], [1.0])
    assert threads == {threading.get_ident()}


def test_a_cause_stays_with_an_item_that_goes_through_a_subject(loop: mape.Loop) -> None:
    causes: list[Any] = []
    source = passing(loop, "source")
    source.subscribe(lambda _: causes.append(mape.current_cause()))
    source.pipe(ops.through(Subject())).subscribe(lambda _: causes.append(mape.current_cause()))
    source(1)
    assert len(causes) == 2
    assert causes[0] == causes[1]


def test_a_stream_through_what_remembers_begins_with_that(loop: mape.Loop) -> None:
    source = passing(loop, "source")
    seen = collect(source.pipe(ops.through(BehaviorSubject("first")), ops.map(str)))
    source(1)
    assert seen == ["first", "1"]


def test_what_an_operator_emits_at_once_reaches_all_who_listen(loop: mape.Loop) -> None:
    source, policy = passing(loop, "source"), passing(loop, "policy")
    seen = collect(source.pipe(ops.start_with(0), ops.through(policy)))
    source(1)
    assert seen == [0, 1]


def test_events_go_through_elements_and_subjects(loop: mape.Loop) -> None:
    source, error = passing(loop, "source"), ValueError()
    seen = collect(source.pipe(ops.through(passing(loop, "policy")), ops.map(same)))
    source.on_error(error)
    source.on_completed()
    source(1)
    assert (seen, seen.errors, seen.completed) == ([1], [error], True)


def test_through_stands_among_the_operators_of_an_element_too(loop: mape.Loop) -> None:
    other = loop.execute(uid="other")(lambda item: item + 1)
    element = passing(loop, "element", ops_in=(ops.through(other), ops.map(str)))
    seen = collect(element)
    element(1)
    other(5)  # what the other is given by somebody else comes out here as well
    assert seen == ["2", "6"]


def test_any_observable_can_be_led_through_an_element(loop: mape.Loop) -> None:
    element = loop.execute(uid="element")(lambda item: item + 1)
    seen: list[int] = []
    rx.of(1, 2).pipe(ops.through(element)).subscribe(seen.append)
    assert seen == [2, 3]


class Half:
    """What can be fed but not listened to, or the other way round."""

    def __init__(self, name: str) -> None:
        setattr(self, name, print)


@pytest.mark.parametrize("wrong", [5, "main.policy", print, None, Half("on_next"), Half("subscribe")])
def test_what_is_no_station_is_refused(wrong: Any) -> None:
    with pytest.raises(mape.WiringError, match=r"through\(\) leads through an element or a Subject, not "):
        ops.through(wrong)


# -- router ----------------------------------------------------------------------------------------------------------


def test_messages_go_to_where_they_are_addressed_and_on(loop: mape.Loop) -> None:
    source = passing(loop, "source", ops_out=ops.router())
    seen = [collect(passing(loop, uid)) for uid in ("left", "right")]
    on = collect(source)
    for dst in ("main.left", "main.right", "main.left"):
        source(mape.Message(dst, dst=dst))
    assert [[message.value for message in each] for each in seen] == [["main.left"] * 2, ["main.right"]]
    assert len(on) == 3


def test_a_router_remembers_where_items_went_but_not_for_ever(loop: mape.Loop) -> None:
    for uid in ("left", "right"):
        passing(loop, uid)
    router = ops.router(lambda item: item)
    source = passing(loop, "source", ops_out=router)
    for dst in ("main.left", "main.left", loop["right"], "main.nobody"):
        source(dst)
    assert router.routes == {"main.left": 2, "main.right": 1}


def test_a_function_says_where_items_go_in_any_of_the_documented_ways(loop: mape.Loop) -> None:
    left, right, port = passing(loop, "left"), passing(loop, "right"), Port(loop.app, "port")
    subject: Subject[int] = Subject()
    places: list[Any] = [
        "main.left", left, left.port_in, port, subject, [], ["main.left", right], (left, "main.right"), {right}, set()
    ]  # fmt: skip
    seen = [collect(each) for each in (left, right, port, subject)]
    source = passing(loop, "source")
    on = collect(source.pipe(ops.gateway(lambda item: places[item])))
    for item in range(len(places)):
        source(item)
    assert seen == [[0, 1, 2, 6, 7], [6, 7, 8], [3], [4]]
    assert on == list(range(len(places)))
    assert loop.app.failures.passed == 0


def test_an_element_that_is_made_later_is_found(loop: mape.Loop) -> None:
    source = passing(loop, "source", ops_out=ops.router(lambda _: "later.element"))
    source(1)
    seen = collect(passing(loop.app.loop("later"), "element"))
    source(2)
    loop.app.remove("later")
    source(3)
    assert seen == [2]
    assert loop.app.failures.passed == 2


UNKNOWN: dict[str, tuple[Any, str]] = {
    "no such path": ("main.rihgt", "cannot route to 'main.rihgt': .*right"),
    "no path at all": ("", "cannot route to ''"),
    "a loop": ("main", "cannot route to 'main'"),
    "a number": (5, "cannot route to 5"),
    "nothing": (None, "cannot route to None"),
    "a function": (print, "cannot route to <built-in function print>"),
}


@pytest.mark.parametrize(("place", "message"), UNKNOWN.values(), ids=UNKNOWN)
def test_an_unknown_destination_is_reported_and_counted_and_nobody_else_misses_the_item(
    loop: mape.Loop, place: Any, message: str
) -> None:
    source = passing(loop, "source", ops_out=ops.router(lambda _: ["main.right", place, "main.right"]))
    seen, on, failures = collect(passing(loop, "right")), collect(source), collect(loop.app.failures)
    for item in (1, 2):
        source(item)
    assert (seen, on) == ([1, 1, 2, 2], [1, 2])
    assert [(failure.path, failure.item, type(failure.error)) for failure in failures] == [
        ("main.source", item, mape.UnknownPathError) for item in (1, 2)
    ]
    with pytest.raises(mape.UnknownPathError, match=message):
        raise failures[0].error
    assert source.stats.errors == 2


@pytest.mark.parametrize("item", [5, mape.Message(5)])
def test_an_item_without_an_address_is_reported_and_goes_nowhere(loop: mape.Loop, item: Any) -> None:
    source = passing(loop, "source", ops_in=ops.router())
    on, failures = collect(source), collect(loop.app.failures)
    source(item)
    assert on == []
    assert "it has no dst; give router() a function that tells" in str(failures[0].error)


def test_a_destination_that_fails_is_reported_as_what_it_is(loop: mape.Loop) -> None:
    class Broken:
        def on_next(self, item: Any) -> None:
            item.nonsense  # noqa: B018

    source = passing(loop, "source", ops_in=ops.router(lambda _: [Broken(), "main.right"]))
    seen, failures = collect(passing(loop, "right")), collect(loop.app.failures)
    source(1)
    assert seen == [1]
    assert [type(failure.error) for failure in failures] == [AttributeError]


def test_a_routing_function_that_fails_costs_one_item(loop: mape.Loop) -> None:
    source = passing(loop, "source", ops_in=ops.router(lambda item: ["main.right"] * int(1 / item)))
    seen, failures = collect(passing(loop, "right")), collect(loop.app.failures)
    for item in (1, 0, 1):
        source(item)
    assert seen == [1, 1]
    assert [failure.item for failure in failures] == [0]


def test_a_router_outside_an_app_knows_no_paths_and_raises() -> None:
    subject: Subject[Any] = Subject()
    seen = collect(subject.pipe(ops.router(lambda item: item)))
    target: Subject[Any] = Subject()
    routed = collect(target)
    subject.on_next(target)
    assert (seen, routed) == ([target], [target])
    with pytest.raises(mape.UnknownPathError, match=r"cannot route to 'main\.right'"):
        subject.on_next("main.right")


def test_two_loops_may_answer_each_other(loop: mape.Loop) -> None:
    """Master and slave: a question goes out, the answer comes back to who asked."""
    other = loop.app.loop("other")
    seen: list[Any] = []
    loop.execute(uid="hear")(lambda message: seen.append((message.value, message.hops)))
    ask = loop.execute(uid="ask", ops_out=ops.router())(
        lambda item, self: mape.Message.create(item, self, "other.answer")
    )
    other.execute(uid="answer", ops_out=ops.router())(
        lambda message, self: mape.Message.create(2 * message.value, self, "main.hear", hops=message.hops)
    )
    ask(21)
    assert seen == [(42, ("other.answer", "main.hear"))]


# -- group_and_pipe --------------------------------------------------------------------------------------------------


def by_sign(item: float) -> bool:
    return item > 0


def grouped(loop: mape.Loop, *arguments: Any, **options: Any) -> Any:
    return passing(loop, "element", ops_in=ops.group_and_pipe(*arguments, **options))


def test_each_key_has_operators_of_its_own_with_their_own_state(loop: mape.Loop) -> None:
    element = grouped(loop, (ops.pairwise(), ops.map(sum)), by_sign)
    seen = collect(element)
    for item in (1, -1, 2, 3, -5):
        element(item)
    assert seen == [3, 5, -6]


def test_the_default_key_is_who_sent_the_message(loop: mape.Loop) -> None:
    element = passing(
        loop, "element", ops_in=ops.reverse_proxy(ops.distinct_until_changed(lambda message: message.value))
    )
    seen, failures = collect(element), collect(loop.app.failures)
    for value, src in ((1, "a"), (1, "b"), (1, "a"), (2, "a"), (1, "b")):
        element(mape.Message(value, src=src))
    element(5)
    assert [(message.value, message.src) for message in seen] == [(1, "a"), (1, "b"), (2, "a")]
    assert [failure.item for failure in failures] == [5]


def test_windows_of_each_key_are_its_own(loop: mape.Loop) -> None:
    window: list[Callable[..., Any]] = [
        ops.window_with_count(2),
        ops.flat_map(lambda stream: stream.pipe(ops.to_list())),
    ]
    element = grouped(loop, window, by_sign)
    seen = collect(element)
    for item in (1, -1, 2, -2, 3):
        element(item)
    assert seen == [[1, 2], [-1, -2]]


async def test_windows_of_time_of_each_key_are_its_own(loop: mape.Loop) -> None:
    average = (ops.buffer_with_time(1.0), ops.filter(bool), ops.map(lambda items: sum(items) / len(items)))
    element = grouped(loop, average, by_sign)
    seen = collect(element)
    async with loop.app:
        for item in (1, -2, 3, -4, 5):
            element(item)
            await asyncio.sleep(0.4)
        await asyncio.sleep(2)
    assert [(round(time, 3), item) for time, item in zip(seen.times, seen, strict=True)] == [
        (1.0, 2.0), (1.4, -3.0), (2.0, 5.0),
    ]  # fmt: skip


def test_a_key_that_fails_begins_anew_and_the_others_go_on(loop: mape.Loop) -> None:
    def total(total: float, item: float) -> float:
        return total + item * inverse(item) * item

    element = grouped(loop, ops.scan(total, 0), lambda item: "zero or one" if item in (0, 1) else "more")
    seen, failures = collect(element), collect(loop.app.failures)
    for item in (1, 2, 1, 0, 1, 3):
        element(item)
    assert seen == [1, 2, 2, 1, 5]
    assert [(failure.path, failure.item) for failure in failures] == [("main.element", 0)]
    assert element.stats.errors == 1


async def test_a_key_that_fails_later_is_reported_then_and_the_others_keep_what_they_hold(loop: mape.Loop) -> None:
    element = grouped(loop, (ops.delay(1.0), ops.map(inverse)), lambda item: item == 0)
    seen, failures = collect(element), collect(loop.app.failures)
    async with loop.app:
        element(0)
        await asyncio.sleep(0.5)
        element(1)
        await asyncio.sleep(0.6)
        assert [type(failure.error) for failure in failures] == [ZeroDivisionError]
        await asyncio.sleep(1)
        element(0)
        element(2)
        await asyncio.sleep(2)
    assert seen == [1.0, 0.5]
    assert [failure.item for failure in failures] == [None, None]  # no item was in hand


async def test_a_key_that_fails_after_it_was_forgotten_leaves_its_successor_alone(loop: mape.Loop) -> None:
    element = grouped(loop, (ops.delay(1.0), ops.map(inverse), ops.pairwise()), lambda item: item == 9, limit=1)
    seen, failures = collect(element), collect(loop.app.failures)
    async with loop.app:
        for item in (0, 9, 1):  # 9 is another key
            element(item)
            await asyncio.sleep(0.2)
        await asyncio.sleep(0.9)
        assert len(failures) == 1
        element(2)
        await asyncio.sleep(2)
    assert seen == [(1.0, 0.5)]


def test_a_key_function_that_fails_costs_one_item(loop: mape.Loop) -> None:
    element = grouped(loop, ops.scan(lambda n, _: n + 1, 0), inverse)
    seen, failures = collect(element), collect(loop.app.failures)
    for item in (1, 0, [1], 1):
        element(item)
    assert seen == [1, 2]
    assert [failure.item for failure in failures] == [0, [1]]


def test_a_key_that_cannot_be_one_costs_one_item(loop: mape.Loop) -> None:
    element = grouped(loop, ops.map(same), same)
    seen, failures = collect(element), collect(loop.app.failures)
    for item in (1, [1], 2):
        element(item)
    assert seen == [1, 2]
    assert [type(failure.error) for failure in failures] == [TypeError]


def test_beyond_the_limit_the_key_that_was_silent_longest_is_forgotten(loop: mape.Loop) -> None:
    element = grouped(loop, ops.to_list(), lambda item: item // 10, limit=2)
    seen = collect(element)
    for item in (10, 20, 11, 30, 12, 21):
        element(item)
    assert seen == [[20], [30]]
    element.on_completed()
    assert seen[2:] == [[10, 11, 12], [21]]


def test_of_a_thousand_keys_only_the_limit_is_kept(loop: mape.Loop) -> None:
    gone: list[Any] = []
    element = grouped(loop, ops.finally_action(lambda: gone.append(1)), same, limit=10)
    for item in range(1_000):
        element(item)
    assert len(gone) == 990
    loop.remove(element)
    assert len(gone) == 1_000


def test_a_key_that_took_its_fill_stays_so(loop: mape.Loop) -> None:
    element = grouped(loop, ops.take(1), by_sign)
    seen = collect(element)
    for item in (1, 2, -1, -2, 3):
        element(item)
    assert seen == [1, -1]
    assert not seen.completed


async def test_completion_comes_after_what_the_keys_hold(loop: mape.Loop) -> None:
    element = grouped(loop, ops.delay(1.0), by_sign)
    seen = collect(element)
    async with loop.app:
        element(1)
        element(-1)
        element.on_completed()
        element(2)
        await asyncio.sleep(0.5)
        assert not seen.completed
        await asyncio.sleep(1)
    assert sorted(seen) == [-1, 1, 2]  # all due at the same time
    assert seen.completed


def test_completion_passes_where_no_key_holds_anything(loop: mape.Loop) -> None:
    element = grouped(loop, ops.take(1), by_sign)
    ends: list[int] = []
    element.subscribe(on_completed=lambda: ends.append(1))
    element.on_completed()
    for item in (1, -1, 2):
        element(item)
    element.on_completed()
    assert len(ends) == 2


async def test_a_stopped_element_lets_go_of_the_timers_of_all_keys(loop: mape.Loop) -> None:
    ticks: list[int] = []
    element = grouped(loop, (ops.merge(rx.interval(1.0)), ops.do_action(ticks.append)), by_sign)
    async with loop.app:
        element(1)
        element(-1)
        await asyncio.sleep(2.5)
        element.stop()
        before = len(ticks)
        await asyncio.sleep(5)
        assert before == len(ticks) == 6


def test_keys_are_told_apart_in_a_pipe_and_inside_other_operators_too(loop: mape.Loop) -> None:
    source = passing(loop, "source")
    group = ops.group_and_pipe(ops.map(inverse), same)
    seen = [collect(source.pipe(*each)) for each in ((group,), (rx.compose(ops.map(same), group, ops.map(same)),))]
    for item in (1, 0, 2):
        source(item)
    assert seen == [[1.0, 0.5]] * 2
    assert loop.app.failures.passed == 2


def test_a_group_outside_an_app_raises_what_fails() -> None:
    subject: Subject[float] = Subject()
    seen = collect(subject.pipe(ops.group_and_pipe(ops.map(inverse), same)))
    subject.on_next(1)
    with pytest.raises(ZeroDivisionError):
        subject.on_next(0)
    assert seen == [1.0]


@pytest.mark.parametrize("wrong", [5, ops.map, (ops.map(same), "main"), lambda _: None])
def test_what_is_no_operator_among_keys_is_refused_before_any_item(loop: mape.Loop, wrong: Any) -> None:
    with pytest.raises(mape.WiringError, match="no operator"):
        grouped(loop, wrong)
    assert len(loop) == 0
