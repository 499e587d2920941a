"""The comparison of the arms at the end, for people and for programs."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from mape.demo.elastic.record import Score

__all__ = ["COLUMNS", "cells", "print_comparison", "sentences"]

COLUMNS = ("", "within goal", "p95 light", "p95 heavy", "worker-s", "changes", "requests", "failed")


def cells(score: Score) -> tuple[str, ...]:
    """Return `score` as texts, one for each of `COLUMNS`."""
    return (
        score.arm,
        f"{score.within_goal:.0%}",
        _milliseconds(score.p95_light),
        _milliseconds(score.p95_heavy),
        f"{score.worker_seconds:.0f}",
        str(score.changes),
        f"{score.requests:,}",
        f"{score.errors:,}",
    )


def _milliseconds(seconds: float | None) -> str:
    """Return a time [s] in milliseconds, or a dash."""
    return "-" if seconds is None else f"{seconds * 1000:,.0f} ms"


def sentences(scores: Sequence[Score]) -> list[str]:
    """Say what the comparison shows; nothing where there is nothing to compare.

    Args:
        scores: Of the loop's arm, then of the others, the most expensive last.
    """
    loop, *others = scores
    said = []
    if loop.p95_before is not None and loop.p95_after is not None:
        before, after = _milliseconds(loop.p95_before), _milliseconds(loop.p95_after)
        said.append(f"When the loop added workers, p95 went from {before} to {after} (median).")
    if others and others[-1].worker_seconds > 0:
        share = loop.worker_seconds / others[-1].worker_seconds
        said.append(
            f"The loop kept the goal {loop.within_goal:.0%} of the time, at {share:.0%} of the cost of "
            f"{others[-1].arm} ({others[-1].within_goal:.0%}); {others[0].arm} kept it {others[0].within_goal:.0%}."
        )
    return said


def print_comparison(console: Console, scores: Sequence[Score], goal: float) -> None:
    """Print the table and what it shows."""
    table = Table(box=None, padding=(0, 1), header_style="dim", pad_edge=False)
    for column in COLUMNS:
        table.add_column(column, justify="right" if column else "left", no_wrap=True)
    for score in scores:
        table.add_row(*cells(score), style="bold" if score is scores[0] else "")
    console.print(Text(f"\nGoal: 95 of 100 requests answered within {_milliseconds(goal)}, second by second\n"))
    console.print(table)
    if said := sentences(scores):
        console.print(Text("\n" + "\n".join(said)))
