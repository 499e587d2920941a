"""Items come back as the type they left, by registration or by the receiver's annotation; over both codecs."""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
import typing
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Annotated, Any, Generic, Literal, NamedTuple, NewType, Optional, TypedDict, TypeVar
from uuid import UUID

import msgspec
import numpy as np
import pydantic
import pytest

from mape.codecs import Header, JsonCodec, MsgpackCodec, Registry
from mape.codecs.base import BaseCodec
from mape.errors import DecodeError, EncodeError
from mape.item import CallMethod, Message

HEADER = Header("s", 1, 1)
NOON = dt.datetime(2024, 2, 29, 12, 0, 0, 123456, tzinfo=dt.UTC)
CODECS = (JsonCodec, MsgpackCodec)
V = TypeVar("V")


class Color(enum.Enum):
    RED = "red"


class Gear(enum.IntEnum):
    FIRST = 1


class Mood(enum.StrEnum):
    GOOD = "good"


class Model(pydantic.BaseModel):
    when: dt.datetime
    share: float = pydantic.Field(0.0, le=1)


class StrictModel(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(strict=True)
    when: dt.datetime
    ids: set[UUID] = set()


class Struct(msgspec.Struct):
    name: str
    tags: frozenset[str] = frozenset()


class Point(NamedTuple):
    x: int
    y: int


class Row(TypedDict):
    a: int


class Kelvin(float):
    """A number with a meaning."""


class Name(str):
    """A text with a meaning."""

    __slots__ = ()


class Plain:
    """A class that nobody knows."""

    def __init__(self, x: int) -> None:
        self.x = x

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Plain) and other.x == self.x

    __hash__ = None  # type: ignore[assignment]


@dataclasses.dataclass
class Car:
    name: str
    speed: float


@dataclasses.dataclass
class Truck(Car):
    load: int = 0


@dataclasses.dataclass
class Fleet:
    cars: list[Car]
    by_name: dict[str, Car]
    place: tuple[float, float]
    since: dt.datetime | None = None
    model: Model | None = None
    temperature: Kelvin | None = None
    parent: Fleet | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Box(Generic[V]):
    value: V


@dataclasses.dataclass
class Alarm(Message):
    level: int = 0


Kilometres = NewType("Kilometres", int)

FLEET = Fleet(
    [Car("a", 1.0)],
    {"b": Car("b", 2.0)},
    (1.5, 2.5),
    NOON,
    Model(when=NOON, share=0.5),
    Kelvin(3),
    Fleet([], {}, (0, 0)),
)

BUILTINS: list[Any] = [
    (1, "a"), {1, 2}, frozenset({"x"}), b"\x00\xff", NOON, NOON.replace(tzinfo=None), NOON.date(), NOON.time(),
    dt.timedelta(days=-1, microseconds=7), UUID(int=5), Decimal("1.10"),
]  # fmt: skip

OWN: list[Any] = [
    Color.RED, Gear.FIRST, Mood.GOOD, Model(when=NOON, share=0.5), StrictModel(when=NOON, ids={UUID(int=1)}),
    Struct("s", frozenset("ab")), Point(1, 2), Kelvin(2.5), Car("a", 1.0), Truck("t", 1.0, 3), FLEET, Box(5), Plain(4),
    Alarm(1, "a.b", level=3), OrderedDict(b=1, a=2), deque([1, 2]), np.float64(1.5), np.int32(3), np.bool_(True),
]  # fmt: skip


def registry() -> Registry:
    made = Registry()
    for cls in {type(each) for each in OWN} - {Plain}:
        made.register(cls)
    made.register(Plain, encode=lambda plain: plain.x, decode=Plain)
    return made


@pytest.fixture(params=CODECS, ids=["json", "msgpack"])
def make(request: pytest.FixtureRequest) -> Callable[..., BaseCodec]:
    return request.param  # type: ignore[no-any-return]


def sent(codec: BaseCodec, items: Sequence[Any], kind: Any = None, *, by: BaseCodec | None = None) -> list[Any]:
    return codec.decode(codec.frame(HEADER, [(by or codec).encode(each) for each in items]), kind).values


