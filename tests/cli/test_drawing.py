"""Mermaid: every element once, names that cannot break out, roles that can be told apart."""

from __future__ import annotations

import mape
from mape import operators as ops
from mape.cli.drawing import COLOURS, SHAPES, mermaid
from mape.cli.outline import outline


def test_levels_loops_elements_and_operators_are_drawn() -> None:
    app = mape.App()
    low, high = app.loop("low", "vehicle"), app.loop("high")
    watch = low.monitor(lambda item: item, uid="watch")
    decide = high.plan(lambda item: item, uid="decide", ops_in=ops.filter(bool), ops_out=ops.router())
    watch.pipe(ops.map(str), ops.take(1)).subscribe(decide)
    watch.subscribe(print)
    app.loop("empty")

    assert mermaid(outline(app)).splitlines() == [
        "flowchart LR",
        '  subgraph level0["level vehicle"]',
        '    subgraph loop_e0["low"]',
        '      e0(["M watch"]):::monitor',
        "    end",
        "  end",
        '  subgraph loop_e1["high"]',
        '    e1{{"P decide"}}:::plan',
        "  end",
        '  out0>"print"]',
        '  out1>"(to its address)"]',
        '  e0 -->|"map, take, filter"| e1',
        "  e0 --> out0",
        '  e1 -->|"router"| out1',
        f"  classDef monitor fill:{COLOURS['monitor']},color:#fff,stroke:none",
        f"  classDef plan fill:{COLOURS['plan']},color:#fff,stroke:none",
    ]


def test_each_role_has_a_shape_and_a_colour_of_its_own() -> None:
    roles = {kind.role for kind in (mape.Element, mape.Monitor, mape.Analyze, mape.Plan, mape.Execute)}

    assert set(SHAPES) == set(COLOURS) == roles
    assert len(set(SHAPES.values())) == len(set(COLOURS.values())) == len(roles)


def test_a_name_cannot_break_out_of_its_label() -> None:
    app = mape.App()

    def listener(item: object) -> None: ...

    listener.__qualname__ = 'a"]; click e0 "javascript:x" <b>&'
    app.loop("l").monitor(lambda item: item, uid="m").subscribe(listener)

    assert '  out0>"a#quot;]; click e0 #quot;javascript:x#quot; #lt;b#gt;#amp;"]' in mermaid(outline(app))
