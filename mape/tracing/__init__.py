"""Traces: a span of OpenTelemetry for each element that an item passes, and for each hop between processes.

``tracing.endpoint`` or ``tracing.sample`` in the settings switch it on; `trace` does it by hand. It needs the extra
``tracing``. Read `sampling` (which items), `weaver` (elements), `tracer` (hops, failures), then `exporter`.

Items are followed by their causal ids: the span that an item comes from hangs on the id (`mape.flow.cause.TracedCause`)
and goes with it through mailboxes, operators and frames. An app that is not traced is wired as if this did not exist.
"""

from __future__ import annotations

from mape.tracing.exporter import Exporting, trace
from mape.tracing.tracer import ItemTracer

__all__ = ["Exporting", "ItemTracer", "trace"]
