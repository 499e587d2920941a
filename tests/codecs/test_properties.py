"""Whatever is sent comes back, and whatever bytes come do no harm."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mape.codecs import Codec, Frame, Header, JsonCodec, MsgpackCodec, Registry
from mape.codecs.soundness import check_depth
from mape.errors import DecodeError
from mape.item import CallMethod, Message

ROOT = Path(__file__).parents[2]
KNOWN = Registry()
CODECS: list[Codec] = [JsonCodec(registry=KNOWN), MsgpackCodec(registry=KNOWN)]

each_codec = pytest.mark.parametrize("codec", CODECS, ids=["json", "msgpack"])


@KNOWN.register
@dataclass
class Car:
    name: str
    speed: float
    tags: tuple[str, ...] = ()
    seen: dt.datetime | None = None
    owner: Car | None = None


numbers = st.integers(-(2**63), 2**64 - 1)
floats = st.floats(allow_nan=False, allow_infinity=False)
texts = st.text()
scalars = st.none() | st.booleans() | numbers | floats | texts
values = st.recursive(scalars, lambda inner: st.lists(inner) | st.dictionaries(texts, inner), max_leaves=30)
zones: st.SearchStrategy[Any] = st.sampled_from([None, dt.UTC])
moments = st.datetimes(dt.datetime(1, 1, 2), dt.datetime(9999, 12, 30), timezones=zones)  # noqa: DTZ001 - timezones gives them
cars = st.recursive(
    st.builds(Car, texts, floats, st.lists(texts).map(tuple), st.none() | moments),
    lambda inner: st.builds(Car, texts, floats, owner=inner),
    max_leaves=3,
)
builtins = (
    st.binary() | moments | st.dates() | st.times() | st.uuids() | st.decimals(allow_nan=False, allow_infinity=False)
    | st.lists(values).map(tuple) | st.sets(texts) | st.frozensets(numbers)
    | st.timedeltas(dt.timedelta(days=-9999), dt.timedelta(days=9999))
)  # fmt: skip
paths = st.none() | texts
messages = st.builds(Message, values | cars | builtins, paths, paths, st.lists(texts).map(tuple), st.none() | floats)
calls = st.builds(
    CallMethod, st.text(max_size=128), st.lists(values).map(tuple), st.dictionaries(texts, values), st.just(value=True)
)
items = values | cars | builtins | messages | calls
causes = st.none() | st.integers(0, 2**53)


@each_codec
@settings(max_examples=40)
@given(sent=st.lists(st.tuples(items, causes), min_size=1, max_size=8), seq=st.integers(0, 2**53))
def test_whatever_is_sent_comes_back(codec: Codec, sent: list[tuple[Any, int | None]], seq: int) -> None:
    header = Header("source", 7, seq, [cause for _, cause in sent])

    frame = codec.decode(codec.frame(header, [codec.encode(item) for item, _ in sent]))

    assert frame.header is not None
    assert frame.header.seq == seq
    assert list(frame.header.causes or [None] * len(sent)) == header.causes
    assert frame.values == [item for item, _ in sent]
    assert [type(each) for each in frame.values] == [type(item) for item, _ in sent]
    assert frame.bad == 0


@each_codec
@given(sent=st.lists(cars, min_size=1, max_size=8))
def test_one_type_in_a_frame_comes_back_by_the_short_way_too(codec: Codec, sent: list[Car]) -> None:
    for many in (sent, [Message(car, "a.b") for car in sent]):
        assert codec.decode(codec.frame(Header("s", 1, 1), [codec.encode(each) for each in many])).values == many


@settings(max_examples=40)
@given(item=items)
def test_a_line_of_json_has_no_line_break(item: Any) -> None:
    part = CODECS[0].encode(item)

    assert b"\n" not in part
    assert part.decode()


def readable(frame: Frame) -> bool:
    """See that a frame is in order."""
    assert frame.bad == sum(isinstance(each, DecodeError) for each in frame.values)
    for each in frame.values:
        if type(each) in (list, dict):
            check_depth(each, 64)
        assert not isinstance(each, DecodeError) or len(str(each)) < 330
    return True


FRAMES = [
    codec.frame(
        Header("s", 1, 1, [1, None, 3]), [codec.encode(each) for each in (Car("a", 1.5), Message([1], "a"), None)]
    )
    for codec in CODECS
]
kinds = st.sampled_from([None, int, Car, list[Car], Car | int, dt.datetime | str, Decimal, bytes, set[int], Message])


@each_codec
@given(payload=st.binary(max_size=200), kind=kinds)
def test_any_bytes_are_a_frame_or_an_error(codec: Codec, payload: bytes, kind: Any) -> None:
    for each in (payload, FRAMES[0] + payload, FRAMES[1][:3] + payload, FRAMES[0].split(b"\n")[0] + b"\n" + payload):
        try:
            assert readable(codec.decode(each, kind))
        except DecodeError as error:
            assert str(error).isprintable()  # noqa: PT017 - there may be none
            assert len(str(error)) < 330  # noqa: PT017 - as above


@each_codec
@given(st.data())
def test_a_frame_that_was_altered_is_a_frame_or_an_error(codec: Codec, data: st.DataObject) -> None:
    payload = bytearray(FRAMES[CODECS.index(codec)])
    for place, byte in data.draw(
        st.lists(st.tuples(st.integers(0, len(payload) - 1), st.integers(0, 255)), min_size=1, max_size=4)
    ):
        payload[place] = byte
    try:
        assert readable(codec.decode(bytes(payload), data.draw(kinds)))
    except DecodeError as error:
        assert str(error).isprintable()  # noqa: PT017 - there may be none


AUDITED = """
import pickle, sys
from dataclasses import dataclass
from mape.codecs import JSON, MSGPACK, Header, register
from mape.errors import DecodeError
from mape.testing.contracts.codec import GARBAGE