@pytest.mark.parametrize("item", [*BUILTINS, *OWN], ids=lambda item: type(item).__name__)
@pytest.mark.parametrize("count", [1, 3])
def test_an_item_comes_back_as_it_left_if_registered(make: Callable[..., BaseCodec], item: Any, count: int) -> None:
    codec = make(registry=registry())

    for each in [item] * count, [Message(item, "a.b")] * count:
        got = sent(codec, each)
        assert got == each
        assert [type(one) for one in got] == [type(one) for one in each]
        assert type(getattr(got[0], "value", item)) is type(getattr(each[0], "value", item))


@pytest.mark.parametrize("item", [*BUILTINS, *OWN], ids=lambda item: type(item).__name__)
def test_an_item_comes_back_as_the_annotation_says(make: Callable[..., BaseCodec], item: Any) -> None:
    codec, kind = make(registry=Registry()), type(item)
    by = make(registry=registry())
    if kind is Plain:
        codec = by

    for each in (kind, kind | None, kind | int, Annotated[kind, "why"], kind | Message):
        (got,) = sent(codec, [item], each, by=by)
        assert got == item
        assert type(got) is kind


@pytest.mark.parametrize(
    "item", [each for each in OWN if not isinstance(each, Alarm)], ids=lambda item: type(item).__name__
)
def test_an_item_of_a_class_that_nobody_registered_is_plain_values(make: Callable[..., BaseCodec], item: Any) -> None:
    (got,) = sent(make(registry=Registry()), [item], by=make(registry=registry()))

    assert type(got) in (str, int, float, bool, dict, list)


def test_an_array_travels_as_lists(make: Callable[..., BaseCodec]) -> None:
    array = np.array([[1.5, 2], [3, 4]])
    known = Registry()
    known.register(np.ndarray)

    assert sent(make(registry=Registry()), [array]) == [[[1.5, 2.0], [3.0, 4.0]]]
    assert sent(make(registry=Registry()), [{"a": np.int8(3)}]) == [{"a": 3}]
    (got,) = sent(make(registry=known), [array])
    assert isinstance(got, np.ndarray)
    assert (got == array).all()


@pytest.mark.parametrize(
    ("kind", "item", "expected"),
    [
        (Car | Truck, Truck("t", 1.0, 2), Truck("t", 1.0, 2)),
        (Car | Truck | None, Car("c", 1.0), Car("c", 1.0)),
        (Car | Truck, {"name": "c", "speed": 1}, Car("c", 1.0)),
        (Optional[Car], None, None),  # noqa: UP045 - the old form
        (typing.Union[Car, int], 5, 5),  # noqa: UP007 - the old form
        (list[Car], [Car("c", 1.0)], [Car("c", 1.0)]),
        (list[Car], (Car("c", 1.0),), [Car("c", 1.0)]),
        (Sequence[Car], [Car("c", 1.0)], [Car("c", 1.0)]),
        (dict[str, list[Car]], {"a": [Car("c", 1.0)]}, {"a": [Car("c", 1.0)]}),
        (dict[int, str], {1: "a"}, {1: "a"}),
        (tuple[int, float], (1, 2.0), (1, 2.0)),
        (Box[Car], Box(Car("c", 1.0)), Box(Car("c", 1.0))),
        (Kilometres, 5, 5),
        (Literal["a", "b"], "b", "b"),
        (Row, {"a": 1}, {"a": 1}),
        (str | dt.datetime, NOON, NOON),
        (Message, Car("c", 1.0), {"name": "c", "speed": 1.0}),
        (Message | Car, Car("c", 1.0), Car("c", 1.0)),
        (Car, Truck("t", 1.0, 2), Car("t", 1.0)),
        (float, 3, 3.0),
        (Annotated[int, msgspec.Meta(ge=1)], 1, 1),
        (Annotated[int, ["unhashable"]], 1, 1),
        (Plain, {"x": 1}, {"x": 1}),
        (Car | Plain, {"x": 1}, {"x": 1}),
        (Car | Plain, Car("c", 1.0), Car("c", 1.0)),
        (list[Plain], [1], [1]),
        ("Car", 5, 5),
        (Callable, 5, 5),
        (V, 5, 5),
        (type, 5, 5),
        (object, NOON, NOON),
    ],
    ids=repr,
)
def test_an_annotation_of_any_form_is_understood_or_left(
    make: Callable[..., BaseCodec], kind: Any, item: Any, expected: Any
) -> None:
    codec = make(registry=Registry())

    for items in ([item], [item] * 3):
        got = sent(codec, items, kind)
        assert got == [expected] * len(items)
        assert type(got[0]) is type(expected)


