"""Fields from items: what an object holds, flattened to ``a.b``, as numbers, booleans and strings; pure."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, timedelta
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from pathlib import PurePath
from typing import Any, Final
from uuid import UUID

from mape.errors import EncodeError

__all__ = ["DEPTH", "WIDTH", "Pairs", "Scalar", "bounded", "fields_of", "flat", "mapped_fields", "name_of"]

Scalar = float | int | bool | str
Pairs = Iterable[tuple[str, Scalar]]
Drop = Callable[[str], None]

DEPTH: Final = 8
"""How deep objects in objects are looked into."""
WIDTH: Final = 256
"""How many fields a point has at most."""
_SCALARS: Final = frozenset({float, int, bool, str})
_PAIR: Final = 2
_VALUE: Final = "value"
"""The field of an item that is one number, boolean or string."""
_CONVERSIONS: Final[tuple[tuple[tuple[type, ...], Callable[[Any], Scalar]], ...]] = (
    ((str,), str.__str__),
    ((int,), int),
    ((float,), float.__float__),
    ((Decimal, Fraction), float),
    ((timedelta,), timedelta.total_seconds),
    ((date,), lambda day: str(day.isoformat())),
    ((UUID, PurePath), str),
)


def fields_of(item: object, drop: Drop) -> Pairs:
    """Return the fields of an item.

    Args:
        item: A number, text, mapping, sequence, dataclass, struct, pydantic model, named tuple or numpy value.
        drop: Hears why a field inside it is left out: ``no_form``, ``too_deep``, ``too_many``. None is no field.

    Raises:
        EncodeError: The item is nothing of this.
    """
    if (plain := _plain(item)) is not None:
        return ((_VALUE, plain),)
    members = _members(item)
    if members is None:
        raise EncodeError(
            f"{type(item).__name__} has no fields that can be written: give InfluxObserver a fields_mapper, "
            "or emit numbers, dicts or dataclasses"
        )
    return bounded(flat(members, drop), drop)


def mapped_fields(result: object, drop: Drop) -> Pairs:
    """Return the fields that a ``fields_mapper`` gave: (name, value), several of these, or an item with fields.

    Raises:
        EncodeError: It gave something else.
    """
    if isinstance(result, tuple | list) and not hasattr(result, "_fields"):
        pairs = [result] if len(result) == _PAIR and not _is_pair(result[0]) else result
        if not all(map(_is_pair, pairs)):
            raise EncodeError("the fields_mapper must return (name, value), several such pairs, or a dict of fields")
        return bounded(flat(((name_of(name), value) for name, value in pairs), drop), drop)
    return fields_of(result, drop)


def _is_pair(value: object) -> bool:
    return isinstance(value, tuple | list) and len(value) == _PAIR


def name_of(name: object) -> str:
    """Return the text of a field's name, which may also be a type, an enum or a number."""
    if isinstance(name, Enum):
        name = name.value
    return getattr(name, "__name__", None) or str(name) if isinstance(name, type) else str(name)


def flat(
    members: Iterable[tuple[str, object]], drop: Drop, prefix: str = "", depth: int = 1
) -> Iterator[tuple[str, Scalar]]:
    """Iterate over what `members` and the objects in them hold, as ``a.b``; `drop` hears what is left out."""
    for name, value in members:
        if value is None:
            continue
        if (plain := _plain(value)) is not None:
            yield prefix + name, plain
        elif (inner := _members(value)) is None:
            drop("no_form")
        elif depth >= DEPTH:
            drop("too_deep")
        else:
            yield from flat(inner, drop, f"{prefix}{name}.", depth + 1)


def bounded(fields: Iterator[tuple[str, Scalar]], drop: Drop) -> list[tuple[str, Scalar]]:
    """Return the first `WIDTH` fields; `drop` hears if there were more."""
    found = [field for field, _ in zip(fields, range(WIDTH), strict=False)]
    if len(found) == WIDTH and next(fields, None) is not None:
        drop("too_many")
    return found


def _plain(value: Any) -> Scalar | None:
    """Return what one field can hold; None if `value` is more, or something else."""
    if isinstance(value, Enum):
        value = value.value
    if type(value) in _SCALARS:
        return value  # type: ignore[no-any-return]
    for kinds, convert in _CONVERSIONS:
        if isinstance(value, kinds):
            return convert(value)
    if getattr(value, "shape", None) == () and hasattr(value, "item"):
        number = value.item()  # of numpy
        return number if type(number) in _SCALARS else None
    return None


def _members(value: Any) -> Iterable[tuple[str, object]] | None:
    """Return what an object is made of, by name; None if it is nothing that has names or numbers."""
    if isinstance(value, Mapping):
        return ((name_of(key), entry) for key, entry in value.items())
    if isinstance(value, type):
        return None
    names: Iterable[str] | None = None
    if dataclasses.is_dataclass(value):
        names = (field.name for field in dataclasses.fields(value))
    elif (pydantic := sys.modules.get("pydantic")) and isinstance(value, pydantic.BaseModel):
        names = type(value).model_fields
    else:
        kind = type(value)
        names = getattr(kind, "__struct_fields__", None) or getattr(kind, "_fields", None)  # msgspec, named tuple
    if names is not None:
        return ((name, getattr(value, name, None)) for name in names)  # fields of a class here, never from a wire
    if hasattr(value, "tolist") and 0 < getattr(value, "size", 0) <= WIDTH:
        value = value.tolist()  # an array of numpy
    if isinstance(value, list | tuple):
        return ((str(index), entry) for index, entry in enumerate(value))
    return None
