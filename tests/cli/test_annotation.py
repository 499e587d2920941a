"""Types of neighbours: what fits, what does not, and what cannot be told."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Annotated, Any, Literal, NewType, Optional, Protocol, TypedDict, TypeVar

import pytest

from mape.cli.annotation import misfit, name_of


class Vehicle: ...


class Car(Vehicle): ...


class Row(TypedDict):
    a: int


class CanDrive(Protocol):
    def drive(self) -> None: ...


Kmh = NewType("Kmh", float)
T = TypeVar("T")


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        (int, int),
        (Car, Vehicle),
        (bool, int),
        (int, float),
        (int, float | None),
        (float | None, float),
        (int | str, str | int | bytes),
        (None, int),
        (int, None),
        (Any, int),
        (int, Any),
        (object, int),
        (int, object),
        (T, int),
        ("Unknown", int),
        (Kmh, float),
        (Annotated[int, "km/h"], int),
        (Literal["a", "b"], str),
        (Literal["a", 1], int),
        (Literal["a", 1], str),
        (Literal["a", 1], bytes),
        (list[int], list),
        (list, list[int]),
        (list[int], Sequence[int]),
        (list[int], list[float]),
        (tuple[int, ...], Iterable[str]),
        (Row, dict[str, int]),
        (Car, CanDrive),
        (print, Callable[[int], None]),
        (Callable[[int], None], int),
    ],
)
def test_what_fits_or_cannot_be_told_is_no_misfit(given: Any, taken: Any) -> None:
    assert misfit(given, taken) == ""


@pytest.mark.parametrize(
    ("given", "taken", "unfit"),
    [
        (str, int, "str"),
        (float, int, "float"),
        (int, bool, "int"),
        (Vehicle, Car, "Vehicle"),
        (int | str, int, "str"),
        (Optional[str], int, "str"),  # noqa: UP045 - the older way to write it
        (Kmh, str, "Kmh"),
        (Annotated[int, "km/h"], str, "Annotated[int, 'km/h']"),
        (Literal["a"], int, "Literal['a']"),
        (list[int], list[str], "list[int]"),
        (dict[str, list[int]], dict[str, list[str]], "dict[str, list[int]]"),
        (list[int], dict[str, int], "list[int]"),
        (Row, list[int], "Row"),
    ],
)
def test_a_misfit_is_named(given: Any, taken: Any, unfit: str) -> None:
    assert misfit(given, taken) == unfit


@pytest.mark.parametrize(
    ("hint", "name"),
    [
        (None, ""),
        (int, "int"),
        (Car, "Car"),
        ("Later", "Later"),
        (int | None, "int | None"),
        (list[Car], "list[Car]"),
        (Sequence[int], "Sequence[int]"),
        (Any, "Any"),
        (Kmh, "Kmh"),
    ],
)
def test_an_annotation_is_named_as_it_is_written(hint: Any, name: str) -> None:
    assert name_of(hint).replace("tests.cli.", "").replace("test_annotation.", "") == name
