"""Findings: each with its place and cure, and none where nothing is wrong."""

from __future__ import annotations

from typing import Any

import pytest

import mape
from mape import operators as ops
from mape.cli.finding import Kind
from mape.cli.outline import outline
from mape.cli.wiring import findings


@pytest.fixture
def app() -> mape.App:
    return mape.App()


def found(app: mape.App, other: mape.App | None = None) -> list[tuple[Kind, str]]:
    return [(finding.kind, finding.path) for finding in findings(app, outline(app), other)]


def element(app: mape.App, role: str, uid: str, function: Any = lambda item: item, **options: Any) -> Any:
    return getattr(app.loop("l"), role)(function, uid=uid, **options)


def row(app: mape.App) -> tuple[Any, Any, Any]:
    elements = (element(app, "monitor", "m"), element(app, "plan", "p"), element(app, "execute", "e"))
    mape.connect(*elements)
    return elements


def test_a_connected_row_is_fine(app: mape.App) -> None:
    row(app)

    assert found(app) == []


@pytest.mark.parametrize("role", ["analyze", "plan", "execute"])
def test_an_element_that_nobody_feeds_is_found(app: mape.App, role: str) -> None:
    row(app)
    element(app, role, "lonely").subscribe(print)

    assert found(app) == [(Kind.UNFED, "l.lonely")]


@pytest.mark.parametrize("role", ["monitor", "analyze", "plan"])
def test_an_element_that_nobody_hears_is_found(app: mape.App, role: str) -> None:
    monitor, _, _ = row(app)
    lonely = element(app, role, "lonely")
    monitor.subscribe(lonely)

    assert found(app) == [(Kind.UNHEARD, "l.lonely")]


def test_where_items_are_routed_anybody_may_be_fed(app: mape.App) -> None:
    monitor, _, _ = row(app)
    plan = element(app, "plan", "router", ops_out=ops.router())
    monitor.subscribe(plan)
    element(app, "execute", "addressed")

    assert found(app) == []


def test_a_circle_is_found_once_and_told_whole(app: mape.App) -> None:
    _, plan, execute = row(app)
    execute.subscribe(plan)

    (finding,) = findings(app, outline(app))

    assert (finding.kind, finding.path) == (Kind.CIRCLE, "l.p")
    assert "l.p -> l.e -> l.p" in finding.problem
    assert "--ignore circle" in finding.cure


def test_an_element_that_feeds_itself_is_a_circle(app: mape.App) -> None:
    monitor, _, _ = row(app)
    monitor.subscribe(monitor)

    assert found(app) == [(Kind.CIRCLE, "l.m")]


def test_two_circles_are_two_findings(app: mape.App) -> None:
    a, b, c, d = (element(app, "monitor", uid) for uid in "abcd")
    for source, target in ((a, b), (b, a), (b, c), (c, d), (d, c)):
        source.subscribe(target)

    assert found(app) == [(Kind.CIRCLE, "l.a"), (Kind.CIRCLE, "l.c")]


def test_a_long_row_is_walked_in_time(app: mape.App) -> None:
    elements = [element(app, "monitor", f"m{number}") for number in range(1000)]
    mape.connect(*elements)
    elements[-1].subscribe(print)

    assert found(app) == []


def gives_text(item: int) -> str:
    return str(item)


def takes_number(item: int) -> None: ...


@pytest.mark.parametrize(
    ("operators", "is_found"),
    [
        ((), True),
        ((ops.filter(bool), ops.take(3)), True),
        ((ops.map(int),), False),
        ((ops.filter(bool), ops.map(int)), False),
    ],
)
def test_neighbours_that_do_not_fit_are_found_unless_an_operator_may_cure_it(
    app: mape.App, operators: tuple[Any, ...], is_found: bool
) -> None:
    text = element(app, "monitor", "text", gives_text)
    number = element(app, "execute", "number", takes_number)
    text.pipe(*operators).subscribe(number)

    assert (found(app) == [(Kind.TYPE, "l.number")]) is is_found


def test_a_misfit_names_both_sides(app: mape.App) -> None:
    element(app, "monitor", "text", gives_text).subscribe(element(app, "execute", "number", takes_number))

    (finding,) = findings(app, outline(app))

    assert str(finding) == (
        "l.number: takes int, but l.text emits str; "
        "correct one of the annotations, or put an operator between them  [type]"
    )


def test_a_call_of_a_method_fits_everywhere(app: mape.App) -> None:
    def calls(item: int) -> mape.CallMethod:
        return mape.CallMethod.create("method", item)

    element(app, "plan", "calls", calls).subscribe(element(app, "execute", "number", takes_number))

    assert found(app) == [(Kind.UNFED, "l.calls")]


def test_a_loop_of_the_app_that_does_not_run_never_starts(app: mape.App) -> None:
    row(app)
    other = mape.App()
    other.loop("forgotten").execute(print)

    assert found(app, other) == [(Kind.NEVER_STARTS, "forgotten")]


def test_a_loop_without_elements_is_found(app: mape.App) -> None:
    app.loop("bare")

    assert found(app) == [(Kind.EMPTY, "bare")]
