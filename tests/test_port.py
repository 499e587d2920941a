"""Ports: who listens, in which order, by which way; events; what happens while subscriptions change."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
import reactivex as rx
from hypothesis import example, given, settings
from hypothesis import strategies as st
from reactivex.disposable import CompositeDisposable, Disposable
from reactivex.observer import Observer
from reactivex.subject import BehaviorSubject, ReplaySubject, Subject

import mape
from mape import operators as ops
from mape.port import Port
from mape.testing import collect

pytestmark = pytest.mark.virtual_time

Step = tuple[str, int]


@pytest.fixture
def loop(app: mape.App) -> mape.Loop:
    return app.loop("main")


def above_one(item: int) -> bool:
    return item > 1


def doubled(item: int) -> int:
    return 2 * item


def passing(loop: mape.Loop, uid: str, **options: Any) -> Any:
    """An element that runs and passes everything on."""
    return loop.execute(uid=uid, **options)(lambda item: item)


# -- the same as a model, whatever changes when ----------------------------------------------------------------------

TARGETS = 8  # 0 to 2 are elements, 3 and 4 functions, 5 only counts, 6 and 7 are 1 and 3 behind an operator


class Real:
    """A source with listeners that come and go, also while an item is on its way: while element 0 is at work."""

    def __init__(self, scripts: list[list[Step]]) -> None:
        self.loop = mape.App().loop("main")
        self.scripts = list(scripts)
        self.log: list[tuple[str, Any]] = []
        self.source = passing(self.loop, "source")
        self.failures = collect(self.loop.app.failures)
        self.elements = [self.loop.execute(uid=f"e{number}")(self.note(f"e{number}")) for number in range(3)]
        self.targets: list[Any] = [*self.elements, self.note("f0"), self.note("f1"), None]
        self.links: list[Any] = []
        self.taps: list[Any] = []
        self.items = 0

    def note(self, name: str) -> Any:
        def note(item: Any) -> None:
            self.log.append((name, getattr(item, "value", item)))
            if name == "e0" and self.scripts:
                self.run(self.scripts.pop(0))

        return note

    def run(self, steps: list[Step]) -> None:
        for name, number in steps:
            getattr(self, name)(number)

    def link(self, number: int) -> None:
        source = self.source if number < 6 else self.source.pipe(ops.map(lambda item: item))
        self.links.append(source.subscribe(self.targets[number if number < 6 else 2 * number - 11]))

    def dispose(self, number: int) -> None:
        if self.links:
            self.links[number % len(self.links)].dispose()

    def tap(self, number: int) -> None:
        name = f"tap{number % 3}"
        self.taps.append(self.elements[number % 3].port_in.subscribe(self.note(name)))

    def untap(self, number: int) -> None:
        if self.taps:
            self.taps[number % len(self.taps)].dispose()

    def stop(self, number: int) -> None:
        self.elements[number % 3].stop()

    def start(self, number: int) -> None:
        self.elements[number % 3].start()

    def feed(self, number: int) -> None:
        self.items += 1
        self.source.port_out.on_next(mape.Message(self.items) if number == 0 else self.items)

    def item(self, number: int) -> None:
        self.items += 1
        self.source(mape.Message(self.items) if number == 0 else self.items)

    def halt(self, _: int) -> None:
        self.source.stop()

    def go(self, _: int) -> None:
        self.source.start()

    def counts(self) -> dict[str, Any]:
        stats = [each.stats for each in self.elements]
        return {
            "passed": self.source.port_out.passed,
            "emitted": self.source.stats.emitted,
            "refused": self.source.stats.dropped.get("stopped", 0),
            "received": [each.received for each in stats],
            "dropped": [each.dropped.get("stopped", 0) for each in stats],
            "processed": [each.processed for each in stats],
        }


class Model:
    """The same, said plainly: a list of listeners, and a copy of it for each item."""

    def __init__(self, scripts: list[list[Step]]) -> None:
        self.scripts = list(scripts)
        self.log: list[tuple[str, Any]] = []
        self.links: list[list[Any]] = []  # [number, open]
        self.taps: list[list[Any]] = []
        self.running = [True] * 3
        self.source_runs = True
        self.items = 0
        self.count: Counter[Any] = Counter()
        self.waiting: list[int] = []
        self.at_work = False

    def run(self, steps: list[Step]) -> None:
        for name, number in steps:
            getattr(self, name)(number)

    def link(self, number: int) -> None:
        self.links.append([number if number < 6 else 2 * number - 11, True])

    def dispose(self, number: int) -> None:
        if self.links:
            self.links[number % len(self.links)][1] = False

    def tap(self, number: int) -> None:
        self.taps.append([number % 3, True])

    def untap(self, number: int) -> None:
        if self.taps:
            self.taps[number % len(self.taps)][1] = False

    def stop(self, number: int) -> None:
        self.running[number % 3] = False

    def start(self, number: int) -> None:
        self.running[number % 3] = True

    def halt(self, _: int) -> None:
        self.source_runs = False

    def go(self, _: int) -> None:
        self.source_runs = True

    def feed(self, _: int) -> None:
        self.items += 1
        self.send(self.items)

    def item(self, _: int) -> None:
        self.items += 1
        self.waiting.append(self.items)
        if self.at_work:
            return
        self.at_work = True
        while self.waiting:
            item = self.waiting.pop(0)
            if self.source_runs:
                self.send(item)
            else:
                self.count["refused"] += 1
        self.at_work = False

    def send(self, item: int) -> None:
        self.count["passed"] += 1
        for link in [each for each in self.links if each[1]]:
            if link[1]:
                self.give(link[0], item)

    def give(self, number: int, item: int) -> None:
        if number < 3:
            self.count["received", number] += 1
            taps = [each for each in self.taps if each[1] and each[0] == number]
            self.log += [(f"tap{number}", item)] * len(taps)
            if not self.running[number]:
                self.count["dropped", number] += 1
                return
            self.log.append((f"e{number}", item))
            if number == 0 and self.scripts:
                self.run(self.scripts.pop(0))
        elif number < 5:
            self.log.append((f"f{number - 3}", item))

    def counts(self) -> dict[str, Any]:
        received = [self.count["received", each] for each in range(3)]
        dropped = [self.count["dropped", each] for each in range(3)]
        return {
            "passed": self.count["passed"],
            "emitted": self.count["passed"],
            "refused": self.count["refused"],
            "received": received,
            "dropped": dropped,
            "processed": [a - b for a, b in zip(received, dropped, strict=True)],
        }


changes = st.tuples(st.just("link"), st.integers(0, TARGETS - 1)) | st.tuples(
    st.sampled_from(["dispose", "tap", "untap", "stop", "start", "halt", "go"]), st.integers(0, 5)
)
items = st.tuples(st.sampled_from(["item", "feed"]), st.integers(0, 3))


@given(st.lists(changes | items | items, max_size=30), st.lists(st.lists(changes | items, max_size=3), max_size=5))
@example([("link", 0), ("halt", 0), ("feed", 1)], [])
@example([("link", 0), ("link", 1), ("item", 0)], [[("dispose", 1), ("feed", 0)]])
@settings(max_examples=100)
def test_a_port_does_what_a_list_of_listeners_would_whatever_changes_when(
    steps: list[Step], scripts: list[list[Step]]
) -> None:
    real, model = Real(scripts), Model(scripts)
    real.run(steps)
    model.run(steps)
    assert real.log == model.log
    assert real.failures == []
    seen, expected = real.counts(), model.counts()
    if any(name not in ("item", "feed") for script in scripts for name, _ in script):
        for count in ("received", "processed"):  # one item more where a way changed while an item was on it
            del seen[count], expected[count]
    assert seen == expected


# -- listeners -------------------------------------------------------------------------------------------------------


class OnlyNext:
    """The least that an observer may have."""

    def __init__(self) -> None:
        self.seen: list[Any] = []

    def on_next(self, item: Any) -> None:
        self.seen.append(item)


class Callback:
    """A callable object."""

    def __init__(self) -> None:
        self.seen: list[Any] = []

    def __call__(self, item: Any) -> None:
        self.seen.append(item)


def test_listeners_of_every_kind_get_every_item(loop: mape.Loop) -> None:
    source = passing(loop, "source")
    element, port = passing(loop, "element"), Port(loop.app, "port")
    subjects: list[Subject[Any]] = [Subject(), ReplaySubject(), BehaviorSubject(None)]
    seen: list[list[Any]] = [[], [], []]
    collected = [collect(each) for each in (element, port, *subjects)]
    only_next, callback = OnlyNext(), Callback()
    for listener in (element, port, *subjects, seen[0].append, only_next, callback):
        source.subscribe(listener)
    source.subscribe(Observer(seen[1].append))
    source.subscribe(on_next=seen[2].append)
    source.subscribe()
    for item in (1, 2):
        source(item)
    collected[4].remove(None)  # what the BehaviorSubject began with
    assert [*collected, *seen, only_next.seen, callback.seen] == [[1, 2]] * 10
    assert source.port_out.passed == 2


@pytest.mark.parametrize("listener", [5, "main.element", object()], ids=["number", "path", "object"])
def test_what_cannot_listen_is_refused_and_the_port_named(loop: mape.Loop, listener: Any) -> None:
    source = passing(loop, "source")
    with pytest.raises(mape.WiringError, match=r"main.source: .* cannot listen"):
        source.subscribe(listener)
    assert not source.port_out.links


def test_listeners_get_each_item_in_the_order_they_subscribed(loop: mape.Loop) -> None:
    source = passing(loop, "source")
    seen: list[Any] = []
    for name in "abc":
        source.subscribe(loop.execute(uid=name)(lambda item, self: seen.append((self.uid, item))))
        source.subscribe(lambda item, name=name: seen.append((name.upper(), item)))
    for item in (1, 2):
        source(item)
    assert seen == [(name, item) for item in (1, 2) for name in "aAbBcC"]


def test_the_same_pair_may_be_wired_several_times_and_each_edge_counts(loop: mape.Loop) -> None:
    source, target = passing(loop, "source"), passing(loop, "target")
    seen = collect(target)
    links = [source.subscribe(target) for _ in range(3)]
    source(1)
    links[1].dispose()
    source(2)
    links[0].dispose()
    source(3)
    links[2].dispose()
    source(4)
    assert seen == [1, 1, 1, 2, 2, 3]
    assert target.stats.received == 6
    assert source.stats.emitted == 4


def test_to_dispose_twice_ends_one_subscription(loop: mape.Loop) -> None:
    source, target = passing(loop, "source"), passing(loop, "target")
    seen = collect(target)
    first, _ = source.subscribe(target), source.subscribe(target)
    first.dispose()
    first.dispose()
    source(1)
    assert seen == [1]
    assert target.stats.received == 1


def test_a_listener_that_is_disposed_while_an_item_is_on_its_way_does_not_get_it(loop: mape.Loop) -> None:
    source = passing(loop, "source")
    seen: list[Any] = []
    links: list[Any] = []
    source.subscribe(lambda _: [link.dispose() for link in links])
    links += [
        source.subscribe(seen.append),
        source.pipe(ops.map(lambda item: item)).subscribe(seen.append),
        source.subscribe(loop.execute(uid="element")(seen.append)),
        source.subscribe(Observer(seen.append)),
    ]
    source(1)
    source(mape.CallMethod.create("stop"))
    assert seen == []
    assert source.port_out.passed == 1


def test_a_port_of_no_element_tells_nobody_who_is_disposed_while_an_item_is_on_its_way(loop: mape.Loop) -> None:
    port, other = Port(loop.app, "port"), Port(loop.app, "other")
    seen = [collect(other), collect(passing(loop, "element"))]
    links = CompositeDisposable()
    port.subscribe(lambda _: links.dispose())
    for listener in (other, loop.element):
        links.add(port.subscribe(listener))
        links.add(port.pipe(ops.map(lambda item: item)).subscribe(listener))
    port.on_next(1)
    port.on_next(mape.Message(2))
    assert seen == [[], []]
    assert loop.element.stats.received == 0


def test_a_disposed_element_gets_no_method_call_that_is_on_its_way(loop: mape.Loop) -> None:
    source, target = passing(loop, "source"), passing(loop, "target")
    links: list[Any] = []
    source.subscribe(lambda _: links[0].dispose())
    links.append(source.subscribe(target))
    source.port_out.on_next(mape.CallMethod.create("stop"))
    assert target.is_running


def test_a_listener_that_subscribes_another_when_it_is_disposed_harms_nobody(loop: mape.Loop) -> None:
    source = passing(loop, "source")
    seen: list[Any] = []
    late: list[Any] = []

    def resubscribe(_: Any, __: Any = None) -> Any:
        return Disposable(lambda: late.append(source.subscribe(seen.append)))

    link = source.pipe(lambda stream: rx.merge(stream, rx.create(resubscribe))).subscribe(lambda item: item)
    other = collect(source)
    source(1)
    link.dispose()
    source(2)
    assert len(late) == 1
    assert seen == [2]
    assert other == [1, 2]


def test_a_failing_listener_is_named_and_costs_the_others_nothing(loop: mape.Loop) -> None:
    source, failures = passing(loop, "source"), collect(loop.app.failures)

    def fail(_: Any) -> None:
        raise OSError

    source.subscribe(fail)
    seen = collect(source)
    source(1)
    assert seen == [1]
    assert [(failure.item, type(failure.error)) for failure in failures] == [(1, OSError)]
    assert failures[0].path.startswith("main.source > ")
    assert failures[0].path.endswith("fail")


# -- taps ------------------------------------------------------------------------------------------------------------


def test_a_tap_sees_what_comes_in_before_the_function_and_its_operators(loop: mape.Loop) -> None:
    order: list[Any] = []
    source = passing(loop, "source")
    target = loop.execute(uid="target", ops_in=ops.filter(above_one))(order.append)
    source.subscribe(target)
    tap = target.port_in.subscribe(lambda item: order.append(("tap", item)))
    for item in (1, 2):
        source(item)
    tap.dispose()
    source(3)
    target(4)
    assert order == [("tap", 1), ("tap", 2), 2, 3, 4]


def test_an_element_can_listen_in_front_of_another(loop: mape.Loop) -> None:
    target, watcher = passing(loop, "target"), passing(loop, "watcher")
    target.port_in.subscribe(watcher)
    seen, watched = collect(target), collect(watcher)
    for item in (1, 2):
        target(item)
    target.stop()
    target(3)
    assert (seen, watched) == ([1, 2], [1, 2, 3])


def test_both_ports_have_their_documented_aliases(loop: mape.Loop) -> None:
    element = passing(loop, "element")
    assert element.p_in is element.source is element.port_in
    assert element.p_out is element.sink is element.port_out
    assert element.port_in.path == element.port_out.path == "main.element"


def test_a_port_can_be_piped_and_is_an_observable(loop: mape.Loop) -> None:
    element = passing(loop, "element")
    twice = collect(element.port_in.pipe(ops.map(doubled)))
    merged = collect(rx.merge(element.port_in, element.port_out))
    element(1)
    assert twice == [2]
    assert merged == [1, 1]


# -- events ----------------------------------------------------------------------------------------------------------


class Listener(OnlyNext):
    def on_error(self, error: Exception) -> None:
        self.seen.append(error)

    def on_completed(self) -> None:
        self.seen.append("end")


def test_events_reach_all_listeners_in_order_and_end_nothing(loop: mape.Loop) -> None:
    port, error = Port(loop.app, "port"), ValueError("an event")
    direct, piped, element = Listener(), Listener(), collect(passing(loop, "element"))
    port.subscribe(direct)
    port.pipe(ops.map(lambda item: item)).subscribe(piped)
    port.subscribe(loop.element)
    port.subscribe(OnlyNext())
    port.on_next(1)
    port.on_error(error)
    port.on_next(2)
    port.on_completed()
    port.on_next(3)
    assert direct.seen == piped.seen == [1, error, 2, "end", 3]
    assert element == [1, 2, 3]
    assert (element.errors, element.completed) == ([error], True)


def test_events_go_to_callbacks_without_a_function_for_items(loop: mape.Loop) -> None:
    port = Port(loop.app, "port")
    seen: list[Any] = []
    port.subscribe(on_error=seen.append, on_completed=lambda: seen.append("end"))
    port.on_next(1)
    port.on_error(error := ValueError())
    port.on_completed()
    assert seen == [error, "end"]


def test_a_listener_that_is_disposed_hears_of_no_event_any_more(loop: mape.Loop) -> None:
    port = Port(loop.app, "port")
    listeners = [Listener(), Listener(), Listener()]
    links = CompositeDisposable()
    port.subscribe(on_completed=links.dispose)
    element = loop.execute(uid="element")(listeners[2].on_next)
    element.subscribe(listeners[2])
    for link in port.subscribe(listeners[0]), port.pipe(ops.map(abs)).subscribe(listeners[1]), port.subscribe(element):
        links.add(link)
    port.on_completed()
    assert [each.seen for each in listeners] == [[], [], []]


def test_a_listener_that_fails_on_an_event_costs_one_failure(loop: mape.Loop) -> None:
    port, failures = Port(loop.app, "port"), collect(loop.app.failures)

    def fail(*_: Any) -> None:
        raise OSError

    port.subscribe(print, fail, fail)
    seen = collect(port)
    port.on_error(error := ValueError())
    port.on_completed()
    assert seen.errors == [error]
    assert seen.completed
    assert [(failure.item, type(failure.error)) for failure in failures] == [(error, OSError), (None, OSError)]


def test_a_stopped_element_passes_no_events_but_its_ports_do(loop: mape.Loop) -> None:
    element = passing(loop, "element")
    seen, tapped = collect(element), collect(element.port_in)
    element.stop()
    element.on_completed()
    assert tapped.completed
    assert not seen.completed
    element.port_out.on_completed()
    assert seen.completed


# -- ports of no element ---------------------------------------------------------------------------------------------


def test_failures_can_feed_an_element_a_port_and_a_pipe(loop: mape.Loop) -> None:
    bad, counter = loop.execute(uid="bad")(lambda item: 1 / item), passing(loop, "counter")
    port = Port(loop.app, "port")
    loop.app.failures.subscribe(counter)
    seen = [collect(counter)]
    bad(0)
    loop.app.failures.subscribe(port)
    seen += [collect(port), collect(loop.app.failures.pipe(ops.map(lambda failure: failure.path)))]
    bad(0)
    assert [len(each) for each in seen] == [2, 1, 1]
    assert seen[2] == ["main.bad"]
    assert loop.app.failures.passed == 2


def test_a_port_of_no_element_gives_each_item_from_outside_a_cause(loop: mape.Loop) -> None:
    port = Port(loop.app, "port")
    causes: list[str | None] = []
    port.subscribe(lambda _: causes.append(mape.current_cause()))
    for item in (1, 2):
        port.on_next(item)
    assert len(set(causes)) == 2
    assert None not in causes


@pytest.mark.parametrize("way", ["port", "subject", "stream through a subject", "knowledge"])
def test_a_circle_through_no_element_neither_recurses_nor_reorders(loop: mape.Loop, way: str) -> None:
    turns: list[int] = []
    first = loop.execute(uid="first")(lambda item: item + 1 if item < 2_000 else None)
    last = passing(loop, "last", ops_out=ops.do_action(turns.append))
    first.subscribe(last)
    if way == "knowledge":
        last.subscribe(lambda item: loop.k.__setitem__("turn", item))
        loop.k.changes("turn").subscribe(first)
    elif way == "stream through a subject":
        last.pipe(ops.through(Subject())).subscribe(first)
    else:
        between: Any = Port(loop.app, "port") if way == "port" else Subject()
        last.subscribe(between)
        between.subscribe(first)
    first(0)
    assert turns == list(range(1, 2_001))
    assert loop.app.failures.passed == 0


def test_a_port_counts_what_passed_with_and_without_listeners(loop: mape.Loop) -> None:
    port = Port(loop.app, "port")
    port.on_next(1)
    link = port.subscribe(passing(loop, "element"))
    port.on_next(2)
    other = port.subscribe(print)
    other.dispose()
    port.on_next(3)
    link.dispose()
    port.on_next(4)
    assert port.passed == 4
    assert loop.element.stats.received == 2


def test_a_way_that_somebody_captured_follows_the_changes(loop: mape.Loop) -> None:
    port, element = Port(loop.app, "port"), passing(loop, "element")
    seen = collect(element)
    function: list[Any] = []
    ways = [port.send]
    link = port.subscribe(element)
    ways.append(port.send)
    other = port.subscribe(function.append)
    port.on_next(0)
    ways.append(port.send)
    for number, way in enumerate(ways):
        way(number)
    other.dispose()
    for way in ways:
        way("one")
    link.dispose()
    for way in ways:
        way("none")
    assert seen == [0, 0, 1, 2, "one", "one", "one"]
    assert function == [0, 0, 1, 2]
    assert port.passed == 10


def test_an_observer_that_is_all_who_listens_is_called_without_a_step(app: mape.App, loop: mape.Loop) -> None:
    element = loop.monitor(lambda item: item, uid="m")
    seen: list[int] = []
    app.start()
    subscription = element.subscribe(seen.append)

    assert element.port_out.is_direct
    element.on_next(1)
    captured = element.port_out.send
    other = collect(element)
    assert not element.port_out.is_direct
    element.on_next(2)
    captured(3)
    subscription.dispose()
    captured(4)

    assert seen == [1, 2, 3]
    assert other == [2, 3, 4]
    assert element.port_out.passed == 4


def test_an_observer_that_ends_its_subscription_hears_nothing_more(app: mape.App, loop: mape.Loop) -> None:
    element = loop.monitor(lambda item: item, uid="m")
    seen: list[int] = []

    def once(item: int) -> None:
        seen.append(item)
        subscription.dispose()

    subscription = element.subscribe(once)
    app.start()
    way = element.port_out.send
    for number in range(3):
        element.on_next(number)
    way(3)

    assert seen == [0]
    assert element.port_out.passed == 4


def test_an_only_observer_that_raises_costs_one_failure_an_item(app: mape.App, loop: mape.Loop) -> None:
    element = loop.monitor(lambda item: item, uid="m")
    failures = collect(app.failures)
    element.subscribe(lambda item: 1 / item)
    app.start()
    for number in (1, 0, 2):
        element.on_next(number)

    assert [failure.item for failure in failures] == [0]
    assert element.stats.emitted == 3
