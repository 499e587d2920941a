"""What people emit becomes fields that a chart can show."""

from __future__ import annotations

import dataclasses
import enum
import uuid
from collections import namedtuple
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import PurePosixPath
from typing import Any

import msgspec
import numpy as np
import pydantic
import pytest

from mape.errors import EncodeError
from mape.remote.influxdb.fields import DEPTH, WIDTH, fields_of, mapped_fields


class Lane(enum.Enum):
    LEFT = "left"


class Gear(enum.IntEnum):
    TWO = 2


@dataclasses.dataclass
class Engine:
    rpm: int
    temperature: float | None = None


@dataclasses.dataclass
class Car:
    speed: float
    engine: Engine
    lane: Lane = Lane.LEFT


class Struct(msgspec.Struct):
    a: int
    b: Engine


class Model(pydantic.BaseModel):
    a: int
    b: dict[str, float]


Pair = namedtuple("Pair", "left right")  # noqa: PYI024 - also without types


def fields(item: object) -> dict[str, Any]:
    return dict(fields_of(item, lambda _: None))


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        (1.5, {"value": 1.5}),
        (3, {"value": 3}),
        (True, {"value": True}),
        ("on", {"value": "on"}),
        (Gear.TWO, {"value": 2}),
        (Lane.LEFT, {"value": "left"}),
        (Decimal("1.5"), {"value": 1.5}),
        (Fraction(1, 4), {"value": 0.25}),
        (timedelta(minutes=1), {"value": 60.0}),
        (np.float64(2.5), {"value": 2.5}),
        (np.float32(2.5), {"value": 2.5}),
        (np.int16(4), {"value": 4}),
        (np.bool_(True), {"value": True}),
        (np.array([1.0, 2.0]), {"0": 1.0, "1": 2.0}),
        (datetime(2020, 1, 2, tzinfo=UTC), {"value": "2020-01-02T00:00:00+00:00"}),
        (date(2020, 1, 2), {"value": "2020-01-02"}),
        (uuid.UUID(int=1), {"value": "00000000-0000-0000-0000-000000000001"}),
        (PurePosixPath("/a"), {"value": "/a"}),
        ({"a": 1, "b": {"c": {"d": 2.0}}, "e": None}, {"a": 1, "b.c.d": 2.0}),
        ({Lane.LEFT: 1, 2: 3}, {"left": 1, "2": 3}),
        ([1, {"a": 2}], {"0": 1, "1.a": 2}),
        (Car(80.0, Engine(900)), {"speed": 80.0, "engine.rpm": 900, "lane": "left"}),
        (Struct(1, Engine(2, 3.0)), {"a": 1, "b.rpm": 2, "b.temperature": 3.0}),
        (Model(a=1, b={"c": 2.0}), {"a": 1, "b.c": 2.0}),
        (Pair(1, 2), {"left": 1, "right": 2}),
    ],
    ids=lambda value: type(value).__name__,
)
def test_items_of_many_kinds_have_fields(item: object, expected: dict[str, object]) -> None:
    found = fields(item)

    assert found == expected
    assert [type(value) for value in found.values()] == [type(value) for value in expected.values()]


@pytest.mark.parametrize("item", [object(), b"bytes", {1, 2}, None, Car, lambda: 1], ids=repr)
def test_what_has_no_fields_is_an_error_that_says_what_to_do(item: object) -> None:
    with pytest.raises(EncodeError, match="fields_mapper"):
        fields(item)


def test_what_cannot_be_written_inside_an_item_is_left_out_and_told() -> None:
    told: list[str] = []
    deep: dict[str, Any] = {"x": 1}
    for _ in range(DEPTH):
        deep = {"d": deep}
    wide = {f"f{number}": number for number in range(WIDTH + 10)}

    assert dict(fields_of({"a": 1, "b": b"x"}, told.append)) == {"a": 1}
    assert dict(fields_of({"a": 1, **deep}, told.append)) == {"a": 1}
    assert len(list(fields_of(wide, told.append))) == WIDTH
    assert told == ["no_form", "too_deep", "too_many"]


def test_an_item_that_holds_itself_ends() -> None:
    item: dict[str, Any] = {"a": 1}
    item["self"] = item

    assert fields(item)["a"] == 1


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        (("speed", 80.0), {"speed": 80.0}),
        ((int, 3), {"int": 3}),
        ((Lane.LEFT, 3), {"left": 3}),
        ([("a", 1), ("b", 2)], {"a": 1, "b": 2}),
        ((("a", 1), ("b", {"c": 2})), {"a": 1, "b.c": 2}),
        ([("a", 1)], {"a": 1}),
        ({"a": 1}, {"a": 1}),
        (Pair(1, 2), {"left": 1, "right": 2}),
        (7, {"value": 7}),
    ],
)
def test_a_mapper_gives_a_pair_or_pairs_or_anything_with_fields(result: object, expected: dict[str, Any]) -> None:
    assert dict(mapped_fields(result, lambda _: None)) == expected


def test_a_mapper_that_gives_three_things_is_told_so() -> None:
    with pytest.raises(EncodeError, match="must return"):
        mapped_fields((1, 2, 3), lambda _: None)
