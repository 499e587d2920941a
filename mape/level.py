"""Loops of one rank, and what they share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mape.knowledge import Knowledge
from mape.path import Children

if TYPE_CHECKING:
    from mape.application import App
    from mape.loop import Loop  # noqa: F401 - the base class names it as text

__all__ = ["Level"]


class Level(Children["Loop"]):
    """A rank in a hierarchy of loops; made by `App.level` or by naming it: ``Loop("cruise", level="vehicle")``."""

    child_kind = "loop"

    def __init__(self, uid: str, app: App) -> None:
        super().__init__()
        self.uid = uid
        self.app = app
        self.k = Knowledge(app, str(self) if not uid else f"level {uid!r}", f"k.level.{uid or '-'}.")

    def __str__(self) -> str:
        return self.uid or "the default level"

    def __repr__(self) -> str:
        return f"<Level {self.uid!r}, {len(self)} loops>"
