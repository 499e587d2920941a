"""What every codec does; run it against your own."""
# ruff: noqa: S101, PLR2004, PT017 - a contract is checked by asserts, and the numbers are what is expected

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from mape.codecs import Codec, Frame, Header
from mape.errors import DecodeError, EncodeError, PeerError
from mape.item import CallMethod, Message, Passing

__all__ = ["Reading", "check_codec"]

HEADER = Header("0123456789abcdef", 1_700_000_000_000, 17)

PLAIN: tuple[Any, ...] = (
    None, True, False, 0, -1, 2**53, 0.5, -1e300, "", 'Zürich \n\r\t\0"\\ \u2028 😀', [], [1, [2, []]], {},
    {"a": {"b": [None, 1.5, "x"]}, "": 0}, {"mape": 1}, {"value": 1, "type": "int"}, "null", "NaN",
)  # fmt: skip

GARBAGE: tuple[bytes, ...] = (
    b"", b"\n\n", b" ", b"\xff\xfe\x00", b"\xef\xbb\xbf1", b"{", b'{"mape":1}', b'{"mape":1}\n1', b"\x92\x85\xa4mape",
    b"[" * 100_000, b'{"a":' * 100_000, b"\x91" * 100_000, b"\xdd\xff\xff\xff\xff", b"\xdf\xff\xff\xff\xff\x01",
    b"\xc6\xff\xff\xff\xffab", b"9" * 100_000, b"1e99999", b'"\\ud800"', b"\xc1", b"\xd4\x05a", b"\x81\x80\x01",
    b"cposix\nsystem\n(S'true'\ntR.", b"\x80\x04\x8c\x05posix\x94\x8c\x06system\x94\x93.",
    b"!!python/object/apply:os.system ['true']", b"<!DOCTYPE x [<!ENTITY a SYSTEM 'file:///etc/passwd'>]>",
)  # fmt: skip


@dataclass
class Reading:
    """A value with fields, for the checks."""

    sensor: str
    celsius: float | None = None


class _Stranger:
    """A class of which nobody has said how it travels."""


def check_codec(codec: Codec) -> None:
    """Check that a codec does what `mape.codecs.Codec` promises.

    Raises:
        AssertionError: It does not; says in a sentence what is wrong.
    """
    assert codec.name, "a codec has a name"
    assert "/" in codec.content_type, f"a content type looks like type/subtype, not {codec.content_type!r}"
    for check in (_values, _headers, _special_items, _kinds, _moments, _refusals, _poison, _cuts, _garbage):
        check(codec)


def _sent(codec: Codec, items: Sequence[Any], header: Header = HEADER, kind: Any = None) -> Frame:
    """Return what a peer gets."""
    return codec.decode(codec.frame(header, [codec.encode(each) for each in items]), kind)


def _same(got: Any, sent: Any, sentence: str) -> None:
    assert got == sent and type(got) is type(sent), f"{sentence}: sent {sent!r:.100}, got {got!r:.100}"  # noqa: PT018


def _values(codec: Codec) -> None:
    for each in PLAIN:
        _same(_sent(codec, [each]).values[0], each, "a plain value comes back as it was")
    frame = _sent(codec, PLAIN)
    assert frame.values == list(PLAIN), "values of different types in one frame come back in order"
    assert (frame.bad, frame.events) == (0, 0), "a frame of good items counts no bad ones and no events"
    numbers = list(range(1000))
    assert _sent(codec, numbers).values == numbers, "many values of one type come back in order"


def _headers(codec: Codec) -> None:
    for header in (HEADER, Header("s", 0, 0, [None, 2**53 - 1, 7]), Header("s" * 64, 2**53, 2**53)):
        got = _sent(codec, [1, 2, 3], header).header
        assert got is not None, "a frame comes back with its header"
        seen, sent = ([each.source, each.epoch, each.seq] for each in (got, header))
        assert seen == sent, f"source, epoch and number come back as they were: sent {sent}, got {seen}"
        causes = None if got.causes is None else list(got.causes)
        assert causes == header.causes, f"causes come back as they were: sent {header.causes}, got {causes}"
    nothing = _sent(codec, [1, 2], Header("s", 1, 1, [None, None])).header
    assert nothing is not None, "a frame comes back with its header"
    assert not nothing.causes or set(nothing.causes) == {None}, "no causes come back as none"


def _special_items(codec: Codec) -> None:
    for message in (
        Message(1),
        Message({"a": None}, "car.detect", "ambulance.plan", ("car.monitor", "car.detect"), 1.5),
        Message(None, dst="x.y"),
    ):
        _same(_sent(codec, [message]).values[0], message, "a message comes back with all its fields")
    messages = [Message(number, "a.b", None, ("a.b",), 1.0 * number) for number in range(100)]
    assert _sent(codec, messages).values == messages, "many messages come back in order"
    call = _sent(codec, [CallMethod.create("slow_down", 3, to=[1.5])]).values[0]
    assert isinstance(call, CallMethod), "a method call comes back as one"
    assert (call.method, call.args, call.kwargs) == ("slow_down", (3,), {"to": [1.5]}), "a call keeps its arguments"
    assert call.remote, "a method call that came over a wire says so: otherwise it may call anything"


