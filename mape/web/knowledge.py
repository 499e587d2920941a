"""What loops know in this process, as the page shows and changes it; for what they share see `mape.web.shared`."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

import msgspec

from mape.errors import ConflictError, DecodeError, UnknownPathError
from mape.knowledge import Knowledge
from mape.web.tree import clean, is_cut, tree, within

if TYPE_CHECKING:
    from mape.application import App

__all__ = ["change", "fitted", "scopes_of", "show"]

KEYS: Final = 500
"""Of one scope that are shown."""
VALUE_BYTES: Final = 16_384
SCALARS: Final = (bool, int, float, str, list, dict)


def scopes_of(app: App) -> Iterator[tuple[str, str, Knowledge]]:
    """Iterate over all knowledge there is: what the page calls it, whose it is, and it."""
    yield "app", "", app.k
    for level in app.levels:
        if level.uid:
            yield f"level:{level.uid}", level.uid, level.k
    for loop in app:
        yield f"loop:{loop.uid}", loop.path, loop.k


def show(app: App) -> list[dict[str, Any]]:
    """Return all that is known, by scope."""
    found = [_scope(scope, path, _local(known)) for scope, path, known in scopes_of(app)]
    return [each for each in found if each["keys"]]


def _scope(scope: str, path: str, keys: list[dict[str, Any]]) -> dict[str, Any]:
    return {"scope": scope, "path": path, "kind": "local", "keys": keys}


def _local(known: Knowledge) -> list[dict[str, Any]]:
    return [_entry(key, known.get(key)) for key in islice(known, KEYS)]


def _entry(key: Any, value: Any) -> dict[str, Any]:
    read = tree(value)
    kept = within(read, VALUE_BYTES)
    is_short = len(bytes(kept)) < VALUE_BYTES and not is_cut(read)
    return {"key": clean(str(key)), "type": clean(type(value).__name__), "value": kept, "is_cut": not is_short}


def change(app: App, scope: str, key: str, value: Any, expected: tuple[Any, ...]) -> Any:
    """Change what is known, and return its tree.

    Args:
        value: Plain JSON; it becomes what the present value is.
        expected: The tree of what it must still be, or nothing.

    Raises:
        UnknownPathError: Nothing is known by that name.
        DecodeError: The value does not fit.
        ConflictError: It is something else by now.
    """
    known = next((each for name, _, each in scopes_of(app) if name == scope), None)
    if known is None:
        raise UnknownPathError("there is no such scope: app, level:UID or loop:UID")
    if key not in known:
        raise UnknownPathError("nothing is known by that name: what is not there can only be set by the program")
    present = known[key]
    _check(present, expected)
    known[key] = fitted(value, present)
    return tree(known[key])


def _check(present: Any, expected: tuple[Any, ...]) -> None:
    if expected and tree(present) != expected[0]:
        raise ConflictError("it was changed since you looked: look again")


def fitted(value: Any, present: Any) -> Any:
    """Return plain JSON as what the present value is.

    Raises:
        DecodeError: It does not fit.
    """
    kind: Any = type(present)
    if present is None:
        return value
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if kind in SCALARS:
        if type(value) is not kind:
            raise DecodeError(f"the value must be of type {kind.__name__}, as the present one")
        return value
    plain = {name: each for name, each in value.items() if name != "$type"} if isinstance(value, dict) else value
    try:
        return msgspec.convert(plain, kind, strict=False)
    except Exception as error:  # the wall around somebody's own type, which may check itself
        raise DecodeError(f"the value does not fit {clean(kind.__name__)[:80]}: {str(error)[:200]}") from error
