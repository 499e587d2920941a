from __future__ import annotations

import asyncio
import dataclasses
import json
from typing import Any

import msgspec
import pydantic
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mape.errors import DecodeError, EncodeError, WiringError
from mape.remote.redis.knowledge.form import Form


@dataclasses.dataclass
class Car:
    name: str
    kmh: float = 0.0


class Lane(msgspec.Struct):
    number: int


class Road(pydantic.BaseModel):
    name: str
    lanes: int = pydantic.Field(ge=1)


PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)
VALUES: list[tuple[Any, st.SearchStrategy[Any]]] = [
    (str, st.text()),
    (bytes, st.binary()),
    (int, st.integers(-(2**63), 2**63)),
    (float, st.floats(allow_nan=False, allow_infinity=False)),
    (bool, st.booleans()),
    (dict, st.dictionaries(st.text(), PLAIN, max_size=4)),
    (list, st.lists(PLAIN, max_size=4)),
    (list[int], st.lists(st.integers(0, 9))),
    (Car, st.builds(Car, st.text(), st.floats(0, 300))),
    (Lane, st.builds(Lane, st.integers(0, 9))),
    (Road, st.builds(Road, name=st.text(), lanes=st.integers(1, 9))),
]


@pytest.mark.parametrize(("kind", "values"), VALUES)
@given(st.data())
def test_what_is_written_is_read_as_it_was(kind: Any, values: st.SearchStrategy[Any], data: st.DataObject) -> None:
    form: Form[Any] = Form(kind)
    value = data.draw(values)
    found = form.decode(form.encode(value), "k.a")
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize("kind", [kind for kind, _ in VALUES])
@given(
    st.binary()
    | st.sampled_from([b"[" * 100_000, b'{"a":' * 50_000, b"1" * 10_000, b"1e999", b"NaN", b"\xff", b"null"])
)
def test_whatever_the_bytes_reading_raises_one_error_that_names_the_key(kind: Any, raw: bytes) -> None:
    text = "k.loop.a.cars"
    try:
        Form[Any](kind).decode(raw, text)
    except DecodeError as error:
        text = str(error)
    assert "k.loop.a.cars" in text
    assert len(text) < 600


def test_equal_dicts_have_equal_bytes() -> None:
    form = Form[dict[str, int]](dict)
    assert form.encode({"a": 1, "b": 2}) == form.encode({"b": 2, "a": 1})


def test_a_number_written_as_whole_and_as_fraction_is_one_float() -> None:
    form = Form[float](float)
    assert form.encode(1) == form.encode(1.0)
    assert form.decode(b"1", "k") == 1.0


def test_the_form_is_that_of_redis_purse() -> None:
    assert Form[str](str).encode("Zü") == "Zü".encode()
    assert json.loads(Form[dict[str, int]](dict).encode({"a": 1})) == {"a": 1}
    assert Form[Road](Road).encode(Road(name="A1", lanes=2)) == Road(name="A1", lanes=2).model_dump_json().encode()


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (str, b"a"), (str, 1), (str, None), (str, "\ud800"), (bytes, "a"), (bool, 1),
        (int, True), (int, 1.5), (int, "1"), (float, True), (float, float("nan")), (float, float("inf")),
        (dict, {"a": float("nan")}), (dict, {"a": None, "b": [float("-inf")]}), (dict, {"a": object()}), (dict, [1]),
        (list, {}), (Car, Lane(1)), (Car, {"name": "a"}), (Car, Car("a", float("nan"))), (Road, Car("a")),
    ],
)  # fmt: skip
def test_a_value_without_a_form_is_refused(kind: Any, value: Any) -> None:
    with pytest.raises(EncodeError):
        Form[Any](kind).encode(value)


@pytest.mark.parametrize("kind", [asyncio.Event, list[asyncio.Event], dict[str, asyncio.Event], object, complex])
def test_a_type_that_cannot_be_shared_is_refused_at_once(kind: Any) -> None:
    with pytest.raises(WiringError, match="cannot be shared"):
        Form[Any](kind)


def test_only_values_that_nobody_can_change_are_shared_between_readers() -> None:
    assert Form[str](str).is_immutable
    assert not Form[dict[str, int]](dict).is_immutable
