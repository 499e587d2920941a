"""Listeners that look at what passes, and change nothing."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mape.flow.link import Link
    from mape.port import Port

__all__ = ["LogObserver", "listen_first"]


class LogObserver:
    """A tap that logs what passes, and changes nothing: ``detect.subscribe(LogObserver("out of detect"))``.

    Args:
        label: What the lines end with.
        logger: Where they go, at level INFO.
    """

    def __init__(self, label: str = "", logger: str = "mape.tap") -> None:
        self._label = label
        self._logger = logging.getLogger(logger)

    def on_next(self, item: object) -> None:
        """Log an item."""
        self._logger.info("on next: %.500r | %s", item, self._label)

    def on_error(self, error: Exception) -> None:
        """Log an error event."""
        self._logger.info("on error: %.500r | %s", error, self._label)

    def on_completed(self) -> None:
        """Log a completion event."""
        self._logger.info("on completed | %s", self._label)


def listen_first(port: Port, observer: object) -> Link:
    """Have `observer` hear of each item at a port before all who listen already, so that it sees when an item came."""
    others = tuple(port.links)
    link = port.link(observer)
    for other in others:
        port.links[other] = port.links.pop(other)
    if others:
        port.compile()
    return link