@register
@dataclass
class Car:
    name: str

class Bomb:
    def __reduce__(self):
        return open, ("/etc/passwd",)

bomb = pickle.dumps(Bomb())
hostile = [
    *GARBAGE, bomb, pickle.dumps([Bomb()], 0),
    b'{"py/object":"os.system","py/reduce":[{"py/type":"os.system"},["true"]]}', b'{"__class__":"os.system"}',
    b'!!python/object/apply:os.system ["true"]', b'{"$ref":"file:///etc/passwd"}',
    b'{"type":"os.system","value":"true"}',
]
for codec in (JSON, MSGPACK):
    for item in ("os.system", bomb, {"type": "subprocess.Popen"}, Car("__import__('os')")):
        hostile.append(codec.frame(Header("s", 1, 1), [codec.encode(item)]))
for line in (b'{"type":"os.system","value":"true"}', b'{"call":"__class__","args":["os"]}', b'{"type":"Car","value":1}',
             b'{"type":"subprocess.Popen","value":["true"]}', b'{"type":"builtins.eval","value":"1"}',
             b'{"value":"!!python/name:os.system"}', b'{"type":"__main__.Bomb","value":{}}'):
    hostile.append(b'{"mape":1,"source":"s","epoch":1,"seq":1,"count":1}\\n' + line)

WATCHED = {"import", "open", "exec", "compile", "os", "subprocess", "socket", "pickle", "ctypes"}
watched = []
armed = False

def hook(event, args):
    if armed and event.split(".")[0] in WATCHED:
        watched.append((event, args))

def decode_all():
    for codec in (JSON, MSGPACK):
        for payload in hostile:
            for kind in (None, Car, int, Car | int):
                try:
                    codec.decode(payload, kind)
                except DecodeError:
                    pass

decode_all()  # compiles what decoders there are
sys.addaudithook(hook)
armed = True
decode_all()
PLANT
armed = False
print(len(hostile), watched)
"""


@pytest.mark.parametrize("plant", ["", "pickle.loads(bomb)"])
def test_no_hostile_payload_runs_imports_or_opens_anything(plant: str) -> None:
    program = AUDITED.replace("PLANT", plant)
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT)

    count, _, watched = ran.stdout.partition(" ")
    assert int(count) > 40
    assert (watched.strip() == "[]") == (plant == "")
    assert not plant or "/etc/passwd" in watched
