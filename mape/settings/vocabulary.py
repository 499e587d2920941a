"""Knows the names and kinds in the schema: checks each entry, and finds what a wrong name was meant to be."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from types import NoneType
from typing import Any, Final, NoReturn, get_type_hints

from mape.errors import ConfigError
from mape.settings.kind import describe, fit, fit_text
from mape.settings.masking import masked
from mape.settings.origin import Entry
from mape.settings.scalar import resolve
from mape.settings.schema import OwnSection, Section, Settings

__all__ = ["checked", "is_own", "own_section", "sections"]

_ALIKE: Final = 0.8
"""From which likeness on the name of a section is a typo, not a name of the user's own."""

_SUGGESTED: Final = 0.55
"""From which likeness on a known name is worth mentioning."""


@cache
def _hints(section: type[Section]) -> dict[str, Any]:
    hints = get_type_hints(section, include_extras=True)
    return {name: hint for name, hint in hints.items() if not name.startswith("_")}


@cache
def sections() -> dict[str, type[Section]]:
    """Give the known sections by name."""
    return {name: hint for name, hint in _hints(Settings).items() if _is_section(hint)}


def is_own(name: str) -> bool:
    """Whether a name at the top belongs to the user."""
    return name not in _hints(Settings)


def checked(entry: Entry) -> Entry:
    """Give `entry` with its value as the schema wants it.

    Raises:
        ConfigError: Nothing has that name, or the value does not fit.
    """
    first, *rest = entry.path
    if not all(entry.path):
        raise ConfigError(f"{entry.source}: names no setting; write for example {entry.spell(('redis', 'url'))}")
    if is_own(first):
        return _checked_own(entry)
    if first not in sections():
        return _fitted(entry, (first,), _hints(Settings)[first])
    if not rest:
        return _checked_empty(entry)
    hints = _hints(sections()[first])
    if rest[0] not in hints:
        _refuse_key(entry, list(hints))
    return _fitted(entry, (first, rest[0]), hints[rest[0]])


def own_section(entries: Mapping[str, Any]) -> OwnSection:
    """Make the user's own section, mappings below it included."""
    return OwnSection({key: own_section(value) if isinstance(value, dict) else value for key, value in entries.items()})


def _fitted(entry: Entry, path: tuple[str, ...], hint: Any) -> Entry:
    name = ".".join(path)
    if entry.path != path:
        raise ConfigError(
            f"{entry.source}: {name} takes {describe(hint)}, it is not a section; write {entry.spell(path)}"
        )
    try:
        value = fit_text(entry.value, hint) if entry.is_text else fit(entry.value, hint)  # type: ignore[arg-type]
    except ValueError:
        quotes = "; put it in quotes" if _fits_as_text(entry.value, hint) else ""
        got = _shown(path, entry.value)
        raise ConfigError(f"{entry.source}: {name} must be {describe(hint)}; got {got}{quotes}") from None
    return replace(entry, value=value)


def _checked_empty(entry: Entry) -> Entry:
    """Let ``redis:`` with nothing below it pass, and nothing else."""
    name = entry.path[0]
    if entry.value is None or entry.value == {}:
        return replace(entry, value={})
    example = entry.spell((name, next(iter(_hints(sections()[name])))))
    raise ConfigError(f"{entry.source}: {name} is a section, it takes no value of its own; set for example {example}")


def _checked_own(entry: Entry) -> Entry:
    """Take a section of the user's, unless it is a known one misspelled, or no section at all."""
    first, *rest = entry.path
    if not rest and entry.value is not None and not isinstance(entry.value, Mapping):
        _refuse_top(entry)
    if (meant := _misspelled(first)) is not None:
        key = rest[:1] if meant in sections() and rest and rest[0] in _hints(sections()[meant]) else []
        cure = f"did you mean {entry.spell((meant, *key))}? A section of your own needs a name less alike"
        raise ConfigError(f"{entry.source}: unknown section {first}; {cure}")
    if not rest:
        return replace(entry, value={})
    return replace(entry, value=_own_value(entry))


def _own_value(entry: Entry) -> object:
    if not entry.is_text:
        return _frozen(entry.value)
    try:
        return resolve(str(entry.value))
    except ValueError as error:
        raise ConfigError(f"{entry.source}: {error}; write a shorter one") from None


def _frozen(value: object) -> object:
    if isinstance(value, Mapping):
        return OwnSection({str(key): _frozen(entry) for key, entry in value.items()})
    return tuple(map(_frozen, value)) if isinstance(value, list | tuple) else value


def _refuse_key(entry: Entry, known: list[str]) -> NoReturn:
    section, key, *_ = entry.path
    near = difflib.get_close_matches(key, known, 1, _SUGGESTED)
    names = [entry.spell((section, name)) for name in near or known]
    cure = f"did you mean {names[0]}?" if near else f"known there: {', '.join(names)}"
    raise ConfigError(f"{entry.source}: unknown setting {section}.{key}; {cure}")


def _refuse_top(entry: Entry) -> NoReturn:
    name = entry.path[0]
    paths = [(top,) for top in _hints(Settings)]
    deep = [(section, key) for section, kind in sections().items() for key in _hints(kind)]
    spelled = {"_".join(path): entry.spell(path) for path in (*paths, *deep)}
    near = difflib.get_close_matches(name, spelled, 1, _SUGGESTED)
    own = entry.spell(("myapp", name))
    cure = f"did you mean {spelled[near[0]]}?" if near else f"a setting of your own goes into a section, as {own}"
    raise ConfigError(f"{entry.source}: unknown setting {name}; {cure}")


def _misspelled(name: str) -> str | None:
    """Give the known name that `name` is a slip of: nearly the same, or the same letters in another order."""
    known = list(_hints(Settings))
    near = difflib.get_close_matches(name.lower(), known, 1, _ALIKE)
    swapped = [each for each in known if sorted(each) == sorted(name.lower())]
    return next(iter(near or swapped), None)


def _is_section(hint: Any) -> bool:
    return isinstance(hint, type) and issubclass(hint, Section)


def _fits_as_text(value: object, hint: Any) -> bool:
    """Whether quotes are all that a number or switch lacks."""
    if isinstance(value, str | Mapping | list | tuple | NoneType):
        return False
    try:
        fit("text", hint)
    except ValueError:
        return False
    return True


def _shown(path: tuple[str, ...], value: object) -> str:
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, list | tuple):
        return "a list"
    return "nothing" if value is None else f"{masked(path[-1], value)!r:.60}"
