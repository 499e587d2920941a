"""Ports: who listens, in which order, by which way; events; what happens while subscriptions change."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
import reactivex as rx
from hypothesis import example, given, settings
from hypothesis import strategies as st
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


def passing(loop: mape.Loop, uid: str, **options: Any) -> Any:
    """An element that runs and passes everything on."""
    return loop.execute(uid=uid, **options)(lambda item: item)


# -- the same as a model, whatever changes when ----------------------------------------------------------------------

TARGETS = 6  # 0 to 2 are elements, 3 and 4 functions, 5 only counts


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
        self.links.append(self.source.subscribe(self.targets[number]))

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
        self.links.append([number, True])

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
            for tap in [each for each in self.taps if each[1] and each[0] == number]:
                self.log.append((f"tap{number}", item))
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
steps = st.lists(changes | items | items, max_size=20)
scripts = st.lists(st.lists(changes | items, max_size=3), max_size=5)


@given(steps, scripts)
@settings(max_examples=150)
def test_a_port_does_what_a_list_of_listeners_would_whatever_changes_when(
    steps: list[Step], scripts: list[list[Step]]
) -> None:
    real, model = Real(scripts), Model(scripts)
    real.run(steps)
    model.run(steps)
    assert real.log == model.log
    assert real.failures == []
    assert real.counts() == model.counts()
