"""The demo itself: starts the arms and the load, shows what happens, compares, reports."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
from rich.console import Console
from rich.text import Text

import mape
from mape.clock import Clock, SystemClock
from mape.demo.elastic.arm import Arm
from mape.demo.elastic.comparison import print_comparison
from mape.demo.elastic.process import finish_all
from mape.demo.elastic.record import Score, score
from mape.demo.elastic.report import html, write_report
from mape.demo.elastic.service import Service
from mape.demo.elastic.traffic import Traffic
from mape.demo.elastic.view import Scene, make_view
from mape.demo.elastic.wish import Wish, check_wish
from mape.demo.page import PageWish, page_url, with_page
from mape.settings import Settings
from mape.settings import load as load_settings

__all__ = ["run"]

CLOSE_LIMIT = 0.5
"""How long the loops may finish what they are at when the demo ends [s]."""


def run(
    seconds: float = 40.0,
    load: str = "wave",
    *,
    adapt: bool = True,
    workers: int | None = None,
    goal: float = 0.15,
    seed: int | None = None,
    report: Path | str | None = None,
    json: bool = False,
    page: bool = True,
    open_page: bool = False,
) -> int:
    """Run the demo and return the exit code: 0, or 128 and the number of the signal that ended it early.

    Args:
        seconds: How long the load lasts, 2 to 3600 [s].
        load: Its profile: one of `mape.demo.elastic.load.PROFILES`.
        adapt: Whether to run the loop, beside too few and too many workers; else only a fixed number of them.
        workers: How many workers there are, with a loop at the start; 1 to 16, by default 1.
        goal: What p95 should not exceed, 0.01 to 10 [s].
        seed: Of the load; the same seed makes the same requests.
        report: Where to write the report; by default a new file under ``mape-report/``, none when ended early.
        json: Print the result as JSON on standard output, and what happens meanwhile on standard error.
        page: Whether to serve the live page, at port 8000 or a higher one.
        open_page: Whether to show it in the browser.

    Raises:
        ConfigError: An argument is out of bounds; nothing was started.
        RemoteError: A worker or the load generator failed.
    """
    place = None if report is None else Path(report)
    wish = check_wish(seconds=seconds, load=load, adapt=adapt, workers=workers, goal=goal, seed=seed, report=place)
    console = Console(stderr=json, highlight=False)
    return asyncio.run(_Run(wish, console, SystemClock(), PageWish(page, open_page), as_json=json).perform())


def _settings(page: PageWish) -> Settings:
    """Return the demo's own settings: those of the person are for the person's programs."""
    overrides = {"shutdown.deadline": CLOSE_LIMIT, **page.settings("mape demo")}
    return load_settings(overrides=overrides, environ={}, directory=Path(__file__).parent)


class _Run:
    """One run, from the first worker to the report."""

    def __init__(self, wish: Wish, console: Console, clock: Clock, page: PageWish, *, as_json: bool) -> None:
        self._wish = wish
        self._console = console
        self._clock = clock
        self._as_json = as_json
        self._signal = 0
        self._page = page
        self._app = with_page(mape.App(_settings(page), clock=clock))
        self._arms = [Arm(self._app, way, Service(clock), wish.goal) for way in wish.ways]

    async def perform(self) -> int:
        """Run all of it; return the exit code."""
        self._heed_signals()
        self._console.print(Text(self._wish.facts))
        try:
            async with self._services():
                await self._watch()
        except asyncio.CancelledError:
            if not self._signal:
                raise
            self._console.print(Text(f"\nEnded early by {signal.Signals(self._signal).name}."))
        self._conclude()
        return 128 + self._signal if self._signal else 0

    def _heed_signals(self) -> None:
        """Let the first SIGINT or SIGTERM end the run in order, and a second one at once."""
        task = asyncio.current_task()
        loop = asyncio.get_running_loop()

        def heed(number: int) -> None:
            if self._signal:
                os._exit(128 + number)  # the children notice
            self._signal = number
            if task:
                task.cancel()

        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, heed, number)

    @asynccontextmanager
    async def _services(self) -> AsyncIterator[None]:
        """Start the services and their loops, all at once, and stop them in the same way."""
        services = [arm.service for arm in self._arms]
        try:
            for service in services:
                service.open()
            await finish_all(*(arm.start() for arm in self._arms))
            for arm in self._arms:
                arm.wire()
            async with self._app:
                self._page.announce(page_url(self._app), self._console)
                yield
        finally:
            await finish_all(*(service.close() for service in services))

    async def _watch(self) -> None:
        """Make the load, and follow it to its end."""
        wish = self._wish
        arms = {arm.way.uid: arm for arm in self._arms}
        scene = Scene(wish, [arm.record for arm in self._arms])
        ports = {uid: arm.service.port for uid, arm in arms.items()}
        async with Traffic(wish.course, ports) as traffic:
            for arm in self._arms:
                arm.begin()
            with make_view(scene, self._console) as view:
                async for batch in traffic:
                    arms[batch.target].take(batch, until=wish.course.seconds)
                    view.update()

    def _conclude(self) -> None:
        """Compare, report, and say what to do next."""
        wish = self._wish
        records = [arm.record for arm in self._arms]
        if not any(record.outcomes for record in records):
            self._console.print(Text("Nothing was measured."))
            return
        scores = [score(record, wish.goal) for record in records]
        print_comparison(self._console, scores, wish.goal)
        place = None
        if wish.report or not self._signal:  # who ended it early is in a hurry, and drawing takes a second
            page = html("mape demo: elastic", wish.facts, records, scores, wish.goal)
            place = write_report(page, self._clock.now(), wish.report)
            self._console.print(Text(f"\nReport: {place}"), soft_wrap=True)
        self._console.print(Text(self._next_command()), soft_wrap=True)
        if self._as_json:
            sys.stdout.write(self._json(scores, place) + "\n")

    def _next_command(self) -> str:
        if self._wish.ways[0].limits is None:
            return f"Next: mape demo elastic --seed {self._wish.course.seed}   (the same requests, with the loop)"
        return "Next: mape demo elastic --no-adapt --workers 3   (no loop), or --load step"

    def _json(self, scores: list[Score], report: Path | None) -> str:
        wish = self._wish
        result: dict[str, Any] = {
            "demo": "elastic",
            "load": wish.course.profile,
            "seconds": wish.course.seconds,
            "seed": wish.course.seed,
            "goal": wish.goal,
            "ended_early": bool(self._signal),
            "arms": scores,
            "decisions": self._arms[0].record.decisions,
            "report": report and str(report),
        }
        return msgspec.json.encode(result).decode()
