from __future__ import annotations

import collections
import dataclasses
import datetime as dt
import enum
import json
import uuid
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import mape
from mape.web.tree import CUT, ERROR, TYPE, clean, is_cut, numbers, summary, tree, within


@dataclasses.dataclass
class Place:
    x: float
    y: float


@dataclasses.dataclass
class Car:
    kmh: float
    place: Place
    tags: list[str]


class Lane(enum.Enum):
    LEFT = 1


class Struct(msgspec.Struct):
    n: int


class Plain:
    def __init__(self) -> None:
        self.a = 1
        self._hidden = 2


Point = collections.namedtuple("Point", "x y")  # noqa: PYI024 - as people have them


class Hostile:
    """Everything about it raises."""

    def __getattribute__(self, name: str) -> Any:
        raise RuntimeError(name)

    def __repr__(self) -> str:
        raise ValueError

    def __eq__(self, _: object) -> bool:
        raise KeyError

    def __hash__(self) -> int:
        raise KeyError

    def __iter__(self) -> Any:
        raise OSError


class Deep:
    def __repr__(self) -> str:
        return repr(self)


class LyingList(list[int]):
    def __iter__(self) -> Any:
        raise RuntimeError

    def __len__(self) -> int:
        return 10**9


class LyingDict(dict[str, int]):
    def items(self) -> Any:
        raise RuntimeError


class LyingText(str):
    __slots__ = ()

    def __str__(self) -> str:
        raise RuntimeError

    def isascii(self) -> bool:
        raise RuntimeError

    def __getitem__(self, _: Any) -> str:
        raise RuntimeError


class LyingNumber(int):
    def bit_length(self) -> int:
        raise RuntimeError

    def __str__(self) -> str:
        raise RuntimeError


@dataclasses.dataclass
class Computed:
    a: int = 1

    def __getattribute__(self, name: str) -> Any:
        if name == "a":
            raise ValueError(name)
        return super().__getattribute__(name)


def cycle() -> list[Any]:
    found: list[Any] = []
    found.append(found)
    return found


def nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


HOSTILE: dict[str, Callable[[], Any]] = {  # made late: pytest itself stumbles over some of them
    "hostile": Hostile,
    "deep repr": Deep,
    "lying list": lambda: LyingList([1]),
    "lying dict": lambda: LyingDict(a=1),
    "lying text": lambda: LyingText("x" * 300),
    "lying number": lambda: LyingNumber(3),
    "computed": Computed,
    "cycle": cycle,
    "very deep": lambda: nested(100_000),
    "surrogate": lambda: "\ud800",
    "surrogates in a dict": lambda: {"\udfff": "\ud800"},
    "odd keys": lambda: {Lane.LEFT: 1, (1, 2): 2, Hostile: 3},
    "long text": lambda: "x" * 1_000_000,
    "long bytes": lambda: b"x" * 1_000_000,
    "bytearray": lambda: bytearray(3),
    "memoryview": lambda: memoryview(b"abc"),
    "nan": lambda: float("nan"),
    "infinity": lambda: float("inf"),
    "huge number": lambda: 10**5_000,
    "negative": lambda: -(2**80),
    "long list": lambda: list(range(100_000)),
    "large dict": lambda: {str(number): number for number in range(10_000)},
    "numpy scalar": lambda: np.float64(1.5),
    "numpy array": lambda: np.zeros((1000, 1000)),
    "object": object,
    "type": lambda: type,
    "function": lambda: len,
    "error": lambda: ValueError("x"),
    "generator": lambda: (number for number in range(3)),
    "module": lambda: mape,
    "control characters": lambda: "\x00\x1b[31m\u202e",
    "class": lambda: Hostile,
    "prototype": lambda: {"__proto__": 1, "constructor": 2},
}


@pytest.mark.parametrize("name", HOSTILE)
def test_whatever_it_is_the_tree_is_small_valid_json_and_nothing_raises(name: str) -> None:
    read = tree(HOSTILE[name]())
    encoded = msgspec.json.encode(read)

    assert len(encoded) < 200_000
    json.loads(encoded)
    assert len(summary(read)) <= 120
    assert summary(read).isprintable()
    assert all(isinstance(each, int | float) for each in numbers(read).values())
    json.loads(msgspec.json.encode(within(read, 1_000)))


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()) | st.binary() | st.just(Hostile),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters()) | st.integers(), inner) | st.tuples(inner),
    max_leaves=60,
)


