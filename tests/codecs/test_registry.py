"""Which classes may come off a wire."""

from __future__ import annotations

import dataclasses
import gc
import weakref
from typing import Any

import pytest

from mape.codecs import JSON, REGISTRY, Header, JsonCodec, MsgpackCodec, Registry, register
from mape.errors import WiringError
from mape.item import Message


@dataclasses.dataclass
class Car:
    name: str


class Plain:
    pass


def other_car() -> type:
    @dataclasses.dataclass
    class Car:
        wheels: int

    return Car


def test_register_decorates_with_and_without_arguments() -> None:
    known = Registry()

    @known.register
    @dataclasses.dataclass
    class One:
        x: int

    @known.register(tag="number.two")
    @dataclasses.dataclass
    class Two:
        x: int

    assert known.tag_of(One) == "One"
    assert known.tag_of(Two) == "number.two"
    assert One in known
    assert Car not in known


def test_two_classes_cannot_have_one_tag() -> None:
    known = Registry()
    known.register(Car)

    with pytest.raises(WiringError, match=r"other_car.*Car as 'Car'.*tag of .*test_registry\.Car; .*tag="):
        known.register(other_car())


def test_a_class_statement_that_runs_again_replaces_the_class() -> None:
    known = Registry()
    codec = JsonCodec(registry=known)
    first, second = other_car(), other_car()
    known.register(first)
    known.register(second)

    assert first not in known
    (got,) = codec.decode(codec.frame(header(), [codec.encode(second(4))])).values
    assert type(got) is second


def header() -> Any:
    from mape.codecs import Header

    return Header("s", 1, 1)


def test_a_class_that_gets_another_tag_loses_the_first() -> None:
    known = Registry()
    known.register(Car)
    known.register(Car, tag="car")

    assert known.by_tag("Car") is None
    assert known.tag_of(Car) == "car"


def test_an_unregistered_class_does_not_borrow_the_tag_of_another() -> None:
    known = Registry()
    known.register(Car)

    assert known.tag_of(other_car()) is None
    assert known.tag_of(type("bytes", (), {})) is None
    assert Registry().tag_of(other_car()) == "Car"


@pytest.mark.parametrize(
    ("cls", "options", "reason"),
    [
        (int, {}, "plain values are known"),
        (bytes, {}, "plain values are known"),
        (5, {}, "a class of your own"),
        (Plain, {}, "make it a dataclass"),
        (Plain, {"encode": vars}, "make it a dataclass"),
        (Car, {"encode": vars}, "its fields say all"),
        (Car, {"tag": "a b"}, "a tag is a name"),
        (Car, {"tag": "x" * 200}, "a tag is a name"),
        (Car, {"tag": "bytes"}, "the tag of builtins.bytes"),
    ],
)
def test_what_cannot_come_back_is_refused_when_it_is_registered(cls: Any, options: Any, reason: str) -> None:
    with pytest.raises(WiringError, match=reason):
        Registry().register(cls, **options)


def test_register_fills_the_registry_of_the_codecs_that_have_no_own() -> None:
    assert register.__self__ is REGISTRY  # type: ignore[attr-defined] # a bound method
    assert JSON.registry is REGISTRY


def test_a_registry_keeps_no_codec_alive() -> None:
    known = Registry()
    codec = JsonCodec(registry=known)
    reference = weakref.ref(codec)

    del codec
    gc.collect()

    assert reference() is None
    known.register(Car)


@pytest.mark.parametrize("kind", [JsonCodec, MsgpackCodec])
def test_whoever_captured_encode_writes_the_tag_of_a_class_that_is_registered_later(kind: Any) -> None:
    known = Registry()
    codec = kind(registry=known)
    encode = codec.encode
    car = Car("a")
    assert b"late.Car" not in encode(car) + encode(Message(car))
    known.register(Car, tag="late.Car")

    frame = codec.decode(codec.frame(Header("s", 1, 0), [encode(car), encode(Message(car))]))
    assert frame.values == [car, Message(car)]
    assert encode(car).count(b"late.Car") == encode(Message(car)).count(b"late.Car") == 1
