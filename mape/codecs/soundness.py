"""What msgspec lets pass and we do not: values nested too deep, and numbers that are none."""

from __future__ import annotations

import math
from typing import Any

__all__ = ["check_depth", "has_marks", "has_nonfinite"]

CONTAINERS = frozenset({dict, list, tuple})
MARKS = (b"\xcb\x7f", b"\xcb\xff", b"\xca\x7f", b"\xca\xff")
"""How NaN, the infinities and a few very large floats begin, of eight bytes and of four, which others may send."""


def _inside(value: Any) -> Any:
    """What a plain container holds, the keys of a dict included."""
    if type(value) is dict:
        return [*value.values(), *value]
    return value


def check_depth(value: Any, most: int) -> None:
    """See that plain `value` is nested at most `most` levels deep.

    Raises:
        ValueError: It is deeper.
    """
    level = [value] if type(value) in CONTAINERS else []
    depth = 0
    while level:
        depth += 1
        if depth > most:
            raise ValueError(f"nested deeper than {most} levels")
        level = [each for outer in level for each in _inside(outer) if type(each) in CONTAINERS]


def has_nonfinite(value: Any) -> bool:
    """Whether NaN or an infinity is in plain `value`."""
    level = [value]
    while level:
        if any(type(each) is float and not math.isfinite(each) for each in level):
            return True
        level = [each for outer in level if type(outer) in CONTAINERS for each in _inside(outer)]
    return False


def has_marks(packed: bytes) -> bool:
    """Whether NaN or an infinity may be in MessagePack: its marks are there, as a number or by chance."""
    # a search for one byte is a hundred times faster than for two: most have none
    may_have = packed.find(0x7F) >= 0 or packed.find(0xFF) >= 0
    return may_have and any(packed.find(mark) >= 0 for mark in MARKS)
