"""The envelope around an item, and what is in it.

Wire:
    A plain item is ``{"type":"Car","value":…}``, without ``type`` where every reader knows what it is. A `Message` has
    ``hops``, always, and ``src``, ``dst`` and ``timestamp`` beside it. A `CallMethod` is
    ``{"call":"name","args":[…],"kwargs":{…}}``, an event ``{"event":"completed"}`` or
    ``{"event":"error","text":"…"}``. A reader ignores fields that it does not know.
"""

from __future__ import annotations

import sys
from typing import Annotated, Any, Literal

import msgspec

from mape.errors import PeerError
from mape.item import CallMethod, Passing

__all__ = ["Address", "Call", "Envelope", "Event", "addressed", "event_of", "lean", "special_item"]

TEXT = 200
"""How much of an error's text travels [characters]."""


Timestamp = Annotated[float, msgspec.Meta(ge=-sys.float_info.max, le=sys.float_info.max)]  # no NaN, no infinity


class Address(msgspec.Struct, omit_defaults=True, gc=False):
    """A `Message` to be written. The type goes first: by it a reader chooses its decoder. No default is ever meant."""

    type: str | None = None
    src: str | None = None
    dst: str | None = None
    hops: tuple[str, ...] | None = None
    timestamp: float | None = None
    value: Any = msgspec.UNSET


class Call(msgspec.Struct, omit_defaults=True, gc=False):
    """A `CallMethod` to be written."""

    call: str
    args: tuple[Any, ...] = ()
    kwargs: dict[str, Any] = {}


class Event(msgspec.Struct, omit_defaults=True, gc=False):
    """What is no item."""

    event: Literal["completed", "error"]
    text: str | None = None


class Envelope(msgspec.Struct, gc=False):
    """Any envelope, read: what stands inside is still bytes."""

    type: str | None = None
    src: str | None = None
    dst: str | None = None
    hops: tuple[str, ...] | None = None
    timestamp: Timestamp | None = None
    value: msgspec.Raw = msgspec.Raw()
    call: Annotated[str, msgspec.Meta(max_length=128)] | None = None
    args: msgspec.Raw = msgspec.Raw(b"")
    kwargs: msgspec.Raw = msgspec.Raw(b"")
    event: Literal["completed", "error"] | None = None
    text: str | None = None

    @property
    def is_addressed(self) -> bool:
        """Whether it is a message's."""
        return self.hops is not None or (self.src or self.dst or self.timestamp) is not None


def lean(kind: Any, tag: str | None) -> type[msgspec.Struct]:
    """The envelope of a plain item of type `kind` under `tag`, and nothing else, for the fast way."""
    tags: list[Any] = [("type", Literal[tag])] if tag else []
    return msgspec.defstruct("Lean", [*tags, ("value", kind)], gc=False, forbid_unknown_fields=True)


def addressed(kind: Any, tag: str | None) -> type[msgspec.Struct]:
    """The envelope of a message with a value of type `kind` under `tag`, and nothing else, for the fast way."""
    fields: list[Any] = [("type", Literal[tag])] if tag else []
    fields += [("hops", tuple[str, ...]), ("value", kind), ("src", str | None, None), ("dst", str | None, None)]
    fields += [("timestamp", Timestamp | None, None)]
    return msgspec.defstruct("Addressed", fields, gc=False, forbid_unknown_fields=True)


def event_of(error: Exception | None) -> Event:
    """The envelope of an error, or of completion."""
    if error is None:
        return Event("completed")
    text = str(error) if isinstance(error, PeerError) else f"{type(error).__name__}: {error}"
    return Event("error", text[:TEXT].encode(errors="replace").decode())


def special_item(envelope: Envelope, args: Any, kwargs: Any) -> CallMethod | Passing:
    """The call or event in an envelope that has no value.

    Raises:
        ValueError: There is neither.
    """
    if envelope.event == "completed":
        return Passing(None)
    if envelope.event == "error":
        return Passing(PeerError((envelope.text or "error")[:TEXT]))
    if envelope.call is None:
        raise ValueError("an envelope needs a value, a call or an event")
    return CallMethod(envelope.call, tuple(args), kwargs, remote=True)
