"""Every codec keeps the contract, and the contract finds those that do not."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from mape.codecs import JSON, MSGPACK, Codec, Frame, Header, JsonCodec, MsgpackCodec, Registry
from mape.errors import DecodeError, EncodeError
from mape.item import CallMethod, Message, Passing
from mape.testing.contracts.codec import check_codec


@pytest.mark.parametrize(
    "codec",
    [
        JSON,
        MSGPACK,
        JsonCodec(registry=Registry(), allow_nan=True),
        MsgpackCodec(registry=Registry(), allow_nan=True),
        JsonCodec(max_depth=8, max_items=1000),
        MsgpackCodec(max_depth=8, max_items=1000),
    ],
    ids=["JSON", "MSGPACK", "JSON with NaN", "MSGPACK with NaN", "strict JSON", "strict MSGPACK"],
)
def test_a_codec_keeps_the_contract(codec: Codec) -> None:
    check_codec(codec)


class Tampered(JsonCodec):
    """A codec with one fault; `change` is given what `decode` would return."""

    def __init__(self, change: Callable[[Frame], Frame]) -> None:
        super().__init__(registry=Registry())
        self.change = change

    def decode(self, payload: bytes, kind: Any = None, /) -> Frame:
        return self.change(super().decode(payload, kind))


def without_marks(frame: Frame) -> Frame:
    """Forget that a call is remote."""
    for index, value in enumerate(frame.values):
        if isinstance(value, CallMethod):
            frame.values[index] = CallMethod(value.method, value.args, value.kwargs)
    return frame


def without_hops(frame: Frame) -> Frame:
    for value in frame.values:
        if isinstance(value, Message):
            value.hops = ()
    return frame


def without_poison(frame: Frame) -> Frame:
    return Frame(
        frame.header, [each for each in frame.values if not isinstance(each, DecodeError)], frame.bad, frame.events
    )


def backwards(frame: Frame) -> Frame:
    return Frame(frame.header, frame.values[::-1], frame.bad, frame.events)


def without_events(frame: Frame) -> Frame:
    return Frame(frame.header, [None if isinstance(each, Passing) else each for each in frame.values], frame.bad)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (without_marks, "came over a wire"),
        (without_hops, "a message comes back with all its fields"),
        (without_poison, "bad item"),
        (backwards, "in order"),
        (without_events, "completion comes back as an event"),
        (lambda frame: Frame(None, frame.values, frame.bad, frame.events), "with its header"),
    ],
)
def test_the_contract_finds_a_fault(change: Callable[[Frame], Frame], sentence: str) -> None:
    with pytest.raises(AssertionError, match=sentence):
        check_codec(Tampered(change))


class Pickled:
    """What people did before."""

    name = "pickle"
    content_type = "application/x-pickle"

    def encode(self, item: Any, /) -> bytes:
        return pickle.dumps(item)

    def encode_event(self, error: Exception | None, /) -> bytes:
        return pickle.dumps(Passing(error))

    def frame(self, header: Header, parts: Sequence[bytes], /) -> bytes:
        if not parts or (header.causes and len(header.causes) != len(parts)):
            raise EncodeError("no parts")
        return pickle.dumps((header.source, header.epoch, header.seq, header.causes, list(parts)))

    def decode(self, payload: bytes, kind: Any = None, /) -> Frame:
        del kind
        source, epoch, seq, causes, parts = pickle.loads(payload)  # noqa: S301 - the fault to be found
        return Frame(Header(source, epoch, seq, causes), [pickle.loads(each) for each in parts])  # noqa: S301 - as above


def test_the_contract_finds_that_pickle_is_no_codec() -> None:
    with pytest.raises(AssertionError):
        check_codec(Pickled())
