"""Makes any text safe to show: whoever can put a text into a log must not be able to forge a line, or to paint."""

from __future__ import annotations

import unicodedata
from typing import Any

__all__ = ["plain", "printable"]

WIDTH = 500
"""How much of a value is shown [characters]."""
WHOLE = 64
"""Whole numbers of so many bits are shown as such, since many readers of JSON know no longer ones."""


def printable(text: str, most: int | None = None) -> str:
    r"""Return `text` with all that does not print written out: ``\n``, ``\x1b``, ``\u202e``, ``\ud800``.

    That is control characters, terminal sequences, line and paragraph separators, marks that turn the direction of
    writing, what takes no room, and lone surrogates. Letters of all languages stay as they are.

    Args:
        most: How many characters are kept; how many more there were is said.
    """
    rest = 0
    if most is not None and len(text) > most:
        text, rest = text[:most], len(text) - most
    if not text.isprintable():
        text = "".join(map(_shown, text))
    return f"{text}… and {rest:,} more characters" if rest else text


def plain(value: Any) -> str | int | float | bool | None:
    """Return a value as a log shows it: numbers as they are, all else as a printable text, cut short."""
    if value is None or isinstance(value, bool):
        return value
    try:
        if type(value) is int and value.bit_length() <= WHOLE:
            return value
        if type(value) is float and value - value == 0:  # neither infinite nor NaN, which JSON does not know
            return value
        return printable(value if type(value) is str else repr(value), WIDTH)
    except Exception:  # the wall around a person's __repr__
        return f"<{printable(type(value).__name__, WIDTH)} that cannot be shown>"


def _shown(letter: str) -> str:
    """Return one character, written out if it does not print; the spaces of all languages do."""
    if letter.isprintable() or unicodedata.category(letter) == "Zs":
        return letter
    return letter.encode("unicode_escape").decode()
