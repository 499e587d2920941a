"""What loops know, as the page shows and changes it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

import msgspec

from mape.errors import ConflictError, DecodeError, MapeError, UnknownPathError
from mape.knowledge import Knowledge
from mape.web.tree import clean, is_cut, tree, within

if TYPE_CHECKING:
    from mape.application import App

__all__ = ["change", "fitted", "scopes_of", "show"]

KEYS: Final = 500
"""Of one scope that are shown."""
VALUE_BYTES: Final = 16_384
SECONDS: Final = 2.0
"""How long a store may take to tell [s]."""
SCALARS: Final = (bool, int, float, str, list, dict)


def scopes_of(app: App) -> Iterator[tuple[str, str, Knowledge]]:
    """Iterate over all knowledge there is: what the page calls it, whose it is, and it."""
    yield "app", "", app.k
    for level in app.levels:
        if level.uid:
            yield f"level:{level.uid}", level.uid, level.k
    for loop in app:
        yield f"loop:{loop.uid}", loop.path, loop.k


async def show(app: App) -> list[dict[str, Any]]:
    """Return all that is known, by scope; of shared knowledge the single values (``k.keyspace``)."""
    found = [_scope(scope, path, "local", _local(known)) for scope, path, known in scopes_of(app)]
    shown = [each for each in found if each["keys"]]
    if app.store is None:
        return shown
    try:
        async with asyncio.timeout(SECONDS):
            for scope, path, known in scopes_of(app):
                shared = [_entry(key, value) async for key, value in _some(known.keyspace)]
                if shared:
                    shown.append(_scope(scope, path, "shared", shared))
    except (TimeoutError, OSError, MapeError) as error:
        shown.append({**_scope("app", "", "shared", []), "error": clean(f"the store does not answer: {error}")[:200]})
    return shown


def _scope(scope: str, path: str, kind: str, keys: list[dict[str, Any]]) -> dict[str, Any]:
    return {"scope": scope, "path": path, "kind": kind, "keys": keys}


def _local(known: Knowledge) -> list[dict[str, Any]]:
    return [_entry(key, known.get(key)) for key in islice(known, KEYS)]


async def _some(keyspace: Any) -> AsyncIterator[tuple[str, Any]]:
    count = 0
    async for key in keyspace.keys():  # deadline: of `show`
        yield key, await keyspace.get(key)
        count += 1
        if count >= KEYS:
            return


def _entry(key: Any, value: Any) -> dict[str, Any]:
    read = tree(value)
    kept = within(read, VALUE_BYTES)
    is_short = len(bytes(kept)) < VALUE_BYTES and not is_cut(read)
    return {"key": clean(str(key)), "type": clean(type(value).__name__), "value": kept, "is_cut": not is_short}


async def change(app: App, scope: str, key: str, value: Any, expected: tuple[Any, ...], *, is_shared: bool) -> Any:
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
    if is_shared:
        return await _change_shared(app, known, key, value, expected)
    if key not in known:
        raise UnknownPathError("nothing is known by that name: what is not there can only be set by the program")
    present = known[key]
    _check(present, expected)
    known[key] = fitted(value, present)
    return tree(known[key])


async def _change_shared(app: App, known: Knowledge, key: str, value: Any, expected: tuple[Any, ...]) -> Any:
    if app.store is None:
        raise UnknownPathError("the app has no store for shared knowledge")
    keyspace = known.keyspace
    try:
        async with asyncio.timeout(SECONDS):
            present = await keyspace.get(key)
            if present is None:
                raise UnknownPathError("nothing is shared by that name")
            _check(present, expected)
            new = fitted(value, present)
            if not await keyspace.compare_and_set(key, present, new):
                raise ConflictError("it was changed meanwhile: look again")
    except TimeoutError:
        raise ConflictError("the store does not answer: try again") from None
    return tree(new)


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