def _events(codec: Codec, parts: list[bytes]) -> list[Any]:
    frame = codec.decode(codec.frame(HEADER, parts))
    assert frame.events == sum(isinstance(each, Passing) for each in frame.values), "a frame counts its events"
    assert frame.bad == 0, "an event is no bad item"
    return frame.values


def _kinds(codec: Codec) -> None:
    reading = Reading("roof", -3.5)
    for kind in (Reading, Reading | None, int | Reading):
        _same(_sent(codec, [reading], kind=kind).values[0], reading, "a dataclass comes back where it is expected")
    readings = [reading, Reading("cellar")] * 10
    assert _sent(codec, readings, kind=Reading).values == readings, "many dataclasses come back in order"
    message = Message(reading, "a.b")
    _same(_sent(codec, [message], kind=Reading).values[0], message, "a message's value comes back as expected")
    for strange in (_Stranger, "a name", Callable, Any, object, None):
        assert _sent(codec, [5], kind=strange).values == [5], f"what is expected as {strange!r} stays plain"
    completed, failed = _events(codec, [codec.encode_event(None), codec.encode_event(ValueError("too hot"))])
    assert isinstance(completed, Passing), "completion comes back as an event"
    assert completed.error is None, "completion is no error"
    assert isinstance(failed, Passing), "an error comes back as an event"
    assert isinstance(failed.error, PeerError), "an error comes back as the error of a peer"
    assert "too hot" in str(failed.error), "an error keeps its text"


def _moments(codec: Codec) -> None:
    item = [1]
    part = codec.encode(item)
    item.append(2)
    assert codec.decode(codec.frame(HEADER, [part])).values == [[1]], "what happens to an item later does not travel"


def _refusals(codec: Codec) -> None:
    bottomless: list[Any] = []
    bottomless.append(bottomless)
    refused: list[Any] = [_Stranger(), object, bottomless, lambda: None, "\ud800"]
    if not getattr(codec, "allow_nan", False):
        refused += [
            float("nan"),
            float("inf"),
            {"a": [-float("inf")]},
            Message(float("nan")),
            Reading("x", float("nan")),
        ]
    for item in refused:
        try:
            codec.encode(item)
        except EncodeError as error:
            assert len(str(error)) < 500, "an error is short"
        else:
            raise AssertionError(f"{item!r:.60} has no form on the wire and is refused with an EncodeError")
    for parts, causes in (([], None), ([codec.encode(1)], [1, 2])):
        try:
            codec.frame(Header("s", 1, 1, causes), parts)
        except EncodeError:
            continue
        raise AssertionError(f"a frame of {len(parts)} parts with causes {causes} is refused with an EncodeError")


def _poison(codec: Codec) -> None:
    bad: tuple[Any, ...] = ("two", {"a": 1}, [[]])
    for item in bad:
        frame = _sent(codec, [1, item, 3], kind=int)
        assert len(frame.values) == 3, "a bad item keeps its place"
        assert [frame.values[0], frame.values[2]] == [1, 3], "a bad item costs itself and no other"
        assert isinstance(frame.values[1], DecodeError), "in the place of a bad item stands its error"
        assert frame.bad == 1, "a frame counts its bad items"
        assert len(str(frame.values[1])) < 400, "an error does not repeat the input"


def _cuts(codec: Codec) -> None:
    payload = codec.frame(HEADER, [codec.encode(Message({"n": number}, "a.b")) for number in range(3)])
    for length in range(len(payload)):
        frame = _decoded(codec, payload[:length])
        is_noticed = frame is None or frame.header is None or frame.bad > 0
        assert is_noticed, f"a frame cut after {length} bytes is not taken for a whole one"


def _decoded(codec: Codec, payload: bytes, kind: Any = None) -> Frame | None:
    """Decode what may be anything; None if it was refused as it should be."""
    try:
        return codec.decode(payload, kind)
    except DecodeError as error:
        assert len(str(error)) < 400, f"an error does not repeat the input: {error!s:.600}"
        assert str(error).isprintable(), f"an error can be written to a log: {error!r:.200}"
    except Exception as error:  # the wall around the codec that is checked
        raise AssertionError(f"{payload!r:.80} raises {error!r:.200}, only a DecodeError may be raised") from error
    return None


def _garbage(codec: Codec) -> None:
    for payload in GARBAGE:
        for kind in (None, int, Reading, str | Reading):
            _decoded(codec, payload, kind)
    rng = random.Random(7)  # noqa: S311 - not a secret
    good = codec.frame(Header("s", 1, 1, [1, None]), [codec.encode(Reading("x", 1.5)), codec.encode(Message([1], "a"))])
    for _ in range(2000):
        changed = bytearray(good)
        for _ in range(rng.randint(1, 3)):
            changed[rng.randrange(len(changed))] = rng.randrange(256)
        _decoded(codec, bytes(changed), rng.choice((None, Reading)))
