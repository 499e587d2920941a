"""The way of a sink to one partition: stored in order, each batch once, and kept until the consumers have passed it.

A server without persistence that dies forgets what it has confirmed. So each entry says what its sender believes that
the server has: a server that forgot answers with what it has instead, and gets again what the consumers have not
passed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from mape.errors import ConnectError, MailboxFullError, MapeError, PeerError, SendError
from mape.flow.services import Channel, figures_of
from mape.remote.outgoing import Batch
from mape.remote.redis.stream.key import partition_name
from mape.remote.redis.stream.log import NOTHING, Log, Parcel, Standing
from mape.remote.redis.stream.window import Confirmed, Window
from mape.remote.sender import Sender

__all__ = ["Lane"]

SOON, LATE = 0.002, 0.2
"""How long after the last answer the server is asked how far the consumers are, at first and then [s]."""
ROOM = 0.01
"""How often a caller that waits for room looks again, at least [s]."""


class Lane(Sender):
    """See the module.

    Args:
        stream: Name of the whole stream.
        number: Which of its partitions.
        partitions: How many there are.
        maxlen: How many entries the partition may have; the server drops the oldest, which consumers count as a gap.
        trims: Whether the server may drop what all groups have dealt with.
        keep_bytes: How much is kept until the consumers have passed it.
        options: As of `Sender`.
    """

    resends = True

    def __init__(
        self,
        stream: str,
        number: int,
        partitions: int,
        *,
        maxlen: int,
        trims: bool,
        keep_bytes: int,
        **options: Any,
    ) -> None:
        self.stream, self.partitions = stream, partitions
        self.name = partition_name(stream, number, partitions)
        self.log: Log | None = None
        self.server = ""
        """Where the log is, for documents and traces."""
        self.window = Window(keep_bytes)
        self._maxlen, self._trims = maxlen, trims
        self._believed = NOTHING
        self._is_agreed = self._is_closed = False
        self._one = asyncio.Lock()
        self._more = asyncio.Event()
        self._urge = asyncio.Event()
        self._watch: asyncio.Task[None] | None = None
        super().__init__(f"stream {self.name}", **options)

    def channels(self) -> Sequence[Channel]:
        """Say where items go."""
        kind, options = self.codec.content_type, {"partitions": self.partitions}
        return (Channel(self.stream, "redis", self.server, True, "stream", kind, options),)

    @property
    def source(self) -> str:
        """What the server knows the lane as."""
        return f"{self.source_id}:{self.epoch}"

    def figures(self) -> dict[str, float]:
        """Return all counts, for ``/metrics``."""
        return super().figures() | figures_of(self.window.stats)

    async def put(self, item: Any, until: Confirmed) -> None:
        """Give an item when there is room, and wait until it has come as far as `until`.

        Raises:
            EncodeError: It has no form on the wire.
            SendError: It was dropped, or the sink closed.
        """
        out = self.outgoing
        while out.queued >= out.size or out.queued_bytes >= out.max_bytes // 2:  # noqa: ASYNC110 - the common way is free
            await asyncio.sleep(ROOM)
        self._check_closed()
        before = out.next_seq
        self.on_next(item)
        if out.next_seq == before:
            raise MailboxFullError(f"{self.path} has no room for an item of this size")
        await self.confirmed(until)

    async def confirmed(self, until: Confirmed) -> None:
        """Wait until all that was given so far has come as far as `until`.

        Raises:
            SendError: The sink closed before.
        """
        self._check_closed()
        future = self.window.wait_for(self.outgoing.next_seq, until)
        if until is Confirmed.PROCESSED and not future.done():
            self._more.set()
            self._urge.set()
        await future  # deadline: the caller's; the window ends it when the sink closes

    def _check_closed(self) -> None:
        if self._is_closed:
            raise SendError(f"{self.path} is closed: nothing is sent until its app opens again")

    def given_up(self, first: int, end: int, why: str) -> None:
        """Tell whoever waits for an item that it will not be sent."""
        self.window.refuse(first, end, why)

    # -- the service -----------------------------------------------------------------------------------------------

    async def open(self) -> None:
        """Begin to send what waits."""
        self._is_closed = False
        await super().open()
        self._watch = asyncio.get_running_loop().create_task(self._follow(), name=self.path)

    async def disconnect(self) -> None:
        """Stop asking how far the consumers are."""
        self._is_closed = True
        task, self._watch = self._watch, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        self.window.abandon(f"{self.path} closed before the item was confirmed")

    async def transmit(self, batch: Batch) -> None:
        """Have the server store a batch, behind what it may have forgotten."""
        async with self._one:
            await self._agree()
            while not await self._store(batch, is_again=False):
                await self._repeat()
            self.window.keep(batch)
            self._more.set()

    async def _agree(self) -> None:
        """See that all speak of the same number of partitions."""
        if self._is_agreed:
            return
        said = await self._log.shape(self.stream, self.partitions)
        if said != self.partitions:
            cure = f"give the sink partitions={said}, or delete the stream when it is empty"
            raise PeerError(f"stream {self.stream} has {said} partitions, not {self.partitions}: {cure}")
        self._is_agreed = True

    async def _store(self, batch: Batch, *, is_again: bool) -> bool:
        """Have one batch stored; return whether it is."""
        upto, frame = batch.seq + len(batch), self.payload(batch)
        parcel = Parcel(self.source, batch.seq, len(batch), self._believed, frame, is_again)
        standing = await self._log.append(self.name, parcel, self._maxlen, trims=self._trims)
        self._hear(standing)
        return standing.stored >= upto

    async def _repeat(self) -> None:
        """Send again what the server has forgotten, or never got, and no group has dealt with."""
        if self._believed == NOTHING:
            self._is_agreed = False
            await self._agree()
        lost = self.window.behind(max(self._believed, self.window.processed))
        for batch in lost:
            if not await self._store(batch, is_again=True):
                return
            self.window.resent += len(batch)
        if lost:
            count = sum(map(len, lost))
            self.app.tell("resent", self.path, f"the server had forgotten {count} items, which were sent again")

    def _hear(self, standing: Standing) -> None:
        self._believed = standing.stored
        self.window.release(standing.processed)

    async def _follow(self) -> None:
        """Ask how far the consumers are, as long as something is kept; repeat what the server has forgotten."""
        pause = SOON
        while True:
            if not (self.window.batches or self.window.is_awaited):
                self._more.clear()
                await self._more.wait()  # deadline: none is needed, it waits for this process
                pause = LATE  # the next batch will tell as well
            if await self._is_urgent(pause):
                pause = SOON
            before = self.window.processed
            try:
                async with asyncio.timeout(self.deadline), self._one:
                    await self._ask()
            except (MapeError, OSError, TimeoutError):
                pass  # whoever sends says so
            except Exception as error:  # the wall around the server's answers
                self.app.report(self.path, None, error)
            is_moving = self.window.is_awaited and self.window.processed > before
            pause = SOON if is_moving else min(pause * 2, LATE) if self.window.is_awaited else LATE

    async def _is_urgent(self, pause: float) -> bool:
        """Wait for `pause` [s], or until somebody asks how far the consumers are; return whether it was that."""
        with suppress(TimeoutError):
            async with asyncio.timeout(pause):
                await self._urge.wait()
        if not self._urge.is_set():
            return False
        self._urge.clear()
        await asyncio.sleep(SOON)
        return True

    async def _ask(self) -> None:
        standing = await self._log.standing(self.name, self.source)
        self._hear(standing)
        if standing.stored < self.window.stored:
            await self._repeat()

    @property
    def _log(self) -> Log:
        if self.log is None:
            raise ConnectError("no server is known yet")
        return self.log