@given(anything)
def test_any_nested_value_becomes_valid_json(value: Any) -> None:
    read = tree(value)
    text = msgspec.json.encode(read).decode()

    assert json.loads(text) == read or "nan" in text
    assert summary(read).isprintable()


plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**50), 2**50) | st.text(st.characters(codec="utf-8"), max_size=50),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abc", min_size=1), inner, max_size=4),
    max_leaves=20,
)


@given(plain)
def test_small_plain_values_stay_what_they_are(value: Any) -> None:
    read = tree(value)

    assert is_cut(read) or read == value


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (
            Car(80.0, Place(1, 2), ["a"]),
            {TYPE: "Car", "kmh": 80.0, "place": {TYPE: "Place", "x": 1, "y": 2}, "tags": ["a"]},
        ),
        (Lane.LEFT, {TYPE: "Lane", "text": "LEFT"}),
        (Struct(3), {TYPE: "Struct", "n": 3}),
        (Plain(), {TYPE: "Plain", "a": 1}),
        (Point(1, 2), {TYPE: "Point", "x": 1, "y": 2}),
        (b"ab", {TYPE: "bytes", "length": 2, "hex": "6162"}),
        (2**60, str(2**60)),
        (float("nan"), "nan"),
        (Decimal("1.50"), "1.50"),
        (dt.date(2026, 1, 2), "2026-01-02"),
        (uuid.UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        ({1: 2, (1, 2): 3}, {"1": 2, "[1, 2]": 3}),
        ("x" * 300, {CUT: 44, "text": "x" * 256}),
        ({"text": 1, "b": 2}, {"text": 1, "b": 2}),
    ],
)  # fmt: skip
def test_values_are_read_as_people_expect(value: Any, expected: Any) -> None:
    assert tree(value) == expected


def test_what_raises_while_it_is_read_is_named() -> None:
    assert tree(Hostile()) == {ERROR: "ValueError"}
    assert tree(Computed()) == {TYPE: "Computed", "a": {ERROR: "ValueError"}}


def test_what_is_left_out_is_counted() -> None:
    assert tree(list(range(100)))[-1] == {CUT: 36}
    assert tree({str(number): 1 for number in range(100)})[CUT] == 36
    deep = tree(nested(20))
    for _ in range(6):
        deep = deep[0]
    assert deep == {CUT: 1, TYPE: "list"}


def test_a_broad_and_deep_value_is_bounded_as_a_whole() -> None:
    def bush(depth: int) -> Any:
        return [bush(depth - 1) for _ in range(6)] if depth else "x" * 250

    assert len(msgspec.json.encode(tree(bush(6)))) < 200_000


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1, "1"),
        (True, "true"),
        (None, "null"),
        ("a\nb", "a\\nb"),
        ([1, True, "x"], '[1, true, "x"]'),
        (Car(80.0, Place(1, 2), []), "Car(kmh=80.0, place=Place(x=1, y=2), tags=[])"),
        (Lane.LEFT, "LEFT"),
        ({"text": "a", "n": 1}, '{text: "a", n: 1}'),
        ({}, "{}"),
    ],
)
def test_a_tree_has_one_line(value: Any, expected: str) -> None:
    assert summary(tree(value)) == expected


def test_numbers_are_found_by_name() -> None:
    assert numbers(tree(Car(80.0, Place(1, 2), []))) == {"kmh": 80.0, "place.x": 1, "place.y": 2}
    assert numbers(tree(3)) == {"value": 3}
    assert numbers(tree(True)) == {}
    assert numbers(tree(mape.Message.create(Place(1, 2)))) == {"x": 1, "y": 2}
    assert len(numbers(tree({str(number): number for number in range(60)}))) == 32


def test_what_is_too_large_to_keep_is_kept_as_its_beginning() -> None:
    kept = json.loads(msgspec.json.encode(within(tree(["x" * 200] * 50), 1_000)))

    assert kept[CUT] > 1_000
    assert kept["text"].startswith('["xxx')


@given(st.text(st.characters()))
def test_every_text_has_a_form_in_utf8(text: str) -> None:
    clean(text).encode()
    assert clean(text) == text or any("\ud800" <= each <= "\udfff" for each in text)
