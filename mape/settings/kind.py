"""What kind of value a setting takes: turns what was given into it, and says in words what it should have been."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from types import NoneType, UnionType
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

from mape.settings.scalar import resolve

__all__ = ["AtLeast", "AtMost", "describe", "fit", "fit_text"]

_SWITCH: Final = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
_WORDS: Final = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "text",
    NoneType: "nothing (null)",
}


@dataclass(frozen=True)
class AtLeast:
    """The lower limit of a number, for use in ``Annotated``."""

    minimum: float


@dataclass(frozen=True)
class AtMost:
    """The upper limit of a number, for use in ``Annotated``."""

    maximum: float


def fit(value: object, hint: Any) -> object:
    """Turn `value` into what `hint` says.

    Raises:
        ValueError: It does not fit; `describe` says what would.
    """
    import msgspec

    kinds = _kinds(hint)
    value = _spelled(value, kinds)
    try:
        fitted = msgspec.convert(value, hint)
    except (msgspec.ValidationError, RecursionError) as error:
        raise ValueError(str(error)) from error
    if isinstance(fitted, float) and not math.isfinite(fitted):
        raise ValueError("not a finite number")
    if isinstance(fitted, int | float):
        for limit in get_args(hint)[1:]:
            if isinstance(limit, AtLeast) and fitted < limit.minimum:
                raise ValueError("too small")
            if isinstance(limit, AtMost) and fitted > limit.maximum:
                raise ValueError("too large")
    return fitted


def fit_text(text: str, hint: Any) -> object:
    """Turn the text of a variable into what `hint` says: text stays text, all else is read as in the file.

    Raises:
        ValueError: It does not fit; `describe` says what would.
    """
    kinds = _kinds(hint)
    if bool in kinds and text in {"0", "1"}:
        return text == "1"
    if str in kinds:
        return fit(None if NoneType in kinds and text == "null" else text, hint)
    return fit(resolve(text), hint)


def describe(hint: Any) -> str:
    """Say what `hint` takes: ``a whole number, at least 1``."""
    words = [_describe(kind) for kind in _kinds(hint)]
    limits = [_limit(each) for each in get_args(hint)[1:]]
    return " or ".join(words) + "".join(limits)


def _limit(limit: object) -> str:
    if isinstance(limit, AtLeast):
        return f", at least {limit.minimum:g}"
    return f", at most {limit.maximum:g}" if isinstance(limit, AtMost) else ""


def _describe(kind: Any) -> str:
    if get_origin(kind) is Literal:
        return "one of " + ", ".join(map(str, get_args(kind)))
    if get_origin(kind) in {list, tuple}:
        return f"a list of {_describe(get_args(kind)[0])}"
    return _WORDS.get(kind) or str(kind)


def _kinds(hint: Any) -> Sequence[Any]:
    """Split ``Annotated[int | None, ...]`` into int and NoneType."""
    if get_origin(hint) is Annotated:
        hint = get_args(hint)[0]
    return get_args(hint) if get_origin(hint) in {Union, UnionType} else (hint,)


def _spelled(value: object, kinds: Sequence[Any]) -> object:
    """Forgive what people write: ``yes`` for a switch, ``INFO`` for one of some words."""
    if not isinstance(value, str):
        return value
    word = value.lower()
    if bool in kinds:
        return _SWITCH.get(word, value)
    choices = [choice for kind in kinds if get_origin(kind) is Literal for choice in get_args(kind)]
    return word if word in choices else value
