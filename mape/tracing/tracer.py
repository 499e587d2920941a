"""Follows items: gives each element and each hop its span, with what it comes from as its parent."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import metadata
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from opentelemetry import trace
from opentelemetry.context import attach, detach
from opentelemetry.trace import NonRecordingSpan, Span, SpanKind, Status, StatusCode, TracerProvider

from mape.flow.cause import TracedCause, cause_text
from mape.tracing.sampling import Choice, context_of, is_followed
from mape.tracing.weaver import ElementWeaver

if TYPE_CHECKING:
    from mape.application import App
    from mape.item import Failure

__all__ = ["ItemTracer"]

NANO = 1_000_000_000
TEXT = 1_000
"""How much of an error's text goes into the status of a span [characters]."""


class ItemTracer:
    """Follows the items of an app; see `mape.tracing.trace`, which makes one.

    Elements that are there are woven in, those that come later weave themselves in.

    Args:
        app: Whose items.
        provider: Makes spans; None is the one that the program has set, also if it does so later.
        sample: The fraction of the items that enter here. One that comes from another process is followed if it was
            followed there.

    Source:
        Names and attributes of hops are those of OpenTelemetry's semantic conventions for messaging.
    """

    def __init__(self, app: App, provider: TracerProvider | None = None, sample: float = 1.0) -> None:
        self._app = app
        self._tracer = trace.get_tracer("mape", metadata.version("mape-toolkit"), provider)
        self._choice = Choice(sample)
        self._seen: int | None = None
        self._places: WeakKeyDictionary[Any, _Place] = WeakKeyDictionary()
        app.causes.choose_by(self._choice.among)
        app.failures.subscribe(self._failed)
        for element in app.elements:
            self.weave(element)

    def now(self) -> float:
        """The app's wall time, since the Unix epoch [s]."""
        return self._app.clock.now()

    def weave(self, element: Any) -> None:
        """Follow items through an element."""
        element.weave(ElementWeaver(self, element))

    # -- elements --------------------------------------------------------------------------------------------------

    @contextmanager
    def span(self, element: Any, cause: TracedCause) -> Iterator[TracedCause]:
        """Be in the span of an element at work; gives what hangs on the causal id of what it emits.

        It is the current span meanwhile: spans that the function makes itself are its children.
        """
        start = self.now()
        attributes: dict[str, Any] = {
            "mape.loop": element.loop.uid,
            "mape.element": element.uid,
            "mape.role": element.role,
        }
        if level := element.loop.level.uid:
            attributes["mape.level"] = level
        if cause.since is not None:
            attributes["mape.wait"] = max(0.0, start - cause.since)
        span = self._start(element.path, cause, SpanKind.INTERNAL, attributes, start)
        token = attach(trace.set_span_in_context(span))
        try:
            yield TracedCause(cause, span.get_span_context())
        except BaseException as error:  # no wall: raised again, to the one around the element's function
            self._record(span, error)
            raise
        finally:
            detach(token)
            self._end(span)

    def _start(
        self, name: str, cause: TracedCause, kind: SpanKind, attributes: Mapping[str, Any], start: float
    ) -> Span:
        parent = context_of(cause)
        context = None if parent is None else trace.set_span_in_context(NonRecordingSpan(parent))
        known = {**attributes, "mape.cause": cause_text(cause)}
        span = self._tracer.start_span(name, context, kind, known, start_time=round(start * NANO))
        if parent is None:  # what else hangs on this very id, as a second try, is of the same trace
            cause.context = span.get_span_context()
        return span

    def _end(self, span: Span) -> None:
        span.end(round(self.now() * NANO))

    def _record(self, span: Span, error: BaseException) -> None:
        """Note an error in a span."""
        self._seen = id(error)
        try:
            span.record_exception(error)
            span.set_status(Status(StatusCode.ERROR, f"{type(error).__name__}: {error}"[:TEXT]))
        except Exception:  # the wall around an exception's own text
            span.set_status(Status(StatusCode.ERROR, type(error).__name__))

    def _failed(self, failure: Failure) -> None:
        """Make a span of a failure that is in none, as that of an operator, a full mailbox or a sink."""
        cause = self._app.scope.current()
        is_new, self._seen = self._seen != id(failure.error), None
        if is_new and type(cause) is TracedCause and is_followed(cause):
            span = self._start(failure.path, cause, SpanKind.INTERNAL, {}, self.now())
            self._record(span, failure.error)
            self._seen = None
            self._end(span)

    # -- hops ------------------------------------------------------------------------------------------------------

    def sending(self, sink: Any, causes: list[int | None]) -> Callable[[BaseException | None], None]:
        """Begin a span for each item that leaves; it lasts until the peer has confirmed, or the item is lost."""
        spans: list[Span] = []
        start, place = self.now(), self._place(sink, "send")
        for index, cause in enumerate(causes):
            if type(cause) is TracedCause and is_followed(cause):
                span = self._start(place.name, cause, SpanKind.PRODUCER, place.attributes, start)
                causes[index] = TracedCause(cause, span.get_span_context())
                spans.append(span)

        def ended(error: BaseException | None) -> None:
            for span in spans:
                if error is not None:
                    self._record(span, error)
                self._end(span)

        return ended

    def received(self, way: Any, causes: Iterable[int | None]) -> Iterator[int | None]:
        """Yield the causes of items that arrive; those that are followed have a span each, at the moment of arrival."""
        place = self._place(way, "receive")
        for given in causes:
            cause = self._app.causes.new() if given is None else given
            if type(cause) is not TracedCause:
                cause = self._choice.of(cause)
            if type(cause) is TracedCause and is_followed(cause):
                span = self._start(place.name, cause, SpanKind.CONSUMER, place.attributes, self.now())
                cause = TracedCause(cause, span.get_span_context())
                self._end(span)
            yield cause

    def _place(self, way: Any, operation: str) -> _Place:
        """Return what spans at a sink, a source or a port have in common."""
        if way not in self._places:
            self._places[way] = _place(way, operation)
        return self._places[way]


@dataclass(frozen=True)
class _Place:
    """The name and the attributes of the spans at one sink, source or port."""

    name: str
    attributes: dict[str, str]


def _place(way: Any, operation: str) -> _Place:
    channels = way.channels() if hasattr(way, "channels") else ()
    address = channels[0].address if channels else way.path
    attributes = {
        "messaging.system": channels[0].protocol if channels else "http",
        "messaging.destination.name": address,
        "messaging.operation.name": operation,
        "messaging.operation.type": operation,
    }
    if channels and channels[0].server:
        attributes["server.address"] = channels[0].server
    return _Place(f"{operation} {address}", attributes)
