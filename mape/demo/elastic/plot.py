"""The plot of a run: load, p95 and workers of all arms over the same time. Needs matplotlib, the extra "demo"."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from mape.demo.elastic.record import Record

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["plot_png"]

STYLES: tuple[dict[str, Any], ...] = (
    {"color": "#0072B2", "linewidth": 2.2, "zorder": 3},
    {"color": "#D55E00", "linewidth": 1.5, "linestyle": (0, (5, 1.5))},
    {"color": "#707070", "linewidth": 1.5, "linestyle": (0, (1.2, 1.2))},
)
"""The main arm, then the others; told apart by colour-blind people and in print, too.

Source: M. Okabe and K. Ito, Color Universal Design, 2008.
"""

GOAL_COLOR = "#333333"


def plot_png(records: Sequence[Record], goal: float) -> bytes:
    """Draw `records`, the main one first, with the `goal` for p95 [s]; return a PNG picture.

    Raises:
        ModuleNotFoundError: matplotlib is not installed.
    """
    from matplotlib.figure import Figure

    last = max((point.second + 1 for record in records for point in record.points()), default=1)
    figure = Figure(figsize=(9.0, 7.2), dpi=110, layout="constrained")
    load, p95, workers = figure.subplots(3, 1, sharex=True, height_ratios=(2, 3, 2))
    _draw_load(load, records[0])
    _draw_p95(p95, records, goal)
    _draw_workers(workers, records)
    handles, labels = p95.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=len(labels), frameon=False)
    for axes in (load, p95, workers):
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(axis="y", color="#e4e4e4", linewidth=0.8)
        axes.set_axisbelow(True)
        axes.set_xlim(0, last)
    workers.set_xlabel("time [s]")
    figure.align_ylabels()
    picture = io.BytesIO()
    figure.savefig(picture, format="png")
    return picture.getvalue()


def _draw_load(axes: Axes, record: Record) -> None:
    points = record.points()
    rates = [point.requests for point in points]
    axes.fill_between([point.second + 0.5 for point in points], rates, color="#d8e4ec", edgecolor="#7f9bad")
    axes.set_ylim(0, 1.1 * max(rates, default=1))
    axes.set_ylabel("requests/s")


def _draw_p95(axes: Axes, records: Sequence[Record], goal: float) -> None:
    from matplotlib.ticker import LogLocator

    lowest = highest = goal * 1000
    for record, style in zip(records, STYLES, strict=False):
        points = record.points()
        p95s = [point.p95 * 1000 for point in points]
        axes.plot([point.second + 0.5 for point in points], p95s, label=record.title, **style)
        lowest, highest = min([lowest, *p95s]), max([highest, *p95s])
    axes.axhline(goal * 1000, color=GOAL_COLOR, linewidth=1.0)
    axes.annotate(
        f"goal {goal * 1000:.0f} ms",
        (0.5, goal * 1000),
        xycoords=("axes fraction", "data"),
        xytext=(0, 3),
        textcoords="offset points",
        ha="center",
        color=GOAL_COLOR,
    )
    axes.set_ylim(0.8 * lowest, 1.25 * highest)
    axes.set_yscale("log", subs=())
    axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    axes.set_ylabel("p95 [ms]")


def _draw_workers(axes: Axes, records: Sequence[Record]) -> None:
    from matplotlib.ticker import MaxNLocator

    highest = 1
    for record, style in zip(records, STYLES, strict=False):
        numbers = [number for _, number in record.workers]
        axes.step([at for at, _ in record.workers], numbers, where="post", **style)
        highest = max([highest, *numbers])
    axes.set_ylim(0, highest + 0.5)
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_ylabel("workers")
