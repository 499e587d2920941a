"""JSON, a line an item."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from mape.codecs.base import BaseCodec, Writer
from mape.codecs.envelope import Address, Envelope
from mape.codecs.frame import Frame, Header, WireHeader
from mape.codecs.kind import Kind, Reader
from mape.codecs.reason import poison
from mape.codecs.soundness import check_depth, has_marks, has_nonfinite
from mape.errors import DecodeError, EncodeError
from mape.item import Message

__all__ = ["JSON", "JsonCodec"]

OURS = b'{"mape":'
HEADER = re.compile(rb'\s*\{\s*"mape"\s*:')
TOKENS = re.compile(rb"\b(?:NaN|Infinity)\b")
NULL = b"null"  # looked for from the end, which is up to twice as fast
BOM = b"\xef\xbb\xbf"


class JsonCodec(BaseCodec):
    """JSON by msgspec; the default.

    Wire:
        UTF-8. A frame is a header and one envelope a line. A payload without header is one JSON document, or one a
        line; each is a plain value. Of a key that an object has twice the last counts. Bytes are base64, times
        ISO 8601. With `allow_nan`, NaN and the infinities are written as Python's json does: ``NaN``, ``Infinity``.
    """

    name = "json"
    content_type = "application/x-ndjson"

    def __init__(self, **options: Any) -> None:
        self._encoder = msgspec.json.Encoder(enc_hook=self._to_plain)
        self._binary = msgspec.msgpack.Encoder(enc_hook=self._to_plain).encode
        super().__init__(**options)
        self._read_header = msgspec.json.Decoder(WireHeader).decode
        self._read_plain = msgspec.json.Decoder().decode
        self._skim: Callable[[bytes], Any] = msgspec.json.Decoder(msgspec.Raw).decode

    def reader_of(self, annotation: Any) -> Callable[[Any], Any]:
        """Return what decodes a document."""
        return msgspec.json.Decoder(annotation, dec_hook=self._build).decode

    def frame_reader_of(self, annotation: Any) -> Callable[[Any], list[Any]]:
        """Return what decodes many, a line each."""
        return msgspec.json.Decoder(annotation, dec_hook=self._build).decode_lines

    # -- items to bytes --------------------------------------------------------------------------------------------

    def _pack(self, value: Any) -> bytes:
        packed: bytes = self._encoder.encode(value)
        # msgspec writes NaN as null. No null, no NaN.
        return packed if packed.rfind(NULL) < 0 else self._with_nulls(packed, value)

    def _with_nulls(self, packed: bytes, value: Any) -> bytes:
        try:
            if not has_marks(self._binary(value)):  # most nulls are None, and this is the fastest way to see it
                return packed
        except (OverflowError, TypeError):  # numbers or keys that MessagePack has not
            pass
        plain = msgspec.to_builtins(value, enc_hook=self._to_plain, str_keys=True)
        if not has_nonfinite(plain):
            return packed
        if not self.allow_nan:
            raise EncodeError("NaN or an infinity has no form in JSON: leave it out, or allow_nan=True on both sides")
        return json.dumps(plain, separators=(",", ":"), ensure_ascii=False).encode()

    def _message_writer(self) -> Writer:
        tags, encode, with_nulls = self._tags, self._encoder.encode, self._with_nulls

        def write(item: Message) -> bytes:
            value = item.value
            address = Address(tags[type(value)], item.src, item.dst, item.hops, item.timestamp, value)
            packed: bytes = encode(address)
            return packed if packed.rfind(NULL) < 0 else with_nulls(packed, address)  # as in _pack, a call saved

        return write

    def _plain_writer(self, before: bytes) -> Writer:
        encode, with_nulls = self._encoder.encode, self._with_nulls

        def write(item: Any) -> bytes:
            packed: bytes = encode(item)
            if packed.rfind(NULL) >= 0:
                packed = with_nulls(packed, item)
            return before + packed + b"}"

        return write

    def beginning(self, tag: str | None) -> bytes:
        """Return how the envelope of a plain item begins, up to its value."""
        return b'{"type":%b,"value":' % msgspec.json.encode(tag) if tag else b'{"value":'

    def frame(self, header: Header, parts: Sequence[bytes], /) -> bytes:
        """Return the envelopes of consecutive items as one payload; see `Codec`."""
        return b"\n".join((self._head(header, parts, msgspec.json.encode), *parts))

    # -- bytes to items --------------------------------------------------------------------------------------------

    def _decode(self, payload: bytes, kind: Kind) -> Frame:
        if payload[:8] != OURS and HEADER.match(payload) is None:
            return self._strangers(payload, kind)
        end = payload.find(b"\n")
        body = payload[end + 1 :]
        if body[-1:] != b"}":
            body = body.rstrip(b"\r\n")
        if end < 0:
            raise DecodeError("a frame needs its items behind its header, a line each")
        return self._frame_of(self._read_header(payload[:end]), body, kind)

    def _strangers(self, payload: bytes, kind: Kind) -> Frame:
        """Return the values of somebody who knows nothing of frames: one document, or one a line."""
        if payload.startswith(BOM):
            raise DecodeError("the payload begins with a byte order mark: send UTF-8 without one")
        payload = payload.strip()
        first, newline, _ = payload.partition(b"\n")
        if not payload:
            raise DecodeError("an empty payload: send JSON")
        if not newline or not self._is_document(first):
            try:
                return Frame(None, [self._value(payload, kind)])
            except msgspec.ValidationError as error:  # it is JSON, of something else than expected
                return Frame(None, [poison(error, 0, payload)], bad=1)
            except ValueError:  # no document: it may be lines of which the first is bad
                if not newline:
                    raise
        if payload.count(b"\n") >= self.max_items:
            raise DecodeError(f"a payload of more than {self.max_items} lines, which are too many")
        lines = [line for line in payload.split(b"\n") if not line.isspace() and line]
        frame = self._one_by_one(None, lines, lambda line: self._value(line, kind))
        if frame.bad == len(lines) and not any(map(self._is_document, lines)):
            raise DecodeError(f"unreadable payload: {frame.values[0]}")
        return frame

    def _is_document(self, line: bytes) -> bool:
        try:
            self._skim(line)
        except (ValueError, RecursionError):
            return False
        return True

    def _value(self, raw: bytes, kind: Kind) -> Any:
        try:
            self._check(raw)
            return kind.base.read(raw)
        except msgspec.DecodeError:
            if not self._has_tokens(raw):
                raise
        return self._convert(json.loads(raw), kind.base)

    def _item(self, part: bytes, kind: Kind) -> Any:
        try:
            return super()._item(part, kind)
        except msgspec.DecodeError:
            if not self._has_tokens(part):
                raise
        fields = json.loads(part)
        value = fields.pop("value")
        envelope = msgspec.convert(fields, Envelope)
        return self._addressed(envelope, self._convert(value, kind.reader(envelope.type)))

    def _has_tokens(self, raw: bytes) -> bool:
        """Whether the numbers that msgspec does not read are in `raw`, and allowed."""
        return bool(self.allow_nan and TOKENS.search(raw))

    def _convert(self, plain: Any, reader: Reader) -> Any:
        check_depth(plain, self.max_depth)
        return msgspec.convert(plain, reader.annotation, dec_hook=self._build, str_keys=True)

    def _check(self, raw: Any) -> None:
        if self._may_be_deep(raw):
            check_depth(self._read_plain(raw), self.max_depth)

    def _may_be_deep(self, raw: Any) -> bool:
        """Whether `raw` has room for so many levels, and as many brackets."""
        if len(raw) <= 2 * self.max_depth:
            return False
        text = bytes(raw)
        return text.count(b"[") + text.count(b"{") > self.max_depth

    def _length(self, body: bytes) -> int:
        return body.count(b"\n") + 1

    def _split(self, body: bytes) -> list[bytes]:
        return body.split(b"\n")

    def _beginning_of(self, body: bytes) -> bytes:
        return body[: body.find(b'"value":') + 8]

    def _first(self, body: bytes) -> bytes:
        return body[: body.find(b"\n")]

    def _are_sound(self, body: bytes, count: int, reader: Reader) -> bool:
        if reader.is_flat:
            return True
        # msgspec takes any white space for the end of an item, and a deep one may have some: see that it has none
        if body.count(b"}\n{") != count - 1:
            return False
        lines = self._split(body)
        return max(map(len, lines)) <= 2 * self.max_depth or not any(map(self._may_be_deep, lines))


JSON = JsonCodec()
"""The codec of all transports that are not given another one."""
