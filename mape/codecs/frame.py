"""What travels at once: a header, and the items behind it. What a codec is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Protocol, runtime_checkable

import msgspec

from mape.flow.cause import TracedCause, traced

__all__ = ["VERSION", "Codec", "Frame", "Header", "WireHeader", "with_traces"]

VERSION = 1
"""Of the frame; a reader refuses what is newer."""

Number = Annotated[int, msgspec.Meta(ge=0, le=2**53)]  # what every JSON reader takes without loss
Source = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
TraceParent = Annotated[str, msgspec.Meta(max_length=128)]


class Header(msgspec.Struct, frozen=True, gc=False):
    """Where the items of a frame come from.

    Args:
        source: Id of the sender, the same as long as it lives.
        epoch: Grows each time the sender begins to count anew.
        seq: Number of the first item; the others follow without a gap.
        causes: The causal id of each item, or None for all; see `mape.current_cause`. Traces hang on them.
    """

    source: str
    epoch: int
    seq: int
    causes: Sequence[int | None] | None = None


class WireHeader(msgspec.Struct, omit_defaults=True, gc=False):
    """The header as it is written.

    Wire:
        ``{"mape":1,"source":"6f…","epoch":123,"seq":17,"count":2,"causes":[…]}``; ``causes`` may be missing. Where
        items are traced there are as many ``traces``: null, or a W3C ``traceparent``.
    """

    mape: Annotated[int, msgspec.Meta(ge=0)]
    source: Source
    epoch: Number
    seq: Number
    count: Number
    causes: list[Number | None] | None = None
    traces: list[TraceParent | None] | None = None

    @property
    def is_whole(self) -> bool:
        """Whether there are as many causes and traces as items, or none."""
        return (self.causes is None or len(self.causes) == self.count) and (
            self.traces is None or len(self.traces) == self.count
        )

    @property
    def traced_causes(self) -> Sequence[int | None] | None:
        """The causes, with the traces that hang on them."""
        if self.causes is None or self.traces is None:
            return self.causes
        pairs = zip(self.causes, self.traces, strict=True)
        return [cause if cause is None else traced(cause, trace) for cause, trace in pairs]


def with_traces(header: WireHeader) -> WireHeader:
    """Return a header in which traces stand beside the causes that they hang on, which then are plain numbers."""
    causes = header.causes or []
    traces = [cause.traceparent if isinstance(cause, TracedCause) else None for cause in causes]
    plain = [cause if cause is None else int(cause) for cause in causes]
    return msgspec.structs.replace(header, causes=plain, traces=traces if any(traces) else None)


class Frame(msgspec.Struct):
    """What a payload turned out to be.

    Args:
        header: None when it came from a stranger, who sends values and nothing else.
        values: The items in order; a `DecodeError` stands where an item is poison, `mape.item.Passing` for an event.
        bad: How many of them are poison.
        events: How many of them are events.
    """

    header: Header | None
    values: list[Any]
    bad: int = 0
    events: int = 0


@runtime_checkable
class Codec(Protocol):
    """Makes bytes of items, and items of bytes; `mape.testing.check_codec` says whether an own one does it right.

    A codec keeps no connection and waits for nothing, so that one may serve all transports of a process.
    """

    name: str
    """What settings call it."""
    content_type: str
    """The media type of a frame."""

    def encode(self, item: Any, /) -> bytes:
        """Return one item's envelope.

        Raises:
            EncodeError: The item has no form on the wire.
        """

    def encode_event(self, error: Exception | None, /) -> bytes:
        """Return the envelope of ``on_error`` or, with None, of ``on_completed``; the error travels as a short text."""

    def frame(self, header: Header, parts: Sequence[bytes], /) -> bytes:
        """Return the envelopes of consecutive items as one payload.

        Raises:
            EncodeError: There are no parts, or not as many as causes.
        """

    def decode(self, payload: bytes, kind: Any = None, /) -> Frame:
        """Return what is in a payload, which may be anything at all.

        Args:
            kind: What the receiver expects an item to be, as an annotation.

        Raises:
            DecodeError: The whole of it is unreadable. No other error is raised; a bad item is a value of the frame.
        """
