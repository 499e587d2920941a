"""What mape writes its log with: a handler of the standard library that no output can hurt."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Literal, TextIO

from mape.application import default_app
from mape.errors import UnknownPathError
from mape.logs.origin import CauseFilter
from mape.logs.output import Output
from mape.logs.repetition import Repetition

if TYPE_CHECKING:
    from mape.application import App

__all__ = ["LogHandler"]

Format = Literal["auto", "text", "json"]


class LogHandler(logging.Handler):
    """Writes records as a short text for people or as JSON for machines; see ``docs/howto/logs.md``.

    Args:
        stream: Where to; by default what ``sys.stderr`` is when a line comes.
        format: ``text``, ``json``, or ``auto``: text on a terminal and in a notebook, else JSON.
        repeats: How many lines of the same path, kind and error are written at once in a `period`; 0 is all.
        period: How often it is told how many more there were [s].
        clock: Tells the time of periods [s].
        app: In whose elements paths are looked up; by default `mape.app`.

    Delivery:
        A line is written when it is logged, or lost: a full disk, a closed terminal, or a pipe that nobody reads stop
        nobody. `lost` counts, and the first line that goes out again is preceded by one that says how many.
    """

    def __init__(
        self,
        stream: TextIO | None = None,
        *,
        format: Format = "auto",  # noqa: A002 - as the setting is called
        repeats: int = 5,
        period: float = 10.0,
        clock: Callable[[], float] = time.monotonic,
        app: App | None = None,
    ) -> None:
        super().__init__()
        self.lost = 0
        """Lines that found no room since the last one that did."""
        self.output = Output(stream)
        self._app = app
        self._loop: asyncio.AbstractEventLoop | None = None
        self.configure(format=format, repeats=repeats, period=period, clock=clock)
        self.addFilter(CauseFilter())

    def configure(
        self,
        *,
        format: Format = "auto",  # noqa: A002 - as above
        repeats: int = 5,
        period: float = 10.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Go on with other settings."""
        self._format, self._period = format, period
        self._repetition = Repetition(repeats, period, clock)
        self.formatter = None

    def prepare(self) -> None:
        """Import what makes lines, which takes longer than all else; without this the first line does it."""
        if self.formatter is None:
            from mape.logs.rendering import formatter

            as_json = self._format == "json" or (self._format == "auto" and not self._is_for_people())
            self.formatter = formatter(self._place, as_json=as_json, colours=self._has_colours())

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record, or hold it back because there were many like it."""
        self._tell(self._repetition.due())
        if self._repetition.admits(record):
            self._write(record)
        elif self._loop is None or self._loop.is_closed():
            self._wake_later()

    def flush(self) -> None:
        """Tell of the lines that are held back, as at the end of a program."""
        self.acquire()
        try:
            self._tell(self._repetition.due(at_once=True))
        finally:
            self.release()

    def _tell(self, records: list[logging.LogRecord]) -> None:
        for record in records:
            self._write(record)

    def _write(self, record: logging.LogRecord) -> None:
        try:
            self.prepare()
            lines = self.format(record)
            if self.lost and not self.output.write(self.format(_loss(self.lost))):
                self.lost += 1
                return
            self.lost = 0 if self.output.write(lines) else self.lost + 1
        except Exception:  # the wall around the log: what cannot be written must not cost an item
            self.lost += 1

    def _wake_later(self) -> None:
        """Have somebody look when the period is over, also when no further line comes."""
        try:
            self._loop = asyncio.get_running_loop()
        except RuntimeError:  # no event loop in this thread: the next line, or the end, tells
            self._loop = None
            return
        self._loop.call_later(self._period, self._wake)

    def _wake(self) -> None:
        self.acquire()
        try:
            self._loop = None
            self._tell(self._repetition.due())
            if self._repetition.holds:
                self._wake_later()
        finally:
            self.release()

    def _place(self, path: str) -> tuple[str, str] | None:
        """Return loop and element of a path: ``car.drive``, ``level.car.drive``, ``car.drive > print``."""
        try:
            found = (self._app or default_app())[path.partition(" ")[0]]
        except UnknownPathError:
            return None
        loop = getattr(found, "loop", None)
        return (loop.uid, found.uid) if loop is not None else None

    def _is_for_people(self) -> bool:
        return self.output.is_terminal or hasattr(sys, "ps1") or "ipykernel" in sys.modules

    def _has_colours(self) -> bool:
        if os.environ.get("NO_COLOR"):
            return False
        return bool(os.environ.get("FORCE_COLOR")) or (self.output.is_terminal and os.environ.get("TERM") != "dumb")


def _loss(count: int) -> logging.LogRecord:
    text = "%s lines of the log are lost: there was no room for them"
    return logging.LogRecord("mape", logging.WARNING, __file__, 0, text, (f"{count:,}",), None)
