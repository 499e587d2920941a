"""One direction: it watches the cars of both, and plans for its own region; what both need is shared knowledge.

    python -m examples.dynamic_highway.carriageway --direction north --redis embedded:highway
    python -m examples.dynamic_highway.carriageway --direction south --redis embedded:highway

runs the directions, each in a terminal of its own; type the name of a car to let it in, and again to let it out.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import mape
from mape import operators as ops

LANES, LEAST, MOST = 6, 2, 4
DIRECTIONS = ("north", "south")


@dataclass(frozen=True)
class Demand:
    """What both directions know: how many cars there are, and how many of the lanes are north's."""

    north: int
    south: int
    north_lanes: int


def best_lanes(demand: Demand) -> int:
    """Return how many lanes north should have; where there is no difference, as many as now."""

    def crowd(north: int) -> tuple[float, int]:
        return max(demand.north / north, demand.south / (LANES - north)), abs(north - demand.north_lanes)

    return min(range(LEAST, MOST + 1), key=crowd)


def lane_count(message: mape.Message) -> Any:
    """Return what a message to the signs says."""
    return message.value


class Carriageway:
    """The loop of one direction, and the knowledge that it shares."""

    def __init__(self, app: mape.App, direction: str, report: Callable[[str], None] = print) -> None:
        self.loop = mape.Loop(direction, level="highway", app=app)
        k = self.loop.level.k  # the same for both directions, wherever they run
        self.cars = {each: k.create_set(f"cars_{each}") for each in DIRECTIONS}
        self.barrier = k.create_keyspace("barrier", int)
        self._add_elements(direction, report)

    async def begin(self) -> None:
        """Begin to watch, once the app is open."""
        await self.barrier.setnx("north_lanes", LANES // 2)
        self.loop.level.k.notifications(self.loop["watch"], "cars_*", cmd_filter=("sadd", "srem"))
        self.loop.level.k.notifications(self.loop["watch"], "barrier.*", cmd_filter=("set",))

    def _add_elements(self, direction: str, report: Callable[[str], None]) -> None:
        loop = self.loop

        @loop.monitor(mailbox=1, overflow="latest")
        async def watch(_: Any) -> Demand:
            """In: a notification. Out: what is known now; many notifications at once are one reason to look."""
            north, south = [await self.cars[each].len() for each in DIRECTIONS]
            return Demand(north, south, await self.barrier.get("north_lanes") or LANES // 2)

        @loop.plan(ops_out=ops.router())
        def lanes(demand: Demand, on_next: Any, self: Any) -> None:
            """In: what both know. Out: how many lanes to show, to ``signs``; and what to give away, to ``barrier``."""
            now, best = demand.north_lanes, best_lanes(demand)
            on_next(mape.Message.create(now if direction == "north" else LANES - now, self, f"{direction}.signs"))
            if best < now if direction == "north" else best > now:  # only who gives a lane away moves the barrier
                step = -1 if direction == "north" else 1
                on_next(mape.Message.create((now, now + step), self, f"{direction}.barrier"))

        @loop.execute
        async def barrier(message: mape.Message) -> None:
            """In: where the barrier is, and where it is to be. If it was moved meanwhile, it stays."""
            before, after = message.value
            try:
                await self.barrier.compare_and_set("north_lanes", before, after)
            except mape.ConflictError:
                report(f"{direction}: the barrier was moved meanwhile, plans anew")

        @loop.execute(ops_in=ops.distinct_until_changed(lane_count))
        def signs(message: mape.Message) -> None:
            """In: how many lanes to show."""
            report(f"{direction}: {message.value} lanes")

        mape.connect(watch, lanes)
        lanes.subscribe(lambda _: None)


async def _let_in(way: Carriageway, direction: str) -> None:
    """Let cars in and out by their names, one a line."""
    await way.begin()
    lines = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    while name := (await lines.readline()).decode().strip():
        if not await way.cars[direction].add(name):
            await way.cars[direction].discard(name)
    mape.stop()


def main() -> None:
    """Run one direction, until an empty line or Ctrl-C."""
    parser = argparse.ArgumentParser(description="one direction of a dynamic highway")
    parser.add_argument("--direction", choices=DIRECTIONS, default="north")
    parser.add_argument("--redis", default="embedded:highway", help="Redis URL (default: %(default)s)")
    arguments = parser.parse_args()
    way = Carriageway(mape.init(redis_url=arguments.redis), arguments.direction)
    mape.run(_let_in(way, arguments.direction))


if __name__ == "__main__":
    main()
