"""The document against the official schema, and what stands in it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped] # its stubs are a package of their own
import pytest

import mape
from mape import operators as ops
from mape.asyncapi import document
from mape.codecs import MSGPACK
from mape.remote.influxdb import InfluxObserver
from mape.remote.redis import PubObserver, StreamObservable, StreamObserver, SubObservable
from mape.remote.rest import PostObservable, POSTObserver, SocketObservable, SocketObserver
from mape.remote.rest.openapi import document as openapi
from mape.settings import load

SCHEMA = Path(__file__).parent / "specification" / "asyncapi-3.0.0.json"


@dataclass
class Car:
    id: int
    kmh: float


@pytest.fixture(scope="module")
def official() -> Any:
    return jsonschema.Draft7Validator(json.loads(SCHEMA.read_text()))


def described(app: mape.App, *, with_token: bool = False) -> Any:
    made = document(app, version="1", here="127.0.0.1:8000", with_token=with_token)
    return json.loads(json.dumps(made))


def made() -> tuple[mape.App, Any, Any]:
    app = mape.App(load(None, {"redis.url": "redis://me:secret@cache:6379/2"}))
    loop = app.loop("road")

    @loop.monitor
    def sense(item: int) -> Car:
        """Look at the road."""
        return Car(item, 50)

    @loop.execute
    def act(car: Car) -> None: ...

    return app, sense, act


def full() -> mape.App:
    """An app with all there is."""
    app, sense, act = made()
    sense.subscribe(PubObserver("car_1"))
    sense.subscribe(PubObserver("packed", codec=MSGPACK))
    sense.subscribe(StreamObserver("cars", key=lambda car: car.id, partitions=3))
    sense.subscribe(POSTObserver("http://town:8000", "town.show", token="hidden"))  # noqa: S106 - of nobody
    sense.subscribe(SocketObserver("https://town", "town.show"))
    sense.subscribe(InfluxObserver("speed"))
    sense.pipe(ops.map(str)).subscribe(PubObserver("as_text"))
    SubObservable(["car_[xy].*", "car_1", "odd\\*", "car_[^x]", "a{b}"]).subscribe(act)
    StreamObservable("cars", group="office").subscribe(act)
    PostObservable("cars.speed").subscribe(act)
    SocketObservable("http://town:8000", "town.seen").subscribe(act)
    return app


@pytest.mark.parametrize("with_token", [False, True])
@pytest.mark.parametrize("app", [mape.App(), full()], ids=["empty", "full"])
def test_the_document_is_valid(official: Any, app: mape.App, with_token: bool) -> None:
    written = described(app, with_token=with_token)
    assert [error.message for error in official.iter_errors(written)] == []
    assert_references_lead_somewhere(written, written)


def test_a_document_with_a_mistake_is_not_valid(official: Any) -> None:
    written = described(full())
    written["operations"]["send_car_1"]["action"] = "shout"
    assert not official.is_valid(written)


def assert_references_lead_somewhere(root: Any, part: Any) -> None:
    if isinstance(part, dict):
        if isinstance(reference := part.get("$ref"), str):
            found = root
            for name in reference.removeprefix("#/").split("/"):
                found = found[name]
        for each in part.values():
            assert_references_lead_somewhere(root, each)
    elif isinstance(part, list):
        for each in part:
            assert_references_lead_somewhere(root, each)


def test_no_credential_is_in_it() -> None:
    text = json.dumps(described(full()))
    assert "secret" not in text
    assert "hidden" not in text
    assert "me:" not in text


def test_each_channel_is_there_once_with_all_who_use_it() -> None:
    written = described(full())
    by_title = {channel["title"]: key for key, channel in written["channels"].items()}
    said = {
        (operation["action"], operation["channel"]["$ref"].rpartition("/")[2]): operation
        for operation in written["operations"].values()
    }
    assert said["send", by_title["cars"]]["summary"] == "What road.sense emits."
    assert said["receive", by_title["cars"]]["summary"] == "Taken by road.act."
    assert written["channels"][by_title["cars"]]["x-mape"] == {"form": "stream", "partitions": 3, "group": "office"}
    assert len(written["operations"]) == len(said)
    assert not any("speed" in title and "elements" not in title for title in by_title)  # a time series is no channel


def test_messages_are_what_the_annotations_say_and_the_same_as_in_openapi() -> None:
    app = full()
    written = described(app)
    rest = openapi(app, version="1", with_token=False, content_types=("application/json",))
    assert written["components"]["schemas"]["Car"] == rest["components"]["schemas"]["Car"]
    messages = {
        title: [written["components"]["messages"][name]["payload"] for name in channel["messages"]]
        for title, channel in ((each["title"], each) for each in written["channels"].values())
    }
    assert messages["car_1"] == [{"$ref": "#/components/schemas/Car"}]
    assert messages["as_text"] == [{}]  # nobody knows what operators make
    assert messages["/loops/road/elements/sense"] == [{"type": "integer"}, {"$ref": "#/components/schemas/Car"}]


def test_an_element_that_comes_later_is_there_at_once() -> None:
    app, _, _ = made()
    app.loop("late").execute(uid="comer")(print)
    channel = described(app)["channels"]["loops_late_elements_comer"]
    assert [each["$ref"] for each in channel["servers"]] == ["#/servers/http_this_process", "#/servers/ws_this_process"]


def test_a_pattern_is_an_address_with_parameters_or_none() -> None:
    written = described(full())
    found = {channel["title"]: channel for channel in written["channels"].values()}
    assert found["car_[xy].*"]["address"] == "car_{one}.{any}"
    assert found["car_[xy].*"]["parameters"]["one"]["enum"] == ["x", "y"]
    assert found["car_[^x]"]["address"] is None
    assert found["odd*"]["address"] == "odd*"  # a name: its star is escaped
    assert found["a{b}"]["address"] is None


def test_a_token_is_asked_for_where_the_server_does() -> None:
    servers = described(full(), with_token=True)["servers"]
    assert "security" in servers["http_this_process"]
    assert not any("security" in server for key, server in servers.items() if not key.endswith("_this_process"))
