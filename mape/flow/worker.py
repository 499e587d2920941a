"""Runs a function that may wait over a mailbox: bounded, in order, up to n items at a time.

One task for each item that may be at work at once, a deque, and a future to sleep on; no task per item.
"""

from __future__ import annotations

import asyncio
import inspect
from collections import deque
from collections.abc import Callable
from contextvars import Context
from dataclasses import dataclass
from typing import Any, Protocol

from mape.clock import Clock
from mape.errors import MailboxFullError, StateError
from mape.flow.cause import Scope, Weaver, task_cause
from mape.item import SPECIAL, Message, Passing
from mape.mailbox import Mailbox

__all__ = ["Retry", "Worker", "Workplace"]

TURN = 256
"""Items after which a worker lets others run at the latest, when its function never really waits ..."""
TURN_SECONDS = 0.002
"""... or time."""


@dataclass(frozen=True)
class Retry:
    """Try an item again before it counts as failed.

    Args:
        times: How often at most, after the first try.
        delay: Pause before the first repetition [s]; it doubles with each.
    """

    times: int = 3
    delay: float = 0.1


class Workplace(Protocol):
    """What a worker needs of its element."""

    def fail(self, item: Any, error: BaseException) -> None:
        """Take note that the function raised."""

    def drop(self, item: Any, reason: str) -> None:
        """Take note that an item is lost."""

    def emit(self, item: Any) -> None:
        """Pass on what the function emits."""

    def event_out(self, error: Exception | None) -> None:
        """Pass an event on, behind the function."""

    def rested(self) -> None:
        """Hear that nothing is at work."""


