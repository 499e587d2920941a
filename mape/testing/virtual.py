"""Virtual time: an asyncio event loop whose clock jumps to the next timer instead of waiting for it.

Everything that asks the loop for time follows: ``asyncio.sleep``, ``timeout``, ``call_later``, the time operators of an
app, and the app itself, which takes its clock from `VirtualEventLoop.clock`. Work takes no virtual time, only waiting
does, so a day of one-second timers is over in seconds and two runs with the same seed are the same run.

Threads and sockets live in real time. The clock stands still while ``asyncio.to_thread`` or ``run_in_executor`` is at
work, and inside ``with loop.hold():``; everything else that is not ready at once is overtaken by the next timer. Such
a thread must not wait for virtual time itself: the clock waits for the thread.
"""

from __future__ import annotations

import asyncio
import math
import random
import selectors
import threading
from collections.abc import Coroutine
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from mape.clock import system_random
from mape.errors import StateError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from concurrent.futures import Executor
    from types import CodeType, FrameType

__all__ = ["EPOCH", "VirtualClock", "VirtualEventLoop", "run_virtual"]

T = TypeVar("T")

EPOCH = 1_577_836_800.0
"""What virtual clocks show when they start: 2020-01-01 00:00 UTC, as seconds since the Unix epoch."""

_ASYNCIO_FOLDER = str(Path(asyncio.__file__).parent)


class VirtualClock:
    """The time of one virtual event loop, as a `mape.clock.Clock`."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.monotonic = loop.time

    def now(self) -> float:
        """Virtual wall time since the Unix epoch [s]; `EPOCH` at the start."""
        return EPOCH + self.monotonic()


class VirtualEventLoop(asyncio.SelectorEventLoop):
    """An event loop in virtual time; `run_virtual` makes and runs one.

    When nothing is ready it moves its clock to the next timer. When there is no timer either, nothing can ever happen
    again: ``run_until_complete`` and ``run_forever`` raise a `StateError` that names the waiting tasks.

    Args:
        seed: Where `rng` starts.
        patience: How long other living threads may leave the loop without anything to do before it gives up,
            in real time [s].
    """

    def __init__(self, *, seed: int | str = 0, patience: float = 5.0) -> None:
        self._jumper = _Jumper(self._give_up, patience)
        self.clock = VirtualClock(self)
        self.rng = system_random(seed)
        super().__init__(self._jumper)

    def time(self) -> float:
        """Virtual time since the loop was made [s]."""
        return self._jumper.time

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Stop the clock while the body waits for something real: a socket, a process, a thread."""
        self._jumper.holds += 1
        try:
            yield
        finally:
            self._jumper.holds -= 1

    def run_in_executor(self, executor: Executor | None, func: Callable[..., T], *args: Any) -> asyncio.Future[T]:  # type: ignore[override]
        """Run `func` in a thread; the clock stands still until it is done."""
        future = super().run_in_executor(executor, func, *args)
        self._jumper.holds += 1
        future.add_done_callback(self._release)
        return future

    async def shutdown_default_executor(self, *args: Any, **options: Any) -> None:
        """End the default threads; asyncio's deadline for them would pass at once in virtual time."""
        with self.hold():
            await super().shutdown_default_executor(*args, **options)

    def _release(self, _: asyncio.Future[Any]) -> None:
        self._jumper.holds -= 1

    def _give_up(self) -> NoReturn:
        raise StateError(
            f"nothing left to wait for: at {self.time():g} s no timer is set and nothing is ready, but "
            f"{_waiting(self)}; feed what they wait for, or bound the wait with asyncio.timeout()",
        )


