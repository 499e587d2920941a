"""Which items are followed: a fraction of those that enter, chosen by their causal ids; pure.

The choice follows from the id alone, so that two processes with the same fraction choose the same items, also when the
first one had no tracer that could have said so.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from opentelemetry.trace import SpanContext, TraceFlags

from mape.flow.cause import TracedCause

__all__ = ["chooser", "context_of", "is_followed"]

WORD = 2**64
GOLDEN = 0x9E3779B97F4A7C15
"""2**64 divided by the golden ratio: its multiples spread consecutive ids evenly (Knuth, TAOCP 3, 6.4)."""


def chooser(fraction: float) -> Callable[[int], int]:
    """Return what makes a `TracedCause` of the ids that are followed, and returns the others as they are.

    Args:
        fraction: How many are followed, 0 to 1.
    """
    limit = round(fraction * WORD)

    def choose(cause: int) -> int:
        return TracedCause(cause) if cause * GOLDEN % WORD < limit else cause

    return choose


def context_of(cause: TracedCause) -> SpanContext | None:
    """Return the span that hangs on a causal id; None where the trace is to begin."""
    context: Any = cause.context
    if not isinstance(context, str):
        return context  # type: ignore[no-any-return] # a span of this process, or None
    _, trace_id, span_id, flags = context.split("-")
    return SpanContext(int(trace_id, 16), int(span_id, 16), is_remote=True, trace_flags=TraceFlags(int(flags, 16)))


def is_followed(cause: TracedCause) -> bool:
    """Whether spans are made for it: not if whoever decided about the trace decided against it."""
    context = cause.context
    if context is None:
        return True
    flags = int(context[-2:], 16) if isinstance(context, str) else context.trace_flags
    return bool(flags & TraceFlags.SAMPLED)
