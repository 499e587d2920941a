"""One direction as a process: ``python -m mape.demo.highway.carriageway --direction north --seed 1 --redis URL``.

The loop: ``watch`` reads the shared knowledge whenever some of it changes, ``lanes`` plans, a router takes each command
to the executer that it is addressed to: ``lane_1`` to ``lane_6``, and ``barrier``.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import random
from contextlib import suppress
from pathlib import Path
from typing import Any

import mape
from mape import operators as ops
from mape.demo.highway.plan import CLOSED, DIRECTIONS, LANES, Barrier, Close, Move, Open, Situation, steps
from mape.demo.highway.road import Traffic
from mape.demo.page import ANY_PORT, page_settings, page_url, with_page
from mape.demo.process.parent import Parent
from mape.errors import ConflictError
from mape.settings import load

__all__ = ["Carriageway", "main"]

STEP, SHOW = 0.05, 0.1
"""How often the cars move, and the state is shown [s]."""
LEVEL = "highway"


class Carriageway:
    """The loop of one direction, on the knowledge that both share.

    Args:
        app: Its app, with a store.
        traffic: Its cars.
        tell: Hears what happens, as keywords.
    """

    def __init__(self, app: mape.App, traffic: Traffic, tell: Any = lambda **_: None) -> None:
        self.direction, self.traffic, self.tell = traffic.direction, traffic, tell
        self.loop = mape.Loop(traffic.direction, level=LEVEL, app=app)
        k = self.loop.level.k
        self.cars = {each: k.create_set(f"cars_{each}") for each in DIRECTIONS}
        self.road = k.create_keyspace("road", Barrier)
        self.lanes = k.create_keyspace("lane", str)
        self.own: set[int] = set()
        self.late = self.clashes = 0
        self._tried = -1
        self._add_elements()

    async def begin(self) -> None:
        """Write what is so at the beginning, if nobody has, and begin to watch."""
        await self.road.setnx("barrier", Barrier())
        for lane in range(1, LANES + 1):
            await self.lanes.setnx(str(lane), CLOSED)
        watch, k = self.loop["watch"], self.loop.level.k
        k.changes("cars_*", cmd_filter=("sadd", "srem")).subscribe(watch)
        k.changes("road.barrier", cmd_filter=("set",)).subscribe(watch)
        k.changes("lane.*", cmd_filter=("set",)).subscribe(watch)

    def _add_elements(self) -> None:
        loop = self.loop

        @loop.monitor(mailbox=1, overflow="latest")
        async def watch(_: Any) -> Situation:
            """In: a notification. Out: what is known now; of many notifications at once, the last is enough."""
            return await self.situation()

        @loop.plan(ops_out=ops.router())
        def lanes(situation: Situation, on_next: Any, self: Any) -> None:
            """In: what is known. Out: commands, each addressed to an executer."""
            for step in steps(loop.uid, situation):
                place = "barrier" if isinstance(step, Move) else f"lane_{step.lane}"
                on_next(mape.Message.create(step, src=self, dst=f"{loop.uid}.{place}"))

        @loop.execute(uid="barrier")
        async def barrier(message: mape.Message) -> None:
            """In: where the barrier is expected to be, to be moved by a lane."""
            await self._move(message.value)

        async def set_lane(message: mape.Message) -> None:
            """In: a lane to open or to close."""
            await self._set_lane(message.value)

        for lane in range(1, LANES + 1):
            loop.execute(uid=f"lane_{lane}")(set_lane)
        mape.connect(watch, lanes)
        lanes.subscribe(lambda _: None)

    async def situation(self) -> Situation:
        """Read what both know."""
        counts, owners, barrier = await asyncio.gather(  # together: they travel in one write
            asyncio.gather(*(self.cars[each].len() for each in DIRECTIONS)),
            asyncio.gather(*(self.lanes.get(str(lane)) for lane in range(1, LANES + 1))),
            self.road.get("barrier"),
        )
        cars = dict(zip(DIRECTIONS, counts, strict=True))
        return Situation(cars, barrier or Barrier(), {lane: each or CLOSED for lane, each in enumerate(owners, 1)})

    async def _move(self, move: Move) -> None:
        """Move the barrier, unless the other direction was faster."""
        expected = move.expected
        if expected.number <= self._tried:
            return  # planned twice, before the first could be known
        self._tried = expected.number
        moved = expected.moved(self.direction)
        try:
            await self.road.compare_and_set("barrier", expected, moved)
        except ConflictError:
            self.late += 1
            self.tell(late=expected.number)
        except mape.RemoteError:
            self._tried = -1  # nobody knows whether it was moved: plan anew
            raise
        else:
            self.tell(
                moved={"number": moved.number, "before": expected.north, "north": moved.north, "why": move.reason}
            )

    async def _set_lane(self, command: Open | Close) -> None:
        """Open or close a lane; nobody opens one that is not closed."""
        before, after = (CLOSED, self.direction) if isinstance(command, Open) else (self.direction, CLOSED)
        try:
            await self.lanes.compare_and_set(str(command.lane), before, after)
        except ConflictError:
            if await self.lanes.get(str(command.lane)) not in {after, CLOSED}:
                self.clashes += 1
            return
        (self.own.add if after == self.direction else self.own.discard)(command.lane)
        self.traffic.lanes = len(self.own)


class _Process:
    def __init__(self, direction: str, seed: int, redis: str, *, has_page: bool) -> None:
        page = page_settings(direction, ANY_PORT) if has_page else {}
        self.app = with_page(mape.App(_settings({"redis.url": redis, **page})))
        self.parent = Parent()
        self.traffic = Traffic(direction, random.Random(f"{seed} {direction}"), lanes=0)
        self.fixed = Traffic(direction, random.Random(f"{seed} {direction}"))  # the same cars on three lanes, always
        self.way = Carriageway(self.app, self.traffic, self.parent.tell)
        self.writes = _write_series(self.way)
        self.commands = {"added": 0, "removed": 0}
        self._tasks: list[asyncio.Task[None]] = []

    async def live(self) -> None:
        """Be there until the parent wants no more, or is gone."""
        async with self.app:
            await self.parent.open()
            await self.way.begin()
            self.parent.tell(ready=True, influxdb=self.writes, page=page_url(self.app))
            async for word in self.parent.words():
                if "go" in word:
                    self._tasks = [asyncio.create_task(self._drive()), asyncio.create_task(self._show())]
                elif "final" in word:
                    for task in self._tasks:
                        task.cancel()
                    self.parent.tell(final=await self._final())
            for task in self._tasks:
                task.cancel()
        await self.parent.close()

    async def _drive(self) -> None:
        cars = self.way.cars[self.traffic.direction]
        while True:
            await asyncio.sleep(STEP)
            self.fixed.step(STEP)
            come, left = self.traffic.step(STEP)
            with suppress(mape.RemoteError):  # seen again when the server is back
                self.commands["added"] += await cars.update(*come)
                self.commands["removed"] += await cars.remove(*left)

    async def _show(self) -> None:
        while True:
            ways = [round(way, 3) for way in self.traffic.cars.values()]
            self.parent.tell(state={"cars": ways, "lanes": sorted(self.way.own), "rush": self.traffic.is_rush})
            await asyncio.sleep(SHOW)

    async def _final(self) -> dict[str, Any]:
        own = self.way
        situation = await own.situation()
        return {
            **self.commands,
            "known": situation.cars[self.traffic.direction],
            "barrier": situation.barrier.north,
            "number": situation.barrier.number,
            "late": own.late,
            "clashes": own.clashes,
            "come": self.traffic.come,
            "car_seconds": self.traffic.car_seconds,
            "fixed_car_seconds": self.fixed.car_seconds,
            "watched": own.loop["watch"].stats.processed,
            "dropped": dict(own.loop["watch"].stats.dropped),
        }


def _settings(own: dict[str, Any]) -> Any:
    """Return the demo's own settings, and of the person's only where time series go."""
    series = {f"influxdb.{key}": value for key, value in load().influxdb.items() if value is not None}
    overrides = {**series, **own, "shutdown.deadline": 1.0}
    return load(overrides=overrides, environ={}, directory=Path(__file__).parent)


def _write_series(way: Carriageway) -> bool:
    """Write what is known to InfluxDB, if the person has set up where."""
    if not way.loop.app.settings.influxdb.url:
        return False  # without looking whether the extra is installed
    from mape.remote.influxdb import InfluxObserver, is_configured

    if not is_configured(way.loop.app):
        return False

    def fields(situation: Situation) -> dict[str, int]:
        lanes = sum(1 for owner in situation.lanes.values() if owner == way.direction)
        return {"cars": situation.cars[way.direction], "lanes": lanes}

    way.loop["watch"].subscribe(InfluxObserver("highway", ("carriageway", way.direction), fields))
    return True


def main() -> None:
    """Run one direction."""
    parser = argparse.ArgumentParser(description="one direction of the highway demo")
    parser.add_argument("--direction", required=True, choices=DIRECTIONS)
    parser.add_argument("--seed", type=int, default=0, help="of the traffic")
    parser.add_argument("--redis", required=True, help="Redis URL")
    parser.add_argument("--page", action="store_true", help="serve a live page, at any port")
    arguments = parser.parse_args()
    logging.basicConfig(level="WARNING", format="%(message)s")
    direction = _Process(arguments.direction, arguments.seed, arguments.redis, has_page=arguments.page)
    asyncio.run(direction.live())


if __name__ == "__main__":
    main()
