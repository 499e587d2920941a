"""What a person sees meanwhile."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from mape.demo.elastic.measurement import Batch, Health
from mape.demo.elastic.policy import Decision
from mape.demo.elastic.record import Record
from mape.demo.elastic.view import LineView, LiveView, Scene, make_view, page
from mape.demo.elastic.wish import check_wish


def scene(*, adapt: bool = True, seconds: float = 40.0) -> Scene:
    wish = check_wish(seconds=seconds, load="wave", adapt=adapt, workers=None, goal=0.15, seed=1, report=None)
    return Scene(wish, [Record(way.title) for way in wish.ways])


def measure(record: Record, at: float, pressure: float = 0.4, workers: int = 2) -> None:
    record.add(Batch("elastic", at, 20, 0, 0.0, ()), workers)
    record.healths.append(
        Health(at=at, rate=80, p95=0.15 * pressure, pressure=pressure, busy=0.5, errors=0, waiting=0, workers=workers)
    )


def text(shown: Scene) -> str:
    screen = io.StringIO()
    Console(file=screen, width=80, height=24).print(page(shown))
    return screen.getvalue()


@pytest.mark.parametrize("adapt", [True, False])
@pytest.mark.parametrize("seconds", [2.0, 40.0, 3600.0])
def test_the_page_fits_a_terminal_of_80_by_24_at_every_moment(seconds: float, *, adapt: bool) -> None:
    shown = scene(adapt=adapt, seconds=seconds)
    for second in range(min(int(seconds), 100)):
        lines = text(shown).splitlines()
        assert len(lines) < 24
        assert max(map(len, lines)) <= 79
        for record in shown.records:
            measure(record, second + 0.25, pressure=14.0, workers=6)
        shown.main.decisions.append(Decision(float(second), 10, 12, "p95 2000 ms, 1333% of the goal"))


def test_the_page_shows_load_goal_workers_decisions_and_the_other_arms() -> None:
    shown = scene()
    for record in shown.records:
        measure(record, 10.0)
    shown.main.decisions.append(Decision(9.5, 1, 2, "p95 131 ms, 87% of the goal"))
    lines = text(shown)
    for part in ("80 req/s", "60 ms, within 150", "2 of 6, 50% busy", "30 s left", "too few", "too many"):
        assert part in lines
    assert "9.5 s  1 → 2  p95 131 ms, 87% of the goal" in lines


def test_a_missed_goal_is_said_in_words_and_not_by_colour_alone() -> None:
    shown = scene()
    measure(shown.main, 10.0, pressure=2.0)
    assert "300 ms, over 150" in text(shown)


def test_without_the_loop_the_page_speaks_of_no_decisions() -> None:
    shown = scene(adapt=False)
    measure(shown.main, 10.0)
    assert "decisions" not in text(shown)


def test_only_the_latest_decisions_are_shown() -> None:
    shown = scene()
    measure(shown.main, 30.0)
    shown.main.decisions += [Decision(float(at), at, at + 1, f"reason {at}") for at in range(9)]
    assert "reason 3" not in text(shown)
    assert "reason 4" in text(shown)


def test_without_a_terminal_there_is_one_line_a_second_with_the_decisions_in_it() -> None:
    screen, shown = io.StringIO(), scene()
    view = LineView(shown, Console(file=screen, width=80))
    for number in range(1, 13):
        if number == 6:
            shown.main.decisions.append(Decision(1.5, 1, 2, "p95 131 ms, 87% of the goal"))
        if number > 3:
            measure(shown.main, number / 4)
        with view:
            view.update()
    lines = screen.getvalue().splitlines()
    assert [line.split()[0] for line in lines] == ["1", "2", "3"]
    assert ["1 -> 2: p95 131 ms, 87% of the goal" in line for line in lines] == [False, True, False]


def test_a_terminal_gets_the_page_and_anything_else_lines() -> None:
    shown = scene()
    terminal = Console(file=io.StringIO(), force_terminal=True, _environ={"TERM": "xterm"})
    assert isinstance(make_view(shown, terminal), LiveView)
    assert isinstance(make_view(shown, Console(file=io.StringIO())), LineView)
    dumb = Console(file=io.StringIO(), force_terminal=True, _environ={"TERM": "dumb"})
    assert isinstance(make_view(shown, dumb), LineView)
