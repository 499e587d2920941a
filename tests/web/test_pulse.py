from __future__ import annotations

from typing import Any

import pytest

import mape
from mape import operators as ops
from mape.web.journal import Journal
from mape.web.pulse import RUNNING, TIMED, Pulse


def app_of(count: int = 1) -> tuple[mape.App, list[Any]]:
    app = mape.App()
    loop = app.loop("car")
    elements = [loop.monitor(uid=f"m{number}")(lambda item: item) for number in range(count)]
    app.start()
    return app, elements


def test_only_what_has_changed_is_told() -> None:
    app, (one, two) = app_of(2)
    pulse = Pulse(app, Journal(app))

    assert set(pulse.read()) == {"car.m0", "car.m1"}
    assert pulse.read() == {}
    one(1)
    assert {path: row[:6] for path, row in pulse.read().items()} == {"car.m0": (1, 1, 1, 0, 0, 0)}
    two.stop()
    two(1)
    assert {path: row[:6] for path, row in pulse.read().items()} == {"car.m1": (1, 0, 0, 1, 0, 0)}


def test_who_starts_and_stops_while_somebody_looks_is_noted() -> None:
    app, (one,) = app_of()
    journal = Journal(app)
    pulse = Pulse(app, journal)
    pulse.read()
    one.stop()
    assert pulse.read()["car.m0"][RUNNING] == 0
    one.start()
    pulse.read()

    assert [(entry.kind, entry.path) for entry in journal.entries] == [("stopped", "car.m0"), ("started", "car.m0")]


def test_elements_that_are_gone_are_forgotten_and_rests_are_silent() -> None:
    app, (one, _) = app_of(2)
    pulse = Pulse(app, Journal(app))
    pulse.read()
    one.loop.remove(one)
    pulse.read()
    assert set(pulse.rows) == {"car.m1"}
    pulse.clear()
    assert pulse.rows == {}


def test_elements_at_work_time_an_item_now_and_then() -> None:
    app, elements = app_of(TIMED * 2)
    pulse = Pulse(app, Journal(app))
    for _ in range(20):
        for element in elements:
            element(1)
    pulse.read()
    pulse.read()
    before = {element.path: element.read_counts().timed for element in elements}
    for _ in range(3):
        for element in elements:
            element(1)
        pulse.read()
    timed = [element.path for element in elements if element.read_counts().timed > before[element.path]]

    assert len(timed) == len(elements)


@pytest.mark.parametrize("operator", [None, ops.skip(2)])
def test_a_look_changes_nothing_that_is_counted(operator: Any) -> None:
    app = mape.App()
    loop = app.loop("car")
    sense = loop.monitor(uid="sense", ops_in=operator)(lambda item: item)
    act = loop.execute(uid="act")(lambda _: None)
    sense.subscribe(act)
    app.start()
    pulse = Pulse(app, Journal(app))
    for item in range(50):
        sense(item)
        pulse.read()

    stats = sense.stats
    assert stats.received == stats.processed + sum(stats.dropped.values()) + stats.queued
    assert act.stats.received == stats.emitted == (50 if operator is None else 48)
