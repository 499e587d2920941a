from __future__ import annotations

from typing import Any

import msgspec
import pytest

import mape
from mape.remote.rest import view
from mape.remote.source import RemoteSource


class FakeInlet(RemoteSource):
    """A source that takes posts."""

    takes_posts = True

    async def open(self) -> None: ...
    async def drain(self) -> None: ...
    async def close(self) -> None: ...


@pytest.fixture
def app() -> mape.App:
    app = mape.App()
    loop = mape.Loop("cruise", level="vehicle", app=app)

    @loop.monitor
    def speed(item: int) -> float:
        return item / 2

    @loop.execute
    def throttle(item: float) -> None: ...

    speed.subscribe(throttle)
    return app


def test_an_element_is_found_and_described(app: mape.App) -> None:
    place = view.find(app, {"loop": "cruise", "element": "speed"})
    shown = view.describe(place.element)

    assert place.port("in") is app["cruise.speed"].port_in
    assert place.port("out") is app["cruise.speed"].port_out
    assert place.kind is int
    assert (shown.path, shown.type, shown.state, shown.starts) == ("cruise.speed", "monitor", "stopped", "by start()")


@pytest.mark.parametrize(
    ("names", "hint"),
    [
        ({"loop": "cruse", "element": "speed"}, "did you mean 'cruise'"),
        ({"loop": "cruise", "element": "sped"}, "did you mean 'speed'"),
        ({"loop": "cruise", "element": "<script>"}, "there is speed, throttle"),
        ({"loop": "cruise", "element": "uid"}, "there is"),
        ({"loop": "failures", "element": "send"}, "there is cruise"),
    ],
)
def test_what_is_not_there_is_an_error_that_says_what_is_near(app: mape.App, names: dict[str, str], hint: str) -> None:
    with pytest.raises(mape.UnknownPathError, match=hint) as caught:
        view.find(app, names)

    assert "script" not in str(caught.value)


async def test_a_source_that_takes_posts_has_an_address(app: mape.App) -> None:
    inlet = FakeInlet("cruise.limits")
    seen: list[Any] = []
    inlet.link(app["cruise.speed"])
    inlet.subscribe(seen.append)
    place = view.find(app, {"loop": "cruise", "element": "limits"})
    shown = view.describe_source(place, None)

    assert place.element is None
    assert place.port("in") is inlet
    assert (shown.path, shown.uid, shown.type, shown.state) == ("cruise.limits", "limits", "source", "running")


def test_everything_shown_is_what_its_schema_says(app: mape.App) -> None:
    for value, kind in (
        (view.levels(app), list[view.LevelView]),
        (view.loops(app), list[view.LoopView]),
        (view.elements(app["cruise"]), list[view.ElementView]),
        (view.graph(app), view.GraphView),
    ):
        assert msgspec.json.decode(msgspec.json.encode(value), type=kind) == value


def test_the_graph_has_loops_elements_and_edges(app: mape.App) -> None:
    graph = view.graph(app)

    assert [loop.path for loop in graph.loops] == ["vehicle.cruise"]
    assert [element.uid for element in graph.elements] == ["speed", "throttle"]
    assert [(edge.source, edge.target) for edge in graph.edges] == [("cruise.speed", "cruise.throttle")]


def test_levels_list_their_loops(app: mape.App) -> None:
    assert view.LevelView("vehicle", ["cruise"]) in view.levels(app)


def test_a_state_is_a_word(app: mape.App) -> None:
    element = app["cruise.throttle"]
    states = [view.describe(element).state]
    element.stop()
    states.append(view.describe(element).state)
    element.drain()
    states.append(view.describe(element).state)
    app["cruise"].remove(element)
    states.append(view.describe(element).state)

    assert states == ["running", "stopped", "draining", "removed"]
