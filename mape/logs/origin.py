"""Which item a line of the log goes back to, and which trace it belongs to."""

from __future__ import annotations

import logging

from mape.application import cause_at_hand
from mape.flow.cause import TracedCause, cause_text

__all__ = ["CauseFilter"]


class CauseFilter(logging.Filter):
    """Gives each record ``cause``, ``trace_id`` and ``span_id``: of the item that is worked on just now, or None.

    The latter two only where the item is followed, see `mape.tracing`. mape's own handler has such a filter. For a
    handler of your own: ``handler.addFilter(CauseFilter())``, and ``%(cause)s`` in its format.

    Source: OpenTelemetry, "Trace Context in non-OTLP Log Formats", for names and form of the ids.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Add what the record does not have yet; let everything through."""
        cause = cause_at_hand()
        parent = cause.traceparent if type(cause) is TracedCause else None
        _, trace_id, span_id, _ = parent.split("-") if parent else (None,) * 4
        for name, value in (("cause", cause_text(cause)), ("trace_id", trace_id), ("span_id", span_id)):
            if not hasattr(record, name):
                setattr(record, name, value)
        return True
