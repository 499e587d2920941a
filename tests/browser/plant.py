"""A program for the tests of the page, which does as it is told: ``python plant.py SCENE PORT [setting=value ...]``.

It prints its URL and then answers each line of its input, a Python expression on the names here, with a line of JSON.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import subprocess
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
from mape.remote.redis import PubObserver


class Plant:
    """The program, from the test's side."""

    def __init__(self, process: subprocess.Popen[str], errors: IO[str]) -> None:
        self.process, self._errors = process, errors
        self.url = ""

    def errors(self) -> str:
        """Return what it has logged."""
        self._errors.seek(0)
        return self._errors.read()

    def ready(self) -> None:
        """Wait until it serves."""
        assert self.process.stdout is not None
        self.url = self.process.stdout.readline().strip()
        if not self.url:
            self.process.communicate()
            raise AssertionError(self.errors()[-3000:])

    def ask(self, expression: str) -> Any:
        """Have it evaluate an expression, and return what that is."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(expression + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.url.rsplit(":", 1)[1].strip("/"))

    def memory(self) -> int:
        """How many bytes it holds."""
        fields = Path(f"/proc/{self.process.pid}/statm").read_text().split()
        return int(fields[1]) * 4096

    def end(self, *, kill: bool = False) -> int:
        """End it; -9 with `kill`."""
        (self.process.kill if kill else self.process.terminate)()
        try:
            self.process.communicate(timeout=15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.communicate()
        return self.process.returncode


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


SCENES: dict[str, Callable[[mape.App], None]] = {
    "house": house,
    "many": many,
    "empty": lambda _: None,
    "trap": trap,
    "wires": wires,
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


def main() -> None:
    """Run a scene."""
    scene, port, *words = sys.argv[1:]
    settings: dict[str, Any] = dict(word.split("=", 1) for word in words)
    app = mape.init(rest_host_port=f"127.0.0.1:{port}", **{"rest.rate": 0, **settings})
    SCENES[scene](app)
    feeder = Feeder(app)

    async def talk() -> None:
        server = next(service for service in app.services if service.path == "rest")
        app.start()
        print(server.url, flush=True)  # type: ignore[attr-defined]
        await obey({"app": app, "feed": feeder.at, "feeder": feeder, "mape": mape, "Reading": Reading, "json": json})
        mape.stop()

    mape.run(talk)


if __name__ == "__main__":
    main()
