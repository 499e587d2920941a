"""The demo itself: starts the vehicles, plays the story or hears the keys, shows what happens, counts."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict
from typing import Any

import msgspec
from rich.console import Console
from rich.text import Text

from mape.clock import Clock, SystemClock
from mape.demo.ambulance.fleet import Fleet
from mape.demo.ambulance.scene import AMBULANCE, Scene
from mape.demo.ambulance.story import story
from mape.demo.ambulance.summary import edges, is_complete, print_summary, transport_faults
from mape.demo.ambulance.view import make_view
from mape.demo.page import PageWish
from mape.demo.process.age import process_age
from mape.demo.process.ending import Ending
from mape.demo.process.keyboard import F1, F2, Keyboard
from mape.demo.process.span import check_seconds
from mape.errors import ConfigError

__all__ = ["run"]

TRANSPORTS = ("redis", "rest")
TICK = 0.05
KEYS = {F1: True, "e": True, F2: False, "c": False}


def run(
    seconds: float = 20.0,
    *,
    transport: str = "redis",
    json: bool = False,
    page: bool = True,
    open_page: bool = False,
) -> int:
    """Run the demo and return the exit code: 0, 1 if a message was lost, or 128 and the signal that ended it early.

    Args:
        seconds: How long it lasts, 2 to 3600 [s].
        transport: How the vehicles talk: ``redis``, by an embedded server, or ``rest``, without any.
        json: Print the result as JSON on standard output, and what happens meanwhile on standard error.
        page: Whether to serve the live page, at port 8000 or a higher one.
        open_page: Whether to show it in the browser.

    Raises:
        ConfigError: An argument is out of bounds; nothing was started.
        RemoteError: A vehicle failed.
    """
    if transport not in TRANSPORTS:
        raise ConfigError(f"transport {transport!r:.80} is none of {', '.join(TRANSPORTS)}: choose one of them")
    check_seconds(seconds)
    console = Console(stderr=json, highlight=False)
    scene, wish = Scene(transport, seconds), PageWish(page, open_page)
    return asyncio.run(_Run(scene, console, SystemClock(), wish, as_json=json).perform())


class _Run:
    """One run, from the first process to the figures."""

    def __init__(self, scene: Scene, console: Console, clock: Clock, page: PageWish, *, as_json: bool) -> None:
        self._scene, self._page = scene, page
        self._console, self._clock, self._as_json = console, clock, as_json
        self._begun = clock.monotonic()
        self._before = process_age() or 0.0
        self._fleet = Fleet(scene.transport, self._hear, has_pages=page.is_served)
        self._keyboard = Keyboard(self._press)
        self._story = story(scene.seconds)
        self._next = next(self._story, None)
        self._inputs = 0
        self._first: float | None = None
        self._zero = 0.0

    async def perform(self) -> int:
        """Run all of it; return the exit code."""
        ending = Ending(self._keyboard.restore)
        finals: dict[str, Any] = {}
        try:
            async with self._vehicles():
                try:
                    await self._watch()
                except asyncio.CancelledError:
                    if not ending.number:
                        raise
                    self._console.print(Text(f"\nEnded early by {ending.name}."))
                finals = await self._fleet.finals(is_complete)
        except asyncio.CancelledError:
            if not ending.number:
                raise
            self._console.print(Text(f"\nEnded early by {ending.name}."))
        self._conclude(finals, ended_early=bool(ending.number))
        lost = any(edge.lost or edge.doubled or edge.swapped for edge in edges(finals))
        return ending.code or int(lost)

    @asynccontextmanager
    async def _vehicles(self) -> AsyncIterator[None]:
        """Start the vehicles, and end them."""
        self._console.print(Text(f"Four processes talk by {self._scene.transport}, for {self._scene.seconds:g} s."))
        try:
            await self._fleet.open()
            yield
        finally:
            await self._fleet.close()

    async def _watch(self) -> None:
        """Let them drive, and follow them to the end."""
        scene = self._scene
        option, place = self._fleet.address
        scene.command = ("mape send ambulance.detect true", f"{option} {place}")
        self._zero = self._clock.monotonic()
        self._fleet.say(go=True)
        async with self._page.served("mape demo ambulance", filter(None, self._fleet.urls.values()), self._console):
            await self._follow()

    async def _follow(self) -> None:
        scene = self._scene
        with self._keyboard as keyboard, make_view(scene, self._console) as view:
            scene.has_keys = keyboard.is_open
            while (now := self._now()) < scene.seconds:
                scene.now = now
                self._play(now)
                view.update()
                self._fleet.check()
                await asyncio.sleep(TICK)

    def _now(self) -> float:
        return self._clock.monotonic() - self._zero

    def _play(self, now: float) -> None:
        """Go on with the story, as long as nobody else decides."""
        while self._scene.driver == "the script" and self._next is not None and self._next[0] <= now:
            self._set_emergency(is_on=self._next[1])
            self._next = next(self._story, None)

    def _press(self, key: str) -> None:
        if key in KEYS:
            self._scene.driver = "you"
            self._set_emergency(is_on=KEYS[key])

    def _set_emergency(self, *, is_on: bool) -> None:
        self._inputs += 1
        self._fleet.set_emergency(is_on=is_on)

    def _hear(self, name: str, word: dict[str, Any]) -> None:
        scene = self._scene
        if self._zero:
            scene.now = self._now()
        if "state" in word:
            scene.see(name, word["state"])
            if name == AMBULANCE and word["state"]["inputs"] > self._inputs:
                self._inputs = word["state"]["inputs"]
                scene.driver = "mape send"
        elif "told" in word:
            scene.hear(name, word["told"])
            if self._first is None and not word["told"]["own"]:
                self._first = self._before + self._clock.monotonic() - self._begun

    def _conclude(self, finals: dict[str, Any], *, ended_early: bool) -> None:
        scene = self._scene
        print_summary(self._console, scene, finals, self._first)
        other = "rest" if scene.transport == "redis" else "redis"
        self._console.print(Text(f"Next: mape demo ambulance --transport {other}, or mape demo highway"))
        if self._as_json:
            result = {
                "demo": "ambulance",
                "transport": scene.transport,
                "seconds": scene.seconds,
                "ended_early": ended_early,
                "first_shared": self._first,
                "edges": [asdict(edge) | {"lost": edge.lost} for edge in edges(finals)],
                "faults": transport_faults(finals),
                "tellings": scene.tellings,
                "lead": scene.lead,
                "command": " ".join(scene.command),
            }
            sys.stdout.write(msgspec.json.encode(result).decode() + "\n")
