"""Our end of the load generator's pipe: starts the process and reads what it reports."""

from __future__ import annotations

import asyncio
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

from mape.demo.elastic.measurement import Batch, parse_batch
from mape.demo.elastic.process import end_process, start_process
from mape.errors import ConnectError

__all__ = ["Course", "Traffic"]

LOAD_FILE = Path(__file__).with_name("load.py")
SILENCE_LIMIT = 10.0
"""How long the load generator, which reports four times a second, may be silent [s]."""

END_LIMIT = 0.5


@dataclass(frozen=True, slots=True)
class Course:
    """What load to make: its profile and rates [requests/s], how long [s], and when a request has failed [s]."""

    profile: str = "wave"
    light: float = 20.0
    heavy: float = 150.0
    seconds: float = 40.0
    timeout: float = 2.0
    seed: int | None = None

    def arguments(self) -> list[str]:
        """Return the command line that says so."""
        return [f"--{name}={value}" for name, value in asdict(self).items() if value is not None]


class Traffic:
    """Real requests to some ports on loopback; iterate over the reports, which end when the load does.

    Args:
        course: What load.
        ports: Whom it goes to: names and ports. All get the same requests.
    """

    def __init__(self, course: Course, ports: Mapping[str, int]) -> None:
        self._course = course
        self._ports = dict(ports)
        self._process: Process | None = None

    async def __aenter__(self) -> Self:
        targets = [f"--target={name}={port}" for name, port in self._ports.items()]
        self._process = await start_process(LOAD_FILE, [*self._course.arguments(), *targets])
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._process:
            await end_process(self._process, END_LIMIT)

    @property
    def pid(self) -> int | None:
        """The process number of the load generator, while there is one."""
        return self._process.pid if self._process else None

    async def __aiter__(self) -> AsyncIterator[Batch]:
        """Yield every target's reports.

        Raises:
            ConnectError: The load generator went silent or ended early.
            PeerError: It wrote something else than a report.
        """
        running = set(self._ports)
        while running:
            batch = parse_batch(await self._read_line())
            if batch.last:
                running.discard(batch.target)
            yield batch

    async def _read_line(self) -> bytes:
        if self._process is None or self._process.stdout is None:
            raise ConnectError("the load generator does not run: use it in `async with`")
        try:
            async with asyncio.timeout(SILENCE_LIMIT):
                line = await self._process.stdout.readline()
        except TimeoutError:
            raise ConnectError(f"the load generator has been silent for {SILENCE_LIMIT:g} s") from None
        if not line:
            raise ConnectError("the load generator ended early: see what it wrote above")
        return line
