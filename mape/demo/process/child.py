"""A child process, seen by its parent: a Python module that speaks lines of JSON and cannot outlive us."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec

import mape
from mape.errors import RemoteError, StateError

__all__ = ["Child", "end_all"]

LONGEST = 1024 * 1024
"""Bytes of a line."""
LAST_WORDS = 20
"""Lines of what a child wrote to standard error that are kept."""
PATIENCE = 3.0
"""How long a child may take to end when it is asked to [s]."""


class Child:
    """A process that runs a module of ours.

    Its standard input is a pipe that we hold. It ends when this process does, however that happens and on any system,
    which tells the child to exit. The child is in a process group of its own, so that Ctrl-C in a terminal reaches
    this process alone, which then ends its children in order.

    Args:
        name: What it is called in errors.
        module: What it runs.
        arguments: Its command line.
    """

    def __init__(self, name: str, module: str, arguments: Sequence[str]) -> None:
        self.name = name
        self._command = (sys.executable, "-m", module, *arguments)
        self._process: Process | None = None
        self._is_ending = False
        self._errors: deque[str] = deque(maxlen=LAST_WORDS)
        self._reading: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Start it."""
        here = str(Path(mape.__file__).parents[1])  # the same mape as ours, wherever it was found
        path = os.pathsep.join(filter(None, (here, os.environ.get("PYTHONPATH"))))
        self._process = await asyncio.create_subprocess_exec(
            *self._command,
            stdin=PIPE,
            stdout=PIPE,
            stderr=PIPE,
            process_group=0,
            limit=LONGEST,
            env=os.environ | {"PYTHONPATH": path},
        )
        self._reading = asyncio.get_running_loop().create_task(self._read_errors(), name=f"errors of {self.name}")

    @property
    def process(self) -> Process:
        """The process.

        Raises:
            StateError: It was not started.
        """
        if self._process is None:
            raise StateError(f"{self.name} was not started")
        return self._process

    def say(self, **word: Any) -> None:
        """Send it a line; one that is gone hears nothing."""
        pipe = self.process.stdin
        if pipe is not None and not pipe.is_closing():
            pipe.write(msgspec.json.encode(word) + b"\n")

    async def words(self) -> AsyncIterator[dict[str, Any]]:
        """Yield what it says, until it ends.

        Raises:
            RemoteError: It failed; the message has its last words.
        """
        out = self.process.stdout
        while out is not None and (line := await out.readline()):  # deadline: it ends when the child does
            yield msgspec.json.decode(line, type=dict[str, Any])
        code = await self.process.wait()
        if code and not self._is_ending:
            if self._reading:
                await asyncio.wait({self._reading}, timeout=PATIENCE)
            raise RemoteError(f"{self.name} ended with code {code}; its last words: {self.last_words}")

    @property
    def last_words(self) -> str:
        """The last line that it wrote to standard error."""
        return self._errors[-1] if self._errors else "none"

    async def end(self) -> None:
        """Ask it to end, by the end of its input; kill it if it does not."""
        self._is_ending = True
        if self._process is None:
            return
        if self._process.stdin:
            self._process.stdin.close()
        if not await self._ends():
            self._signal(signal.SIGKILL)
            await self._ends()
        if self._reading:
            await asyncio.wait({self._reading}, timeout=PATIENCE)
            self._reading.cancel()

    async def _ends(self) -> bool:
        try:
            async with asyncio.timeout(PATIENCE):
                await self.process.wait()
        except TimeoutError:
            return False
        return True

    def _signal(self, number: signal.Signals) -> None:
        """Signal it; ``process.kill()`` would take its exit code away from asyncio if it has just ended."""
        if self.process.returncode is None:
            with suppress(ProcessLookupError):
                os.kill(self.process.pid, number)

    async def _read_errors(self) -> None:
        errors = self.process.stderr
        while errors is not None and (line := await errors.readline()):  # deadline: it ends when the child does
            if text := line.decode(errors="replace").strip():
                self._errors.append(text[:500])


async def end_all(children: Sequence[Child]) -> None:
    """End all of them together."""
    await asyncio.gather(*(child.end() for child in children))
