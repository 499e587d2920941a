"""A listener that logs what passes."""

from __future__ import annotations

import logging

__all__ = ["LogObserver"]


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
