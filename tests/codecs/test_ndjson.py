"""JSON frames, strangers' JSON, and what hostile lines cost."""

from __future__ import annotations

import json
import math
import resource
from dataclasses import dataclass
from typing import Any

import pytest

from mape.codecs import JSON, Header, JsonCodec, Registry
from mape.errors import DecodeError, EncodeError, PeerError
from mape.item import CallMethod, Message, Passing

HEADER = Header("0123456789abcdef", 123, 17)


@dataclass
class Car:
    name: str
    speed: float
    note: str | None = None


def lines(*items: Any) -> list[Any]:
    return [json.loads(each) for each in JSON.frame(HEADER, [JSON.encode(item) for item in items]).splitlines()]


def decoded(*parts: bytes, kind: Any = None, codec: JsonCodec = JSON) -> list[Any]:
    return codec.decode(codec.frame(HEADER, parts), kind).values


def test_a_frame_is_a_header_and_a_line_an_item() -> None:
    assert lines(1, "a\nb") == [
        {"mape": 1, "source": "0123456789abcdef", "epoch": 123, "seq": 17, "count": 2},
        {"value": 1},
        {"value": "a\nb"},
    ]


def test_the_header_holds_causes_if_there_are_any() -> None:
    parts = [JSON.encode(1), JSON.encode(2)]

    assert b"causes" not in JSON.frame(Header("s", 1, 1, [None, None]), parts)
    assert b'"causes":[null,5]' in JSON.frame(Header("s", 1, 1, [None, 5]), parts)


def test_fields_at_their_defaults_are_left_out() -> None:
    message = Message(Car("a", 1.5), src="a.b", timestamp=2.5)

    assert lines(message, Message(None), CallMethod.create("stop"))[1:] == [
        {
            "type": "Car",
            "src": "a.b",
            "hops": [],
            "timestamp": 2.5,
            "value": {"name": "a", "speed": 1.5, "note": None},
        },
        {"hops": [], "value": None},
        {"call": "stop"},
    ]


def test_events_are_envelopes_without_a_value() -> None:
    assert JSON.encode_event(None) == b'{"event":"completed"}'
    assert JSON.encode_event(ValueError("no")) == b'{"event":"error","text":"ValueError: no"}'
    assert JSON.encode(Passing(None)) == JSON.encode_event(None)
    assert len(JSON.encode_event(ValueError("x" * 10_000))) < 300


def test_an_error_that_is_passed_on_twice_keeps_its_text() -> None:
    (event,) = decoded(JSON.encode_event(ValueError("no")))

    assert isinstance(event.error, PeerError)
    assert JSON.encode_event(event.error) == JSON.encode_event(ValueError("no"))


@pytest.mark.parametrize(
    ("payload", "values"),
    [
        (b"5", [5]),
        (b' {"a": 1}\n', [{"a": 1}]),
        (b'{\n  "a": [\n    1\n  ]\n}', [{"a": [1]}]),
        (b"1\n2\r\n\n3\n", [1, 2, 3]),
        (b'{"value": 1}', [{"value": 1}]),
        (b'{"type":"Car","value":1}\n[]', [{"type": "Car", "value": 1}, []]),
        (b'{"a":1,"a":2}', [{"a": 2}]),
    ],
)
def test_plain_json_of_a_stranger_is_plain_values(payload: bytes, values: list[Any]) -> None:
    frame = JSON.decode(payload)

    assert frame.header is None
    assert frame.values == values
    assert frame.bad == 0


def test_plain_json_becomes_what_the_receiver_expects() -> None:
    frame = JSON.decode(b'{"name":"a","speed":1}\n{"name":"b"}\nnonsense\n{"name":"c","speed":2}', Car)

    assert frame.values[0] == Car("a", 1.0)
    assert frame.values[3] == Car("c", 2.0)
    assert frame.bad == 2
    assert "missing required field `speed`" in str(frame.values[1])
    assert "item 2" in str(frame.values[2])


def test_a_document_of_the_wrong_form_is_one_bad_item() -> None:
    frame = JSON.decode(b'{"name":\n5}', Car)

    assert frame.bad == len(frame.values) == 1
    assert "$.name" in str(frame.values[0])


