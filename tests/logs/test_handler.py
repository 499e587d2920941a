"""The handler: which items lines go back to, floods, and outputs that fail."""

from __future__ import annotations

import asyncio
import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest

import mape
from mape.logs import CauseFilter, LogHandler
from mape.testing import collect


class Lines(io.StringIO):
    """A stream that may have no room."""

    is_full = False

    def write(self, text: str) -> int:
        if self.is_full:
            raise OSError("no space left on device")
        return super().write(text)

    @property
    def decoded(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.getvalue().splitlines()]

    @property
    def events(self) -> list[str]:
        return [line["event"] for line in self.decoded]


@pytest.fixture
def lines() -> Lines:
    return Lines()


@pytest.fixture
def handler(app: mape.App, lines: Lines) -> Iterator[LogHandler]:
    made = LogHandler(lines, format="json", repeats=2, clock=lambda: app.clock.monotonic(), app=app)  # noqa: PLW0108
    loggers = logging.getLogger("mape"), logging.getLogger("traffic")
    for each in loggers:
        each.addHandler(made)
        each.setLevel("INFO")
    yield made
    for each in loggers:
        each.removeHandler(made)
        each.setLevel("NOTSET")


@pytest.mark.usefixtures("handler")
async def test_lines_of_a_person_s_functions_have_the_cause_of_the_item(app: mape.App, lines: Lines) -> None:
    log, loop = logging.getLogger("traffic"), app.loop("car")
    causes = []

    @loop.execute
    def drive(speed: int) -> None:
        causes.append(mape.current_cause())
        log.info("drives %d", speed)

    @loop.execute
    async def park(place: int) -> None:
        causes.append(mape.current_cause())
        await asyncio.to_thread(log.info, "parks at %d", place)

    async with app:
        drive(80)
        park(1)
    log.info("by the way")

    assert [line.get("cause") for line in lines.decoded] == [*causes, None]
    assert all(causes)
    assert causes[0] != causes[1]


@pytest.mark.usefixtures("handler")
def test_a_failure_names_loop_and_element_and_the_cause(app: mape.App, lines: Lines) -> None:
    failures = collect(app.failures)
    element = app.loop("car", level="fleet").execute(uid="drive")(lambda speed: 1 / speed)
    element(0)

    [line] = lines.decoded
    assert (line["loop"], line["element"], line["cause"]) == ("car", "drive", failures[0].cause)


@pytest.mark.usefixtures("handler")
def test_what_happens_to_a_connection_is_said_under_its_path(app: mape.App, lines: Lines) -> None:
    app.tell("gap", "subscribe car_*", "3 items never came")

    [line] = lines.decoded
    assert (line["level"], line["path"], line["kind"]) == ("warning", "subscribe car_*", "gap")
    assert "loop" not in line


@pytest.mark.virtual_time
@pytest.mark.usefixtures("handler")
async def test_a_flood_costs_one_line_a_period_also_when_it_is_over(app: mape.App, lines: Lines) -> None:
    failures = collect(app.failures)
    drive = app.loop("car").execute(uid="drive")(lambda speed: 1 / speed)
    async with app:
        for _ in range(250):
            drive(0)
            await asyncio.sleep(0.1)
        await asyncio.sleep(60)

    told = [event for event in lines.events if "more" in event]
    assert lines.events[:2] == ["car.drive failed on 0"] * 2
    assert len(lines.events) == 2 + len(told)
    assert len(told) == 3
    assert 2 + sum(line.get("count", 0) for line in lines.decoded) == len(failures) == drive.stats.errors == 250


def test_at_the_end_of_a_program_nothing_is_held_back(app: mape.App, lines: Lines, handler: LogHandler) -> None:
    drive = app.loop("car").execute(uid="drive")(lambda speed: 1 / speed)
    for _ in range(10):
        drive(0)
    assert len(lines.events) == 2

    handler.flush()  # as logging.shutdown does
    assert lines.events[2].startswith("car.drive: …and 8 more in")


@pytest.mark.usefixtures("handler")
def test_a_full_disk_costs_lines_and_says_so_later(app: mape.App, lines: Lines) -> None:
    drive = app.loop("car").execute(uid="drive")(lambda speed: 1 / speed)
    seen = collect(drive)
    lines.is_full = True
    drive(0)
    app.tell("gap", "redis", "x")
    assert seen == []
    drive(2)
    lines.is_full = False
    app.tell("gap", "redis", "y")

    assert seen == [0.5]
    assert lines.events == ["2 lines of the log are lost: there was no room for them", "redis: y"]


def test_a_handler_of_one_s_own_gets_causes_by_the_filter(app: mape.App) -> None:
    lines, log = io.StringIO(), logging.getLogger("traffic")
    handler = logging.StreamHandler(lines)
    handler.addFilter(CauseFilter())
    handler.setFormatter(logging.Formatter("%(cause)s %(message)s"))
    log.addHandler(handler)
    causes = []

    @app.loop("car").execute
    def drive(speed: int) -> None:
        causes.append(mape.current_cause())
        log.warning("drives %d", speed)

    try:
        drive(80)
        log.warning("nobody drives")
    finally:
        log.removeHandler(handler)

    assert lines.getvalue() == f"{causes[0]} drives 80\nNone nobody drives\n"


class Terminal(io.StringIO):
    """A stream that a person looks at."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("stream", "environment", "format_", "has_colours", "is_json"),
    [
        (Terminal, {}, "auto", True, False),
        (Terminal, {"NO_COLOR": "1"}, "auto", False, False),
        (Terminal, {"NO_COLOR": "1", "FORCE_COLOR": "1"}, "auto", False, False),
        (Terminal, {"TERM": "dumb"}, "auto", False, False),
        (Terminal, {}, "json", False, True),
        (io.StringIO, {}, "auto", False, True),
        (io.StringIO, {}, "text", False, False),
        (io.StringIO, {"FORCE_COLOR": "1"}, "text", True, False),
    ],
)
def test_people_get_text_and_machines_json(
    monkeypatch: pytest.MonkeyPatch,
    stream: type[io.StringIO],
    environment: dict[str, str],
    format_: Any,
    *,
    has_colours: bool,
    is_json: bool,
) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    lines = stream()
    LogHandler(lines, format=format_).handle(logging.LogRecord("mape", logging.INFO, "", 0, "x", None, None))

    assert ("\x1b[" in lines.getvalue()) is has_colours
    assert lines.getvalue().startswith("{") is is_json
