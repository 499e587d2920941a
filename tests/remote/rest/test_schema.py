from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any

import msgspec
import pydantic

from mape.remote.rest.schema import inline_schema, schemas


class Colour(Enum):
    RED = "red"


@dataclass
class Wheel:
    size: int


@dataclass
class Car:
    wheels: list[Wheel]
    colour: Colour = Colour.RED


class Point(msgspec.Struct):
    x: float


class Lane(pydantic.BaseModel):
    number: int


class Road(pydantic.BaseModel):
    lanes: list[Lane]


class Plain:
    pass


def test_dataclasses_structs_and_models_have_schemas() -> None:
    found, components = schemas([Car, Point, Road, int | None, list[Road]])

    assert found[0] == {"$ref": "#/components/schemas/Car"}
    assert found[2] == {"$ref": "#/components/schemas/Road"}
    assert found[3] == {"anyOf": [{"type": "integer"}, {"type": "null"}]}
    assert found[4] == {"type": "array", "items": {"$ref": "#/components/schemas/Road"}}
    assert set(components) == {"Car", "Colour", "Wheel", "Point", "Road", "Lane"}
    assert components["Road"]["properties"]["lanes"]["items"] == {"$ref": "#/components/schemas/Lane"}


def test_what_has_no_schema_may_be_anything_and_spoils_no_other() -> None:
    found, _ = schemas([Plain, dict[str, Plain], int, Any])

    assert found == [{}, {}, {"type": "integer"}, {}]


def test_an_inline_schema_holds_what_it_refers_to() -> None:
    schema = inline_schema(Car)

    assert schema is not None
    assert schema["$ref"] == "#/$defs/Car"
    assert set(schema["$defs"]) == {"Car", "Colour", "Wheel"}
    assert inline_schema(float) == {"type": "number"}
    assert (inline_schema(None), inline_schema(Any), inline_schema(Plain)) == (None, None, None)
