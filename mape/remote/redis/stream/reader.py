"""Reads one partition of a stream for a group, as long as this consumer holds its lease.

The lease is kept in Redis, with a number that grows with each holder. Whatever a reader writes there
(acknowledgements, marks) is refused once another one has the partition; and a reader that finds its lease older than
it may be, because the process was stopped or cut off, gives no item to anybody before it has asked. So a partition is
worked on by one consumer at a time, in order, and what the one before had marked is not worked on again.
"""

from __future__ import annotations

import asyncio
import inspect
from itertools import islice, repeat
from typing import TYPE_CHECKING, Any

from mape.codecs import Frame
from mape.errors import ConflictError, DecodeError, MapeError
from mape.remote.receiver import decoded
from mape.remote.redis.stream.letter import letter_for, part_of
from mape.remote.redis.stream.log import Entry, Grant, Holding, Letter, Log
from mape.remote.redis.stream.progress import Progress
from mape.remote.redis.stream.terms import Delivery, StreamStats, Terms
from mape.remote.redis.stream.tray import Tray

if TYPE_CHECKING:
    from mape.remote.source import RemoteSource

__all__ = ["Hand", "Reader"]

TURN = 0.005
"""After how long others run, when items come without end [s]."""
RENEWALS = 4
"""How often a lease is renewed before it would end."""
IDLE = 0.3
"""How long one wait for the next entry takes at most, so that a reader hears that it shall leave [s]."""


class Hand:
    """Whose item is in hand just now, among the readers of a consumer."""

    __slots__ = ("reader",)

    def __init__(self) -> None:
        self.reader: Reader | None = None


