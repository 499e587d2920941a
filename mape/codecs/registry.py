"""Which classes may come off a wire, by the tags they travel under."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Protocol, TypeVar, overload
from uuid import UUID
from weakref import WeakSet

from mape.codecs.native import is_buildable, objection
from mape.errors import WiringError

__all__ = ["BUILTIN_TAGS", "PLAIN", "REGISTRY", "Entry", "Listener", "Registry", "register"]

C = TypeVar("C", bound=type)

PLAIN: frozenset[type] = frozenset({type(None), bool, int, float, str, list, dict})
"""What every reader has; travels without a tag."""

BUILTIN_TAGS: dict[str, type] = {
    each.__name__: each for each in (tuple, set, frozenset, bytes, datetime, date, time, timedelta, UUID, Decimal)
}
"""What a JSON reader would take for a text or a list."""

TAG = re.compile(r"[^\W\d][\w.:\-]{0,127}")


@dataclass(frozen=True)
class Entry:
    """A class that comes back as what it was.

    Args:
        encode: Makes of an instance what msgspec can write; None where it can write the instance.
        decode: The way back; may raise ValueError or TypeError.
    """

    cls: Any
    tag: str
    encode: Callable[[Any], Any] | None = None
    decode: Callable[[Any], Any] | None = None


class Listener(Protocol):
    """Somebody who has made something of what a registry said."""

    def forget(self) -> None:
        """Ask the registry again."""


class Registry:
    """The classes a codec knows. `REGISTRY` is the one for all; a test may use its own."""

    def __init__(self) -> None:
        self._by_tag: dict[str, Entry] = {}
        self._by_class: dict[type, Entry] = {}
        self._listeners: WeakSet[Listener] = WeakSet()

    @overload
    def register(
        self,
        cls: C,
        /,
        *,
        tag: str = "",
        encode: Callable[[Any], Any] | None = None,
        decode: Callable[[Any], Any] | None = None,
    ) -> C: ...

    @overload
    def register(
        self,
        cls: None = None,
        /,
        *,
        tag: str = "",
        encode: Callable[[Any], Any] | None = None,
        decode: Callable[[Any], Any] | None = None,
    ) -> Callable[[C], C]: ...

    def register(
        self,
        cls: Any = None,
        /,
        *,
        tag: str = "",
        encode: Callable[[Any], Any] | None = None,
        decode: Callable[[Any], Any] | None = None,
    ) -> Any:
        """Let instances of `cls` come back as what they were; also as a decorator, with and without arguments.

        Args:
            tag: What the class is called on the wire; its name by default. Programs that talk must agree.
                encode, decode: For a class that msgspec does not know: to plain values and back.

        Raises:
            WiringError: Another class has the tag, or mape cannot tell how to build an instance.
        """
        if cls is None:
            return lambda each: self.register(each, tag=tag, encode=encode, decode=decode)
        entry = Entry(cls, tag or getattr(cls, "__name__", repr(cls)), encode, decode)
        self._check(entry)
        self._by_tag = {known: each for known, each in self._by_tag.items() if each.cls is not cls}
        if (older := self._by_tag.get(entry.tag)) is not None:
            self._by_class.pop(older.cls, None)
        self._by_tag[entry.tag] = self._by_class[cls] = entry
        for each in list(self._listeners):
            each.forget()
        return cls

    def _check(self, entry: Entry) -> None:
        cls, tag = entry.cls, entry.tag
        if not isinstance(cls, type) or cls in PLAIN or cls in BUILTIN_TAGS.values():
            raise WiringError(f"cannot register {cls!r:.80}: give a class of your own, plain values are known")
        if not TAG.fullmatch(tag):
            raise WiringError(
                f"cannot register {_full_name(cls)} as {tag!r:.80}: a tag is a name, such as Car or my.Car"
            )
        other = self._by_tag[tag].cls if tag in self._by_tag else BUILTIN_TAGS.get(tag)
        if other is not None and _full_name(other) != _full_name(cls):  # a class statement that ran again replaces it
            raise WiringError(
                f"cannot register {_full_name(cls)} as {tag!r}: that is the tag of {_full_name(other)}; "
                f"give one of them another by tag="
            )
        why = objection(cls)
        if not why and (entry.encode or entry.decode):
            raise WiringError(f"cannot register {_full_name(cls)} with encode= or decode=: its fields say all")
        if why and entry.decode is None and not is_buildable(cls):
            raise WiringError(
                f"cannot register {_full_name(cls)}, {why}: make it a dataclass, a msgspec struct or a pydantic model, "
                f"or give encode= and decode="
            )

    def by_tag(self, tag: str) -> Entry | None:
        """The class that was registered under `tag`."""
        return self._by_tag.get(tag)

    def by_class(self, cls: type) -> Entry | None:
        """What was registered for `cls`."""
        return self._by_class.get(cls)

    def tag_of(self, cls: type) -> str | None:
        """The tag that instances of `cls` are sent with; its name unless that would name another class."""
        if cls in PLAIN:
            return None
        if (entry := self._by_class.get(cls)) is not None:
            return entry.tag
        name = cls.__name__
        taken = name in self._by_tag or BUILTIN_TAGS.get(name, cls) is not cls or not TAG.fullmatch(name)
        return None if taken else name

    def tell(self, listener: Listener) -> None:
        """Let `listener` know whenever a class is registered, as long as it lives."""
        self._listeners.add(listener)

    def __contains__(self, cls: object) -> bool:
        return cls in self._by_class


def _full_name(cls: type) -> str:
    """Where a class is."""
    return f"{cls.__module__}.{cls.__qualname__}"


REGISTRY = Registry()
"""What `register` fills, at class statements; the registry of every codec that is not given its own."""

register = REGISTRY.register
