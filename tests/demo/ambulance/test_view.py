"""What a person sees: drawn into text, without a terminal."""

from __future__ import annotations

import io
from typing import Any

import pytest
from rich.console import Console

from mape.demo.ambulance.road import EARSHOT, RING
from mape.demo.ambulance.scene import AMBULANCE, Scene, Telling
from mape.demo.ambulance.view import WIDTH, LineView, LiveView, make_view, page


def state(at: float, **more: Any) -> dict[str, Any]:
    return {"at": at, "kmh": 90.0, "lights": "normal", "aside": False, "known": ["ada"], "mean": 80.0} | more


@pytest.fixture
def scene() -> Scene:
    """The middle of an emergency."""
    scene = Scene("redis", 20.0, command=("mape send ambulance.detect true", "--redis unix:///tmp/v.sock"), now=5.0)
    scene.states = {
        AMBULANCE: state(300.0, lights="siren", kmh=180.0),
        "ada": state(400.0, aside=True, lights="hazard", hears=True, siren_at=300.0),
        "ben": state(900.0, lights="hazard", hears=False, by="car_ada_safety.emergency_detect", at_m=250.0),
        "cleo": state(1300.0, hears=False, by=None),
    }
    scene.tellings = [Telling(0.6, "ada", 1, is_on=True, told={"ben": 0.0012})]
    return scene


def drawn(scene: Scene, height: int = 40) -> list[str]:
    console = Console(file=io.StringIO(), width=80, height=height)
    with console.capture() as capture:
        console.print(page(scene, height))
    return capture.get().splitlines()


def test_the_road_is_to_scale_and_who_makes_way_is_beside_it(scene: Scene) -> None:
    lines = drawn(scene)
    road = next(number for number, line in enumerate(lines) if "═" in line and "scale" not in line)
    lane, tarmac, aside = (line.ljust(80)[2:] for line in lines[road - 1 : road + 2])

    assert [lane.index(letter) for letter in "Abc"] == [int(at * WIDTH / RING) for at in (300, 900, 1300)]
    assert aside.index("a") == int(400 * WIDTH / RING)
    assert abs(tarmac.count("═") - 2 * EARSHOT * WIDTH / RING) <= 1


def test_a_row_says_what_a_vehicle_knows_and_from_whom(scene: Scene) -> None:
    text = "\n".join(drawn(scene))

    assert "an emergency, by the script" in text
    assert "hears it, 100 m behind" in text
    assert "ada told, 650 m behind then" in text


def test_the_page_fits_80_columns_and_24_rows(scene: Scene) -> None:
    lines = drawn(scene, height=24)

    assert len(lines) <= 23
    assert max(map(len, lines)) <= 80


def test_without_a_terminal_there_are_lines_each_telling_once(scene: Scene) -> None:
    out = io.StringIO()
    with LineView(scene, Console(file=out, width=80)) as view:
        view.update()
        view.update()
    lines = out.getvalue().splitlines()

    assert lines[0] == "     0.6 s  ada  hears the siren  → ben 1.2 ms"
    assert lines[1] == "An emergency from another terminal: mape send ambulance.detect true --redis unix:///tmp/v.sock"
    assert lines[2].startswith("   5 s  ambulance 180 km/h siren | ada  90 km/h hazard, aside | ben")
    assert len(lines) == 3


def test_the_view_fits_the_console(scene: Scene) -> None:
    assert isinstance(make_view(scene, Console(file=io.StringIO())), LineView)
    assert isinstance(make_view(scene, Console(file=io.StringIO(), force_terminal=True)), LiveView)
