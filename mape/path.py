"""Names and addresses: ``element``, ``loop.element``, ``level.loop.element``.

A uid is unique in its parent; a path is complete. `Children` is what an app, a level and a loop have in common.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator
from enum import Enum
from random import Random
from typing import Generic, TypeVar

from mape.errors import UidError, UnknownPathError

__all__ = ["UID", "Children", "check_uid", "nearest", "random_uid"]

T = TypeVar("T")
_UID = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,63}")


class UID(Enum):
    """What to do about a uid that nobody chose."""

    RANDOM = None
    DEF = 1
    """Take the name of the function or class."""


def check_uid(uid: object, kind: str) -> str:
    """Return `uid` if it is well formed.

    Raises:
        UidError: It is no string, or does not match ``[A-Za-z_][A-Za-z0-9_-]{0,63}``.
    """
    if isinstance(uid, str) and _UID.fullmatch(uid):
        return uid
    rule = "a uid has 1 to 64 letters, digits, '_' or '-' and begins with a letter or '_'"
    raise UidError(f"malformed uid {uid!r:.80} for {_a(kind)}: {rule}")


def random_uid(prefix: str, rng: Random) -> str:
    """Make a uid that nobody has: `prefix` and 12 hexadecimal digits."""
    return f"{prefix}{rng.getrandbits(48):012x}"


def nearest(name: str, known: Iterable[str]) -> str:
    """Return the end of an error message: the known name that `name` resembles, else the first few known ones."""
    names = [str(each) for each in known]
    if close := difflib.get_close_matches(name, names, n=1):
        return f"did you mean {close[0]!r}?"
    shown = names[:8]
    more = ", ..." if names[len(shown) :] else ""
    return f"there is {', '.join(shown)}{more}" if names else "there is none yet"


def _a(word: str) -> str:
    return f"an {word}" if word[0] in "aeiouAEIOU" else f"a {word}"


class Children(Generic[T]):
    """Named children, by item (``parent["uid"]``), attribute (``parent.uid``), iteration, ``in`` and ``len``."""

    child_kind = "child"

    def __init__(self) -> None:
        self._children: dict[str, T] = {}

    def adopt(self, uid: object, child: T) -> str:
        """Take `child` in under `uid`.

        Raises:
            UidError: The uid is malformed, taken, or the name of an attribute of the parent.
        """
        name = check_uid(uid, self.child_kind)
        if name in self._children:
            raise UidError(f"uid {name!r} is taken in {self}: choose another, or remove that {self.child_kind} first")
        if hasattr(type(self), name) or name in self.__dict__ or name.startswith("__"):
            raise UidError(f"uid {name!r} is reserved, it is an attribute of {_a(type(self).__name__)}: choose another")
        self._children[name] = child
        return name

    def own(self, child: T | str) -> T:
        """Return `child`, given itself or by its uid.

        Raises:
            UnknownPathError: It is not here, whoever else may be under its uid.
        """
        uid = child if isinstance(child, str) else getattr(child, "uid", None)
        found = self._children.get(str(uid))
        if found is None or (child is not uid and found is not child):
            hint = nearest(child, self._children) if isinstance(child, str) else "was it removed, or is it another's?"
            raise UnknownPathError(f"no {self.child_kind} {child!r:.80} in {self}: {hint}")
        return found

    def disown(self, uid: str) -> None:
        """Forget the child `uid`; nothing happens when there is none."""
        self._children.pop(uid, None)

    def __getitem__(self, uid: str) -> T:
        try:
            return self._children[uid]
        except (KeyError, TypeError):  # a list is no uid
            hint = nearest(str(uid), self._children)
            raise UnknownPathError(f"no {self.child_kind} {uid!r} in {self}: {hint}") from None

    def __getattr__(self, name: str) -> T:
        children = self.__dict__.get("_children", {})
        if name in children:
            return children[name]  # type: ignore[no-any-return]
        message = f"{type(self).__name__} has no attribute and no {self.child_kind} {name!r}: {nearest(name, children)}"
        raise AttributeError(message)

    def __contains__(self, child: object) -> bool:
        return child in self._children if isinstance(child, str) else child in self._children.values()

    def __iter__(self) -> Iterator[T]:
        return iter(tuple(self._children.values()))

    def __len__(self) -> int:
        return len(self._children)

    def __bool__(self) -> bool:
        return True
