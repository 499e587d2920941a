from __future__ import annotations

import pytest

import mape
from mape.remote.redis import PubObserver, StreamObservable, StreamObserver, SubObservable
from mape.remote.rest import PostObservable, POSTObserver
from mape.web.graph import GraphShape, Shape, draw
from mape.web.junction import join, place_of


def graph(app: mape.App) -> GraphShape:
    return draw(app, Shape(app), 1)


def sender(observer: object) -> GraphShape:
    app = mape.App()
    app.loop("car").monitor(uid="sense")(lambda item: item).subscribe(observer)
    return graph(app)


def receiver(source: object = None) -> GraphShape:
    app = mape.App()
    act = app.loop("car").execute(uid="act")(lambda _: None)
    if source is not None:
        source.subscribe(act)  # type: ignore[attr-defined]
    return graph(app)


URLS = {"": "http://127.0.0.1:8000", "b:1": "http://localhost:8001"}
URL = "redis://host"


def targets(one: GraphShape, other: GraphShape) -> list[dict[str, str]]:
    join({"": one, "b:1": other}, URLS)
    return one.edges[0].peer_targets


def test_an_edge_goes_on_where_its_channel_is_heard() -> None:
    assert targets(
        sender(PubObserver("car_1.detect", redis=URL)), receiver(SubObservable("car_?.detect", redis=URL))
    ) == [{"peer": "b:1", "path": "car.act"}]
    assert targets(sender(PubObserver("car_1.detect", redis=URL)), receiver(SubObservable("bus_*", redis=URL))) == []


def test_an_edge_goes_on_where_its_stream_is_read() -> None:
    assert targets(
        sender(StreamObserver("cars", redis="memory")), receiver(StreamObservable("cars", redis="memory", group="g"))
    ) == [{"peer": "b:1", "path": "car.act"}]
    assert (
        targets(
            sender(StreamObserver("cars", redis="memory")), receiver(StreamObservable("x", redis="memory", group="g"))
        )
        == []
    )


def test_an_edge_goes_on_where_its_post_arrives() -> None:
    found = [{"peer": "b:1", "path": "car.act"}]
    assert targets(sender(POSTObserver("http://127.0.0.1:8001", "car.act")), receiver()) == found
    assert targets(sender(POSTObserver("http://127.0.0.1:8001", "cars")), receiver(PostObservable("cars"))) == found
    assert targets(sender(POSTObserver("http://127.0.0.1:8002", "car.act")), receiver()) == []
    assert targets(sender(POSTObserver("http://127.0.0.1:8001", "car.brake")), receiver()) == []


def test_it_works_in_both_directions_and_says_what_has_changed() -> None:
    one, other = sender(PubObserver("a", redis=URL)), receiver(SubObservable("a", redis=URL))
    graphs = {"": other, "b:1": one}

    assert join(graphs, URLS) == {"b:1"}
    assert one.edges[0].peer_target == {"peer": "", "path": "car.act"}
    assert join(graphs, URLS) == set()
    assert join({"b:1": one}, URLS) == {"b:1"}
    assert one.edges[0].peer_target is None


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("http://localhost:80", "localhost:80"),
        ("http://127.0.0.1", "localhost:80"),
        ("https://car.example/x", "car.example:443"),
        ("http://[::1]:8000", "localhost:8000"),
        ("http://[", ""),
        ("", ""),
    ],
)
def test_a_server_has_one_place_whatever_it_is_called(url: str, place: str) -> None:
    assert place_of(url) == place
