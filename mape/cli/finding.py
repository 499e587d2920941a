"""What ``mape check`` finds: each finding has a kind, a place, and a cure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["Finding", "Kind"]


class Kind(StrEnum):
    """What a finding is about; ``mape check --ignore`` takes these."""

    CONFIG = "config"
    EXTRA = "extra"
    EXPOSED = "exposed"
    UNFED = "unfed"
    UNHEARD = "unheard"
    TWICE = "twice"
    CIRCLE = "circle"
    TYPE = "type"
    ADDRESS = "address"
    KNOWLEDGE = "knowledge"
    BLOCKING = "blocking"
    DEADLINE = "deadline"
    NEVER_STARTS = "never-starts"
    EMPTY = "empty"


@dataclass(frozen=True)
class Finding:
    """Something that is probably not meant.

    Args:
        kind: What it is about.
        path: The element, the setting, or the file.
        problem: What is wrong.
        cure: What to do.
        place: ``file:line``, where that is known.
    """

    kind: Kind
    path: str
    problem: str
    cure: str
    place: str = ""

    def __str__(self) -> str:
        place = f"{self.place}: " if self.place and self.place != self.path else ""
        return f"{place}{self.path}: {self.problem}; {self.cure}  [{self.kind}]"
