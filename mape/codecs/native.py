"""What msgspec does not know by itself: pydantic models, numpy, subclasses of builtins.

Neither library is imported here: whoever has an instance has imported its library already.
"""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable
from typing import Any

import msgspec
import msgspec.inspect

__all__ = ["build", "is_buildable", "objection", "to_plain"]

BASES: tuple[Any, ...] = (str, bytes, int, float, dict, list, tuple, set, frozenset, deque)
LISTS = (tuple, set, frozenset, deque)
NUMBERS = "biuf"  # numpy's letters for the kinds of numbers


def to_plain(item: Any) -> Any:
    """Make of `item` what msgspec can write.

    Raises:
        TypeError: Nobody knows how.
    """
    cls = type(item)
    if (dump := getattr(cls, "__pydantic_serializer__", None)) is not None:
        return dump.to_python(item, mode="json")
    if _is_numpy(cls):
        return item.tolist()  # also of a scalar
    for base in BASES:
        if isinstance(item, base):
            return list(item) if base is deque else base(item)
    raise TypeError(
        f"{cls.__module__}.{cls.__qualname__} has no form on the wire: make it a dataclass, "
        f"or mape.codecs.register it with encode= and decode="
    )


def objection(annotation: Any) -> str:
    """Why msgspec makes no instances by itself; empty where it does: dataclasses, structs, enums, named tuples, ..."""
    try:
        found = msgspec.inspect.type_info(annotation)
    except NameError:  # a decorator runs before the class has its name, and before what follows it
        return ""
    except (TypeError, AttributeError) as error:
        return f"its annotations cannot be read, {error}"
    return "nothing says what it is made of" if isinstance(found, msgspec.inspect.CustomType) else ""


def is_buildable(cls: type) -> bool:
    """Whether an instance of `cls` can be made of plain values."""
    return hasattr(cls, "__pydantic_validator__") or _is_numpy(cls) or issubclass(cls, BASES) or not objection(cls)


def build(cls: type, plain: Any) -> Any:
    """Make an instance of `cls`, which msgspec has asked for, of plain values.

    Raises:
        TypeError, ValueError: They do not fit, or nobody knows how.
    """
    if (validator := getattr(cls, "__pydantic_validator__", None)) is not None:
        return _validate(validator, plain)
    if _is_numpy(cls):
        return _number(cls, plain)
    for base in BASES:
        if issubclass(cls, base):
            expected = list if base in LISTS else base
            if type(plain) is not expected and not (base is float and type(plain) is int):
                raise TypeError(f"expected {cls.__name__}, got {type(plain).__name__}")
            return cls(plain)
    raise TypeError(f"nothing says how to make a {cls.__name__}")


def _is_numpy(cls: type) -> bool:
    """Whether `cls` is an array or a scalar of numpy."""
    numpy = sys.modules.get("numpy")
    return numpy is not None and issubclass(cls, (numpy.generic, numpy.ndarray))


def _number(cls: type, plain: Any) -> Any:
    """Make a numpy scalar or array of numbers."""
    array = sys.modules["numpy"].asarray(plain)
    if array.dtype.kind not in NUMBERS:
        raise TypeError(f"expected numbers for {cls.__name__}")
    if issubclass(cls, type(array)):
        return array
    if array.ndim:
        raise TypeError(f"expected one number for {cls.__name__}")
    return cls(plain)


def _validate(validator: Any, plain: Any) -> Any:
    """Build a pydantic model; as from JSON, whose rules are those of a wire, strict models included."""
    try:
        return validator.validate_json(msgspec.json.encode(plain))
    except ValueError as error:
        raise ValueError(_reason_of(error)) from None


def _reason_of(error: ValueError) -> str:
    """What pydantic objects to, without the input that it would quote."""
    list_errors: Callable[..., list[dict[str, Any]]] | None = getattr(error, "errors", None)
    if list_errors is None:
        return str(error)
    first = list_errors(include_url=False, include_context=False, include_input=False)[0]
    place = ".".join(str(each) for each in first["loc"])
    return f"{first['msg']} at {place}" if place else str(first["msg"])
