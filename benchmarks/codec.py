"""What it costs to make bytes of an item and an item of bytes, against what people would write instead.

Source: FACTS, the predecessor's way is pickle; a model a message is what web frameworks do.
"""

from __future__ import annotations

import dataclasses
import json
import pickle
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import msgspec
import pydantic

from benchmarks.measure import Row, no_gc, ratio
from mape.codecs import JSON, MSGPACK, Codec, Header, register
from mape.item import Message

FRAME = 512


@register(tag="bench.Car")
@dataclasses.dataclass
class Car:
    name: str
    speed: float
    lane: int = 0


@register(tag="bench.Sample")
class Sample(msgspec.Struct):
    name: str
    speed: float
    lane: int = 0


class Model(pydantic.BaseModel):
    name: str
    speed: float
    lane: int = 0


def seconds(work: Callable[[], object], items: int) -> float:
    """CPU time an item [s], the best of a few short runs."""
    work()
    best = float("inf")
    with no_gc():
        for _ in range(5):
            start = time.thread_time()
            for _ in range(max(1, 5_000 // items)):
                work()
            best = min(best, (time.thread_time() - start) / max(1, 5_000 // items) / items)
    return best


def one(codec: Codec, item: Any) -> float:
    """A frame of one item, there and back: what latency is made of."""
    header = Header("0123456789abcdef", 1, 1)

    def work() -> object:
        return codec.decode(codec.frame(header, [codec.encode(item)])).values[0]

    assert work() == item
    return seconds(work, 1)


def many(codec: Codec, item: Any, part: str = "both") -> float:
    """A frame of `FRAME` items: there, back, or both."""
    header = Header("0123456789abcdef", 1, 1, list(range(FRAME)))
    items = [item] * FRAME
    payload = codec.frame(header, [codec.encode(each) for each in items])

    def there() -> bytes:
        return codec.frame(header, [codec.encode(each) for each in items])

    def back() -> list[Any]:
        return codec.decode(payload).values

    assert back() == items
    works: dict[str, Callable[[], object]] = {
        "encode": there,
        "decode": back,
        "both": lambda: codec.decode(there()).values,
    }
    return seconds(works[part], FRAME)


def by_pickle(item: Any) -> float:
    return seconds(lambda: pickle.loads(pickle.dumps(item)), 1)  # noqa: S301 - the baseline


def by_json(item: Car) -> float:
    return seconds(lambda: Car(**json.loads(json.dumps(dataclasses.asdict(item)))), 1)


def by_model(item: Model) -> float:
    return seconds(lambda: Model.model_validate_json(item.model_dump_json()), 1)


def micros(value: float) -> str:
    return f"{value * 1e6:.2f} us"


def rows() -> Iterator[Row]:
    car = Car("car_1", 12.5, 2)
    message = Message(car, "car_1.detect", "ambulance.plan", ("car_1.monitor", "car_1.detect"), 1.7e9)
    for codec in (JSON, MSGPACK):
        for what, goal, work in (
            (f"typed Message, {codec.name}, frames of {FRAME}", 4, partial(many, codec, message)),
            (f"typed Message, {codec.name}, a frame of its own", 1, partial(one, codec, message)),
        ):
            ours, base, against = ratio(work, partial(by_pickle, message))
            yield Row(f"{what}, encode + decode", micros(ours), f"pickle {micros(base)}", 1 / against, goal)
        ours, base, against = ratio(partial(many, codec, car), partial(by_json, car))
        yield Row(f"dataclass, {codec.name}", micros(ours), f"json and asdict {micros(base)}", 1 / against, 4)
        model = Model(name="car_1", speed=12.5, lane=2)
        ours, base, against = ratio(partial(many, codec, car), partial(by_model, model))
        yield Row(f"dataclass, {codec.name}", micros(ours), f"pydantic {micros(base)}", 1 / against, 1)
        for what, item in (
            ("dataclass", car),
            ("struct", Sample("car_1", 12.5, 2)),
            ("dict", {"name": "car_1", "speed": 12.5, "lane": 2}),
            ("number", 12.5),
        ):
            for part, limit in (("encode", 0.5), ("decode", 0.6)):
                took = min(many(codec, item, part) for _ in range(3)) * 1e6
                yield Row(f"{part} {what}, {codec.name} [us]", f"{took:.2f} us", "", took, limit, lower_is_better=True)


if __name__ == "__main__":
    for row in rows():
        print("| " + " | ".join(row.cells()) + " |", flush=True)