class Worker:
    """See the module.

    Args:
        element: Whose function it is.
        call: The function, as ``f(item)`` or, with `emits`, ``f(item, on_next)``.
        mailbox: Where ``(item, cause)`` wait.
        concurrency: Items at work at once.
        ordered: Whether results leave in the order of the items, whatever finishes first.
        retry: What happens to an item whose function raises.
        waits: Whether the function must be awaited.
        clock: Tells the clock that measures processing time.

    Order:
        First in, first out, per element, unless `ordered` is false.
    """

    def __init__(
        self,
        element: Workplace,
        call: Callable[..., Any],
        mailbox: Mailbox[tuple[Any, int | None]],
        *,
        emits: bool,
        concurrency: int,
        ordered: bool,
        retry: Retry,
        scope: Scope,
        waits: bool,
        clock: Callable[[], Clock],
    ) -> None:
        self.mailbox, self.processed, self.at_work, self.is_active = mailbox, 0, 0, False
        self.last_time: float | None = None
        self.total_time = 0.0
        self.out: Callable[[Any], None] = element.emit
        self._element, self._call, self._emits, self._retry = element, call, emits, retry
        self._concurrency, self._ordered = concurrency, ordered and concurrency > 1
        self._waits, self._scope, self._clock = waits, scope, clock
        self._tasks: set[asyncio.Task[None]] = set()
        self._sleepers: deque[asyncio.Future[None]] = deque()  # bound: concurrency
        self._putters: deque[asyncio.Future[None]] = deque()  # bound: the callers that wait
        self._joiners: deque[asyncio.Future[None]] = deque()  # bound: the callers that wait
        self._slots: deque[_Slot] = deque()  # bound: concurrency

    @property
    def concurrency(self) -> int:
        """Items at work at once, at most."""
        return self._concurrency

    @property
    def queued(self) -> int:
        """Items that wait or are at work."""
        return len(self.mailbox) + self.at_work

    def offer(self, item: Any, *_: Any) -> None:
        """Take `item` into the mailbox, or drop by its policy."""
        cause, mailbox = self._scope.cause, self.mailbox
        entry = (item, task_cause.get() if cause is None else cause)
        if len(mailbox.items) < mailbox.size:  # written out: it is the usual case, and a call costs more than all of it
            mailbox.offered += 1
            mailbox.items.append(entry)
            if self._sleepers or len(self._tasks) < self._concurrency:
                self.wake()
            return
        try:
            dropped = mailbox.put_nowait(entry)
        except MailboxFullError as error:
            self._element.drop(item, "overflow")
            self._element.fail(item, error)
            return
        for lost, _cause in dropped:
            self._element.drop(lost, "overflow")

    def emit(self, result: Any) -> None:
        """Pass on what the function emits, by the way out that is right then."""
        self._element.event_out(result.error) if type(result) is Passing else self.out(result)

    def weave(self, weaver: Weaver) -> None:
        """Have what `weaver` returns called in place of the function, and where items come in."""
        self._call = weaver.in_task(self._call, waits=self._waits)
        self.offer = weaver.offer(self.offer)  # type: ignore[method-assign]

    async def room(self) -> None:
        """Wait until the mailbox can take an item."""
        while self.mailbox.is_full:
            future = asyncio.get_running_loop().create_future()
            self._putters.append(future)
            await future

    def wake(self) -> None:
        """See to it that what waits is worked on, once a loop runs and the element does."""
        if not self.mailbox or not self.is_active:
            return
        if _release_one(self._sleepers):
            return
        if len(self._tasks) < self._concurrency:
            try:
                loop = asyncio.get_running_loop()
            except RuntimeError:  # the app calls again when it opens
                return
            task = loop.create_task(self._serve(), context=Context())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def cancel(self) -> list[Any]:
        """Give up: cancel what is at work (each item is reported) and return the items that waited."""
        for task in tuple(self._tasks):
            task.cancel()
        return [item for item, _ in self.mailbox.clear()]

    async def close(self) -> list[Any]:
        """Give up as `cancel`, and wait until the tasks are gone."""
        tasks, lost = tuple(self._tasks), self.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        return lost

    async def idle(self) -> None:
        """Wait until nothing is at work, or waits and will be."""
        while self.at_work or (self.mailbox and self.is_active):
            future = asyncio.get_running_loop().create_future()
            self._joiners.append(future)
            await future

    async def _serve(self) -> None:  # noqa: C901 - see below
        """Work on item after item; in one piece, because a coroutine more for each costs more than all it does."""
        items, call, emits, waits = self.mailbox.items, self._call, self._emits, self._waits
        monotonic = self._clock().monotonic
        deadline = monotonic() + TURN_SECONDS
        while True:
            while items and self.is_active:
                item, cause = items.popleft()
                task_cause.set(cause)
                self.at_work += 1
                if self._putters:
                    _release_one(self._putters)
                slot = self._open_slot(cause) if self._ordered else None
                emit = self.emit if slot is None else slot.emit
                start = monotonic()
                try:
                    if type(item) in SPECIAL and not isinstance(item, Message):
                        await self._special(item, emit)
                    else:
                        result = call(item, emit) if emits else call(item)
                        if waits:
                            result = await result
                        if result is not None and not emits:
                            self.out(result) if slot is None else slot.emit(result)
                except Exception as error:  # the wall around an element's function
                    await self._again(item, emit, error)
                except asyncio.CancelledError as error:
                    self._cancelled(item, error)
                finally:
                    self.at_work -= 1
                    self.processed += 1
                    now = monotonic()
                    self.last_time = now - start
                    self.total_time += now - start
                    if slot is not None:
                        self._close_slot(slot)
                if now > deadline or self.processed % TURN == 0:
                    await asyncio.sleep(0)
                    deadline = monotonic() + TURN_SECONDS
            await self._sleep()

    async def _sleep(self) -> None:
        if not self.at_work:
            self._element.rested()
            while _release_one(self._joiners):
                pass
        future = asyncio.get_running_loop().create_future()
        self._sleepers.append(future)
        await future

    async def _special(self, item: Any, emit: Callable[[Any], None]) -> None:
        """Make a method call, or let an event pass, in its turn."""
        if isinstance(item, Passing):
            emit(item)
        elif inspect.isawaitable(result := item.call(self._element)):
            await result

    async def _again(self, item: Any, emit: Callable[[Any], None], error: Exception) -> None:
        """Try an item again that failed, as often as the policy says, and report it then."""
        for attempt in range(self._retry.times):
            await asyncio.sleep(self._retry.delay * 2**attempt)
            try:
                result = self._call(item, emit) if self._emits else self._call(item)
                if self._waits:
                    result = await result
                if result is not None and not self._emits:
                    emit(result)
            except Exception as another:  # the wall around an element's function
                error = another
            else:
                return
        self._element.fail(item, error)

    def _cancelled(self, item: Any, error: asyncio.CancelledError) -> None:
        """Report an item that was at work; go on if it was the function's own doing, else be cancelled."""
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            self._element.fail(item, StateError("the app closed before the item was finished"))
            raise error
        self._element.fail(item, error)

    def _open_slot(self, cause: int | None) -> _Slot:
        slot = _Slot(cause, self.emit)
        self._slots.append(slot)
        slot.is_head = self._slots[0] is slot
        return slot

    def _close_slot(self, slot: _Slot) -> None:
        slot.is_done = True
        before = task_cause.get()
        while self._slots and self._slots[0].is_done:
            self._slots.popleft()
            if self._slots:
                task_cause.set(self._slots[0].cause)
                self._slots[0].become_head()
        task_cause.set(before)


class _Slot:
    """The place of one item among those at work: what it emits waits until all before it are done."""

    __slots__ = ("_held", "_out", "cause", "is_done", "is_head")

    def __init__(self, cause: int | None, out: Callable[[Any], None]) -> None:
        self.cause, self._out = cause, out
        self.is_head = self.is_done = False
        self._held: list[Any] = []

    def emit(self, result: Any) -> None:
        if self.is_head:
            self._out(result)
        else:
            self._held.append(result)
            self.cause = task_cause.get()  # by now it may lead to a span of the function

    def become_head(self) -> None:
        self.is_head = True
        held, self._held = self._held, []
        for result in held:
            self._out(result)


def _release_one(waiting: deque[asyncio.Future[None]]) -> bool:
    while waiting:
        future = waiting.popleft()
        if not future.done():
            future.set_result(None)
            return True
    return False
