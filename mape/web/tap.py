"""Taps: listeners of ours at a port, which are there for a moment and cost nothing else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mape.flow.link import Link
from mape.flow.tap import listen_first
from mape.port import Port

__all__ = ["Tap"]


class Tap:
    """Hears what passes a port, before all others; attached and detached as often as one likes.

    Args:
        hear: Takes an item; must not raise.
    """

    def __init__(self, port: Port, hear: Callable[[Any], None]) -> None:
        self._port, self.on_next = port, hear
        self._link: Link | None = None

    def attach(self) -> None:
        """Begin to hear."""
        if self._link is None:
            self._link = listen_first(self._port, self)

    def detach(self) -> None:
        """Hear no more, also in the middle of an item; the port's direct way comes back."""
        link, self._link = self._link, None
        if link is not None:
            link.dispose()

    @property
    def is_attached(self) -> bool:
        """Whether it hears, unless its element was removed meanwhile."""
        return self._link is not None and self._link.is_open
