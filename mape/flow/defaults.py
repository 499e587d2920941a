"""The settings of an app that was given none; ``mape.settings`` reads real ones."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Any

__all__ = ["Defaults"]


@dataclass(frozen=True)
class Defaults:
    """The settings of an app that was given none; ``mape.settings`` reads real ones."""

    @dataclass(frozen=True)
    class Mailbox:
        """See ``mape.mailbox``."""

        size: int = 1024
        overflow: str = "drop_oldest"

    @dataclass(frozen=True)
    class Shutdown:
        """How long closing may take [s]."""

        deadline: float = 10.0

    debug: bool = False
    seed: int | None = None
    mailbox: Mailbox = Mailbox()
    shutdown: Shutdown = Shutdown()

    def __getitem__(self, name: str) -> Any:
        return getattr(self, name)  # a person's own program asks, no wire

    def __getattr__(self, name: str) -> Any:
        """Return the defaults of an edge's section: that edge is loaded already when it asks for them."""
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(import_module("mape.settings").Settings(), name)  # a person's own program asks, no wire
