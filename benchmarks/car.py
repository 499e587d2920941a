"""The typed item that the benches of channels and streams send."""

from __future__ import annotations

from dataclasses import dataclass

from mape.codecs import register


@register(tag="bench_car")
@dataclass
class Car:
    uid: str
    speed: float
    lane: int
    emergency: bool = False


def car(number: int) -> Car:
    return Car("car_1", 3.6 * (number % 50), number, emergency=number % 10 == 0)
