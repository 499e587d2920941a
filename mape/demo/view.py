"""How a demo shows itself: a page that draws itself on a terminal, lines anywhere else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, Self

from rich.console import Console, RenderableType
from rich.live import Live

__all__ = ["Page", "View", "can_show_pages"]


class View(Protocol):
    """Shows a scene that changes; use it in ``with``."""

    def __enter__(self) -> Self:
        """Begin to show."""

    def __exit__(self, *_: object) -> None:
        """Leave the terminal as it was."""

    def update(self) -> None:
        """Look again."""


class Page:
    """A view that is drawn anew a few times a second.

    Args:
        draw: Makes what is shown.
        console: Where.
        per_second: How often it is drawn.
    """

    def __init__(self, draw: Callable[[], RenderableType], console: Console, per_second: float = 10) -> None:
        self._live = Live(console=console, refresh_per_second=per_second, get_renderable=draw)

    def __enter__(self) -> Self:
        self._live.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.__exit__(None, None, None)

    def update(self) -> None:
        """Nothing to do: the page draws itself."""


def can_show_pages(console: Console) -> bool:
    """Whether a page can be drawn there, or only lines be printed."""
    return console.is_terminal and not console.is_dumb_terminal