class Reader:
    """See the module.

    Args:
        port: The source that gives the items on.
        log: The server.
        stream: The partition.
        terms: How to read.
        stats: Where to count, together with the readers of the other partitions.
        hand: Where to say whose item is in hand.
    """

    def __init__(self, port: RemoteSource, log: Log, stream: str, terms: Terms, stats: StreamStats, hand: Hand) -> None:
        self.stream = stream
        self.progress = Progress()
        self.is_held = False
        self.is_leaving = False
        """Set it, and `run` ends behind the item in hand."""
        self._port, self._log, self._terms, self._stats = port, log, terms, stats
        self._hand = hand
        self._tray = Tray(port)
        self._monotonic = port.host.clock.monotonic
        self._holding = Holding(stream, terms.group, terms.owner)
        self._renew_at = self._pause_at = 0.0
        self._one = asyncio.Lock()
        self._acks: list[str] = []
        self._letters: list[Letter] = []
        self._last = "0-0"
        self._is_suspicious = False
        self._frame: Frame | None = None
        self._source: str | None = None
        self._at = self._safe = 0
        self._is_again = False

    # -- the lease -------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Obtain the partition, read it until `is_leaving`, give it back; at once if somebody else has it.

        Raises:
            ConflictError: Somebody else took it over.
            RemoteError: The server cannot be reached.
        """
        self._acks, self._frame = [], None  # but letters stay: their items are marked
        grant = await self._acquire()
        if grant is None:
            return
        self.is_held = True
        try:
            await self._take_over(grant)
            is_clean = not self._is_again
            await self._read()
            await self._finish()
        finally:
            self.is_held = False
            self._frame = None
        await self._log.release(self._holding, is_clean=is_clean)

    async def renew(self) -> None:
        """Keep the lease while an item takes its time.

        Raises:
            ConflictError: Somebody else has the partition.
            RemoteError: The server cannot be reached.
        """
        if self.is_held and self._monotonic() >= self._renew_at and not self._one.locked():
            await self.exchange(0)

    async def _acquire(self) -> Grant | None:
        terms, began = self._terms, self._monotonic()
        free = self._holding._replace(token=0)
        grant = await self._log.acquire(free, terms.lease, terms.start, self.progress.marks)
        if grant is None:
            return None
        self._holding = self._holding._replace(token=grant.token)
        self._last = grant.last
        self.progress.adopt(grant.marks)
        self._extend(began)
        if terms.processed is not None:
            known: Any = terms.processed(self.stream, grant.token)
            known = await known if inspect.isawaitable(known) else known
            for (source, epoch), number in known.items():
                self.progress.mark(f"{source}:{epoch}", number)
        self._stats.takeovers += 1
        return grant

    def _extend(self, began: float) -> None:
        """Take note that the lease was renewed by a request that began at `began`."""
        self._renew_at = began + self._terms.lease / RENEWALS
        self._pause_at = min(self._renew_at, self._monotonic() + TURN)

    async def exchange(self, count: int) -> list[Entry]:
        """Renew the lease, tell the server what was dealt with, and read up to `count` entries: in one round trip.

        Raises:
            ConflictError: Somebody else has the partition.
            RemoteError: The server cannot be reached.
        """
        async with self._one:
            self._note()
            letters, self._letters = self._letters, []
            acks, self._acks = self._acks, []
            marks = self.progress.take_fresh()
            began, entries = self._monotonic(), None
            try:
                if letters:  # before what they were in is acknowledged
                    await self._log.bury(self._terms.stream, letters)
                    letters = []
                entries = await self._log.step(self._holding, self._terms.lease, acks, marks, count)
            finally:
                if entries is None:
                    self._letters, self._acks = letters + self._letters, acks + self._acks
                    self.progress.return_fresh(marks)
            if entries is None:
                self._pause_at = self._renew_at = 0.0
                raise ConflictError(f"{self.stream} is read by another consumer now, or the server has forgotten it")
            self._extend(began)
            return entries

    def _note(self) -> None:
        """Mark what is dealt with of the frame in hand."""
        if self._frame is not None and self._frame.header is not None and self._source is not None:
            done = self._safe if self._tray.waits else self._at
            self.progress.mark(self._source, self._frame.header.seq + done)

    # -- reading ---------------------------------------------------------------------------------------------------

    async def _take_over(self, grant: Grant) -> None:
        """Deal with what was read before and not acknowledged."""
        self._is_suspicious = self._is_again = not grant.is_clean
        while not self.is_leaving:
            began = self._monotonic()
            entries = await self._log.claim(self._holding, self._terms.lease, self._terms.count)
            if entries is None:
                raise ConflictError(f"{self.stream} is read by another consumer now")
            if not entries:
                if self._is_again and not self._is_suspicious:
                    await self._log.tries(self._holding, "")
                self._is_suspicious = self._is_again = False
                return
            self._extend(began)
            await self._deal_with(entries)
            await self._finish()

    async def _finish(self) -> None:
        """Wait for what was given, and mark it."""
        if self._tray.waits:
            await self._tray.idle()
            self._safe = self._at
        await self.exchange(0)

    async def _read(self) -> None:
        while not self.is_leaving:
            if entries := await self.exchange(self._terms.count):
                self._last = entries[-1].id
                await self._deal_with(entries)
            else:
                await self._log.wait(self.stream, self._last, IDLE)

    async def _deal_with(self, entries: list[Entry]) -> None:
        for entry in entries:
            self._tray.look()
            if not await self._deal(entry):
                return
            if self._tray.waits:
                await self._tray.idle()
                self._safe = self._at
            self._note()
            self._frame = None
            self._acks.append(entry.id)

    async def _deal(self, entry: Entry) -> bool:
        """Give the items of an entry on; return whether all of it is dealt with."""
        self._stats.payloads += 1
        try:
            frame = decoded(self._terms.codec, entry.payload or b"", self._port.kind)
        except DecodeError as error:
            self._bury(entry, error, entry.payload or b"")
            return True
        self._frame, self._source, self._at = frame, None, 0
        if (header := frame.header) is not None:
            self._source = f"{header.source}:{header.epoch}"
            self._at = self._place(self._source, header.seq, len(frame.values))
        self._safe = self._at
        if self._is_suspicious and self._at < len(frame.values):
            await self._suspect(entry, frame)
        is_again = self._is_again or entry.is_again
        before = self._at
        try:
            return await self._hand_over(entry, frame)
        finally:
            if is_again:
                self._stats.redelivered += self._at - before

    def _place(self, source: str, seq: int, count: int) -> int:
        """Return how many items of a frame have come before."""
        place = self.progress.place(source, seq, count)
        self._stats.duplicates += place.skip
        if place.gap:
            self._stats.gaps += place.gap
            self._port.host.tell("gap", self._port.path, f"{place.gap} items of {source} never came in {self.stream}")
        return place.skip

    async def _suspect(self, entry: Entry, frame: Frame) -> None:
        """Bury an item at which consumer after consumer has died."""
        self._is_suspicious = False
        tries = await self._log.tries(self._holding, f"{entry.id}:{self._at}")
        if tries >= self._terms.tries:
            why = DecodeError(f"given to consumers {tries} times, and each ended before it was done with it")
            self._bury(entry, why, part_of(entry.payload or b"", self._at, len(frame.values)))
            self._at += 1
            self._safe = self._at
            await self.exchange(0)

    async def _hand_over(self, entry: Entry, frame: Frame) -> bool:
        """Give the items of a frame on, one after the other; return whether all of them."""
        causes: Any = (frame.header.causes if frame.header else None) or repeat(None)
        causes = islice(causes, self._at, None)
        if (tracing := self._port.host.tracing) is not None:
            causes = tracing.received(self._port, causes)
        rest = zip(islice(frame.values, self._at, None), causes, strict=False)
        is_plain = not (frame.bad or frame.events or self._tray.waits or self._is_again)
        scope, give, monotonic = self._port.host.scope, self._tray.on_next, self._monotonic
        hand, before = self._hand, self._at
        hand.reader = self
        try:
            for value, cause in rest:
                if monotonic() >= self._pause_at:
                    scope.cause = hand.reader = None
                    await self._breathe()
                    if self.is_leaving:
                        return False
                    hand.reader = self
                if is_plain:
                    scope.cause = cause
                    give(value)
                else:
                    await self._give(entry, value, cause)
                self._at += 1
        finally:
            scope.cause = hand.reader = None
            self._stats.accepted += self._at - before
        return True

    async def _give(self, entry: Entry, value: Any, cause: int | None) -> None:
        """Give an item that is poison or an event, or to somebody who may wait, or that was read before."""
        if isinstance(value, DecodeError):
            count = len(self._frame.values) if self._frame else 0
            self._bury(entry, value, part_of(entry.payload or b"", self._at, count))
            self._stats.accepted -= 1
        elif self._tray.waits:
            self._hand.reader = None
            await self._tray.give_when_possible(value, cause)
        else:
            self._hand.reader = self
            self._tray.give(value, cause)
            self._hand.reader = None
        if self._is_again:  # exactly: should this item end the process, the next consumer will know which it was
            if self._tray.waits:
                await self._tray.idle()
            self._at += 1
            self._safe = self._at
            try:
                await self.exchange(0)
            finally:
                self._at -= 1

    async def _breathe(self) -> None:
        """Let others run; renew the lease when it is time, and know by that whether it still is."""
        if self._monotonic() < self._renew_at:
            await asyncio.sleep(0)
            self._pause_at = min(self._renew_at, self._monotonic() + TURN)
            return
        if self._tray.waits:
            await self._tray.idle()
            self._safe = self._at
        await self.exchange(0)

    # -- what happens ----------------------------------------------------------------------------------------------

    def _bury(self, entry: Entry, why: MapeError, payload: bytes) -> None:
        """Have an item, or a whole entry, go to the dead letters with the next exchange."""
        self._stats.rejected += 1
        self._stats.dead += 1
        self._letters.append(letter_for(self._terms.group, self.stream, entry, self._source, self.number, why, payload))
        self._port.host.report(self._port.path, None, why)

    @property
    def number(self) -> int | None:
        """Number of the item in hand; None between two items, and for a stranger's."""
        header = self._frame.header if self._frame else None
        return header.seq + self._at if header else None

    @property
    def delivery(self) -> Delivery | None:
        """What is known about the item in hand; None where there is none, or it is a stranger's."""
        header, number = self._frame.header if self._frame else None, self.number
        if header is None or number is None:
            return None
        return Delivery(self.stream, header.source, header.epoch, number, self._holding.token, self._is_again)
