"""One vehicle as a process: ``python -m mape.demo.ambulance.vehicle --name ada --position 250 --redis URL``.

It says lines of JSON: ``{"up": ...}`` when it is there, ``{"state": ...}`` ten times a second, ``{"told": ...}`` when
it learns something, ``{"final": ...}`` when it was told to be quiet. It hears: ``{"peers": {...}}`` (where the others
are), ``{"go": true}``, ``{"emergency": true}`` (a button in the ambulance), ``{"quiet": true}``.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import reactivex

import mape
from mape.demo.ambulance.ambulance import CALM_KMH as AMBULANCE_KMH
from mape.demo.ambulance.ambulance import Ambulance, add_ambulance
from mape.demo.ambulance.car import CALM_KMH, Car, add_car
from mape.demo.ambulance.road import Vehicle
from mape.demo.ambulance.tally import Tally
from mape.demo.ambulance.way import RedisWay, RestWay
from mape.demo.page import ANY_PORT, page_settings, page_url, with_page
from mape.demo.process.parent import Parent
from mape.item import Message
from mape.runtime import equip
from mape.settings import load

__all__ = ["main"]

STEP, SOUND, SHOW, SHARE = 0.05, 0.2, 0.1, 1.0
"""How often a vehicle moves, the siren is sent, the state is shown, and the speed is shared [s]."""


class _Process:
    """The vehicle, its loop, and what it tells its parent."""

    def __init__(self, name: str, position_m: float, redis: str | None, *, has_page: bool) -> None:
        overrides: dict[str, Any] = {"redis.url": redis} if redis else {}
        overrides |= page_settings(name, ANY_PORT) if has_page or not redis else {}
        overrides |= {"shutdown.deadline": 1.0}
        settings = load(overrides=overrides, environ={}, directory=Path(__file__).parent)  # a person's are not for this
        self.app = with_page(mape.App(settings)) if redis else equip(mape.App(settings))
        self.is_ambulance = name == "ambulance"
        kmh = AMBULANCE_KMH if self.is_ambulance else CALM_KMH
        self.vehicle = Vehicle(name, position_m, speed_kmh=kmh, wish_kmh=kmh)
        self.parent = Parent()
        self.tally = Tally()
        self.way = RedisWay() if redis else RestWay()
        self.part: Ambulance | Car = (add_ambulance if self.is_ambulance else add_car)(self.app, self.vehicle)
        self.way.wire(self.part)
        self.shares = redis is not None
        self.known: list[str] = []
        self.mean_kmh = 0.0
        self.inputs = 0
        self._count()
        self._tasks: list[asyncio.Task[None]] = []
        self._clock: Any = None

    def _count(self) -> None:
        """Have everything counted that comes from others."""
        part = self.part
        if isinstance(part, Ambulance):
            part.detect.port_in.subscribe(self._hear_input)
        else:
            part.detect.port_in.subscribe(self.tally.take)
            part.policy.tell = self._hear_report

    def _hear_input(self, is_emergency: Any) -> None:
        self.inputs += 1
        self.parent.tell(input=bool(is_emergency))

    def _hear_report(self, message: Message) -> None:
        value = message.value
        own = isinstance(self.part, Car) and message.src == self.part.detect.path
        if not own:
            self.tally.take(message)
        after = self.app.clock.now() - (message.timestamp or 0.0)
        report: dict[str, Any] = {"by": str(message.src).removesuffix("_safety.emergency_detect").removeprefix("car_")}
        report |= {"is_on": value.is_on, "number": value.number, "own": own, "hops": message.hops, "after": after}
        self.parent.tell(told=report)

    # -- its life --------------------------------------------------------------------------------------------------

    async def live(self) -> None:
        """Be there until the parent wants no more, or is gone."""
        async with self.app:
            await self.parent.open()
            words = self.parent.words()
            self.parent.tell(up=page_url(self.app))
            async with self._presence():
                async for word in words:
                    await self._obey(word)
                for task in self._tasks:
                    task.cancel()
        await self.parent.close()

    async def _obey(self, word: dict[str, Any]) -> None:
        match word:
            case {"peers": peers}:
                self.way.meet(self.part, peers)
                await self.way.wait_up()
                self.parent.tell(ready=True)
            case {"go": _}:
                self._go()
            case {"emergency": bool(is_emergency)} if isinstance(self.part, Ambulance):
                self.part.detect(is_emergency)
            case {"quiet": _}:
                self._be_quiet()
            case {"final": _}:
                self.parent.tell(final=self._final())

    def _go(self) -> None:
        spawn = asyncio.get_running_loop().create_task
        self._tasks = [spawn(self._drive()), spawn(self._show())]
        if self.shares:
            self._tasks.append(spawn(self._share()))
        if isinstance(self.part, Ambulance):
            self._clock = reactivex.interval(SOUND, scheduler=self.app.scheduler).subscribe(self.part.siren)

    def _be_quiet(self) -> None:
        """Send nothing new; what was sent may still arrive."""
        if self._clock is not None:
            self._clock.dispose()
        if self._tasks:
            self._tasks[0].cancel()
        self.parent.tell(quiet=True)

    async def _drive(self) -> None:
        while True:
            await asyncio.sleep(STEP)
            self.vehicle.step(STEP)
            if isinstance(self.part, Car):
                self.part.detect.notice_silence()

    async def _show(self) -> None:
        while True:
            self.parent.tell(state=self._state())
            await asyncio.sleep(SHOW)

    # -- what all know ---------------------------------------------------------------------------------------------

    @asynccontextmanager
    async def _presence(self) -> AsyncIterator[None]:
        """Be on the list of vehicles that all share, while the app is open."""
        if not self.shares:
            yield
            return
        k = self.part.loop.level.k
        vehicles = k.create_set("vehicles")
        k.notifications(self._read_vehicles, "vehicles", cmd_filter=("sadd", "srem"))
        await vehicles.add(self.vehicle.name)
        try:
            yield
        finally:
            with suppress(mape.RemoteError):  # the server may be gone before us
                await vehicles.discard(self.vehicle.name)

    async def _read_vehicles(self, _: Any) -> None:
        self.known = sorted(await self.part.loop.level.k.create_set("vehicles").members())

    async def _share(self) -> None:
        speeds = self.part.loop.level.k.create_hash("speeds", float)
        while True:
            with suppress(mape.RemoteError):  # once more in a second
                await speeds.set(self.vehicle.name, round(self.vehicle.speed_kmh, 1))
                known = (await speeds.dict()).values()
                self.mean_kmh = sum(known) / max(1, len(known))
            await asyncio.sleep(SHARE)

    # -- what it tells ---------------------------------------------------------------------------------------------

    def _state(self) -> dict[str, Any]:
        vehicle, part = self.vehicle, self.part
        state: dict[str, Any] = {
            "at": vehicle.position_m,
            "kmh": vehicle.speed_kmh,
            "lights": vehicle.lights,
            "aside": vehicle.is_aside,
            "known": self.known,
            "mean": self.mean_kmh,
            "inputs": self.inputs,
        }
        if isinstance(part, Car):
            reason = part.policy.reason
            state |= {
                "decision": part.policy.decision,
                "hears": part.detect.hears,
                "siren_at": part.detect.siren.at_m,
                "by": reason and reason.src,
                "at_m": reason and reason.value.at_m,
            }
        return state

    def _final(self) -> dict[str, Any]:
        sent = {}
        if isinstance(self.part, Car):
            sent[self.part.detect.path] = self.part.detect.number
        else:
            sent[self.part.siren.path] = self.part.siren.stats.emitted
        return {
            "sent": sent,
            "received": {source: vars(count) for source, count in self.tally.counts.items()},
            "unheard": self.parent.unheard,
            **self.way.facts(),
        }


def main() -> None:
    """Run one vehicle."""
    parser = argparse.ArgumentParser(description="one vehicle of the ambulance demo")
    parser.add_argument("--name", required=True, help="ambulance, or the name of a car")
    parser.add_argument("--position", type=float, default=0.0, help="where it is [m]")
    parser.add_argument("--redis", help="Redis URL; without it the vehicles talk by REST")
    parser.add_argument("--page", action="store_true", help="serve a live page, at any port")
    arguments = parser.parse_args()
    logging.basicConfig(level="WARNING", format="%(message)s")
    vehicle = _Process(arguments.name, arguments.position, arguments.redis, has_page=arguments.page)
    asyncio.run(vehicle.live())


if __name__ == "__main__":
    main()
