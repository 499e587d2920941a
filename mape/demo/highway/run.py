"""The demo itself: starts both directions, shows what happens, and checks that they never contradicted each other."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping
from typing import Any

import msgspec
from rich.console import Console
from rich.text import Text

from mape.clock import Clock, SystemClock, system_random
from mape.demo.highway.plan import DIRECTIONS
from mape.demo.highway.scene import Scene, contradictions
from mape.demo.highway.view import make_view
from mape.demo.page import PageWish
from mape.demo.process.crew import BEGINNING, SETTLING, Crew
from mape.demo.process.ending import Ending
from mape.demo.process.span import check_seconds

__all__ = ["run", "sentences"]

MODULE = "mape.demo.highway.carriageway"
TICK = 0.05


def run(
    seconds: float = 20.0,
    *,
    seed: int | None = None,
    json: bool = False,
    page: bool = True,
    open_page: bool = False,
) -> int:
    """Run the demo and return the exit code: 0, 1 if the directions contradicted each other, or 128 and the signal.

    Args:
        seconds: How long it lasts, 2 to 3600 [s].
        seed: Of the traffic; the same seed makes the same cars come.
        json: Print the result as JSON on standard output, and what happens meanwhile on standard error.
        page: Whether to serve the live page, at port 8000 or a higher one.
        open_page: Whether to show it in the browser.

    Raises:
        ConfigError: An argument is out of bounds; nothing was started.
        RemoteError: A process failed.
    """
    check_seconds(seconds)
    seed = system_random().randrange(1_000_000) if seed is None else seed
    console = Console(stderr=json, highlight=False)
    scene, wish = Scene(seconds, seed), PageWish(page, open_page)
    return asyncio.run(_Run(scene, console, SystemClock(), wish, as_json=json).perform())


class _Run:
    """One run, from the first process to the figures."""

    def __init__(self, scene: Scene, console: Console, clock: Clock, page: PageWish, *, as_json: bool) -> None:
        self._scene, self._console, self._clock, self._as_json = scene, console, clock, as_json
        self._page = page
        extra = ["--page"] if page.is_served else []
        members = {name: ["--direction", name, "--seed", str(scene.seed), *extra] for name in DIRECTIONS}
        self._crew = Crew(MODULE, members, scene.hear)

    async def perform(self) -> int:
        """Run all of it; return the exit code."""
        ending = Ending()
        finals: dict[str, Any] = {}
        self._console.print(Text(f"Two processes share a road for {self._scene.seconds:g} s, seed {self._scene.seed}."))
        try:
            await self._crew.open()
            try:
                await self._watch()
            finally:
                finals = await self._crew.ask_all("final", SETTLING)
        except asyncio.CancelledError:
            if not ending.number:
                raise
            self._console.print(Text(f"\nEnded early by {ending.name}."))
        finally:
            await self._crew.close()
        self._conclude(finals, ended_early=bool(ending.number))
        return ending.code or int(bool(self._faults(finals)))

    async def _watch(self) -> None:
        """Let the cars drive, and follow them to the end."""
        zero = self._clock.monotonic()
        self._crew.say(go=True)
        urls = await self._crew.gather("page", BEGINNING)
        async with self._page.served("mape demo highway", filter(None, urls.values()), self._console):
            await self._follow(zero)

    async def _follow(self, zero: float) -> None:
        scene = self._scene
        with make_view(scene, self._console) as view:
            while (now := self._clock.monotonic() - zero) < scene.seconds:
                scene.now = now
                view.update()
                self._crew.check()
                await asyncio.sleep(TICK)

    def _faults(self, finals: Mapping[str, Any]) -> list[str]:
        """Return where the directions contradicted each other."""
        clashes = sum(final["clashes"] for final in finals.values())
        places = {(final["barrier"], final["number"]) for final in finals.values()}
        faults = contradictions(self._scene.moves)
        faults += [f"{clashes} lanes were not closed when they were to be opened"] if clashes else []
        faults += [f"the directions do not agree on where the barrier is: {sorted(places)}"] if len(places) > 1 else []
        return faults

    def _conclude(self, finals: Mapping[str, Any], *, ended_early: bool) -> None:
        scene, faults = self._scene, self._faults(finals)
        for sentence in sentences(scene, finals, faults):
            self._console.print(Text(sentence), soft_wrap=not self._console.is_terminal)
        following = f"Next: mape demo highway --seed {scene.seed}   (the same cars), or mape demo ambulance"
        self._console.print(Text(following), soft_wrap=True)
        if self._as_json:
            result = {
                "demo": "highway",
                "seconds": scene.seconds,
                "seed": scene.seed,
                "ended_early": ended_early,
                "moves": scene.moves,
                "late": scene.late,
                "faults": faults,
                "directions": dict(finals),
                "influxdb": scene.writes,
            }
            sys.stdout.write(msgspec.json.encode(result).decode() + "\n")


def sentences(scene: Scene, finals: Mapping[str, Any], faults: list[str]) -> list[str]:
    """Return what came of it."""
    if not finals:
        return ["", "Nothing was measured."]
    finals = {name: finals[name] for name in DIRECTIONS if name in finals}
    found = [""]
    for name, final in finals.items():
        found.append(
            f"{name}: {final['come']} cars came; {final['added']} sadd, {final['removed']} srem, "
            f"{final['known']} in the shared set; {final['watched']} looks at what both know"
        )
    contradiction = "; ".join(faults) if faults else "no contradiction"
    moves, late = len(scene.moves), scene.late
    found.append(f"The barrier was moved {moves} time{'' if moves == 1 else 's'}, by compare-and-set: {contradiction}.")
    if late:
        found.append(f"{late} more came too late, after the other direction's, and were planned anew.")
    ours, fixed = (sum(final[key] for final in finals.values()) for key in ("car_seconds", "fixed_car_seconds"))
    found.append(f"All cars together were on the road for {ours:.0f} s; with three lanes each, always, {fixed:.0f} s.")
    return found