@pytest.mark.parametrize(
    ("kind", "item"),
    [(int, "1"), (int, 1.5), (bool, 1), (str, 1), (Car, {"name": "c"}), (Car | Truck, {"nam": 1}), (list[int], ["a"]),
     (Color, "blue"), (Model, {"when": "never"}), (Kelvin, "hot"), (Name, 5), (np.ndarray, ["a"]), (np.ndarray, [{}]),
     (np.float64, "hot"), (np.int8, [1]),
     (Annotated[int, msgspec.Meta(ge=1)], 0), (Literal["a"], "b")],
    ids=repr,
)  # fmt: skip
def test_what_does_not_fit_the_annotation_is_a_bad_item(make: Callable[..., BaseCodec], kind: Any, item: Any) -> None:
    codec = make(registry=Registry())

    frame = codec.decode(codec.frame(HEADER, [codec.encode(item)]), kind)

    assert frame.bad == 1
    assert isinstance(frame.values[0], DecodeError)


def test_a_registered_subclass_comes_through_where_its_base_is_expected(make: Callable[..., BaseCodec]) -> None:
    known = Registry()
    known.register(Truck)

    assert sent(make(registry=known), [Truck("t", 1.0, 2)] * 2, Car) == [Truck("t", 1.0, 2)] * 2


def test_types_may_change_from_item_to_item(make: Callable[..., BaseCodec]) -> None:
    items = [Car("c", 1.0), 5, Message(Truck("t", 1.0)), CallMethod.create("f"), None, (1,), Car("d", 2.0)]

    got = sent(make(registry=registry()), items)

    assert got[3].remote
    assert [*got[:3], *got[4:]] == [*items[:3], *items[4:]]


def test_types_may_change_from_message_to_message(make: Callable[..., BaseCodec]) -> None:
    messages = [Message(Car("c", 1.0)), Message(Truck("t", 1.0, 2)), Message(Car("d", 2.0))]

    assert sent(make(registry=registry()), messages) == messages


def test_a_class_that_is_registered_late_counts_from_then_on(make: Callable[..., BaseCodec]) -> None:
    known = Registry()
    codec = make(registry=known)
    assert sent(codec, [Car("c", 1.0)]) == [{"name": "c", "speed": 1.0}]

    known.register(Car, tag="vehicle")

    assert b"vehicle" in codec.encode(Car("c", 1.0))
    assert sent(codec, [Car("c", 1.0)]) == [Car("c", 1.0)]


def test_hostile_tags_do_not_fill_the_memory(make: Callable[..., BaseCodec]) -> None:
    codec, by = make(registry=Registry()), make(registry=Registry())

    for number in range(100):
        by.registry.register(dataclasses.make_dataclass(f"C{number}", [("x", int)]))
        cls = by.registry.by_tag(f"C{number}").cls  # type: ignore[union-attr] # it was registered just now
        assert sent(codec, [cls(1)], by=by) == [{"x": 1}]

    assert len(codec._kinds) == 1  # noqa: SLF001 - nothing else shows what is kept
    assert len(codec._kinds[None]._by_tag) == 1  # noqa: SLF001 - as above


