"""How keys are made: one place, so that no name can reach into another's keys.

A key is a scope (``k.``, ``k.level.<uid>.``, ``k.loop.<uid>.``) and a name. A keyspace's entries are the keyspace's
key, a dot and the entry. The name of a lock stands in braces, so that a cluster keeps its two keys on one node:
``{k.loop.bridge.x}!lock``. Names hold no dot, no braces, no glob characters and nothing unprintable,
which is what keeps these forms apart.
"""

from __future__ import annotations

import re

from mape.errors import UidError

__all__ = ["APP_SCOPE", "INNER_SCOPES", "collection_key", "entry_key", "escaped", "lock_keys", "watched_key"]

APP_SCOPE = "k."
INNER_SCOPES = ("level", "loop")
"""Names that the app's scope cannot give: the keys of levels and loops begin with them."""

LONGEST = 200
_FORBIDDEN = frozenset("*?[]\\{}!")
_GLOB = re.compile(r"([*?\[\]\\])")


def collection_key(scope: str, name: object) -> str:
    """Return the key of the collection `name` in `scope`.

    Raises:
        UidError: The name is malformed, or reserved in this scope.
    """
    checked = _checked(name, "." if isinstance(name, str) else "")
    if scope == APP_SCOPE and checked in INNER_SCOPES:
        raise UidError(f"key {checked!r} is reserved: the keys of {checked}s begin with it; choose another name")
    return scope + checked


def entry_key(prefix: str, name: object, *, dots: bool) -> str:
    """Return the key of the entry `name` of the keyspace whose keys begin with `prefix`.

    Raises:
        UidError: The name is malformed; `dots` says whether it may hold some, as ``car_1.speed`` does.
    """
    if not dots:
        return collection_key(prefix, name)
    return prefix + _checked(name, "")


def lock_keys(scope: str, name: object) -> tuple[str, str]:
    """Return the two keys of the lock `name`: who holds it, and the last fencing token.

    Raises:
        UidError: The name is malformed or reserved.
    """
    tag = "{" + collection_key(scope, name) + "}"
    return f"{tag}!lock", f"{tag}!fence"


def watched_key(scope: str, name: object) -> tuple[str, bool]:
    """Return what to watch for `name` in `scope`, and whether that is a glob pattern; the scope is always literal.

    Raises:
        UidError: It is malformed: globs and dots may be in it, but neither ``!``, braces nor control characters.
    """
    if not isinstance(name, str) or not 0 < len(name) <= LONGEST or not name.isprintable() or set(name) & set("{}!"):
        rule = f"1 to {LONGEST} printable characters, without braces and '!'"
        raise UidError(f"malformed key or pattern {name!r:.80}: give {rule}")
    return scope + name, bool(set(name) & set("*?[\\"))


def escaped(text: str) -> str:
    """Return the glob pattern that matches exactly `text`."""
    return _GLOB.sub(r"\\\1", text)


def _checked(name: object, also: str) -> str:
    if (
        isinstance(name, str)
        and 0 < len(name) <= LONGEST
        and name.isprintable()
        and not set(name) & _FORBIDDEN
        and not (also and also in name)
    ):
        return name
    dots = "without dots, " if also else ""
    raise UidError(
        f"malformed key {name!r:.80}: give 1 to {LONGEST} printable characters, {dots}"
        "without braces, '!', '\\' and the glob characters * ? [ ]"
    )
