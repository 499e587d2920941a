"""A car: what one hears, all know.

    python -m examples.coordinated.car --name ada --near --redis embedded:road
    python -m examples.coordinated.car --name ben --redis embedded:road

runs two of them, each in a terminal of its own; ``--near`` is near enough to hear the siren.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

import mape
from mape import operators as ops


def value_of(item: Any) -> Any:
    """Return what a message says, or the item itself."""
    return item.value if isinstance(item, mape.Message) else item


def add_car(app: mape.App, name: str, report: Callable[[str], None] = print, *, messages: bool = False) -> mape.Loop:
    """Make the loop ``car_<name>_safety``; its monitor shares what it hears, its plan takes what any car has heard.

    Args:
        app: Where it is made.
        name: Of the car.
        report: Hears what the car does.
        messages: Whether the monitor sends messages, which say whom they come from and by which way, or just true
            and false.
    """
    loop = mape.Loop(f"car_{name}_safety", app=app)

    @loop.monitor
    def emergency_detect(siren: bool, self: Any) -> bool | mape.Message:
        """In: whether a siren is heard. Out: the same."""
        return mape.Message.create(siren, src=self) if messages else siren

    @loop.plan(ops_in=ops.distinct_until_changed(value_of))
    def safety_policy(item: bool | mape.Message, on_next: Any) -> None:
        """In: whether a siren is heard, by this car or another. Out: lights (text) and speed [km/h] (number)."""
        if isinstance(item, mape.Message):
            report(f"{name}: {item.src} says so (hops: {' > '.join(item.hops)})")
        emergency = value_of(item)
        on_next("hazard lights" if emergency else "normal lights")
        on_next(30.0 if emergency else 90.0)

    @loop.execute
    def lights(command: str) -> None:
        """In: which lights are to be on."""
        report(f"{name}: {command}")

    @loop.execute
    def speed(command: float) -> None:
        """In: how fast to drive [km/h]."""
        report(f"{name}: {command:.0f} km/h")

    emergency_detect.subscribe(safety_policy)  # what this car hears itself, it knows without a network
    safety_policy.pipe(ops.filter(lambda command: isinstance(command, str))).subscribe(lights)
    safety_policy.pipe(ops.filter(lambda command: isinstance(command, float))).subscribe(speed)
    return loop


def join_redis(car: mape.Loop, *, is_near: bool) -> None:
    """Share by channels: one name to publish on, one pattern to hear all cars there are or will be."""
    from mape.remote.redis import PubObserver, SubObservable

    if is_near:
        SubObservable("ambulance.siren").subscribe(car["emergency_detect"])
    car["emergency_detect"].subscribe(PubObserver())  # on the channel car_<name>_safety.emergency_detect
    SubObservable("car_*_safety.emergency_detect").subscribe(car["safety_policy"])


def join_rest(car: mape.Loop, others: dict[str, str]) -> None:
    """Share by POSTs, to every other car: their REST servers by name."""
    from mape.remote.rest import POSTObserver

    for name, url in others.items():
        car["emergency_detect"].subscribe(POSTObserver(url, f"car_{name}_safety.safety_policy"))


def main() -> None:
    """Run one car alone, until Ctrl-C."""
    parser = argparse.ArgumentParser(description="one car, alone")
    parser.add_argument("--name", default="ada", help="letters and digits (default: %(default)s)")
    parser.add_argument("--near", action="store_true", help="near enough to hear the siren")
    parser.add_argument("--messages", action="store_true", help="send messages")
    parser.add_argument("--redis", default="embedded:road", help="Redis URL (default: %(default)s)")
    arguments = parser.parse_args()
    app = mape.init(redis_url=arguments.redis)
    join_redis(add_car(app, arguments.name, messages=arguments.messages), is_near=arguments.near)
    mape.run()


if __name__ == "__main__":
    main()