def test_what_has_no_form_is_refused_with_the_cure(make: Callable[..., BaseCodec]) -> None:
    codec = make(registry=Registry())

    for item in (Plain(1), [Plain(1)], {"a": Plain(1)}, Box(Plain(1)), Message(Plain(1))):
        with pytest.raises(EncodeError, match=r"Plain has no form on the wire: .*register it"):
            codec.encode(item)


def test_a_class_that_raises_while_it_is_built_costs_its_item(make: Callable[..., BaseCodec]) -> None:
    @dataclasses.dataclass
    class Fussy:
        x: int

        def __post_init__(self) -> None:
            if self.x == 2:
                raise KeyError("two")

    frame_of = make(registry=Registry())
    payload = frame_of.frame(HEADER, [frame_of.encode({"x": each}) for each in (1, 2, 3)])

    frame = frame_of.decode(payload, Fussy)

    assert [frame.values[0], frame.values[2], frame.bad] == [Fussy(1), Fussy(3), 1]
    assert "KeyError: 'two'" in str(frame.values[1]).replace("\\", "")


def test_a_model_that_refuses_does_not_quote_the_input(make: Callable[..., BaseCodec]) -> None:
    codec = make(registry=Registry())

    (error,) = sent(codec, [{"when": "secret" * 1000, "share": 7}], Model)

    assert "at when" in str(error)
    assert len(str(error)) < 330
    assert error.__cause__ is None


def patient(cls: type[BaseCodec]) -> type[BaseCodec]:
    """Make a codec class that has no time to look at each item alone."""

    class Patient(cls):  # type: ignore[misc,valid-type] # either of the two
        def _item(self, part: Any, kind: Any) -> Any:
            raise AssertionError(f"{part!r} was looked at alone, as {kind!r}")

    return Patient


@pytest.mark.parametrize(
    "item", [Car("c", 1.0), Struct("s"), Color.RED, Point(1, 2), NOON, 1.5, "text", {"a": [1]}], ids=repr
)
def test_a_frame_of_one_type_is_decoded_at_once(make: type[BaseCodec], item: Any) -> None:
    known = registry()
    codec, by = patient(make)(registry=known), make(registry=known)

    assert sent(codec, [item] * 3, by=by) == [item] * 3
    assert sent(codec, [item] * 3, type(item), by=by) == [item] * 3
    assert sent(codec, [Message(item, "a.b")] * 3, by=by) == [Message(item, "a.b")] * 3
    (error, _) = sent(codec, [item, (1,)], by=by)
    assert "was looked at alone" in str(error)


@pytest.mark.parametrize("kind", [JsonCodec, MsgpackCodec])
def test_frames_of_one_item_of_changing_kinds_arrive_as_what_they_were(kind: Any) -> None:
    @dataclasses.dataclass
    class Car:
        name: str

    @dataclasses.dataclass
    class Bus:
        name: str

    known = Registry()
    known.register(Car)
    known.register(Bus)
    codec = kind(registry=known)
    items = [Car("a"), Bus("b"), {"name": "c"}, Message(Car("d")), Car("e"), 6, None, CallMethod("go"), Bus("f")]
    for expected in (None, Car, Car | Bus):
        for number, item in enumerate(
            [*items, *items] if expected is None else [Car("a"), Car("b"), Message(Car("c"))]
        ):
            values = codec.decode(codec.frame(Header("s", 1, number), [codec.encode(item)]), expected).values
            if isinstance(item, CallMethod):
                assert values == [CallMethod("go", remote=True)]
            else:
                assert values == [item]


@pytest.mark.parametrize("kind", [JsonCodec, MsgpackCodec])
def test_a_frame_that_begins_like_a_plain_item_and_goes_on_otherwise_is_read_item_by_item(kind: Any) -> None:
    codec = kind(registry=Registry())
    first = codec.encode({"n": 1})
    for odd in (Message({"n": 2}, "a"), CallMethod("go", remote=True)):
        for parts in ([first, codec.encode(odd)], [codec.encode(odd), first]):
            values = codec.decode(codec.frame(Header("s", 1, 0), parts)).values
            assert {"n": 1} in values
            assert odd in values
