"""What stands in an app, as plain values."""

from __future__ import annotations

import json

import mape
from mape import operators as ops
from mape.cli.outline import ANYWHERE, operator_names, outline


def test_the_operators_of_both_ends_stand_in_the_order_that_items_pass_them() -> None:
    app = mape.App()
    loop = app.loop("l")
    first = loop.monitor(lambda item: item, uid="first", ops_out=ops.map(str))
    last = loop.execute(lambda item: item, uid="last", ops_in=(ops.distinct(), ops.take(1)))
    first.pipe(ops.filter(bool)).subscribe(last)

    (arrow,) = outline(app).arrows

    assert arrow.operators == ("map", "filter", "distinct", "take")
    assert outline(app).leaving("l.first") == outline(app).arriving("l.last") == [arrow]


def test_a_listener_that_is_no_element_is_an_arrow_with_a_name() -> None:
    app = mape.App()
    app.loop("l").monitor(lambda item: item, uid="m").subscribe(print)

    (arrow,) = outline(app).arrows

    assert (arrow.target, arrow.is_element) == ("print", False)


def test_a_router_leads_somewhere_although_nobody_listens() -> None:
    app = mape.App()
    app.loop("l").plan(lambda item: item, uid="p", ops_out=ops.router())

    (arrow,) = outline(app).arrows

    assert (arrow.target, arrow.operators, arrow.is_element) == (ANYWHERE, ("router",), False)


def test_a_router_that_somebody_listens_to_is_one_arrow_each() -> None:
    app = mape.App()
    app.loop("l").plan(lambda item: item, uid="p", ops_out=ops.router()).subscribe(print)

    assert [(arrow.target, arrow.operators) for arrow in outline(app).arrows] == [("print", ("router",))]


def test_operators_go_by_the_names_they_were_made_with() -> None:
    operators = (ops.router(), ops.router(lambda item: item), ops.group_and_pipe(ops.map(str)), ops.map(str))

    assert operator_names(operators) == ("router", "router", "group_and_pipe", "map")


def test_an_outline_is_json() -> None:
    app = mape.App()
    app.loop("l", "v").monitor(lambda item: item, uid="m").subscribe(print)

    assert json.loads(json.dumps(outline(app).plain()))["loops"][0]["level"] == "v"
