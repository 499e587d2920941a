"""Values as bounded trees of plain JSON, whatever they are; pure.

An item may be anything: huge, endless, broken, made to break what reads it. What comes out here is always small and
always JSON, and reading it raises nothing. The type of a value decides how it is read, not what it says of itself.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from datetime import date, time, timedelta
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from itertools import islice
from pathlib import PurePath
from typing import Any, Final
from uuid import UUID

import msgspec

__all__ = ["CUT", "ERROR", "TYPE", "clean", "is_cut", "numbers", "summary", "tree", "within"]

DEPTH: Final = 6
CHILDREN: Final = 64
CHARACTERS: Final = 256
NODES: Final = 512
"""Values in a whole tree: six levels of 64 would be more than a memory holds."""
SHOWN_BYTES: Final = 64
EXACT: Final = 53
"""Bits of the integers that every reader of JSON keeps exact."""
SUMMARY: Final = 120
FIELDS: Final = 32
CUT: Final = "…"
"""The key of how much was left out."""
TYPE: Final = "$type"
ERROR: Final = "$error"
TEXTS: Final = (date, time, timedelta, UUID, Decimal, Fraction, PurePath, complex)
"""Types of the standard library whose text says all of it."""


def tree(value: Any) -> Any:
    """Return `value` as plain JSON of bounded size; never raises.

    Returns:
        Numbers, texts, lists and dicts. Objects are dicts with their class under ``$type``. What is left out is counted
        under ``…``; what raised while it was read stands under ``$error``.
    """
    return _Tree().read(value, DEPTH)


def within(read: Any, most: int) -> msgspec.Raw:
    """Return a tree encoded, for what is kept: of one that is larger than `most` bytes only the beginning, as text."""
    encoded = msgspec.json.encode(read)
    if len(encoded) > most:
        encoded = msgspec.json.encode({CUT: len(encoded), "text": summary(read, CHARACTERS)})
    return msgspec.Raw(encoded)


def clean(text: str) -> str:
    """Return a text that has a form in UTF-8: half a surrogate pair has none."""
    text = str.__str__(text)
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()


class _Tree:
    """Reads one value."""

    def __init__(self) -> None:
        self._left = NODES

    def read(self, value: Any, depth: int) -> Any:
        self._left -= 1
        try:
            return self._read(value, depth)
        except Exception as error:  # the wall around a value, whose own code may run while it is read
            return {ERROR: clean(type(error).__name__)[:CHARACTERS]}

    def _read(self, value: Any, depth: int) -> Any:
        kind = type(value)
        if value is None or kind is bool:
            return value
        if kind is str:
            return _text(value)
        if kind is int:
            return value if value.bit_length() <= EXACT else _integer(value)
        if kind is float:
            return value if math.isfinite(value) else repr(value)
        return self._read_other(value, kind, depth)

    def _read_other(self, value: Any, kind: type, depth: int) -> Any:
        if issubclass(kind, Enum):
            return {TYPE: _name(kind), "text": _text(str(value.name))}
        for base, read in _PLAIN:
            if issubclass(kind, base):
                return read(value)
        if issubclass(kind, dict):
            return self._mapping(dict.items(value), dict.__len__(value), _name(kind), depth)
        for sequence in (list, tuple, set, frozenset):
            if issubclass(kind, sequence) and not hasattr(kind, "_fields"):
                return self._sequence(sequence.__iter__(value), sequence.__len__(value), _name(kind), depth)
        return self._object(value, kind, depth)

    def _sequence(self, values: Iterable[Any], count: int, name: str, depth: int) -> Any:
        if depth <= 0:
            return {CUT: count, TYPE: name}
        shown = [self.read(value, depth - 1) for value in self._some(values)]
        return [*shown, {CUT: count - len(shown)}] if count > len(shown) else shown

    def _mapping(self, pairs: Iterable[tuple[Any, Any]], count: int, name: str, depth: int) -> dict[str, Any]:
        if depth <= 0:
            return {CUT: count, TYPE: name}
        shown: dict[str, Any] = {}
        seen = 0
        for key, value in self._some(pairs):
            shown[self._key(key, shown)] = self.read(value, depth - 1)
            seen += 1
        return {**shown, CUT: count - seen} if count > seen else shown

    def _some(self, values: Iterable[Any]) -> Iterator[Any]:
        for value in islice(values, CHILDREN):
            if self._left <= 0:
                return
            yield value

    def _key(self, key: Any, taken: dict[str, Any]) -> str:
        read = self.read(key, 1)
        text = read if isinstance(read, str) else summary(read)
        return text if text not in taken else f"{text} ({len(taken)})"

    def _object(self, value: Any, kind: type, depth: int) -> dict[str, Any]:
        name = _name(kind)
        names = _field_names(value, kind)
        if names is None:
            return {TYPE: name, "text": _text(repr(value))}
        if depth <= 0:
            return {CUT: len(names), TYPE: name}
        shown: dict[str, Any] = {TYPE: name}
        for each in self._some(names):
            shown[clean(each)[:CHARACTERS]] = self._field(value, each, depth)
        return {**shown, CUT: len(names) - len(shown) + 1} if len(names) >= len(shown) else shown

    def _field(self, value: Any, name: str, depth: int) -> Any:
        try:
            field = getattr(value, name)  # a field that the class or the instance itself has; no wire
        except Exception as error:  # the wall around a field, which may be computed
            return {ERROR: clean(type(error).__name__)[:CHARACTERS]}
        return self.read(field, depth - 1)


def _field_names(value: Any, kind: type) -> list[str] | None:
    """Return the names of what an object holds; None where its own text has to do."""
    for attribute in ("__dataclass_fields__", "__struct_fields__", "_fields"):  # dataclass, msgspec, named tuple
        names = getattr(kind, attribute, None)  # one of the names above, no wire
        if isinstance(names, dict | tuple):
            return [name for name in names if isinstance(name, str)]
    if issubclass(kind, BaseException) or kind.__module__ == "builtins" or "__repr__" in vars(kind):
        return None
    try:
        held = object.__getattribute__(value, "__dict__")
    except AttributeError:
        return None
    return [name for name in held if isinstance(name, str) and not name.startswith("_")] or None


def _text(text: str) -> Any:
    length = len(text)
    if length <= CHARACTERS:
        return clean(text)
    return {CUT: length - CHARACTERS, "text": clean(text[:CHARACTERS])}


def _integer(value: int) -> Any:
    bits = value.bit_length()
    return str(value) if bits <= 4 * CHARACTERS else f"an integer of {bits} bits"


def _octets(value: bytes) -> dict[str, Any]:
    return {TYPE: "bytes", "length": len(value), "hex": bytes(value[:SHOWN_BYTES]).hex()}


def _name(kind: type) -> str:
    return clean(type.__getattribute__(kind, "__name__"))[:80]


_PLAIN: Final[tuple[tuple[Any, Callable[[Any], Any]], ...]] = (
    (str, lambda value: _text(str.__str__(value))),
    (int, lambda value: _Tree().read(int.__int__(value), 0)),
    (float, lambda value: _Tree().read(float.__float__(value), 0)),
    ((bytes, bytearray), _octets),
    (memoryview, lambda value: {TYPE: "memoryview", "length": value.nbytes}),
    (TEXTS, lambda value: _text(str(value))),
)


def is_cut(value: Any) -> bool:
    """Whether something was left out of a tree, or could not be read."""
    if isinstance(value, dict):
        return CUT in value or ERROR in value or any(is_cut(each) for each in value.values())
    return isinstance(value, list) and any(is_cut(each) for each in value)


# -- one line --------------------------------------------------------------------------------------------------------


def summary(read: Any, most: int = SUMMARY) -> str:
    """Return a tree as one line of at most `most` characters, without control characters."""
    if isinstance(read, str):
        return _shortened(_escaped(read), most)
    parts: list[str] = []
    length = 0
    for part in _words(read):
        parts.append(part)
        length += len(part)
        if length > most:
            break
    return _shortened("".join(parts), most)


def _words(read: Any) -> Iterator[str]:
    if isinstance(read, str):
        yield f'"{_escaped(read)}"'
    elif isinstance(read, list):
        yield from _enclosed("[", [("", each) for each in read], "]")
    elif isinstance(read, dict):
        yield from _object_words(read)
    else:
        yield "null" if read is None else str(read).lower() if isinstance(read, bool) else str(read)


def _object_words(read: dict[str, Any]) -> Iterator[str]:
    name = read.get(TYPE)
    if ERROR in read:
        yield f"<{read[ERROR]}>"
    elif len(read) == 2 and "text" in read and (CUT in read or name is not None):  # noqa: PLR2004 - cut, or its own
        yield f"{_escaped(str(read['text']))}{CUT if CUT in read else ''}"
    elif name is not None and set(read) <= {TYPE, CUT}:
        yield f"{name}({CUT})" if CUT in read else f"{name}()"
    elif set(read) == {CUT}:
        yield f"{CUT}{read[CUT]}"
    else:
        fields = [(key, each) for key, each in read.items() if key not in (TYPE, CUT)]
        if name is not None:
            yield str(name)
            yield from _enclosed("(", [(f"{_escaped(key)}=", each) for key, each in fields], ")")
        else:
            yield from _enclosed("{", [(f"{_escaped(key)}: ", each) for key, each in fields], "}")


def _enclosed(before: str, pairs: list[tuple[str, Any]], after: str) -> Iterator[str]:
    yield before
    for number, (label, each) in enumerate(pairs):
        yield f"{', ' if number else ''}{label}"
        yield from _words(each)
    yield after


def _escaped(text: str) -> str:
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)


def _shortened(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + CUT


# -- numbers ---------------------------------------------------------------------------------------------------------


def numbers(read: Any) -> dict[str, float]:
    """Return the numbers in a tree, two levels deep, by name; of a message those of its value."""
    if isinstance(read, dict) and read.get(TYPE) == "Message" and "value" in read:
        read = read["value"]
    if _is_number(read):
        return {"value": read}
    return dict(islice(_named(read, "", 2), FIELDS))


def _named(read: Any, prefix: str, depth: int) -> Iterator[tuple[str, float]]:
    pairs: Iterable[tuple[Any, Any]] = read.items() if isinstance(read, dict) else ()
    if isinstance(read, list):
        pairs = enumerate(read)
    for key, each in pairs:
        if key in (CUT, TYPE, ERROR):
            continue
        if _is_number(each):
            yield f"{prefix}{key}", each
        elif depth > 1:
            yield from _named(each, f"{prefix}{key}.", depth - 1)


def _is_number(read: Any) -> bool:
    return isinstance(read, int | float) and not isinstance(read, bool)
