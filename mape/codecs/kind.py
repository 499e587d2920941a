"""What the items of an annotation look like on the wire, and the decoders for them, compiled once."""

from __future__ import annotations

import types
import typing
from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Any, Protocol

import msgspec
import msgspec.inspect

from mape.codecs.envelope import addressed, lean
from mape.codecs.native import is_buildable
from mape.codecs.registry import BUILTIN_TAGS, PLAIN, Registry
from mape.item import CallMethod, Message, Passing

__all__ = ["Format", "Kind", "Reader"]

OPEN = (msgspec.inspect.AnyType, msgspec.inspect.CustomType, msgspec.inspect.RawType)
TYPES = (msgspec.inspect.Type, msgspec.inspect.Field)
CLASSES = (
    msgspec.inspect.StructType,
    msgspec.inspect.DataclassType,
    msgspec.inspect.NamedTupleType,
    msgspec.inspect.TypedDictType,
)
SPECIAL = (Message, CallMethod, Passing)
UNIONS = (typing.Union, types.UnionType)


class Format(Protocol):
    """Makes the decoders of a wire format."""

    def beginning(self, tag: str | None) -> bytes:
        """Return how the envelope of a plain item begins, up to its value."""

    def reader_of(self, annotation: Any) -> Callable[[Any], Any]:
        """Return what decodes a value of a type that msgspec knows."""

    def frame_reader_of(self, annotation: Any) -> Callable[[Any], list[Any]]:
        """Return what decodes many of them at once."""


class Reader:
    """Decodes the values of one type, alone or in their envelopes.

    Args:
        annotation: The type, as msgspec takes it.
        tag: The one that its values travel under; None for values without.
    """

    is_one = True
    """Whether msgspec can read many of them at once."""

    def __init__(self, annotation: Any, tag: str | None, wire: Format) -> None:
        self.annotation, self.tag, self._wire = annotation, tag, wire
        self.read = wire.reader_of(annotation)

    @cached_property
    def read_lean(self) -> Callable[[Any], list[Any]]:
        """Decodes the plain items of a frame, envelopes and all."""
        return self._wire.frame_reader_of(lean(self.annotation, self.tag))

    @cached_property
    def read_addressed(self) -> Callable[[Any], list[Any]]:
        """Decodes the messages of a frame, envelopes and all."""
        return self._wire.frame_reader_of(addressed(self.annotation, self.tag))

    @cached_property
    def is_flat(self) -> bool:
        """Whether the type itself says how deep its values are nested."""
        return _is_flat(msgspec.inspect.type_info(self.annotation))


class _Choice(Reader):
    """Decodes values of one of several types that msgspec cannot tell apart: the first that fits."""

    is_one = False

    def __init__(self, readers: list[Reader], wire: Format) -> None:
        super().__init__(Any, None, wire)
        self._readers = readers
        self.read = self._first

    def _first(self, raw: Any) -> Any:
        reasons = []
        for each in self._readers:
            try:
                return each.read(raw)
            except msgspec.ValidationError as error:
                reasons.append(str(error))
        raise msgspec.ValidationError("; ".join(reasons))


class Kind:
    """What a receiver expects, and how to read it.

    Args:
        annotation: Any annotation; what nobody could decode to is read as plain values, without an error.
    """

    def __init__(self, annotation: Any, registry: Registry, wire: Format) -> None:
        self._registry, self._wire = registry, wire
        expected = [each for each in _members_of(annotation) if each not in SPECIAL]
        members = [each for each in expected if _is_readable(each, registry)]
        self._members = {tag: each for each in members if (tag := self._tag_of(each)) is not None}
        self.is_plain = not members
        self.base = self._base(annotation, members, is_open=len(members) < len(expected))
        self._by_tag: dict[str | None, Reader] = {None: self.base}
        self.begun = {wire.beginning(None): self.base} if self.base.is_one else {}
        """The readers by how the envelopes of plain items begin."""

    def reader(self, tag: str | None) -> Reader:
        """The reader for values under `tag`, which may be any text from a wire."""
        found = self._by_tag.get(tag)
        if found is not None or tag is None:
            return found or self.base
        annotation = self._type_of(tag)
        if annotation is None:
            return self.base  # not kept: whoever sends ever new tags must not fill the memory
        reader = self._by_tag[tag] = self.begun[self._wire.beginning(tag)] = Reader(annotation, tag, self._wire)
        return reader

    def _type_of(self, tag: str) -> Any:
        """The type under `tag`: of the annotation, else as registered, else a builtin if nothing else is expected."""
        if tag in self._members:
            return self._members[tag]
        if (entry := self._registry.by_tag(tag)) is not None:
            return entry.cls
        return BUILTIN_TAGS.get(tag) if self.is_plain else None

    def _tag_of(self, member: Any) -> str | None:
        cls = typing.get_origin(member) or member
        if not isinstance(cls, type) or cls in PLAIN:
            return None
        return self._registry.tag_of(cls) or cls.__name__

    def _base(self, annotation: Any, members: list[Any], *, is_open: bool) -> Reader:
        """The reader for values without a tag; `is_open` if they may also be what nobody could decode to."""
        if self.is_plain:
            return Reader(Any, None, self._wire)
        whole = annotation if len(list(_members_of(annotation))) == 1 else typing.Union[tuple(members)]  # noqa: UP007 - computed
        try:
            if not is_open:
                return Reader(whole, None, self._wire)
        except TypeError:  # a union whose members msgspec cannot tell apart
            pass
        return _Choice([Reader(each, None, self._wire) for each in (*members, *[Any] * is_open)], self._wire)


def _members_of(annotation: Any) -> Iterator[Any]:
    """Yield what an annotation allows, one by one."""
    annotation = getattr(annotation, "__value__", annotation)  # type X = ...
    origin = typing.get_origin(annotation)
    if origin is typing.Annotated:
        inner = typing.get_args(annotation)[0]
        yield from _members_of(inner) if typing.get_origin(inner) in UNIONS else [annotation]
    elif origin in UNIONS:
        for each in typing.get_args(annotation):
            yield from _members_of(each)
    else:
        yield annotation


def _is_readable(member: Any, registry: Registry) -> bool:
    """Whether values can be read as `member`, and are more than plain values then."""
    if member in (None, Any, object):
        return False
    try:
        found = msgspec.inspect.type_info(member)
    except (TypeError, NameError, AttributeError):
        return False
    return not isinstance(found, msgspec.inspect.AnyType) and not _holds_unknown(found, registry)


def _holds_unknown(node: Any, registry: Registry) -> bool:
    """Whether a type is, or is a container of, a class that nobody can build; a class answers for its own fields."""
    if isinstance(node, msgspec.inspect.CustomType):
        entry = registry.by_class(node.cls)
        return (entry is None or entry.decode is None) and not is_buildable(node.cls)
    return not isinstance(node, CLASSES) and any(_holds_unknown(each, registry) for each in _parts_of(node))


def _is_flat(node: Any, above: tuple[Any, ...] = ()) -> bool:
    """Whether a type has neither anything in it nor itself."""
    if isinstance(node, OPEN) or any(node is each for each in above):
        return False
    return all(_is_flat(each, (*above, node)) for each in _parts_of(node))


def _parts_of(node: Any) -> Iterator[Any]:
    """Yield the types that a type, as msgspec describes it, is made of."""
    names = node.__struct_fields__ if isinstance(node, TYPES) else ()
    for value in (getattr(node, name) for name in names):  # names of msgspec's own fields, none off a wire
        for each in value if isinstance(value, tuple) else (value,):
            if isinstance(each, TYPES):
                yield each
