"""What a person sees while the demo runs: the lanes and their cars on a terminal, lines anywhere else."""

from __future__ import annotations

from typing import Any, Self

from rich.console import Console, Group
from rich.text import Text

from mape.demo.highway.plan import DIRECTIONS, LANES, NORTH, SOUTH, Barrier
from mape.demo.highway.scene import Scene
from mape.demo.view import Page, View, can_show_pages

__all__ = ["LineView", "LiveView", "make_view", "page", "state_line"]

WIDTH = 76
LABEL = 12
MOVES, REST = 5, 22
"""How many of the latest are shown at most, and how many rows all the rest takes."""
BAR = 40
COLOURS = {NORTH: "cyan", SOUTH: "yellow"}


class LineView:
    """Prints a line a second, and one for each move."""

    def __init__(self, scene: Scene, console: Console) -> None:
        self._scene, self._console = scene, console
        self._second, self._moves = -1, 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.update()

    def update(self) -> None:
        """Print what is new."""
        for move in self._scene.moves[self._moves :]:
            self._moves += 1
            self._console.print(Text(f"   {move}"), soft_wrap=True)
        if self._scene.states and int(self._scene.now) > self._second:
            self._second = int(self._scene.now)
            self._console.print(Text(state_line(self._scene)), soft_wrap=True)


def state_line(scene: Scene) -> str:
    """Return the directions in a line."""
    parts = [
        f"{name} {len(state['cars']):2} cars on {len(state['lanes'])} lanes"
        for name in DIRECTIONS
        if (state := scene.states.get(name))
    ]
    return f"{scene.now:4.0f} s  " + " | ".join(parts)


class LiveView(Page):
    """The page of this demo."""

    def __init__(self, scene: Scene, console: Console) -> None:
        super().__init__(lambda: page(scene, console.height), console)


def make_view(scene: Scene, console: Console) -> View:
    """Return the view that fits the console."""
    return LiveView(scene, console) if can_show_pages(console) else LineView(scene, console)


def page(scene: Scene, height: int = 40) -> Group:
    """Return the page for `scene`, 78 columns wide."""
    return Group(_head(scene), _road(scene), _counts(scene), _moves(scene, max(1, min(MOVES, height - REST))))


def _head(scene: Scene) -> Text:
    passed = min(scene.now, scene.seconds)
    title = f"mape demo highway, seed {scene.seed}"
    left = f"{scene.seconds - passed:.0f} s left"
    done = round(WIDTH * passed / scene.seconds)
    line = Text(f"  {title}", style="bold").append(left.rjust(WIDTH - len(title)), style="not bold")
    return (
        line.append("\n  ").append("━" * done, style="cyan").append("─" * (WIDTH - done) + "\n", style="dim not bold")
    )


def _road(scene: Scene) -> Text:
    text = Text()
    owner = Barrier(scene.north).owner
    for lane in range(1, LANES + 1):
        name = owner(lane)
        is_open = lane in scene.states.get(name, {}).get("lanes", ())
        text.append(f"  {f'{lane} {name}':{LABEL}}", style=COLOURS[name])
        text.append(
            _lane(scene.states.get(name), name, lane) if is_open else "░" * (WIDTH - LABEL), style=COLOURS[name]
        )
        text.append("\n" if lane < LANES else "")
        if lane == scene.north:
            text.append("  " + "━" * WIDTH + "\n", style="bold")
    return text


def _lane(state: dict[str, Any] | None, name: str, lane: int) -> str:
    """Draw the cars of a lane: every so many-th of the direction's."""
    width = WIDTH - LABEL
    if state is None:
        return " " * width
    row = [" "] * width
    lanes = state["lanes"]
    for way in state["cars"][lanes.index(lane) :: len(lanes)]:
        column = min(width - 1, int(way * width))
        row[column if name == NORTH else width - 1 - column] = "▶" if name == NORTH else "◀"
    return "".join(row)


def _counts(scene: Scene) -> Text:
    text = Text(f"\n  {'':{LABEL}}{'cars':>4}{'lanes':>7}   cars a lane\n", style="bold")
    for name in DIRECTIONS:
        if state := scene.states.get(name):
            cars, lanes = len(state["cars"]), len(state["lanes"])
            crowd = cars / max(1, lanes)
            text.append(f"  {name:{LABEL}}", style=f"not bold {COLOURS[name]}")
            text.append(f"{cars:4}{lanes:7}   {crowd:4.1f} ", style="not bold")
            text.append("▪" * min(BAR, round(crowd * 3)), style=f"not bold {COLOURS[name]}")
            text.append("  rush\n" if state["rush"] else "\n", style="dim not bold")
    return text


def _moves(scene: Scene, most: int) -> Text:
    text = Text("  moves of the barrier\n", style="bold")
    rows = [f"  {move}" for move in scene.moves[-most:]]
    rows += [""] * (most - len(rows))
    text.append("\n".join(rows) + "\n", style="not bold")
    series = "   time series go to InfluxDB" if scene.writes else ""
    return text.append(f"\n  Ctrl-C: end, with the figures{series}", style="dim not bold")
