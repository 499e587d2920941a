"""What all codecs share: writers by type, readers by tag, and the way from bytes to a frame."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any

from mape.codecs.envelope import Call, Envelope, event_of, special_item
from mape.codecs.frame import VERSION, Frame, Header, WireHeader, with_traces
from mape.codecs.kind import Kind, Reader
from mape.codecs.native import build, to_plain
from mape.codecs.reason import poison, reason_of, unreadable
from mape.codecs.registry import REGISTRY, Registry
from mape.errors import DecodeError, EncodeError
from mape.item import CallMethod, Message, Passing

__all__ = ["BaseCodec", "Writer"]

Writer = Callable[[Any], bytes]


class _Made(dict[type, Any]):
    """What belongs to each type, made when it is first asked for."""

    def __init__(self, make: Callable[[type], Any]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, cls: type) -> Any:
        made = self[cls] = self._make(cls)
        return made


class BaseCodec(ABC):
    """A codec by msgspec; subclasses say how a frame is written.

    Args:
        registry: Whose classes come back as what they were.
        max_bytes: How long a payload may be.
        max_depth: How many levels deep what is received may be nested.
        max_items: How many items a payload may have.
        allow_nan: Whether NaN and the infinities may be sent and received.
    """

    name: str = ""
    content_type: str = ""
    _encoder: Any

    def __init__(
        self,
        *,
        registry: Registry = REGISTRY,
        max_bytes: int = 16 * 2**20,
        max_depth: int = 64,
        max_items: int = 65_536,
        allow_nan: bool = False,
    ) -> None:
        self.registry, self.allow_nan = registry, allow_nan
        self.max_bytes, self.max_depth, self.max_items = max_bytes, max_depth, max_items
        self.forget()
        self._read_envelope = self.reader_of(Envelope)
        self._read_args = self.reader_of(list[Any])
        self._read_kwargs = self.reader_of(dict[str, Any])
        registry.tell(self)

    def forget(self) -> None:
        """Ask the registry again what it knows."""
        self._tags = _Made(self.registry.tag_of)
        self._writers = _Made(self._writer)
        self._kinds: dict[Any, Kind] = {}

    # -- items to bytes --------------------------------------------------------------------------------------------

    def encode(self, item: Any, /) -> bytes:
        """Return one item's envelope; see `Codec`."""
        try:
            return self._writers[type(item)](item)  # type: ignore[no-any-return]
        except EncodeError:
            raise
        except Exception as error:  # the wall around what belongs to the item: its properties, hooks of its class
            raise EncodeError(f"cannot encode a {type(item).__name__}: {reason_of(error)}") from error

    def encode_event(self, error: Exception | None, /) -> bytes:
        """Return the envelope of ``on_error`` or, with None, of ``on_completed``."""
        return self._encoder.encode(event_of(error))  # type: ignore[no-any-return]

    def _writer(self, cls: type) -> Writer:
        if cls is Message:
            return self._message_writer()
        if cls is CallMethod:
            return lambda call: self._pack(Call(call.method, call.args, call.kwargs))
        if cls is Passing:
            return lambda passing: self.encode_event(passing.error)
        return self._plain_writer(self.beginning(self._tags[cls]))

    @abstractmethod
    def _message_writer(self) -> Writer:
        """Return what writes messages."""

    @abstractmethod
    def _plain_writer(self, before: bytes) -> Writer:
        """Return what writes plain items whose envelopes begin with `before`."""

    @abstractmethod
    def beginning(self, tag: str | None) -> bytes:
        """Return how the envelope of a plain item begins, up to its value."""

    @abstractmethod
    def _pack(self, value: Any) -> bytes:
        """Return `value` without an envelope, free of NaN unless allowed."""

    @abstractmethod
    def frame(self, header: Header, parts: Sequence[bytes], /) -> bytes:
        """Return the envelopes of consecutive items as one payload; see `Codec`."""

    def _to_plain(self, item: Any) -> Any:
        entry = self.registry.by_class(type(item))
        return entry.encode(item) if entry is not None and entry.encode is not None else to_plain(item)

    def _wire_header(self, header: Header, parts: Sequence[bytes]) -> WireHeader:
        causes = header.causes
        if not parts or (causes is not None and len(causes) != len(parts)):
            raise EncodeError(f"a frame needs items, and a cause for each or none: {len(parts)} items, {causes!r:.80}")
        is_known = causes is not None and (causes[0] is not None or causes.count(None) < len(causes))
        known = list(causes) if causes is not None and is_known else None
        return WireHeader(VERSION, header.source, header.epoch, header.seq, len(parts), known)

    def _head(self, header: Header, parts: Sequence[bytes], write: Callable[[Any], bytes]) -> bytes:
        wire = self._wire_header(header, parts)
        try:
            return write(wire)
        except TypeError:  # a trace hangs on a cause, which is no plain number then; costs nothing where there is none
            return write(with_traces(wire))

    # -- bytes to items --------------------------------------------------------------------------------------------

    def decode(self, payload: bytes, kind: Any = None, /) -> Frame:
        """Return what is in a payload; see `Codec`."""
        try:
            if type(payload) is not bytes or len(payload) > self.max_bytes:
                payload = self._bytes_of(payload)
            return self._decode(payload, self._kind(kind))
        except DecodeError:
            raise
        except Exception as error:  # the wall around bytes from anywhere, which find every gap there is
            raise unreadable(error, payload) from None  # what is behind it may quote all of the input

    def _bytes_of(self, payload: Any) -> bytes:
        if isinstance(payload, str):
            payload = payload.encode()
        if len(payload) > self.max_bytes:
            raise DecodeError(f"a payload of {len(payload)} bytes, at most {self.max_bytes} are read")
        return bytes(payload)

    @abstractmethod
    def _decode(self, payload: bytes, kind: Kind) -> Frame: ...

    def _kind(self, annotation: Any) -> Kind:
        try:
            return self._kinds[annotation]
        except KeyError:
            key = annotation
        except TypeError:  # Annotated with a list, and such
            key = id(annotation)
        made = self._kinds[key] = Kind(annotation, self.registry, self)
        return made

    @abstractmethod
    def reader_of(self, annotation: Any) -> Callable[[Any], Any]:
        """Return what decodes a value of a type that msgspec knows."""

    @abstractmethod
    def frame_reader_of(self, annotation: Any) -> Callable[[Any], list[Any]]:
        """Return what decodes many of them at once."""

    def _build(self, cls: type, plain: Any) -> Any:
        entry = self.registry.by_class(cls)
        return entry.decode(plain) if entry is not None and entry.decode is not None else build(cls, plain)

    def _frame_of(self, header: WireHeader, body: bytes, kind: Kind) -> Frame:
        """Return our own frame; `body` is its envelopes."""
        if header.mape > VERSION:
            raise DecodeError(f"a frame of version {header.mape}, this mape reads version {VERSION}: update it")
        claimed = header.count if header.is_whole else 0
        given = Header(header.source, header.epoch, header.seq, header.traced_causes if claimed else None)
        if 1 <= claimed <= self.max_items:
            values = self._uniform(body, claimed, kind)
            if values is not None and len(values) == claimed:
                return Frame(given, values)
        count = self._length(body)
        if not 1 <= count <= self.max_items:
            raise DecodeError(f"a frame needs 1 to {self.max_items} items behind its header")
        if claimed != count:
            causes = "no" if header.causes is None else len(header.causes)
            raise DecodeError(f"a frame of {header.count} items holds {count}, and {causes} causes: it was cut")
        return self._one_by_one(given, self._split(body), lambda part: self._item(part, kind))

    @abstractmethod
    def _length(self, body: bytes) -> int:
        """Return how many envelopes a frame seems to have."""

    @abstractmethod
    def _split(self, body: bytes) -> Sequence[Any]:
        """Return the envelopes of a frame one by one."""

    @abstractmethod
    def _first(self, body: bytes) -> Any:
        """Return the first of them."""

    def _one_by_one(self, header: Header | None, parts: Sequence[Any], read: Callable[[Any], Any]) -> Frame:
        values: list[Any] = []
        bad = events = 0
        for index, part in enumerate(parts):
            try:
                value = read(part)
            except Exception as error:  # the wall around one item, which costs itself and no other
                value = poison(error, index, part)
                bad += 1
            else:
                events += type(value) is Passing
            values.append(value)
        return Frame(header, values, bad, events)

    def _item(self, part: Any, kind: Kind) -> Any:
        envelope = self._read_envelope(part)
        raw = envelope.value
        if not raw:
            self._check(part)
            args = self._read_args(envelope.args) if envelope.args else ()
            kwargs = self._read_kwargs(envelope.kwargs) if envelope.kwargs else {}
            return special_item(envelope, args, kwargs)
        self._check(raw)
        value = kind.reader(envelope.type).read(raw)
        return self._addressed(envelope, value)

    def _addressed(self, envelope: Envelope, value: Any) -> Any:
        if not envelope.is_addressed:
            return value
        return Message(value, envelope.src, envelope.dst, envelope.hops or (), envelope.timestamp)

    def _uniform(self, body: bytes, count: int, kind: Kind) -> list[Any] | None:
        """Return the items of a frame in which all are of one type and sound; None if that is not so."""
        reader, is_message = kind.begun.get(self._beginning_of(body)), False
        if reader is None:
            if count == 1 or (found := self._look(body, kind)) is None:
                return None
            reader, is_message = found
        if not self._are_sound(body, count, reader):
            return None
        try:
            if is_message:
                return _messages(reader.read_addressed(body))
            return [each.value for each in reader.read_lean(body)]
        except Exception:  # the wall around a frame: somewhere in it is something else, each item is looked at alone
            return None

    def _look(self, body: bytes, kind: Kind) -> tuple[Reader, bool] | None:
        """Return what reads envelopes like the first one, and whether that is a message's; None if nothing does."""
        try:
            envelope = self._read_envelope(self._first(body))
        except (ValueError, RecursionError):
            return None
        reader = kind.reader(envelope.type)
        is_sure = envelope.value and reader.is_one and reader.tag == envelope.type
        return (reader, envelope.is_addressed) if is_sure else None

    @abstractmethod
    def _beginning_of(self, body: bytes) -> bytes:
        """Return how the first envelope begins, up to its value, if it is a plain item's."""

    @abstractmethod
    def _are_sound(self, body: bytes, count: int, reader: Reader) -> bool:
        """Whether no item of a frame needs a closer look than the reader's."""

    @abstractmethod
    def _check(self, raw: Any) -> None:
        """See that a value is sound.

        Raises:
            ValueError: It is nested too deep, or not a number where there must be one.
        """


def _messages(envelopes: list[Any]) -> list[Message]:
    """Take messages out of their envelopes; not by `Message.__init__`, which would be a twentieth of all decoding."""
    messages, new = [], Message.__new__
    for each in envelopes:
        message = new(Message)
        message.value = each.value
        message.src = each.src
        message.dst = each.dst
        message.hops = each.hops
        message.timestamp = each.timestamp
        messages.append(message)
    return messages
