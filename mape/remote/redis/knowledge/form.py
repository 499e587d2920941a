"""The form of values in the store: text and bytes as they are, everything else as JSON; nothing runs code from data."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any, Generic, TypeVar, get_origin

import msgspec
import msgspec.inspect

from mape.errors import DecodeError, EncodeError, WiringError

__all__ = ["Form"]

T = TypeVar("T")
ENCODER = msgspec.json.Encoder(order="deterministic")
SCALARS = (str, bytes, int, float, bool)
KNOWN = "str, bytes, int, float, bool, dict, list, dataclasses, pydantic models and msgspec structs"
UNREADABLE = (ValueError, TypeError, RecursionError, MemoryError)
UNWRITABLE = (*UNREADABLE, OverflowError, NotImplementedError)


class Form(Generic[T]):
    """Turns values of one type into bytes and back.

    Args:
        kind: str, bytes, int, float, bool, dict, list, a dataclass, a msgspec struct, a pydantic model, or an
            annotation made of them, as ``list[int]``.

    Wire:
        str as UTF-8, bytes as they are; all else JSON with the keys of dicts sorted, so that equal values have equal
        bytes and a set holds each once. redis-purse reads and writes the same, but for the order of keys and spaces.

    Raises:
        WiringError: Values of that type cannot be shared.
    """

    def __init__(self, kind: Any) -> None:
        self.kind = kind
        self.is_immutable = kind in SCALARS
        """Whether one value may be handed to many readers."""
        origin = get_origin(kind) or kind
        self._class: type | None = origin if isinstance(origin, type) and kind is not Any else None
        self._write, self._read = _ways(kind)

    def encode(self, value: T) -> bytes:
        """Return the bytes of `value`.

        Raises:
            EncodeError: It is of another type, or has no form in JSON.
        """
        if self._class is not None and not self._is_one(value):
            raise EncodeError(f"a {type(value).__name__} where {_named(self.kind)} is shared: {value!r:.80}")
        try:
            return self._write(value)
        except UNWRITABLE as error:
            raise EncodeError(f"{value!r:.80} cannot be shared: {error!s:.200}") from error

    def decode(self, raw: Any, key: str) -> T:
        """Return the value of `raw`, which was read under `key`.

        Raises:
            DecodeError: It is no value of the type; names the key.
        """
        try:
            value: T = self._read(raw)
        except UNREADABLE as error:
            raise DecodeError(f"key {key!r:.200} holds no {_named(self.kind)}: {error!s:.120}") from error
        return value

    def _is_one(self, value: Any) -> bool:
        if self._class is float:
            return isinstance(value, (float, int)) and not isinstance(value, bool)
        if self._class is int:
            return isinstance(value, int) and not isinstance(value, bool)
        return self._class is None or isinstance(value, self._class)


def _ways(kind: Any) -> tuple[Callable[[Any], bytes], Callable[[bytes], Any]]:
    if kind is str:
        return str.encode, bytes.decode
    if kind is bytes:
        return bytes, bytes
    if hasattr(kind, "model_validate_json"):  # pydantic, which need not be installed
        return lambda value: value.model_dump_json().encode(), kind.model_validate_json
    try:
        decoder = msgspec.json.Decoder(kind)
        foreign = next(_foreign(msgspec.inspect.type_info(kind)), None)
    except TypeError as error:
        raise WiringError(f"values of {_named(kind)} cannot be shared ({error!s:.120}): take one of {KNOWN}") from error
    if foreign is not None:
        raise WiringError(f"values of {_named(foreign)} cannot be shared: take one of {KNOWN}")
    return (lambda value: _json(float(value))) if kind is float else _json, decoder.decode


def _foreign(shape: msgspec.inspect.Type) -> Iterator[Any]:
    """Find the classes that msgspec knows nothing of, which it takes at first and fails on later."""
    if isinstance(shape, msgspec.inspect.CustomType):
        yield shape.cls
    for part in ("item_type", "key_type", "value_type"):
        if hasattr(shape, part):
            yield from _foreign(getattr(shape, part))  # one of the names above, no wire
    for part in (*getattr(shape, "item_types", ()), *getattr(shape, "types", ())):
        yield from _foreign(part)


def _json(value: Any) -> bytes:
    raw = ENCODER.encode(value)
    if b"null" in raw:  # also the way in which msgspec writes NaN and infinity
        _refuse_nonfinite(msgspec.to_builtins(value))
    return raw


def _refuse_nonfinite(value: Any) -> None:
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"{value} has no form in JSON")
    for part in value.values() if isinstance(value, dict) else value if isinstance(value, (list, tuple)) else ():
        _refuse_nonfinite(part)


def _named(kind: Any) -> str:
    return kind.__name__ if isinstance(kind, type) else f"{kind!r:.80}"
