"""The comparison, as a person reads it."""

from __future__ import annotations

import io
import re
from dataclasses import replace

from rich.console import Console

from mape.demo.elastic.comparison import COLUMNS, cells, print_comparison, sentences
from mape.demo.elastic.record import Score

LOOP = Score("the loop", 0.97, 0.06, 0.09, 0.14, 0.07, 131.4, 7, 3443, 0)
FEW = replace(LOOP, arm="too few", within_goal=0.15, p95_before=None, p95_after=None, worker_seconds=40, errors=2058)
MANY = replace(LOOP, arm="too many", within_goal=1.0, p95_before=None, p95_after=None, worker_seconds=239)


def test_an_arm_is_a_row_of_figures_with_units() -> None:
    assert cells(LOOP) == ("the loop", "97%", "60 ms", "90 ms", "131", "7", "3,443", "0")
    assert len(cells(LOOP)) == len(COLUMNS)


def test_what_is_unknown_is_a_dash() -> None:
    assert cells(replace(LOOP, p95_light=None))[2] == "-"


def test_it_says_what_the_loop_gains_and_costs() -> None:
    before_and_after, gain = sentences([LOOP, FEW, MANY])
    assert "from 140 ms to 70 ms" in before_and_after
    assert "97% of the time, at 55% of the cost of too many (100%); too few kept it 15%" in gain


def test_it_says_nothing_where_there_is_nothing_to_compare() -> None:
    assert sentences([FEW]) == []


def test_the_table_fits_a_terminal_of_80_columns() -> None:
    page = io.StringIO()
    print_comparison(Console(file=page, width=80), [LOOP, FEW, MANY], 0.15)
    lines = page.getvalue().splitlines()
    assert max(map(len, lines)) <= 80
    assert [line.split()[-1] for line in lines if re.match("too (few|many)  ", line)] == ["2,058", "0"]