@pytest.mark.parametrize(
    "payload", [b"nonsense", b"{\n]", b"\x80\n\x81", b'{"a":1', "\ud800", b"1 2", b"NaN", b"-Infinity"]
)
def test_what_is_no_json_is_unreadable(payload: Any) -> None:
    with pytest.raises(DecodeError) as caught:
        JSON.decode(payload)

    assert caught.value.__cause__ is None, "what msgspec says may quote all of the input"
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_a_text_or_a_view_is_decoded_as_bytes_are() -> None:
    payload = JSON.frame(HEADER, [JSON.encode("ü")])
    variants: list[Any] = [payload.decode(), bytearray(payload), memoryview(payload)]

    for each in variants:
        assert JSON.decode(each).values == ["ü"]


def header(**changes: Any) -> bytes:
    fields = {"mape": 1, "source": "s", "epoch": 1, "seq": 1, "count": 2, **changes}
    return json.dumps({key: value for key, value in fields.items() if value != "gone"}).encode()


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"mape": 2}, "version 2"),
        ({"mape": "1"}, r"\$\.mape"),
        ({"seq": -1}, r"\$\.seq"),
        ({"seq": 2**53 + 1}, r"\$\.seq"),
        ({"seq": 10**400}, r"\$\.seq"),
        ({"seq": 1.5}, r"\$\.seq"),
        ({"seq": "gone"}, "field `seq`"),
        ({"epoch": -1}, r"\$\.epoch"),
        ({"source": ""}, r"\$\.source"),
        ({"source": "s" * 65}, r"\$\.source"),
        ({"source": None}, r"\$\.source"),
        ({"count": 1}, "holds 2"),
        ({"count": 3}, "holds 2"),
        ({"causes": [1]}, "1 causes"),
        ({"causes": [1, 2, 3]}, "3 causes"),
        ({"causes": [1, -2]}, r"\$\.causes"),
        ({"causes": [1, 2**60]}, r"\$\.causes"),
        ({"causes": [1, "a"]}, r"\$\.causes"),
    ],
)
def test_a_header_that_is_wrong_costs_the_frame(changes: dict[str, Any], reason: str) -> None:
    good = b'\n{"value":1}\n{"value":2}'
    assert JSON.decode(header() + good).values == [1, 2]

    with pytest.raises(DecodeError, match=reason):
        JSON.decode(header(**changes) + good)


@pytest.mark.parametrize(
    "line",
    [
        b"", b"5", b"[]", b"null", b"{}", b'{"value":}', b'{"value":1', b'{"value":1}}', b'{"value":NaN}', b"nonsense",
        b'{"value":1,"hops":5}', b'{"value":1,"hops":[1]}', b'{"value":1,"src":2}', b'{"value":1,"timestamp":"now"}',
        b'{"value":1,"type":5}', b'{"value":1e999}', b'{"value":"\xff"}', b'{"value":"\\ud800"}',
        b'{"call":5}', b'{"call":"f","args":5}', b'{"call":"f","args":{}}', b'{"call":"f","kwargs":[]}',
        b'{"call":"' + b"f" * 200 + b'"}', b'{"event":"maybe"}', b'{"event":"error","text":5}', b'{"text":"x"}',
        b'{"value":' + b"[" * 65 + b"]" * 65 + b"}", b'{"value":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"call":"f","args":' + b"[" * 70 + b"]" * 70 + b"}", b'{"type":"datetime","value":"tomorrow"}',
        b'{"type":"bytes","value":"*"}', b'{"type":"set","value":[{}]}', b'{"value":' + b"9" * 5000 + b"}",
    ],
)  # fmt: skip
def test_one_bad_line_costs_itself_and_no_other(line: bytes) -> None:
    frame = JSON.decode(JSON.frame(HEADER, [b'{"value":1}', line, b'{"value":3}']))

    assert frame.values[::2] == [1, 3]
    assert isinstance(frame.values[1], DecodeError)
    assert frame.bad == 1
    assert len(str(frame.values[1])) < 330
    assert str(frame.values[1]).isprintable()


def test_fields_that_a_later_version_adds_are_ignored() -> None:
    assert decoded(b'{"value":1,"later":true}', b'{"value":2,"later":[]}') == [1, 2]


def test_white_space_around_lines_does_no_harm() -> None:
    payload = b' { "mape" : 1 ,"source":"s","epoch":1,"seq":1,"count":2}\r\n {"value": 1} \r\n{"value": 2}\r\n'

    assert JSON.decode(payload).values == [1, 2]