class _Jumper(selectors.DefaultSelector):
    """The selector of a virtual loop: where asyncio would sleep, it sets the clock."""

    def __init__(self, give_up: Callable[[], NoReturn], patience: float) -> None:
        super().__init__()
        self.time = 0.0
        self.holds = 0
        self._give_up = give_up
        self._patience = patience

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Return what is ready; if nothing is, let `timeout` seconds pass."""
        is_idle = timeout is None or timeout > 0
        ready = super().select(None if is_idle and self.holds else 0)
        if ready or not is_idle or self.holds:
            return ready
        if timeout is None:
            return self._wait_for_the_world()
        self.time = _arrival(self.time + timeout)
        return []

    def _wait_for_the_world(self) -> list[tuple[selectors.SelectorKey, int]]:
        if len(self.get_map()) > 1:  # more than the loop's own wake-up: sockets, pipes
            return super().select(None)
        ready = super().select(self._patience) if threading.active_count() > 1 else []
        if not ready:
            self._give_up()
        return ready


def run_virtual(
    main: Coroutine[Any, Any, T] | Callable[[], Coroutine[Any, Any, T]],
    *,
    seed: int | str = 0,
    timeout_virtual: float | None = None,
) -> T:
    """Run a coroutine, or a function that makes one, to its end in virtual time and return its result.

    Args:
        main: A function is called without arguments, in the new loop.
        seed: Where the random numbers start: those of the loop, its ``rng``, and for this run those of the module
            `random`. An app is given its own: ``mape.App(rng=...)``.
        timeout_virtual: How long `main` may take in virtual time [s].

    Raises:
        StateError: Everything waits for ever; or called where an event loop already runs.
        TimeoutError: `timeout_virtual` is over.

    Example:
        >>> async def nap() -> float:
        ...     await asyncio.sleep(86_400)
        ...     return asyncio.get_running_loop().time()
        >>> run_virtual(nap)
        86400.0
    """
    make = (lambda: main) if isinstance(main, Coroutine) else main
    if asyncio._get_running_loop() is not None:  # noqa: SLF001 - documented, and asks without raising
        if isinstance(main, Coroutine):
            main.close()
        raise StateError(
            "run_virtual was called where an event loop runs already; call it from plain code, or await main"
        )
    state = random.getstate()
    random.seed(seed)
    try:
        with asyncio.Runner(loop_factory=lambda: VirtualEventLoop(seed=seed)) as runner:
            return runner.run(_bounded(make, timeout_virtual))
    finally:
        random.setstate(state)


def _arrival(time: float) -> float:
    """Return the time to set for timers due at `time`; asyncio runs what is due before it plus one nanosecond.

    Whole nanoseconds keep ten times 0.1 s at 1.0 s. After 97 days floats are coarser than that: one step further.
    """
    nanosecond = 1e-9
    arrival = round(time, 9)
    return arrival if time < arrival + nanosecond else math.nextafter(time, math.inf)


async def _bounded(main: Callable[[], Coroutine[Any, Any, T]], timeout_virtual: float | None) -> T:
    deadline = asyncio.timeout(timeout_virtual)
    try:
        async with deadline:
            return await main()
    except TimeoutError as error:
        if not deadline.expired():
            raise
        raise TimeoutError(f"still at work after {timeout_virtual:g} s of virtual time") from error


def _waiting(loop: asyncio.AbstractEventLoop) -> str:
    tasks = sorted(asyncio.all_tasks(loop), key=lambda task: (len(task.get_name()), task.get_name()))
    return "; ".join(f"{task.get_name()} waits at {_place(task)}" for task in tasks) or "no task is left"


def _place(task: asyncio.Task[Any]) -> str:
    """Where the person's own code waits: the innermost frame outside asyncio."""
    frames = list(_frames(task.get_coro()))
    own = [frame for frame in frames if not frame.f_code.co_filename.startswith(_ASYNCIO_FOLDER)]
    if not frames:
        return "an unknown place"
    frame = (own or frames)[-1]
    code: CodeType = frame.f_code
    return f"{Path(code.co_filename).name}:{frame.f_lineno} in {code.co_qualname}"


def _frames(awaitable: object) -> Iterator[FrameType]:
    while awaitable is not None:
        frame = getattr(awaitable, "cr_frame", None) or getattr(awaitable, "gi_frame", None)
        if frame is None:
            return
        yield frame
        awaitable = getattr(awaitable, "cr_await", None) or getattr(awaitable, "gi_yieldfrom", None)
