"""Both directions in one process, which know of each other only by what they share; a rush north, then one south."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Callable

import mape
from examples.dynamic_highway.carriageway import DIRECTIONS, Carriageway
from mape.runtime import equip
from mape.settings import load

CARS = 12
PAUSE = 0.5
"""How long the directions have for their plans after each change [s]."""


async def play(app: mape.App, report: Callable[[str], None] = print) -> dict[str, Carriageway]:
    """Let both directions run while cars come and go."""
    ways = {direction: Carriageway(app, direction, report) for direction in DIRECTIONS}
    async with app:
        for way in ways.values():
            await way.begin()
        north, south = (ways[direction].cars[direction] for direction in DIRECTIONS)
        rush = [f"car_{number}" for number in range(CARS)]
        await asyncio.sleep(PAUSE)
        report(f"-- {CARS} cars drive north")
        await north.update(*rush)
        await asyncio.sleep(PAUSE)
        report(f"-- they have arrived, and {CARS} drive south")
        await north.remove(*rush)
        await south.update(*rush)
        await asyncio.sleep(PAUSE)
    return ways


def main() -> None:
    """Run both directions, on a server of our own."""
    parser = argparse.ArgumentParser(description="two directions share six lanes")
    parser.add_argument("--redis", default="embedded", help="Redis URL (default: %(default)s)")
    app = equip(mape.App(load(overrides={"redis.url": parser.parse_args().redis})))
    asyncio.run(play(app))


if __name__ == "__main__":
    main()
