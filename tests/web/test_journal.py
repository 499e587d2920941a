from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

import mape
from mape.web.journal import A_SECOND, KEPT, TRACEBACK, Journal, text_of, traceback_of


class Clock:
    def __init__(self) -> None:
        self.time = 1_000.0

    def now(self) -> float:
        return self.time

    monotonic = now


class Unspeakable(Exception):  # noqa: N818 - a person's own
    def __str__(self) -> str:
        raise RuntimeError


def shown(journal: Journal) -> list[Any]:
    loaded: list[Any] = json.loads(msgspec.json.encode(list(journal.entries)))
    return loaded


def test_failures_and_events_are_kept_in_order_with_all_that_helps() -> None:
    app = mape.App(clock=Clock())
    act = app.loop("car").execute(uid="act")(lambda item: 1 / item)
    journal = Journal(app)
    act(0)
    app.tell("gap", "subscribe cars", "3 items never came")

    failure, gap = shown(journal)
    assert (failure["n"], failure["kind"], failure["path"]) == (1, "failure", "car.act")
    assert failure["text"] == "ZeroDivisionError: division by zero"
    assert failure["item"] == 0
    assert len(failure["cause"]) == 16
    assert "lambda item: 1 / item" in failure["traceback"]
    assert (gap["n"], gap["kind"], gap["text"]) == (2, "gap", "3 items never came")
    assert [entry.n for entry in journal.since(1)] == [2]
    assert journal.since(2) == []


def test_a_flood_costs_a_bounded_amount_and_its_size_is_told() -> None:
    clock = Clock()
    app = mape.App(clock=clock)
    act = app.loop("car").execute(uid="act")(lambda item: 1 / item)
    journal = Journal(app)
    for _ in range(300):
        act(0)
    assert len(journal.entries) == A_SECOND
    clock.time += 1
    act(0)

    assert journal.entries[-1].more == 300 - A_SECOND


def test_only_the_last_are_kept() -> None:
    journal = Journal(mape.App())
    for number in range(KEPT + 10):
        journal.add("gap", "x", str(number))

    assert len(journal.entries) == KEPT
    assert [entry.n for entry in journal.since(KEPT + 9)] == [KEPT + 10]


def test_a_huge_item_and_a_deep_traceback_are_cut() -> None:
    app = mape.App()

    def sink(_: Any) -> None:
        def deeper(depth: int) -> None:
            if not depth:
                raise ValueError("x" * 100_000)
            deeper(depth - 1)

        deeper(200)

    act = app.loop("car").execute(uid="act")(sink)
    journal = Journal(app)
    act([["x" * 200] * 60] * 60)

    assert len(msgspec.json.encode(journal.entries[0])) < 20_000
    assert len(journal.entries[0].traceback or "") <= TRACEBACK


@pytest.mark.parametrize(
    "error", [Unspeakable(), ValueError("\ud800\n\x1b[31m"), KeyError(), ExceptionGroup("x", [ValueError()])]
)
def test_whatever_an_error_says_it_is_one_line_that_can_be_sent(error: Exception) -> None:
    with pytest.raises(type(error)) as caught:
        raise error
    text, trace = text_of(caught.value), traceback_of(caught.value)

    assert text.startswith(type(error).__name__)
    assert text.isprintable()
    msgspec.json.encode([text, trace])


def test_the_journal_costs_an_item_nothing() -> None:
    app = mape.App()
    act = app.loop("car").execute(uid="act")(lambda _: None)
    Journal(app)

    assert not act.port_in.links
    assert not act.port_out.links
