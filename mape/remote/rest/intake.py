"""Payloads in: which codec reads them, which receiver takes their items, and what becomes of those."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, cast
from weakref import WeakKeyDictionary

import msgspec

from mape.codecs import JSON, MSGPACK, Codec, Frame
from mape.errors import DecodeError
from mape.item import Passing
from mape.remote.receiver import Receiver, Way
from mape.remote.rest.view import Counts, Place, Rejected

if TYPE_CHECKING:
    from mape.application import App

__all__ = ["Intakes", "event_text", "reason_of", "without_events"]

CONTENT_TYPES: dict[str, Codec] = {
    "application/json": JSON,
    "": JSON,
    "application/x-ndjson": JSON,
    "application/jsonl": JSON,
    JSON.content_type: JSON,
    MSGPACK.content_type: MSGPACK,
}
"""What bodies may be; those that a form of another site's page can send are not among them."""
TEXT = 200
"""How much of a text is kept [characters]."""
_QUOTED = re.compile(r"""(?:, in )?(?:'(?:[^'\\]|\\.)*(?:'|$)|"(?:[^"\\]|\\.)*(?:"|$)).*""", re.DOTALL)


class Intakes:
    """The receivers of an app's ports; each removes duplicates and counts gaps by itself."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._receivers: WeakKeyDictionary[Way, dict[str, Receiver]] = WeakKeyDictionary()
        self.accepted = self.rejected = self.duplicates = 0

    content_types = tuple(kind for kind in CONTENT_TYPES if kind)

    def codec(self, content_type: str) -> Codec | None:
        """Return the codec of a content type; None if there is none."""
        return CONTENT_TYPES.get(content_type)

    def receiver(self, place: Place, port: str, codec: Codec) -> Receiver:
        """Return what takes the items for a port."""
        way = cast("Way", place.port(port))
        known = self._receivers.get(way)
        if known is None:
            known = self._receivers[way] = {}
        if codec.name not in known:
            known[codec.name] = Receiver(self._app, way, f"{place.path} (REST, {port})", codec=codec)
        receiver = known[codec.name]
        # each time anew: who listens to a source may change
        receiver.kind = place.kind if port == "in" else getattr(place.element, "output_type", None)
        return receiver

    def take(
        self, place: Place, receiver: Receiver, payload: bytes, *, may_control: bool, traceparent: bytes = b""
    ) -> Counts:
        """Hand the items of a payload over, and count.

        Args:
            may_control: Whether events among the items are let through.
            traceparent: The header of that name, if there is one.

        Raises:
            DecodeError: The payload as a whole is unreadable.
        """
        element = place.element
        before = element.stats.dropped if element is not None else {}
        try:
            frame = receiver.read(payload)
        except DecodeError as error:
            self.rejected += 1
            self._app.report(receiver.path, None, error)
            raise
        if frame.events and not may_control:
            frame = without_events(frame)
        intake = receiver.hand_over(frame, traceparent.decode("latin-1") or None)
        self.accepted += intake.accepted
        self.rejected += intake.rejected
        self.duplicates += intake.duplicates
        after = element.stats.dropped if element is not None else {}
        dropped = {reason: lost for reason, count in after.items() if (lost := count - before.get(reason, 0))}
        errors = [Rejected(index, reason_of(reason)) for index, reason in intake.errors]
        return Counts(intake.accepted, intake.rejected, intake.duplicates, dropped, errors)


def without_events(frame: Frame) -> Frame:
    """Return a frame whose events are refused, because the sender may not send any."""
    refused = DecodeError("events need the scope control")
    values = [refused if isinstance(value, Passing) else value for value in frame.values]
    return Frame(frame.header, values, frame.bad + frame.events)


def reason_of(error: DecodeError | str) -> str:
    """Return what is wrong with an item, without what it holds: answers must not echo what came in."""
    return _QUOTED.sub("", str(error))[:TEXT]


def event_text(body: bytes) -> str:
    """Return the text of an error that a client sends: a JSON string, or else the body as text, cut short."""
    try:
        value = msgspec.json.decode(body, type=str)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        value = body.decode(errors="replace")
    return value.strip()[:TEXT] or "an error from a REST client"
