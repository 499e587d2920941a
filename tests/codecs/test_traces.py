"""Traces in frames: what hangs on a causal id comes out at the other side, and costs those nothing who have none."""

from __future__ import annotations

import msgspec
import pytest

from mape.codecs import JSON, MSGPACK, Codec, Header
from mape.errors import DecodeError
from mape.flow.cause import TracedCause

WIRE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
codecs = pytest.mark.parametrize("codec", [JSON, MSGPACK], ids=["json", "msgpack"])


def frame(codec: Codec, causes: list[int | None]) -> bytes:
    return codec.frame(Header("me", 1, 0, causes), [codec.encode(number) for number in range(len(causes))])


@codecs
def test_a_trace_travels_with_its_item(codec: Codec) -> None:
    read = codec.decode(frame(codec, [1, TracedCause(2, WIRE), None, TracedCause(4)]))
    assert read.header is not None
    causes = list(read.header.causes or ())
    assert causes == [1, 2, None, 4]
    assert [getattr(cause, "traceparent", None) for cause in causes] == [None, WIRE, None, None]
    assert read.values == [0, 1, 2, 3]


@codecs
def test_a_frame_without_traces_is_as_short_as_ever(codec: Codec) -> None:
    assert b"traces" not in frame(codec, [1, 2, None])
    assert frame(codec, [TracedCause(1), TracedCause(2)]) == frame(codec, [1, 2])


def head(**fields: object) -> bytes:
    return msgspec.json.encode({"mape": 1, "source": "me", "epoch": 1, "seq": 0, "count": 1, **fields})


def test_as_many_traces_as_items_or_the_frame_was_cut() -> None:
    with pytest.raises(DecodeError, match="cut"):
        JSON.decode(head(causes=[1], traces=[WIRE, WIRE]) + b'\n{"value":1}')


@pytest.mark.parametrize("trace", ["nonsense", "00-00-00-00", "\n", "é" * 50])
def test_a_malformed_trace_costs_the_trace_and_not_the_item(trace: str) -> None:
    read = JSON.decode(head(causes=[1], traces=[trace]) + b'\n{"value":1}')
    assert read.header is not None
    assert [type(cause) for cause in read.header.causes or ()] == [int]
    assert read.values == [1]


@pytest.mark.parametrize("traces", [[7], ["0" * 129], [["00"]], "00", {"a": 1}])
def test_what_is_no_trace_at_all_is_a_broken_frame(traces: object) -> None:
    with pytest.raises(DecodeError):
        JSON.decode(head(causes=[1], traces=traces) + b'\n{"value":1}')


def test_traces_without_causes_hang_on_nothing() -> None:
    read = JSON.decode(head(traces=[WIRE]) + b'\n{"value":1}')
    assert read.header is not None
    assert read.header.causes is None
