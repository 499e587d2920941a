"""MessagePack frames, strangers' MessagePack, and what hostile bytes cost."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass
from typing import Any

import msgspec
import pytest

from mape.codecs import MSGPACK, Header, MsgpackCodec, Registry
from mape.codecs.msgpack import array_length
from mape.errors import DecodeError, EncodeError
from mape.item import CallMethod, Message

HEADER = Header("0123456789abcdef", 123, 17)
pack = msgspec.msgpack.encode


@dataclass
class Car:
    name: str
    speed: float


def framed(*items: bytes, **changes: Any) -> bytes:
    fields = {"mape": 1, "source": "s", "epoch": 1, "seq": 1, "count": len(items), **changes}
    return b"\x92" + pack(fields) + b"\xdc" + len(items).to_bytes(2, "big") + b"".join(items)


def test_a_frame_is_an_array_of_the_header_and_the_envelopes() -> None:
    parts = [MSGPACK.encode(Message(Car("a", 1.5), "a.b")), MSGPACK.encode_event(None), MSGPACK.encode(5)]

    assert msgspec.msgpack.decode(MSGPACK.frame(HEADER, parts)) == [
        {"mape": 1, "source": "0123456789abcdef", "epoch": 123, "seq": 17, "count": 3},
        [
            {"type": "Car", "src": "a.b", "hops": [], "value": {"name": "a", "speed": 1.5}},
            {"event": "completed"},
            {"value": 5},
        ],
    ]


@pytest.mark.parametrize("value", [5, None, "x", b"\x00", [1, [2]], {"a": {1: 2}}, {(1, 2): 3}, [1, 2], [{"mape": 1}]])
def test_a_strangers_payload_is_one_plain_value(value: Any) -> None:
    frame = MSGPACK.decode(pack(value))

    assert frame.header is None
    assert frame.values == [value]


def test_a_strangers_payload_becomes_what_the_receiver_expects() -> None:
    assert MSGPACK.decode(pack({"name": "a", "speed": 1}), Car).values == [Car("a", 1.0)]
    assert MSGPACK.decode(pack({"name": "a"}), Car).bad == 1
    assert MSGPACK.decode(pack(dt.datetime(2024, 1, 1, tzinfo=dt.UTC))).values == [
        dt.datetime(2024, 1, 1, tzinfo=dt.UTC)
    ]


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"\xc1",
        b"\xa5ab",
        b"\xd4\x05a",
        b"\xdd\xff\xff\xff\xff",
        b"\x91" * 65 + b"\x00",
        b"\x81\x80\x01",
        b"\xa1\xff",
    ],
)
def test_what_is_no_value_is_unreadable(payload: bytes) -> None:
    with pytest.raises(DecodeError):
        MSGPACK.decode(payload)


@pytest.mark.parametrize(
    "changes",
    [
        {"mape": 2},
        {"seq": -1},
        {"seq": 2**63},
        {"count": 1},
        {"count": 3},
        {"source": ""},
        {"causes": [1]},
        {"epoch": "x"},
    ],
)
def test_a_header_that_is_wrong_costs_the_frame(changes: dict[str, Any]) -> None:
    good = [pack({"value": 1}), pack({"value": 2})]
    assert MSGPACK.decode(framed(*good)).values == [1, 2]

    with pytest.raises(DecodeError):
        MSGPACK.decode(framed(*good, **changes))


@pytest.mark.parametrize(
    "item",
    [
        pack(5), pack({}), pack({"value": 1, "hops": 5}), b"\x81" + pack("value") + b"\xa1\xff",
        b"\x81" + pack("value") + b"\x91" * 65 + b"\x00", b"\x81" + pack("value") + b"\xca\x7f\xc0\x00\x00",
        pack({"value": {"a": [math.inf]}}), pack({"type": "bytes", "value": 5}), pack({"value": math.nan, "type": "x"}),
        b"\x81" + pack("value") + b"\xd4\x05a", pack({"call": "f", "args": [math.nan]}),
        pack({"hops": [], "value": math.nan}),
        pack({"value": 1, "timestamp": math.nan}),
    ],
)  # fmt: skip
def test_one_bad_item_costs_itself_and_no_other(item: bytes) -> None:
    frame = MSGPACK.decode(framed(pack({"value": 1}), item, pack({"value": 3})))

    assert frame.values[::2] == [1, 3]
    assert isinstance(frame.values[1], DecodeError)
    assert frame.bad == 1


@pytest.mark.parametrize("kind", [None, list, Any])
def test_values_are_nested_up_to_the_limit(kind: Any) -> None:
    codec = MsgpackCodec(max_depth=3, registry=Registry())
    deep = pack({"value": [[[["x"]]]]})

    frame = codec.decode(framed(pack({"value": [[["x" * 9]]]}), deep, deep), kind)

    assert frame.bad == 2
    assert frame.values[0] == [[["x" * 9]]]
    assert "deeper than 3 levels" in str(frame.values[1])


def test_a_frame_is_limited_in_items_before_they_are_made() -> None:
    codec = MsgpackCodec(max_items=3, registry=Registry())

    assert len(codec.decode(framed(*[pack({"value": 1})] * 3)).values) == 3
    with pytest.raises(DecodeError, match="1 to 3 items"):
        codec.decode(framed(*[pack({"value": 1})] * 4))
    with pytest.raises(DecodeError):
        codec.decode(framed()[:-3] + b"\xdd\xff\xff\xff\xff")


def test_the_length_of_an_array_is_read_without_the_array() -> None:
    for count in (0, 1, 15, 16, 65_535, 65_536):
        assert array_length(pack([None] * count)) == count
    assert array_length(pack({"a": 1})) == array_length(b"") == array_length(b"\xdd") == 0


def test_nan_and_the_infinities_travel_where_both_sides_allow_them() -> None:
    codec = MsgpackCodec(allow_nan=True, registry=Registry())
    payload = codec.frame(HEADER, [codec.encode(math.nan), codec.encode(Message([-math.inf]))])

    nan, message = codec.decode(payload).values
    assert math.isnan(nan)
    assert message == Message([-math.inf])
    assert MSGPACK.decode(payload).bad == 2
    for item in ([math.nan], [-math.inf], Message(-math.inf), CallMethod.create("f", -math.inf)):
        with pytest.raises(EncodeError, match="NaN"):
            MSGPACK.encode(item)


def test_numbers_that_look_like_nan_come_through() -> None:
    items = [127, -1, 1e308, -1e308, b"\xcb\x7f\xf8" + bytes(6), "\x7f", 255]

    assert MSGPACK.decode(MSGPACK.frame(HEADER, [MSGPACK.encode(each) for each in items])).values == items


def test_a_number_that_messagepack_has_not_is_refused() -> None:
    with pytest.raises(EncodeError, match="2\\*\\*63"):
        MSGPACK.encode(2**70)
