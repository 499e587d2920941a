"""A program for the tests of the page, which does as it is told: ``python plant.py SCENE PORT [setting=value ...]``.

It prints its URL and then answers each line of its input, a Python expression on the names here, with a line of JSON.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import IO, Any

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))

import mape
from mape import operators as ops
from mape.remote.redis import PubObserver, SubObservable
from mape.remote.rest import POSTObserver
from tests.browser.bugs import BUGS

PATIENCE = 15.0
"""How long a program may take to end [s]."""


class Plant:
    """The program, from the test's side."""

    def __init__(self, pid: int, orders: IO[str], answers: IO[str], errors: IO[str]) -> None:
        self.pid, self.url = pid, ""
        self._orders, self._answers, self._errors = orders, answers, errors
        self._has_ended = False

    def errors(self) -> str:
        """Return what it has logged."""
        self._errors.seek(0)
        return self._errors.read()

    def ready(self) -> None:
        """Wait until it serves."""
        self.url = self._answers.readline().strip()
        assert self.url, self.errors()[-3000:]

    def ask(self, expression: str) -> Any:
        """Have it evaluate an expression, and return what that is."""
        self._orders.write(expression + "\n")
        self._orders.flush()
        answer = self._answers.readline()
        assert answer, f"{expression} ended the program: {self.errors()[-3000:]}"
        return json.loads(answer)

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.url.rsplit(":", 1)[1].strip("/"))

    def memory(self) -> float:
        """How much it holds [MB]."""
        pages = int(Path(f"/proc/{self.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 2**20

    def end(self, *, kill: bool = False) -> None:
        """End it, -9 with `kill`, and wait until it and all that it had open are gone."""
        if self._has_ended:
            return
        self._has_ended = True
        os.kill(self.pid, signal.SIGKILL if kill else signal.SIGTERM)
        deadline = time.monotonic() + PATIENCE
        while self._is_there():
            if time.monotonic() > deadline:
                os.kill(self.pid, signal.SIGKILL)
            time.sleep(0.005)

    def close(self) -> None:
        """Kill it if it runs, and forget what it has logged."""
        self.end(kill=True)
        for each in (self._answers, self._errors):
            each.close()
        with contextlib.suppress(BrokenPipeError):
            self._orders.close()

    def _is_there(self) -> bool:
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return False
        return True


# -- scenes ------------------------------------------------------------------------------------------------------------


class Mode(StrEnum):
    """How a room is heated."""

    DAY = "day"
    NIGHT = "night"


@dataclass
class Reading:
    """What a thermometer says."""

    room: str
    celsius: float
    mode: Mode = Mode.DAY
    windows: list[bool] | None = None


@dataclass
class Heat:
    """How far a valve is to be open."""

    percent: float
    room: str = "kitchen"


def house(app: mape.App) -> None:
    """Three loops on two levels: what a person has at home."""
    comfort, damp = heating(app), air(app)
    home = app.loop("home", level="house")
    numbers = iter(range(1_000_000_000))

    @home.analyze
    def summary(item: Any) -> str:
        """One line about all rooms."""
        return f"{next(numbers)}: {item}"

    @home.execute
    def display(line: str) -> None:
        app.k.line = line

    comfort.subscribe(summary)
    damp.pipe(ops.map(lambda state: state["percent"])).subscribe(summary)
    summary.subscribe(display)
    app.k.inhabitants = 3


def is_possible(reading: Any) -> bool:
    """Whether a thermometer can say so."""
    return bool(reading.celsius > -50)


def heating(app: mape.App) -> mape.Element[Any, Any]:
    """Heat by how cold it is."""
    loop = app.loop("heating", level="rooms")

    @loop.monitor
    def thermometer(reading: Reading) -> Reading:
        """Passes on what the sensor in a room says."""
        return reading

    @loop.analyze(ops_in=ops.filter(is_possible))
    def comfort(reading: Reading) -> float:
        """How far it is from what people like [K]."""
        if reading.room == "cellar":
            raise ValueError("nobody heats the cellar")
        return 21.0 - reading.celsius

    @loop.plan
    async def policy(error: float) -> Heat:
        """A valve that opens by ten percent a kelvin."""
        await asyncio.sleep(0.002)
        return Heat(min(100.0, max(0.0, 10 * error)))

    @loop.execute
    def valve(heat: Heat) -> None:
        loop.k.opening = heat.percent

    mape.connect(thermometer, comfort, policy, valve)
    return comfort


def air(app: mape.App) -> mape.Element[Any, Any]:
    """Open a window when it is damp."""
    loop = app.loop("air", level="rooms")

    @loop.monitor
    def hygrometer(value: float) -> float:
        return value

    @loop.analyze
    def damp(value: float) -> dict[str, Any]:
        return {"damp": value > 60, "percent": value}

    @loop.plan
    def airing(state: dict[str, Any]) -> str | None:
        return "open" if state["damp"] else None

    @loop.execute
    def window(word: str) -> None:
        loop.k.window = word

    mape.connect(hygrometer, damp, airing, window)
    return damp


def many(app: mape.App, loops: int = 50, size: int = 10) -> None:
    """Five hundred elements."""
    for number in range(loops):
        loop = app.loop(f"loop{number:02}", level=f"level{number % 5}")
        elements = [
            getattr(loop, ("monitor", "analyze", "plan", "execute")[min(3, step * 4 // size)])(uid=f"step{step}")(
                lambda item: item
            )
            for step in range(size)
        ]
        for one, following in itertools.pairwise(elements):
            one.subscribe(following)


def trap(app: mape.App) -> None:
    """Whatever comes in is shown, fails, or is known: for texts that nobody should trust."""
    loop = app.loop("trap")

    @loop.monitor
    def shown(item: Any) -> Any:
        return item

    @loop.analyze
    def failing(item: Any) -> Any:
        raise ValueError(str(item))

    shown.subscribe(failing)


def wires(app: mape.App) -> None:
    """Channels to others, whose names are as bad as names can be."""
    trap(app)
    for channel in (
        "<img src=x onerror=window.ran=1>",
        "javascript:window.ran=1",
        "{{window.ran=1}}\u202egnp",
        "a" * 999,
    ):
        app["trap.shown"].subscribe(PubObserver(channel))


@dataclass
class Train:
    """What comes along the line."""

    number: int
    kmh: float


def lookout(app: mape.App) -> None:
    """One of two programs: sees trains, and warns of the fast ones."""
    loop = app.loop("lookout")

    @loop.monitor
    def watch(train: Train) -> Train:
        return train

    @loop.plan
    async def warn(train: Train) -> str:
        await asyncio.sleep(0.02)
        return f"train {train.number} comes"

    watch.subscribe(warn)


def barrier(app: mape.App) -> None:
    """The other one: takes warnings, and closes the road."""
    loop = app.loop("barrier")

    @loop.analyze
    async def judge(warning: str) -> str:
        await asyncio.sleep(0.03)
        return warning.upper()

    @loop.execute
    def lower(warning: str) -> None:
        app.k.closed_for = warning

    judge.subscribe(lower)


SCENES: dict[str, Callable[[mape.App], None]] = {
    "house": house,
    "many": many,
    "empty": lambda _: None,
    "trap": trap,
    "wires": wires,
    "lookout": lookout,
    "barrier": barrier,
}


# -- running it --------------------------------------------------------------------------------------------------------


class Feeder:
    """Gives items to elements: by itself at a rate, or when it is told to."""

    def __init__(self, app: mape.App) -> None:
        self.app = app
        self.given = 0
        self._task: asyncio.Task[None] | None = None

    def at(self, rate: float, *paths: str) -> str:
        """Give items to each of `paths`, `rate` a second in all, from now on; none with 0."""
        if self._task:
            self._task.cancel()
        self._task = asyncio.ensure_future(self._feed(rate, paths)) if rate else None
        return "ok"

    async def _feed(self, rate: float, paths: tuple[str, ...]) -> None:
        elements = [self.app[path] for path in paths]
        begin, given = time.monotonic(), 0
        while True:
            due = int((time.monotonic() - begin) * rate)
            for number in range(given, due):
                elements[number % len(elements)].port_in.on_next(self.item(elements[number % len(elements)], number))
            self.given += due - given
            given = due
            await asyncio.sleep(0.02)

    def item(self, element: Any, number: int) -> Any:
        """Make an item that fits an element."""
        if element.uid == "thermometer":
            return Reading("kitchen", 18 + number % 40 / 10)
        return 50.0 + number % 20


async def obey(names: dict[str, Any]) -> None:
    """Answer the lines on the input until it ends."""
    reader = asyncio.StreamReader(limit=1 << 26)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        answer = eval(line, names)  # noqa: S307 - the test's own words
        print(json.dumps(answer, default=str), flush=True)


def main(words: list[str]) -> None:
    """Run a scene."""
    scene, port, *words = words
    settings: dict[str, Any] = dict(word.split("=", 1) for word in words)
    settings |= {name: float(value) for name, value in settings.items() if value.isdecimal()}
    for bug in filter(None, settings.pop("bugs", "").split(",")):
        BUGS[bug]()
    app = mape.init(rest_host_port=f"127.0.0.1:{port}", **{"rest.rate": 0, **settings})
    SCENES[scene](app)
    feeder = Feeder(app)

    names: dict[str, Any] = {each.__name__: each for each in (Reading, Train, POSTObserver, PubObserver, SubObservable)}

    async def talk() -> None:
        server: Any = next(service for service in app.services if service.path == "rest")
        app.start()
        print(server.url, flush=True)
        await obey({"app": app, "server": server, "feed": feeder.at, "feeder": feeder, "json": json, **names})
        mape.stop()

    mape.run(talk)


if __name__ == "__main__":
    main(sys.argv[1:])
