"""Where values come from: each origin gives entries, one a value, with its path and its place."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from mape.errors import ConfigError

if TYPE_CHECKING:
    from mape.settings.document import Document

__all__ = ["PREFIX", "Entry", "from_arguments", "from_document", "from_variables"]

PREFIX: Final = "MAPE_"
"""What the names of our environment variables begin with."""


@dataclass(frozen=True)
class Entry:
    """One value that somebody set.

    Args:
        path: ``("redis", "url")``.
        value: The value, or an empty mapping for a section without entries.
        source: Its place in words: ``mape.yml:3``, ``MAPE_REDIS__URL``.
        is_text: Whether it comes from a variable, where all values are text.
    """

    path: tuple[str, ...]
    value: object
    source: str
    is_text: bool = False

    def spell(self, path: tuple[str, ...]) -> str:
        """Spell the name of a setting as it is written where this entry stands."""
        return PREFIX + "__".join(path).upper() if self.is_text else ".".join(path)


def from_document(document: Document) -> Iterator[Entry]:
    """Give the entries of mape.yml."""
    return _flattened((), document.root, document.place)


def from_arguments(overrides: Mapping[str, object]) -> Iterator[Entry]:
    """Give the entries of nested mappings; ``redis.url`` and ``redis__url`` at the top name a value below."""
    for name, value in overrides.items():
        path = tuple(str(name).replace("__", ".").split("."))
        source = f"argument {name}"
        if isinstance(value, Mapping):
            yield from _flattened(path, value, lambda deeper: "argument " + ".".join(deeper))
        else:
            yield Entry(path, value, source)


def from_variables(variables: Mapping[str, str], place: Callable[[str], str] = str) -> Iterator[Entry]:
    """Give the entries of ``MAPE_...`` variables; an empty variable sets nothing.

    Args:
        place: Says where the variable of that name stands.

    Raises:
        ConfigError: A name or a text holds what is not UTF-8.
    """
    for name, text in variables.items():
        if not name.startswith(PREFIX) or not text:
            continue
        if not name.isprintable():
            raise ConfigError(f"the variable {name!a:.80} has a name that cannot be read; unset it")
        if any("\ud800" <= character <= "\udfff" for character in text):  # bytes that the system could not decode
            raise ConfigError(f"{place(name)}: the value of {name} is not UTF-8; set it again in UTF-8")
        path = tuple(name.removeprefix(PREFIX).lower().split("__"))
        yield Entry(path, text, place(name), is_text=True)


def _flattened(
    path: tuple[str, ...], values: Mapping[str, object], place: Callable[[tuple[str, ...]], str]
) -> Iterator[Entry]:
    for key, value in values.items():
        here = (*path, str(key))
        if isinstance(value, Mapping) and value:
            yield from _flattened(here, value, place)
        else:
            yield Entry(here, value, place(here))
