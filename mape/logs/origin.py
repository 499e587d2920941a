"""Which item a line of the log goes back to."""

from __future__ import annotations

import logging

from mape.application import current_cause

__all__ = ["CauseFilter"]


class CauseFilter(logging.Filter):
    """Gives each record the attribute ``cause``: the causal id of the item that is worked on just now, or None.

    mape's own handler has one. For a handler of your own: ``handler.addFilter(CauseFilter())``, and ``%(cause)s`` in
    its format.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Add the cause, unless the record has one; let everything through."""
        if not hasattr(record, "cause"):
            record.cause = current_cause()
        return True
