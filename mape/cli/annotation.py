"""Annotations of elements: their names for people, and whether what one emits is what the next one takes."""

from __future__ import annotations

import collections.abc
import inspect
import types
import typing
from typing import Any, Union

__all__ = ["misfit", "name_of"]

_NUMBERS: dict[type, set[type]] = {int: {float, complex}, float: {complex}}
"""What a type checker lets stand for what, although it is no subclass."""

_NOTHING_SAID = {object, Any, collections.abc.Callable}


def name_of(hint: Any) -> str:
    """Give the name of an annotation as a person would write it; "" where there is none."""
    if hint is None:
        return ""
    if isinstance(hint, str):
        return hint
    if members := _members(hint):
        return " | ".join("None" if each is types.NoneType else name_of(each) for each in members)
    if isinstance(hint, type | typing.NewType) and not typing.get_args(hint):
        return hint.__name__
    return inspect.formatannotation(hint).replace("typing.", "").replace("collections.abc.", "")


def misfit(given: Any, taken: Any) -> str:
    """Name the first type in `given` that `taken` has no place for; "" where all fit, or nothing can be said.

    None is not asked about: what an element returns as None is not emitted.
    """
    for each in _members(given) or (given,):
        if each is not types.NoneType and not any(_fits(each, place) for place in _members(taken) or (taken,)):
            return name_of(each)
    return ""


def _members(hint: Any) -> tuple[Any, ...]:
    """Split a union; empty where it is none."""
    return typing.get_args(hint) if typing.get_origin(hint) in {Union, types.UnionType} else ()


def _fits(given: Any, taken: Any) -> bool:
    one, other = _plain(given), _plain(taken)
    if one is None or other is None or other in _NUMBERS.get(one, ()):
        return True
    try:
        if not issubclass(one, other):
            return False
    except TypeError:  # a protocol that cannot be asked while the program runs
        return True
    of_one, of_other = typing.get_args(given), typing.get_args(taken)
    is_alike = one is other and len(of_one) == len(of_other) and typing.get_origin(given) is one
    return not is_alike or not any(map(misfit, of_one, of_other))


def _plain(hint: Any) -> Any:
    """Reduce an annotation to a class; None where it has none that can be compared."""
    if isinstance(hint, typing.NewType):
        return _plain(hint.__supertype__)
    origin = typing.get_origin(hint)
    if origin is typing.Annotated:
        return _plain(typing.get_args(hint)[0])
    if origin is typing.Literal:
        kinds = {type(each) for each in typing.get_args(hint)}
        return kinds.pop() if len(kinds) == 1 else None
    if isinstance(hint, type) and typing.is_typeddict(hint):
        return dict
    plain = origin or hint
    return plain if isinstance(plain, type) and plain not in _NOTHING_SAID else None
