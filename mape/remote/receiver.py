"""Payloads in, items out: decodes, removes duplicates, counts gaps, and hands items over under their causal ids."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice, repeat
from typing import TYPE_CHECKING, Any, Protocol

from mape.codecs import JSON, Codec, Frame, Header
from mape.codecs.reason import reason_of
from mape.errors import DecodeError
from mape.flow.cause import traced
from mape.item import Passing

if TYPE_CHECKING:
    from mape.application import App

__all__ = ["Intake", "ReceiveStats", "Receiver", "Way", "decoded"]

SOURCES = 4_096
"""Senders that are remembered; the one that was silent longest is forgotten first."""
SHOWN = 10
"""Reasons that an `Intake` names."""


class Way(Protocol):
    """Where items go: a port."""

    @property
    def on_next(self) -> Callable[[Any], None]:
        """What takes an item."""

    def take_event(self, error: Exception | None) -> None:
        """Take ``on_error`` or, with None, ``on_completed``."""


@dataclass(slots=True)
class Intake:
    """What became of one payload.

    Args:
        accepted: Items handed over.
        rejected: Items that could not be decoded.
        duplicates: Items that had come before.
        gap: Items that were sent and never came, as far as the numbers tell.
        errors: Index and reason of the first rejected items.
    """

    accepted: int = 0
    rejected: int = 0
    duplicates: int = 0
    gap: int = 0
    errors: Sequence[tuple[int, str]] = ()


@dataclass
class ReceiveStats:
    """What a source has received.

    Args:
        payloads: Messages from the wire.
        accepted, rejected, duplicates, gaps: Items, as in `Intake`, summed up.
    """

    payloads: int = 0
    accepted: int = 0
    rejected: int = 0
    duplicates: int = 0
    gaps: int = 0


class Receiver:
    """See the module.

    Args:
        app: Hears of what cannot be decoded.
        way: Where the items go.
        path: What the source is called in failures.
        codec: Makes items of bytes.
        kind: What the items are, as an annotation; None leaves it to their tags.

    Delivery:
        From each sender (source, epoch) in order, each number once. What a sender numbered and this receiver did not
        get is a gap; what came before the first item that it got is none.
    """

    def __init__(self, app: App, way: Way, path: str, *, codec: Codec = JSON, kind: Any = None) -> None:
        self.way, self.path, self.codec, self.kind = way, path, codec, kind
        self.stats = ReceiveStats()
        self._app = app
        self._next: OrderedDict[str, tuple[int, int]] = OrderedDict()

    def take(self, payload: bytes) -> Intake:
        """Decode a payload, a frame or what a stranger sends, and hand its items over; an unreadable one counts."""
        try:
            frame = self.read(payload)
        except DecodeError as error:
            self._app.report(self.path, None, error)
            return Intake(rejected=1, errors=[(0, str(error))])
        return self.hand_over(frame)

    def read(self, payload: bytes) -> Frame:
        """Decode a payload, for `hand_over`; it is counted.

        Raises:
            DecodeError: It is unreadable, which is counted, too.
        """
        self.stats.payloads += 1
        try:
            return decoded(self.codec, payload, self.kind)
        except DecodeError:
            self.stats.rejected += 1
            raise

    def hand_over(self, frame: Frame, traceparent: str | None = None) -> Intake:
        """Hand the items of a decoded frame over.

        Args:
            traceparent: What items belong to that came without a header of ours.
        """
        intake = Intake()
        skip = self._place(frame.header, len(frame.values), intake) if frame.header is not None else 0
        self._pass_on(frame, skip, intake, traceparent)
        stats = self.stats
        stats.accepted += intake.accepted
        if intake.accepted < len(frame.values) or intake.gap:
            stats.rejected += intake.rejected
            stats.duplicates += intake.duplicates
            stats.gaps += intake.gap
        if intake.gap:
            self._app.tell("gap", self.path, f"{intake.gap} items from {frame.header.source} never came")  # type: ignore[union-attr] # a gap has a header
        return intake

    def _place(self, header: Header, number: int, intake: Intake) -> int:
        """Return how many items of the frame have come before, and remember where the sender is."""
        known = self._next.get(header.source)
        end = header.seq + number
        skip = 0
        if known == (header.epoch, header.seq):  # as nearly always
            self._next[header.source] = (header.epoch, end)
            self._next.move_to_end(header.source)
            return 0
        if known is not None:
            epoch, expected = known
            if header.epoch < epoch:
                intake.duplicates = number
                return number
            if header.epoch > epoch:
                expected = 0  # the sender began anew
            skip = min(number, max(0, expected - header.seq))
            intake.duplicates, intake.gap = skip, max(0, header.seq - expected)
            end = max(end, expected)
            self._next.move_to_end(header.source)
        elif len(self._next) >= SOURCES:
            self._next.popitem(last=False)
        self._next[header.source] = (header.epoch, end)
        return skip

    def _pass_on(self, frame: Frame, skip: int, intake: Intake, traceparent: str | None) -> None:
        values = frame.values[skip:] if skip else frame.values
        known: Iterable[int | None] | None = frame.header.causes if frame.header is not None else None
        causes = (islice(known, skip, None) if skip else known) if known else repeat(None)
        if traceparent is not None and not known:
            causes = (traced(self._app.causes.new(), traceparent) for _ in values)
        if self._app.tracing is not None:
            causes = self._app.tracing.received(self.way, causes)
        give, scope, new = self.way.on_next, self._app.scope, self._app.causes.new
        outer = scope.cause  # a stand-in in memory delivers while another item is in hand
        try:
            if frame.bad or frame.events:
                self._sort(values, causes, intake, skip)
                return
            intake.accepted = len(values)
            for value, cause in zip(values, causes, strict=False):
                scope.cause = new() if cause is None else cause
                give(value)
        finally:
            scope.cause = outer

    def _sort(self, values: list[Any], causes: Iterable[int | None], intake: Intake, skip: int) -> None:
        """Tell items, events and what could not be decoded apart."""
        scope, new = self._app.scope, self._app.causes.new
        for index, (value, cause) in enumerate(zip(values, causes, strict=False), skip):
            scope.cause = new() if cause is None else cause
            if isinstance(value, DecodeError):
                intake.rejected += 1
                if len(intake.errors) < SHOWN:
                    intake.errors = [*intake.errors, (index, str(value))]
                self._app.report(self.path, None, value)
                continue
            intake.accepted += 1
            self.way.take_event(value.error) if isinstance(value, Passing) else self.way.on_next(value)


def decoded(codec: Codec, payload: bytes, kind: Any) -> Frame:
    """Decode a payload with a codec that may be anybody's.

    Raises:
        DecodeError: Whatever it was that went wrong.
    """
    try:
        return codec.decode(payload, kind)
    except DecodeError:
        raise
    except Exception as error:  # the wall around a person's own codec: it costs a payload, and no stream
        why = f"the codec {codec.name!r:.40} raised {type(error).__name__}, which it should not: {reason_of(error)}"
        raise DecodeError(why) from error
