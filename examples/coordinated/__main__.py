"""An ambulance and three cars in one process, who talk as if they were in four."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Callable

import mape
from examples.coordinated.ambulance import add_ambulance
from examples.coordinated.car import add_car, join_redis, join_rest
from mape.runtime import equip
from mape.settings import load

CARS = ("ada", "ben", "cleo")
NEAR = "ada"
"""The only car that is near enough to hear the siren."""
PAUSE = 0.5
"""How long the emergency lasts here, and how long all have to be heard after it [s]."""


async def play(
    app: mape.App, report: Callable[[str], None] = print, *, transport: str = "redis", messages: bool = False
) -> None:
    """Make the vehicles, wire them by a transport, and let there be one emergency."""
    ambulance = add_ambulance(app, report)
    cars = {name: add_car(app, name, report, messages=messages) for name in CARS}
    if transport == "redis":
        from mape.remote.redis import PubObserver

        ambulance["siren"].subscribe(PubObserver())
        for name, car in cars.items():
            join_redis(car, is_near=name == NEAR)
    async with app:
        if transport == "rest":
            from mape.remote.rest import POSTObserver, RestServer

            url = next(each.url for each in app.services if isinstance(each, RestServer))
            ambulance["siren"].subscribe(POSTObserver(url, f"car_{NEAR}_safety.emergency_detect"))
            for name, car in cars.items():
                join_rest(car, {other: url for other in CARS if other != name})
        await asyncio.sleep(PAUSE)  # subscriptions need a moment; what is published before is heard by nobody
        for emergency in (True, False):
            ambulance["detect"](emergency)
            await asyncio.sleep(PAUSE)


def main() -> None:
    """Let there be one emergency, by Redis or REST."""
    parser = argparse.ArgumentParser(description="cars make way for an ambulance that others have heard")
    parser.add_argument("--transport", choices=("redis", "rest"), default="redis", help="(default: %(default)s)")
    parser.add_argument("--messages", action="store_true", help="send messages, which say whom they come from")
    parser.add_argument("--redis", default="embedded", help="Redis URL (default: %(default)s, a server of our own)")
    arguments = parser.parse_args()
    here = {"redis.url": arguments.redis} if arguments.transport == "redis" else {"rest.host_port": "127.0.0.1:0"}
    app = equip(mape.App(load(overrides=here)))
    asyncio.run(play(app, transport=arguments.transport, messages=arguments.messages))


if __name__ == "__main__":
    main()
