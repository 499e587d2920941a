"""What a person sees while the demo runs: a calm page on a terminal, one line a second anywhere else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from rich.console import Console, Group
from rich.text import Text

from mape.demo.elastic.measurement import Health
from mape.demo.elastic.record import Record
from mape.demo.elastic.wish import Wish
from mape.demo.view import Page, View, can_show_pages

__all__ = ["LineView", "LiveView", "Scene", "make_view", "page"]

BARS = "▁▂▃▄▅▆▇█"
WIDTH = 76
CHART_WIDTH = 40
DECISIONS = 5
"""How many of the latest are shown."""

GOOD, BAD = "cyan", "bold red"


@dataclass(frozen=True, slots=True)
class Scene:
    """What there is to see: what was asked for, and the arms, the one to look at closely first."""

    wish: Wish
    records: Sequence[Record]

    @property
    def main(self) -> Record:
        """The arm to look at closely."""
        return self.records[0]

    @property
    def now(self) -> float:
        """How long the load has lasted [s]."""
        return self.main.workers[-1][0] if self.main.workers else 0.0


def make_view(scene: Scene, console: Console) -> View:
    """Return the view that fits the console."""
    return LiveView(scene, console) if can_show_pages(console) else LineView(scene, console)


class LineView:
    """Prints one line a second."""

    def __init__(self, scene: Scene, console: Console) -> None:
        self._scene = scene
        self._console = console
        self._second = 0
        self._shown = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def update(self) -> None:
        """Print a line when a second has passed."""
        record = self._scene.main
        if not record.healths or int(record.healths[-1].at) <= self._second:
            return
        self._second = int(record.healths[-1].at)
        decisions = record.decisions[self._shown :]
        self._shown = len(record.decisions)
        said = "".join(f"   {decision}" for decision in decisions)
        self._console.print(Text(_line(record.healths[-1]) + said), soft_wrap=True)


def _line(health: Health) -> str:
    workers = f"{health.workers} worker{'s' if health.workers != 1 else ' '}"
    verdict = "over" if health.pressure > 1 else "ok"
    return (
        f"{health.at:4.0f} s  load {health.rate:4.0f} req/s  p95 {health.p95 * 1000:5.0f} ms {verdict:4}"
        f"  {workers} {health.busy:4.0%} busy"
    )


class LiveView(Page):
    """The page of this demo."""

    def __init__(self, scene: Scene, console: Console) -> None:
        super().__init__(lambda: page(scene), console, per_second=8)


def page(scene: Scene) -> Group:
    """Return the page for `scene`, 78 columns wide."""
    hint = Text("  Ctrl-C ends it and shows what was measured", style="dim")
    blocks = (_head(scene), _charts(scene), _decisions(scene), _others(scene), hint)
    return Group(*(block for block in blocks if block is not None))


def _head(scene: Scene) -> Text:
    course = scene.wish.course
    passed = min(scene.now, course.seconds)
    title = f"mape demo elastic, {course.profile}"
    left = f"{course.seconds - passed:.0f} s left"
    done = round(WIDTH * passed / course.seconds)
    line = Text(f"  {title}", style="bold").append(left.rjust(WIDTH - len(title)), style="not bold")
    return line.append("\n  ").append("━" * done, style=GOOD).append("─" * (WIDTH - done) + "\n", style="dim not bold")


def _charts(scene: Scene) -> Text:
    healths = _by_second(scene.main.healths)[-CHART_WIDTH:]
    newest = scene.main.healths[-1] if scene.main.healths else None
    text = Text()
    if newest is None:
        return text.append("  measuring...\n\n")
    highest = scene.wish.limits.highest
    rates = [(health.rate / (scene.wish.course.heavy * 1.2), "") for health in healths]
    p95s = [(health.pressure / 2, BAD if health.pressure > 1 else GOOD) for health in healths]
    workers = [(health.workers / highest, "") for health in healths]
    verdict = ("over", BAD) if newest.pressure > 1 else ("within", GOOD)
    goal = f" {scene.wish.goal * 1000:.0f}\n"
    _chart(text, "load", rates).append(f"{newest.rate:6.0f} req/s\n")
    _chart(text, "p95", p95s).append(f"{newest.p95 * 1000:6,.0f} ms, ").append(*verdict).append(goal)
    return _chart(text, "workers", workers).append(f"{newest.workers:6} of {highest}, {newest.busy:.0%} busy")


def _chart(text: Text, name: str, heights: Sequence[tuple[float, str]]) -> Text:
    text.append(f"  {name:10}", style="bold")
    for height, style in heights:
        text.append(BARS[max(0, min(len(BARS) - 1, int(height * len(BARS))))], style=style)
    return text.append(" " * (CHART_WIDTH - len(heights)))


def _by_second(healths: Sequence[Health]) -> list[Health]:
    """Return the last of each second."""
    return list({int(health.at): health for health in healths}.values())


def _decisions(scene: Scene) -> Text | None:
    if scene.wish.ways[0].limits is None:
        return None
    text = Text("\n  decisions of the loop\n", style="bold")
    rows = [
        f"  {decision.at:5.1f} s  {decision.before} → {decision.workers}  {decision.reason:.60}"
        for decision in scene.main.decisions[-DECISIONS:]
    ]
    rows += [""] * (DECISIONS - len(rows))
    return text.append("\n".join(rows), style="not bold").append("\n")


def _others(scene: Scene) -> Text | None:
    others = scene.records[1:]
    if not others:
        return None
    text = Text("\n  the same requests, without a loop\n", style="bold")
    for record in others:
        if record.healths:
            newest = record.healths[-1]
            text.append(f"  {record.title:10}p95 ", style="not bold")
            text.append(f"{newest.p95 * 1000:6,.0f} ms", style=BAD if newest.pressure > 1 else GOOD)
            text.append(f"   {newest.workers} worker{'s' if newest.workers > 1 else ''}, {newest.busy:.0%} busy\n")
    return text
