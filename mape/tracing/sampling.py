"""Which items are followed: a fraction of those that enter, chosen by their causal ids; pure.

The choice follows from the id alone, so that two processes with the same fraction choose the same items, also when the
first one had no tracer that could have said so.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from opentelemetry.trace import SpanContext, TraceFlags

from mape.flow.cause import TracedCause

__all__ = ["Choice", "context_of", "is_followed"]

LOW = 2**30 - 1
"""As much of an id as Python multiplies at once; the rest changes every billion items."""
GOLDEN = 663_608_941
"""2**30 divided by the golden ratio, odd: its multiples spread consecutive ids evenly (Knuth, TAOCP 3, 6.4)."""


class Choice:
    """Chooses.

    Args:
        fraction: How many items are followed, 0 to 1.
    """

    def __init__(self, fraction: float) -> None:
        self._limit = round(fraction * (LOW + 1))

    def of(self, cause: int) -> int:
        """Return a `TracedCause` of an id that is followed; any other as it is."""
        return TracedCause(cause) if (cause & LOW) * GOLDEN & LOW < self._limit else cause

    def among(self, new: Callable[[], int]) -> Callable[[], int]:
        """Return what makes ids as `new` does, and chooses; written out, because each item that enters pays for it."""
        limit, low, golden = self._limit, LOW, GOLDEN

        def choose() -> int:
            cause = new()
            return TracedCause(cause) if (cause & low) * golden & low < limit else cause

        return choose


def context_of(cause: TracedCause) -> SpanContext | None:
    """Return the span that hangs on a causal id; None where the trace is to begin."""
    context: Any = cause.context
    if not isinstance(context, str):
        return context  # type: ignore[no-any-return] # a span of this process, or None
    _, trace_id, span_id, flags = context.split("-")
    return SpanContext(int(trace_id, 16), int(span_id, 16), is_remote=True, trace_flags=TraceFlags(int(flags, 16)))


def is_followed(cause: int) -> bool:
    """Whether spans are made for it: not if whoever decided about the trace decided against it."""
    if type(cause) is not TracedCause:
        return False
    context = cause.context
    if context is None:
        return True
    flags = int(context[-2:], 16) if isinstance(context, str) else context.trace_flags
    return bool(flags & TraceFlags.SAMPLED)