def test_an_item_that_spans_lines_does_not_hide_how_deep_it_is() -> None:
    one = b'{"value":1}'
    deep = b'{"value":' + b"[\n" * 71 + b"]" * 71 + b"}"
    body = b"\n".join([one, deep, *[one + b" " + one] * 71])
    count = body.count(b"\n") + 1
    assert body.count(b"value") == count

    frame = JSON.decode(header(count=count) + b"\n" + body)

    assert frame.bad > 0
    assert not any(isinstance(each, list) for each in frame.values)


def test_any_field_of_an_address_makes_a_message() -> None:
    for field in ({"src": "a"}, {"dst": "a"}, {"hops": ["a"]}, {"timestamp": 1.5}):
        line = json.dumps({"value": 1, **field}).encode()
        assert decoded(line) == decoded(line, line)[1:]
        (message,) = decoded(line)
        assert isinstance(message, Message)
        assert message.value == 1
        assert {"a", 1.5, ("a",)} & {message.src, message.dst, message.hops, message.timestamp}


def test_values_are_nested_up_to_the_limit() -> None:
    codec = JsonCodec(max_depth=3, registry=Registry())

    for kind in (None, list):
        good, bad = decoded(
            b'{"value":[[["' + b"x" * 50 + b'"]]]}', b'{"value":[[[[]]],[],[],[]]}', codec=codec, kind=kind
        )
        assert good == [[["x" * 50]]]
        assert "deeper than 3 levels" in str(bad)


def test_what_looks_deep_and_is_not_comes_through() -> None:
    item: list[Any] = [[]] * 1000 + ["[" * 1000]

    assert decoded(JSON.encode(item), JSON.encode(item)) == [item, item]


def test_a_payload_is_limited_in_bytes_and_items() -> None:
    codec = JsonCodec(max_bytes=100, max_items=3, registry=Registry())

    with pytest.raises(DecodeError, match="101 bytes, at most 100"):
        codec.decode(b" " * 101)
    with pytest.raises(DecodeError, match="3 items"):
        codec.decode(header(count=5) + b"\n1" * 5)
    with pytest.raises(DecodeError, match="3 lines"):
        codec.decode(b"1\n2\n3\n4")
    assert codec.decode(b"1\n2\n3").values == [1, 2, 3]


def test_64_megabytes_are_refused_without_a_copy() -> None:
    payload = b"[" * (64 * 2**20)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    with pytest.raises(DecodeError, match="67108864 bytes"):
        JSON.decode(payload)

    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 8 * 1024


def test_a_byte_order_mark_is_named() -> None:
    with pytest.raises(DecodeError, match="byte order mark"):
        JSON.decode(b"\xef\xbb\xbf1")


def test_nan_and_the_infinities_travel_where_both_sides_allow_them() -> None:
    codec = JsonCodec(allow_nan=True, registry=Registry())
    parts = [codec.encode(each) for each in (math.nan, [math.inf, None], Message(Car("a", -math.inf), "a.b"), 5)]

    nan, infinite, message, five = decoded(*parts, codec=codec, kind=Car | float | list)
    assert math.isnan(nan)
    assert infinite == [math.inf, None]
    assert message == Message(Car("a", -math.inf), "a.b")
    assert five == 5
    assert [type(each) for each in decoded(*parts)] == [DecodeError, DecodeError, DecodeError, int]
    assert math.isnan(codec.decode(b"NaN").values[0])
    assert codec.decode(b"[NaN," + b"[" * 70 + b"]" * 70 + b"]\n1").bad == 1


def test_none_is_not_taken_for_nan() -> None:
    good: list[Any] = [None, [None], {"a": None, "": "null"}, Car("null", 1.0), 2**70, [2**70, None], {1.5: None}]
    bad: list[Any] = [{"a": None, "b": math.nan}, Car("null", math.inf), [2**70, math.nan], {"a": [(math.nan,)]}]
    bad += [CallMethod.create("f", math.nan), Message(math.nan)]

    assert decoded(*map(JSON.encode, good))[:3] == good[:3]
    for item in bad:
        with pytest.raises(EncodeError, match="NaN"):
            JSON.encode(item)
