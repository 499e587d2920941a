"""Which partitions are whose: the consumers of a group say that they are there, and each takes its share.

Partition *i* of a stream is for member *i* modulo their number, oldest member first, so that who comes last changes
least. A consumer that falls silent is no member any more when its lease has ended; then the others take its
partitions over.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from typing import TYPE_CHECKING

from mape.errors import ConflictError, MapeError, RemoteError
from mape.remote.redis.stream.key import partition_name
from mape.remote.redis.stream.log import Log, Roll
from mape.remote.redis.stream.reader import Hand, Reader
from mape.remote.redis.stream.terms import StreamStats, Terms

if TYPE_CHECKING:
    from mape.remote.source import RemoteSource

__all__ = ["Attendance"]

logger = logging.getLogger("mape")
REFUSED = 1.0
"""How long to wait after the server refused to answer [s]."""
BEATS = 5
"""How often a consumer says that it is there, before it would be forgotten."""


class Attendance:
    """The part of one consumer; see the module.

    Args:
        port: The source.
        log: The server.
        terms: How to read.
        stats: Where the readers count.
        hand: Where they say whose item is in hand.
    """

    def __init__(self, port: RemoteSource, log: Log, terms: Terms, stats: StreamStats, hand: Hand) -> None:
        self.readers: dict[str, Reader] = {}
        """By partition, those included that are not held any more: they remember how far they came."""
        self.is_up = True
        self._port, self._log, self._terms, self._stats = port, log, terms, stats
        self._hand = hand
        self._joined = int(port.host.clock.now() * 1000)
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._mine: set[str] = set()
        self._kept: set[str] = set()
        self._born: int | None = None
        self._patience = 0.0
        self._task: asyncio.Task[None] | None = None
        self._is_leaving = False

    @property
    def held(self) -> list[str]:
        """The partitions that this consumer reads now."""
        return [name for name, reader in self.readers.items() if reader.is_held]

    def open(self) -> None:
        """Begin."""
        self._task = asyncio.get_running_loop().create_task(self._attend(), name=self._port.path)

    async def drain(self) -> None:
        """Finish what is in hand, mark it, and leave the group; the next one begins where this one ended."""
        self._is_leaving = True
        for reader in self.readers.values():
            reader.is_leaving = True
        if self._tasks:
            await asyncio.wait(self._tasks.values())
        if self._task is None:
            return
        task, self._task = self._task, None
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        try:
            await self._log.leave(self._terms.stream, self._terms.group, self._terms.owner)
        except RemoteError as error:
            logger.info("%s: left without a word, the server is gone: %s", self._port.path, error)

    async def close(self, patience: float) -> None:
        """Let go of everything; what still waits for an element has `patience` [s] to be marked."""
        tasks = [*self._tasks.values(), *([self._task] if self._task else [])]
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(patience):
                    await self.drain()
        finally:  # also when the app has no patience with us
            for task in tasks:
                task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _attend(self) -> None:
        terms, beat = self._terms, self._terms.lease / BEATS
        while True:
            try:
                roll = await self._log.meet(terms.stream, terms.group, terms.owner, self._joined, terms.lease)
                await self._remind(roll)
                await self._renew()
            except RemoteError as error:
                self._hear_of(error)
                await asyncio.sleep(beat / 10 if error.retryable else REFUSED)
                await self._log.ready(1.0)
                continue
            except Exception as error:  # the wall around the server's answers
                self._port.host.report(self._port.path, None, error)
            else:
                self._recover()
                self._assign(roll)
            await asyncio.sleep(beat)

    async def _remind(self, roll: Roll) -> None:
        """Tell a server that forgot everything how far this consumer came, and let the others do so too."""
        if roll.born == self._born:
            return
        if self._born is not None:
            self._patience = self._port.host.clock.monotonic() + self._terms.lease
            self._kept = self._mine
            for name, reader in self.readers.items():
                if reader.progress.marks:
                    await self._log.remind(name, self._terms.group, reader.progress.marks)
        self._born = roll.born

    async def _renew(self) -> None:
        for reader in list(self.readers.values()):
            try:
                await reader.renew()
            except ConflictError:
                logger.info("%s: lost %s, since it was silent for too long", self._port.path, reader.stream)

    def _assign(self, roll: Roll) -> None:
        """Begin to read the partitions that are this consumer's, and leave the others."""
        count = roll.partitions or 0
        if self._is_leaving or self._terms.owner not in roll.members:
            return
        waits = self._port.host.clock.monotonic() < self._patience
        place, members = roll.members.index(self._terms.owner), len(roll.members)
        mine = {partition_name(self._terms.stream, number, count) for number in range(place, count, members)}
        if not waits:
            self._mine = mine
        for name in mine - set(self._tasks):
            if not waits or name in self._kept:  # whoever had it knows best how far the group came
                self._begin(name)
        for name in self._tasks:
            self.readers[name].is_leaving = name not in mine

    def _begin(self, name: str) -> None:
        if name not in self.readers:
            self.readers[name] = Reader(self._port, self._log, name, self._terms, self._stats, self._hand)
        reader = self.readers[name]
        reader.is_leaving = False
        task = asyncio.get_running_loop().create_task(reader.run(), name=f"{self._port.path} {name}")
        self._tasks[name] = task
        task.add_done_callback(lambda done: self._ended(name, done))

    def _ended(self, name: str, task: asyncio.Task[None]) -> None:
        if self._tasks.get(name) is task:
            del self._tasks[name]
        if task.cancelled() or (error := task.exception()) is None:
            return
        if isinstance(error, ConflictError):
            logger.info("%s: %s", self._port.path, error)
        elif isinstance(error, RemoteError):
            self._hear_of(error)
        else:
            self._port.host.report(self._port.path, None, error)

    def _hear_of(self, error: MapeError) -> None:
        if self.is_up:
            self.is_up = False
            self._port.host.tell("disconnected", self._port.path, f"cannot read: {error}; it goes on trying")

    def _recover(self) -> None:
        if not self.is_up:
            self.is_up = True
            self._port.host.tell("connected", self._port.path, "reads again")
