"""What a person sees while the demo runs: a road to scale on a terminal, lines anywhere else."""

from __future__ import annotations

from typing import Any, Self

from rich.console import Console, Group
from rich.text import Text

from mape.demo.ambulance.road import EARSHOT, RING, ahead
from mape.demo.ambulance.scene import AMBULANCE, CARS, Scene
from mape.demo.view import Page, View, can_show_pages

__all__ = ["LineView", "LiveView", "make_view", "page", "state_line"]

WIDTH = 76
FASTEST = 180.0
BAR = 12
TELLINGS, REST = 6, 24
"""How many of the latest are shown at most, and how many rows all the rest takes."""
SETTLED = 0.3
"""After this time a telling has reached everybody, as a rule [s]."""
COLOURS = {AMBULANCE: "bold red", "ada": "bold cyan", "ben": "bold green", "cleo": "bold magenta"}


def make_view(scene: Scene, console: Console) -> View:
    """Return the view that fits the console."""
    return LiveView(scene, console) if can_show_pages(console) else LineView(scene, console)


class LineView:
    """Prints a line a second, and one for each telling."""

    def __init__(self, scene: Scene, console: Console) -> None:
        self._scene, self._console = scene, console
        self._second = -1
        self._told = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._tell(every=True)

    def update(self) -> None:
        """Print what is new."""
        self._tell()
        if self._scene.states and int(self._scene.now) > self._second:
            if self._second < 0:
                self._print(f"An emergency from another terminal: {' '.join(self._scene.command)}")
            self._second = int(self._scene.now)
            self._print(state_line(self._scene))

    def _tell(self, *, every: bool = False) -> None:
        for telling in self._scene.tellings[self._told :]:
            if not every and self._scene.now - telling.at < SETTLED:
                break
            self._told += 1
            self._print(f"   {telling}")

    def _print(self, line: str) -> None:
        self._console.print(Text(line), soft_wrap=True)


def state_line(scene: Scene) -> str:
    """Return the vehicles in a line."""
    parts = [
        f"{name} {state['kmh']:3.0f} km/h {state['lights']}{', aside' if state['aside'] else ''}"
        for name in (AMBULANCE, *CARS)
        if (state := scene.states.get(name))
    ]
    return f"{scene.now:4.0f} s  " + " | ".join(parts)


class LiveView(Page):
    """The page of this demo."""

    def __init__(self, scene: Scene, console: Console) -> None:
        super().__init__(lambda: page(scene, console.height), console)


def page(scene: Scene, height: int = 40) -> Group:
    """Return the page for `scene`, 78 columns wide."""
    tellings = max(1, min(TELLINGS, height - REST))
    return Group(_head(scene), *_road(scene), _vehicles(scene), _tellings(scene, tellings), _hints(scene))


def _head(scene: Scene) -> Text:
    passed = min(scene.now, scene.seconds)
    title = f"mape demo ambulance, by {'Redis' if scene.transport == 'redis' else 'REST'}"
    left = f"{scene.seconds - passed:.0f} s left"
    done = round(WIDTH * passed / scene.seconds)
    line = Text(f"  {title}", style="bold").append(left.rjust(WIDTH - len(title)), style="not bold")
    return (
        line.append("\n  ").append("━" * done, style="cyan").append("─" * (WIDTH - done) + "\n", style="dim not bold")
    )


def _road(scene: Scene) -> list[Text]:
    """Draw the road: who drives, the road itself with how far the siren is heard, and who makes way."""
    lane, aside = Text(" " * WIDTH), Text(" " * WIDTH)
    for name, state in scene.states.items():
        letter = name[0].upper() if name == AMBULANCE else name[0]
        row = aside if state["aside"] else lane
        column = _column(state["at"])
        row.plain = row.plain[:column] + letter + row.plain[column + 1 :]
    for row in (lane, aside):
        for name, colour in COLOURS.items():
            row.highlight_words([name[0].upper() if name == AMBULANCE else name[0]], colour)
    scale = f"0 km{'a ring road, to scale; ═ is where the siren is heard':^{WIDTH - 10}}{RING / 1000:g} km"
    return [_indented(lane), _indented(_tarmac(scene)), _indented(aside), _indented(Text(scale, style="dim"))]


def _tarmac(scene: Scene) -> Text:
    road = Text()
    at = scene.states.get(AMBULANCE, {}).get("at", 0.0)
    for column in range(WIDTH):
        way = ahead(at, (column + 0.5) * RING / WIDTH)
        is_heard = scene.is_emergency and min(way, RING - way) <= EARSHOT
        road.append("═" if is_heard else "─", style="red" if is_heard else "dim")
    return road


def _column(at_m: float) -> int:
    return min(WIDTH - 1, int(at_m * WIDTH / RING))


def _indented(text: Text) -> Text:
    return Text("  ").append_text(text)


def _vehicles(scene: Scene) -> Text:
    text = Text(f"\n  {'':10}{'km/h':>5}  {'':{BAR}}  {'lights':8}what it knows, and from whom\n", style="bold")
    for name in (AMBULANCE, *CARS):
        if state := scene.states.get(name):
            filled = round(BAR * state["kmh"] / FASTEST)
            text.append(f"  {name:10}", style=COLOURS[name]).append(f"{state['kmh']:5.0f}  ", style="not bold")
            text.append("▪" * filled, style="not bold").append(" " * (BAR - filled + 2))
            text.append(f"{state['lights']:8}", style=_lights(state["lights"]))
            text.append(_knows(scene, name, state) + "\n", style="not bold")
    return text


def _lights(lights: str) -> str:
    return {"siren": "bold red", "hazard": "bold yellow"}.get(lights, "dim not bold")


def _knows(scene: Scene, name: str, state: dict[str, Any]) -> str:
    if name == AMBULANCE:
        return f"{'an emergency' if scene.is_emergency else 'no emergency'}, by {scene.driver}"
    if state.get("hears"):
        behind = ahead(state["siren_at"], state["at"])
        return f"hears it, {behind:.0f} m behind" if behind < RING / 2 else f"hears it, {RING - behind:.0f} m ahead"
    if state.get("by"):
        teller = state["by"].removeprefix("car_").removesuffix("_safety.emergency_detect")
        return f"{teller} told, {ahead(state['at_m'], state['at']):.0f} m behind then"
    return ""


def _tellings(scene: Scene, most: int) -> Text:
    text = Text("  who told whom, and how long it took\n", style="bold")
    rows = [f"  {telling}" for telling in scene.tellings[-most:]]
    rows += [""] * (most - len(rows))
    text.append("\n".join(rows), style="not bold")
    state = scene.states.get(CARS[0], {})
    if known := state.get("known"):
        text.append(f"\n\n  all know: {len(known)} on the road, {state['mean']:.0f} km/h on average", style="not bold")
        text.append("   (shared knowledge)", style="dim not bold")
    return text


def _hints(scene: Scene) -> Text:
    keys = "F1 or e: emergency   F2 or c: cleared   " if scene.has_keys else ""
    text = Text(f"\n  {keys}Ctrl-C: end, with the figures\n", style="dim")
    return text.append("  from another terminal:\n    " + " \\\n      ".join(scene.command))
