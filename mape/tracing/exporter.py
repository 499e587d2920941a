"""Where spans go: to the program's own tracer provider, to a collector by OTLP/HTTP, or to the terminal."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from opentelemetry import trace as api
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanLimits, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, ConsoleSpanExporter, SpanExporter, SpanExportResult

from mape.errors import ConfigError
from mape.flow.services import Stage
from mape.logs.escaping import printable
from mape.tracing.tracer import ItemTracer

if TYPE_CHECKING:
    from mape.application import App

__all__ = ["Exporting", "trace"]

PATH = "tracing"
"""What it is called in events."""
FLUSH = 0.8
"""How long spans that wait may take to leave when the app closes [s]; an app gives a service one second."""
PATIENCE = 5.0
"""How long one export may take, with all its repetitions [s]."""
QUEUE, TOGETHER = 16_384, 512
"""Spans that wait at most, and that leave in one request; what does not fit is dropped."""
WIDTH = 300
"""Of what a line on the terminal says about a span [characters]."""
LONGEST = 8_192
"""Of a text in a span, as a traceback [characters]."""


def trace(app: App, provider: api.TracerProvider | None = None, sample: float | None = None) -> ItemTracer:
    """Follow the items of an app, as its section ``tracing`` says; once for an app.

    Args:
        provider: Takes the spans. By default the one that the program has set with ``set_tracer_provider``; where there
            is none, ``tracing.endpoint`` says where they go.
        sample: Instead of ``tracing.sample``.

    Raises:
        ConfigError: ``tracing.endpoint`` is no URL.
    """
    if app.tracing is not None:
        return app.tracing  # type: ignore[return-value] # nobody else sets it
    settings = app.settings.tracing
    fraction = settings.sample if sample is None else sample
    if provider is None and settings.endpoint is not None and _is_unset():
        exporting = app.services.shared(PATH, lambda: Exporting(app, settings.endpoint, settings.service))
        provider = exporting.provider
    tracer = app.tracing = ItemTracer(app, provider, 1.0 if fraction is None else fraction)
    return tracer


def _is_unset() -> bool:
    """Whether the program has set no tracer provider of its own."""
    return isinstance(api.get_tracer_provider(), api.ProxyTracerProvider)


class Exporting:
    """A service: sends spans to a collector, from a thread of its own, so that none of its troubles is the loops'.

    Args:
        app: Hears when the collector does not take them, and when it does again.
        endpoint: ``http://host:4318``, with the path ``/v1/traces`` if it has none; ``console`` writes to stderr.
        service: What the process is called among others; by default ``OTEL_SERVICE_NAME``, or the program's name.

    Delivery:
        At most `QUEUE` spans wait; more are dropped, and the collector's absence is told once. What waits when the app
        closes has `FLUSH` seconds to leave.

    Raises:
        ConfigError: `endpoint` is neither.
    """

    stage = Stage.CONNECTION
    path = PATH

    def __init__(self, app: App, endpoint: str, service: str | None = None) -> None:
        self.exporter = _Watched(app, endpoint)
        names = {} if service is None and "OTEL_SERVICE_NAME" in os.environ else {SERVICE_NAME: service or _program()}
        limits = SpanLimits(max_attribute_length=LONGEST)
        self.provider = TracerProvider(resource=Resource.create(names), span_limits=limits, shutdown_on_exit=False)
        self._endpoint = endpoint
        self._batches: BatchSpanProcessor | None = None
        self._begin()

    def _begin(self) -> None:
        if self._batches is None:
            self.exporter.renew(_exporter(self._endpoint))
            self._batches = BatchSpanProcessor(self.exporter, max_queue_size=QUEUE, max_export_batch_size=TOGETHER)
            self.provider.add_span_processor(self._batches)

    async def open(self) -> None:
        """Begin, and have the app told of what happens."""
        self._begin()
        self.exporter.loop = asyncio.get_running_loop()

    async def drain(self) -> None:
        """Nothing to do: the last spans are made when sinks close."""

    async def close(self) -> None:
        """Send what waits, for as long as there is time; the thread that does it may stay behind."""
        loop, done = asyncio.get_running_loop(), asyncio.Event()
        batches, self._batches = self._batches, None

        def flush() -> None:
            if batches is not None:
                batches.shutdown()  # type: ignore[no-untyped-call] # as it is
            with suppress(RuntimeError):  # the loop has ended meanwhile
                loop.call_soon_threadsafe(done.set)

        threading.Thread(target=flush, name="mape tracing", daemon=True).start()
        with suppress(TimeoutError):
            await asyncio.wait_for(done.wait(), FLUSH)
        self.exporter.loop = None


class _Watched(SpanExporter):
    """An exporter that never raises, counts, and tells an app when it fails and when it works again."""

    def __init__(self, app: App, endpoint: str) -> None:
        self.loop: asyncio.AbstractEventLoop | None = None
        self.sent = self.lost = 0
        self._app, self._endpoint = app, endpoint
        self._exporter: SpanExporter | None = None
        self._is_up: bool | None = None

    def renew(self, exporter: SpanExporter) -> None:
        """Export by `exporter` from now on."""
        self._exporter = exporter

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Export spans; in the exporter's thread."""
        try:
            result = SpanExportResult.FAILURE if self._exporter is None else self._exporter.export(spans)
        except Exception:  # the wall around an exporter
            result = SpanExportResult.FAILURE
        is_up = result is SpanExportResult.SUCCESS
        self.sent, self.lost = self.sent + is_up * len(spans), self.lost + (not is_up) * len(spans)
        if is_up is not self._is_up:
            self._is_up = is_up
            self._tell(*(("connected", "takes spans") if is_up else ("disconnected", "takes no spans: they are lost")))
        return result

    def _tell(self, kind: str, text: str) -> None:
        loop = self.loop
        if loop is not None:
            with suppress(RuntimeError):  # it has ended meanwhile
                loop.call_soon_threadsafe(self._app.tell, kind, PATH, f"{self._endpoint} {text}")

    def shutdown(self) -> None:
        """Let go."""
        if self._exporter is not None:
            self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Nothing waits here."""
        del timeout_millis
        return True


def _exporter(endpoint: str) -> SpanExporter:
    if endpoint == "console":
        return ConsoleSpanExporter(out=sys.stderr, formatter=_line)
    try:
        parts = urlsplit(endpoint)
        is_url = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.username is None
    except ValueError:
        parts, is_url = None, False
    if parts is None or not is_url:
        cure = "write http://host:4318, or console; credentials go into OTEL_EXPORTER_OTLP_HEADERS"
        raise ConfigError(f"tracing.endpoint is no URL of a collector: {cure}")
    url = endpoint if parts.path.strip("/") else f"{endpoint.rstrip('/')}/v1/traces"
    return OTLPSpanExporter(url, timeout=PATIENCE)


def _line(span: ReadableSpan) -> str:
    """Return a span as one line for people."""
    context: Any = span.get_span_context()
    took = ((span.end_time or 0) - (span.start_time or 0)) / 1e6
    parent = f"{span.parent.span_id:016x}" if span.parent else "-" * 16
    failed = "" if span.status.is_ok or span.status.description is None else f"  {span.status.description}"
    ids = f"{context.trace_id:032x} {parent} > {context.span_id:016x}"
    return f"{ids} {took:9.3f} ms  {printable(span.name + failed, WIDTH)}\n"


def _program() -> str:
    return Path(sys.argv[0]).stem if sys.argv and sys.argv[0] not in {"", "-c", "-m"} else "mape"
