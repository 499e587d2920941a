from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

import mape
from mape import operators as ops
from mape.remote.influxdb import InfluxObserver
from mape.remote.redis import PubObserver, StreamObserver, SubObservable
from mape.remote.rest import PostObservable, POSTObserver, SocketObservable
from mape.web.graph import Shape, draw, name_of_type, state_of


def drawn(app: mape.App) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(msgspec.json.encode(draw(app, Shape(app), 1)))
    return loaded


def edges(app: mape.App) -> list[tuple[str, str | None, str | None, str]]:
    return [(each["kind"], each["source"], each["target"], each["title"]) for each in drawn(app)["edges"]]


class Controller(mape.Plan[int, int]):
    """An own class."""


def test_levels_loops_and_elements_are_there_with_all_that_is_drawn() -> None:
    app = mape.App()
    loop = app.loop("cruise", level="vehicle")

    @loop.analyze(ops_in=(ops.pairwise(), ops.map(len)), ops_out=ops.distinct_until_changed())
    def headway(pair: list[int]) -> float:
        return float(len(pair))

    Controller(loop, "pid")
    loop.k.goal = 3
    found = drawn(app)

    assert {"uid": "vehicle"} in found["levels"]
    assert found["loops"] == [
        {"path": "vehicle.cruise", "uid": "cruise", "level": "vehicle", "elements": ["cruise.headway", "cruise.pid"]}
    ]
    one, two = found["elements"]
    assert one == {
        "path": "cruise.headway",
        "uid": "headway",
        "loop": "cruise",
        "role": "analyze",
        "type": "",
        "starts": "when somebody subscribes",
        "ops_in": ["pairwise", "map"],
        "ops_out": ["distinct_until_changed"],
        "takes": "list[int]",
        "gives": "float",
        "state": "stopped",
    }
    assert (two["type"], two["role"], two["takes"]) == ("Controller", "plan", None)
    assert found["knowledge"] == [{"scope": "loop:cruise", "keys": 1}]


def test_edges_between_elements_have_their_operators_and_an_id_that_stays() -> None:
    app = mape.App()
    loop = app.loop("car")
    one, two = loop.monitor(uid="one")(lambda item: item), loop.execute(uid="two")(lambda _: None)
    one.subscribe(two)
    one.pipe(ops.filter(bool)).subscribe(two)
    before = drawn(app)["edges"]
    loop.execute(uid="three")(lambda _: None)

    assert [(each["kind"], each["source"], each["target"], each["operators"]) for each in before] == [
        ("local", "car.one", "car.two", []),
        ("local", "car.one", "car.two", ["filter"]),
    ]
    assert len({each["id"] for each in before}) == 2
    assert drawn(app)["edges"] == before


def test_what_leads_out_of_the_app_is_named_by_its_channel() -> None:
    app = mape.App()
    loop = app.loop("car")
    one = loop.monitor(uid="one")(lambda item: item)
    two = loop.execute(uid="two")(lambda _: None)
    one.subscribe(POSTObserver("http://10.0.0.2:6060", "other.element"))
    one.subscribe(PubObserver("car.speed", redis="redis://:secret@host"))
    one.subscribe(StreamObserver("cars", redis="memory"))
    one.subscribe(InfluxObserver(app=app))
    one.subscribe(print)
    SubObservable(["car_*.detect", "x"], redis="redis://:secret@host").subscribe(two)
    PostObservable("cars").subscribe(two)
    SocketObservable("http://10.0.0.3:6060", "other.element").subscribe(two)
    found = drawn(app)

    ends = {each["end"]["kind"]: each for each in found["edges"]}
    assert {each["kind"] for each in found["edges"]} == {"remote", "sink"}
    assert ends["publish"]["title"] == "publish car.speed"
    assert ends["publish"]["end"]["wire"] == {"way": "out", "by": "channel", "names": ["car.speed"]}
    assert ends["subscribe"]["end"]["wire"]["names"] == ["car_*.detect", "x"]
    assert ends["subscribe"]["target"] == "car.two"
    assert ends["stream"]["end"]["wire"]["by"] == "stream"
    assert ends["socket"]["end"]["wire"]["origin"] == "ws://10.0.0.3:6060"
    assert ends["function"]["kind"] == "sink"
    assert "influx" in ends
    assert "secret" not in json.dumps(found)


def test_who_only_looks_is_not_drawn() -> None:
    from mape.web.tap import Tap

    app = mape.App()
    one = app.loop("car").monitor(uid="one")(lambda item: item)
    one.subscribe(mape.LogObserver())
    one.debug(one.Debug.IN | one.Debug.OUT)
    Tap(one.port_out, print).attach()

    assert edges(app) == []


def test_a_way_by_a_router_appears_when_an_item_has_taken_it() -> None:
    app = mape.App()
    loop = app.loop("car")
    one = loop.monitor(uid="one", ops_out=ops.router(lambda item: item))(lambda item: item)
    loop.execute(uid="two")(lambda _: None)
    app.start()
    shape = Shape(app)
    assert shape.has_changed()
    assert not shape.has_changed()
    one("car.two")
    one("car.nobody")
    assert shape.has_changed()

    found = draw(app, shape, 2)
    assert [(each.kind, each.source, each.target) for each in found.edges] == [("routed", "car.one", "car.two")]
    assert dict(shape.counts()) == {found.edges[0].id: (1, 0, 0, 0)}
    one("car.two")
    assert not shape.has_changed()
    assert dict(shape.counts()) == {found.edges[0].id: (2, 0, 0, 0)}


def test_every_change_of_the_structure_is_noticed_and_taps_are_none() -> None:
    from mape.web.tap import Tap

    app = mape.App()
    loop = app.loop("car")
    one, two = loop.monitor(uid="one")(lambda item: item), loop.execute(uid="two")(lambda _: None)
    shape = Shape(app)
    shape.has_changed()
    tap = Tap(one.port_in, print)
    for change in (
        lambda: one.subscribe(two),
        lambda: app.loop("other"),
        lambda: loop.execute(uid="three")(lambda _: None),
        lambda: setattr(one.port_in, "operators", ops.filter(bool)),
        lambda: next(iter(one.port_out.links)).dispose(),
        lambda: loop.remove(two),
    ):
        change()
        assert shape.has_changed()
        tap.attach()
        assert not shape.has_changed()
        tap.detach()


def test_the_state_of_an_element_has_a_word() -> None:
    loop = mape.App().loop("car")
    one = loop.monitor(uid="one")(lambda item: item)
    assert state_of(one) == "stopped"
    one.start()
    assert state_of(one) == "running"
    loop.remove(one)
    assert state_of(one) == "removed"


@pytest.mark.parametrize(
    ("kind", "name"), [(None, None), (Any, None), (int, "int"), (list[int], "list[int]"), (int | None, "int | None")]
)
def test_types_have_short_names(kind: Any, name: str | None) -> None:
    assert name_of_type(kind) == name
