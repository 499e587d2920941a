"""The common half of all sinks: what waits travels together, one request in flight, in order, within bounds."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from mape.application import default_app
from mape.codecs import JSON, Codec, Header
from mape.errors import ConnectError, MapeError, StateError, WiringError
from mape.flow.cause import task_cause
from mape.flow.services import Channel, Stage, figures_of
from mape.mailbox import Overflow
from mape.remote.backoff import Backoff
from mape.remote.outgoing import Batch, Outgoing, SendStats

if TYPE_CHECKING:
    from mape.application import App

__all__ = ["Sender"]


class Sender:
    """A sink: an observer whose items go to a peer; subclasses say how, in `transmit`.

    An item is encoded when it arrives, so that what happens to the object later does not matter. It waits while a
    request is on its way; then all that waits goes together. There is no timer: a lone item leaves at once.

    Args:
        path: What the sink is called in failures, events and statistics.
        codec: Makes bytes of items.
        size: How many items may wait; then `overflow` decides.
        max_bytes: How many bytes they may have together.
        overflow: A policy of `mape.mailbox.Overflow`.
        frame: How many items travel together at most.
        deadline: How long one request may take [s].
        app: Whose sink it is; by default the app of what it is first subscribed to, else `mape.app`.

    Order:
        First in, first out.

    Raises:
        WiringError: A bound makes no sense.
    """

    stage = Stage.SINK
    resends: ClassVar[bool] = True
    """Whether a batch that may have arrived is sent again; receivers remove the duplicates."""
    frame_bytes: int = 512 * 1024
    """How many bytes travel together at most."""

    def __init__(
        self,
        path: str,
        *,
        codec: Codec = JSON,
        size: int = 10_000,
        max_bytes: int = 16 * 2**20,
        overflow: str = Overflow.DROP_OLDEST,
        frame: int = 512,
        deadline: float = 5.0,
        app: App | None = None,
    ) -> None:
        if frame < 1 or deadline <= 0:
            raise WiringError(f"{path}: frame={frame!r} and deadline={deadline!r} leave nothing to send, or no time")
        self.path, self.codec, self.frame, self.deadline = path, codec, frame, deadline
        self.outgoing = Outgoing(size, max_bytes, overflow)
        self.source_id = secrets.token_hex(8)
        self.epoch = 0
        self.is_up = True
        self.retries = 0
        self.requests, self.request_time = 0, 0.0
        """How many batches were confirmed, and how long that took together [s]."""
        self.last_error: str | None = None
        self.pause = 0.0
        """The least time before the next try [s], if `transmit` was told one when it failed; for that try only."""
        self._app: App | None = None
        self._task: asyncio.Task[None] | None = None
        self._sleeper: asyncio.Future[None] | None = None
        self._ended: Callable[[BaseException | None], None] | None = None
        self._idle = asyncio.Event()
        self._is_overflowing = False
        if app is not None:
            self.join_app(app)

    # -- what subclasses say ---------------------------------------------------------------------------------------

    async def transmit(self, batch: Batch) -> int | None:
        """Send a batch and wait until the peer has it; cancelled at the deadline.

        Returns:
            How many of the items the peer got and will not take; None is none.

        Raises:
            ConnectError: It was certainly not sent; it will be sent again.
            SendError: Nobody knows; it will be sent again if `resends`.
            PeerError: The peer will never take it.
        """
        raise NotImplementedError

    async def disconnect(self) -> None:
        """Let go of what `transmit` keeps, when the sink closes."""

    def given_up(self, first: int, end: int, why: str) -> None:
        """Hear that items which waited, with a number from `first` to before `end`, will not be sent."""

    def encode(self, item: Any) -> bytes:
        """Return an item's form on the wire.

        Raises:
            EncodeError: It has none.
        """
        return self.codec.encode(item)

    def payload(self, batch: Batch) -> bytes:
        """Return a batch as one message."""
        header = Header(self.source_id, self.epoch, batch.seq, batch.causes)
        return self.codec.frame(header, batch.parts)

    # -- the observer ----------------------------------------------------------------------------------------------

    def join_app(self, app: App, path: str = "") -> None:
        """Belong to `app`, unless the sink belongs to one already; `path` is what it listens to."""
        del path  # a subclass may name its series after it
        if self._app is None:
            self._app = app
            self.epoch = int(app.clock.now() * 1000)
            self.on_next = self._way_in(app)  # type: ignore[method-assign,assignment]
            app.services.add(self)

    def channels(self) -> Sequence[Channel]:
        """Say where items go."""
        return ()

    @property
    def app(self) -> App:
        """Whose sink it is."""
        if self._app is None:
            self.join_app(default_app())
        return self._app  # type: ignore[return-value] # join_app has set it

    def on_next(self, item: Any) -> None:
        """Take an item; never waits.

        Raises:
            EncodeError: It has no form on the wire; it is counted.
            MailboxFullError: No room is left and the policy is ``error``; it is counted.
        """
        self._way_in(self.app)(item)  # only until `join_app` puts that way in place

    def _way_in(self, app: App) -> Callable[[Any], None]:
        """Return `on_next`, with what it needs at hand: an item pays for nothing else."""
        encode = self.codec.encode if type(self).encode is Sender.encode else self.encode
        out, scope, cause_of_task = self.outgoing, app.scope, task_cause.get
        waiting, add, add_cause = out.parts, out.parts.append, out.causes.append

        def on_next(item: Any) -> None:
            try:
                part = encode(item)
            except Exception:  # raised again, to the wall around the sink: the counts must balance there too
                out.refuse("encode")
                raise
            cause = scope.cause or cause_of_task()
            total = out.queued_bytes + len(part)
            if len(waiting) < out.size and total <= out.max_bytes:  # `Outgoing.put`, written out: a call saved
                add(part)
                add_cause(cause)
                out.queued_bytes = total
            elif out.put(part, cause):
                self._overflow()
            if self._sleeper is not None:
                self._wake()

        return on_next

    def on_error(self, error: Exception) -> None:
        """Send an error as an event, which ends nothing."""
        self._put(self.codec.encode_event(error), self.app.scope.current())

    def on_completed(self) -> None:
        """Send completion as an event, which ends nothing."""
        self._put(self.codec.encode_event(None), self.app.scope.current())

    def _put(self, part: bytes, cause: int | None) -> None:
        if self.outgoing.put(part, cause):
            self._overflow()
        self._wake()

    def _overflow(self) -> None:
        """Tell that items are dropped, once until the queue was empty again."""
        on_its_way = self.outgoing.in_flight
        first = on_its_way.seq + len(on_its_way) if on_its_way is not None else 0
        self.given_up(first, self.outgoing.first_seq, f"{self.path} dropped it: too many items wait")
        if not self._is_overflowing:
            self._is_overflowing = True
            policy = self.outgoing.overflow
            self.app.tell("overflow", self.path, f"{self.outgoing.queued} items wait; from now on {policy} drops")

    def _wake(self) -> None:
        sleeper, self._sleeper = self._sleeper, None
        if sleeper is not None and not sleeper.done():
            sleeper.set_result(None)

    @property
    def stats(self) -> SendStats:
        """What the sink has done so far."""
        out = self.outgoing
        return SendStats(
            offered=out.offered,
            sent=out.sent,
            dropped=dict(out.dropped),
            queued=out.queued,
            queued_bytes=out.queued_bytes + (out.in_flight.size_bytes if out.in_flight else 0),
            retries=self.retries,
            is_up=self.is_up,
            last_error=self.last_error,
        )

    def figures(self) -> dict[str, float]:
        """Return all counts, for ``/metrics``."""
        requests = {"request_seconds_sum": self.request_time, "request_seconds_count": self.requests}
        return figures_of(self.stats) | requests

    def dispose(self) -> None:
        """Leave the app: stop sending, drop what waits (counted as ``closed``)."""
        if self._app is not None:
            self._app.services.remove(self)

    # -- the service -----------------------------------------------------------------------------------------------

    async def open(self) -> None:
        """Begin to send what waits."""
        self._idle.set()
        self._idle = asyncio.Event()  # the one before may belong to an event loop that has ended
        self._task = asyncio.get_running_loop().create_task(self._run(), name=self.path)

    async def flush(self) -> None:
        """Wait until everything is sent or dropped."""
        while self.outgoing.queued:
            self._idle.clear()
            await self._idle.wait()

    async def drain(self) -> None:
        """Send what waits."""
        if self._task is not None and not self._task.done():
            await self.flush()

    async def close(self) -> None:
        """Stop, and count what still waits as lost."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        if lost := self.outgoing.clear("closed"):
            why = f": {self.last_error}" if self.last_error else ""
            error = StateError(f"{lost} items were not sent before the app closed{why}")
            self._end(error)
            self.app.report(self.path, None, error)
        self._idle.set()
        await self.disconnect()

    async def _run(self) -> None:
        backoff, time = Backoff(rng=self.app.rng), asyncio.get_running_loop().time
        while True:
            batch = self.outgoing.take(self.frame, self.frame_bytes)
            if batch is None:
                await self._rest()
                continue
            if self._ended is None and self.app.tracing is not None:
                self._ended = self.app.tracing.sending(self, batch.causes)
            began = time()
            try:
                async with asyncio.timeout(self.deadline):
                    refused = await self.transmit(batch)
            except (MapeError, OSError, TimeoutError) as error:
                await self._stumble(error, backoff)
            except Exception as error:  # the wall around a transport: one batch, and the sink lives on
                self._lose("refused", error)
            else:
                self.requests += 1
                self.request_time += time() - began
                self.outgoing.confirm(refused or 0)
                self._end()
                backoff.reset()
                self._recover()

    async def _rest(self) -> None:
        self._is_overflowing = False
        self._idle.set()
        self._sleeper = asyncio.get_running_loop().create_future()
        await self._sleeper

    async def _stumble(self, error: Exception, backoff: Backoff) -> None:
        """Deal with a batch that did not arrive, or may not have."""
        text = str(error) or (f"no answer within {self.deadline} s" if isinstance(error, TimeoutError) else repr(error))
        if isinstance(error, MapeError) and not error.retryable:
            self._lose("refused", error)
            return
        if not (self.resends or isinstance(error, ConnectError)):
            self._lose("unconfirmed", error)
        self.retries += 1
        if self.is_up:
            self.is_up = False
            self.app.tell("disconnected", self.path, f"cannot send: {text}; it goes on trying")
        self.last_error = text
        pause, self.pause = max(next(backoff), self.pause), 0.0
        await asyncio.sleep(pause)

    def _end(self, error: Exception | None = None) -> None:
        """Tell whoever follows items what became of those on their way."""
        if self._ended is not None:
            self._ended(error)
            self._ended = None

    def _lose(self, reason: str, error: Exception) -> None:
        self._end(error)
        if (batch := self.outgoing.in_flight) is not None:
            self.given_up(batch.seq, batch.seq + len(batch), str(error))
        if lost := self.outgoing.lose(reason):
            self.app.report(self.path, None, error)
            self.app.tell("lost", self.path, f"{lost} items are lost ({reason}): {error}")

    def _recover(self) -> None:
        if self.is_up:
            return
        self.is_up, self.last_error = True, None
        self.app.tell("connected", self.path, f"sends again; {self.outgoing.queued} items wait")

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.path}, {'up' if self.is_up else 'down'}, {self.outgoing.queued} wait>"
