"""What a bare word means: the core schema of YAML 1.2, for the file and for variables alike.

Source: YAML 1.2.2, section 10.3.2. Unlike YAML 1.1, ``12:30``, ``1_000``, ``no`` and ``2026-01-01`` are text.
"""

from __future__ import annotations

import re
from typing import Final

__all__ = ["PATTERNS", "construct", "resolve"]


def _words(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"(?:{pattern})\Z")


PATTERNS: Final = {
    "null": _words(r"~|null|Null|NULL|"),
    "bool": _words(r"true|True|TRUE|false|False|FALSE"),
    "int": _words(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+"),
    "float": _words(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)"),
}
"""Which words are not text, by kind; the first that matches a whole word wins."""

_LONGEST_NUMBER = 400  # digits; beyond it int() takes quadratic time, and no setting needs it


def resolve(word: str) -> object:
    """Give the value of a bare word.

    Raises:
        ValueError: It is a number of more than 400 digits.
    """
    kind = next((kind for kind, pattern in PATTERNS.items() if pattern.match(word)), "str")
    return construct(kind, word)


def construct(kind: str, word: str) -> object:
    """Read `word` as a value of `kind`.

    Raises:
        ValueError: It is none, as in ``!!int many``.
    """
    if kind == "str":
        return word
    if not PATTERNS[kind].match(word):
        raise ValueError(f"{word[:40]!r} is no {kind}")
    if kind == "null":
        return None
    if kind == "bool":
        return word.lower() == "true"
    if len(word) > _LONGEST_NUMBER:
        raise ValueError(f"a number of {len(word)} digits is too long")
    if kind == "int":
        return int(word, 0) if word[:2] in {"0o", "0x"} else int(word)
    return float(re.sub(r"\.(inf|nan)", r"\1", word.lower()))
