"""The managed system: a web service of worker processes behind one port.

The parent holds the listening socket and each worker inherits it, the pre-fork way of old: requests that no worker
takes yet wait in the kernel, a new worker helps at once, and one that retires finishes what it has while the others
go on accepting. So no request is lost when the number of workers changes.
"""

from __future__ import annotations

import asyncio
import socket
from asyncio.subprocess import Process
from pathlib import Path
from typing import Self

from mape.clock import Clock
from mape.demo.elastic.process import end_process, finish_all, start_process
from mape.errors import ConnectError

__all__ = ["Service", "Worker"]

WORKER_FILE = Path(__file__).with_name("worker.py")
LOOPBACK = "127.0.0.1"
BACKLOG = 128
"""How many connections may wait in the kernel; more is cut to 128 on some systems anyway."""

READY = b"ready\n"
START_LIMIT = 10.0
"""How long a worker may take until it accepts [s]."""

RETIRE_LIMIT = 1.0
"""How long a worker may take to finish what it has before it is killed [s]."""


class Worker:
    """A worker process; `start` makes one that is ready.

    Args:
        process: It.
        clock: What its life is measured with.
    """

    def __init__(self, process: Process, clock: Clock) -> None:
        self._process = process
        self._clock = clock
        self._started_at = clock.monotonic()
        self._ended_at: float | None = None

    @classmethod
    async def start(cls, program: Path, listener: socket.socket, capacity: int, clock: Clock) -> Worker:
        """Start a process that serves `listener`, and wait until it accepts.

        Raises:
            ConnectError: It ended before, or took longer than `START_LIMIT`.
        """
        fd = listener.fileno()
        process = await start_process(program, [f"--listener-fd={fd}", f"--capacity={capacity}"], [fd])
        worker = cls(process, clock)
        line = None
        try:
            async with asyncio.timeout(START_LIMIT):
                line = await process.stdout.readline() if process.stdout else b""
        except TimeoutError:
            raise ConnectError(f"worker {process.pid} was not ready within {START_LIMIT:g} s: see its output") from None
        finally:
            if line != READY:
                await worker.retire(0.0)
        if line != READY:
            raise ConnectError(f"worker {process.pid} ended before it was ready, exit code {process.returncode}")
        return worker

    @property
    def pid(self) -> int:
        """The process' number."""
        return self._process.pid

    @property
    def seconds(self) -> float:
        """How long it has been there [s]."""
        return (self._ended_at or self._clock.monotonic()) - self._started_at

    async def gone(self) -> int:
        """Wait until it has ended, for whatever reason, and return its exit code."""
        code = await self._process.wait()
        self._ended_at = self._ended_at or self._clock.monotonic()
        return code

    async def retire(self, patience: float = RETIRE_LIMIT) -> int:
        """Let it finish what it has, for `patience` [s] at most, and end; return its exit code."""
        await end_process(self._process, patience)
        return await self.gone()


class Service:
    """A web service on loopback whose number of workers can change while it serves.

    Args:
        clock: What the workers' lives are measured with.
        capacity: How many requests a worker serves at a time.
        program: The worker's file.

    Example:
        >>> async with Service(SystemClock()) as service:  # doctest: +SKIP
        ...     await service.scale(2)
    """

    def __init__(self, clock: Clock, *, capacity: int = 2, program: Path = WORKER_FILE) -> None:
        self.capacity = capacity
        self.lost = 0
        self._clock = clock
        self._program = program
        self._listener: socket.socket | None = None
        self._workers: list[Worker] = []
        self._past_seconds = 0.0
        self._watches: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def open(self) -> None:
        """Listen, on a port that is free; `close` is the other half."""
        self._listener = socket.create_server((LOOPBACK, 0), backlog=BACKLOG)

    @property
    def address(self) -> tuple[str, int]:
        """Where it listens: host and port."""
        host, port = self._socket().getsockname()
        return host, port

    @property
    def port(self) -> int:
        """The port of `address`."""
        return self.address[1]

    @property
    def workers(self) -> int:
        """How many workers accept requests now."""
        return len(self._workers)

    @property
    def pids(self) -> list[int]:
        """The process numbers of those workers, oldest first."""
        return [worker.pid for worker in self._workers]

    @property
    def worker_seconds(self) -> float:
        """What the service has cost so far: the time that all its workers were there, added up [s]."""
        return self._past_seconds + sum(worker.seconds for worker in self._workers)

    async def scale(self, workers: int) -> None:
        """Start workers or retire the oldest until there are `workers`; return when they are ready and gone.

        Raises:
            ConnectError: A worker did not start; the others did.
        """
        starts = [self._start() for _ in range(workers - self.workers)]
        surplus = max(0, self.workers - workers)
        retiring, self._workers = self._workers[:surplus], self._workers[surplus:]
        await finish_all(*starts, *map(self._retire, retiring))

    async def close(self) -> None:
        """Retire all workers and stop listening; what waits in the backlog is refused."""
        listener, self._listener = self._listener, None
        await self.scale(0)
        if listener:
            listener.close()
        await asyncio.gather(*self._watches)

    def _socket(self) -> socket.socket:
        if self._listener is None:
            raise ConnectError("the service does not listen: use it in `async with`")
        return self._listener

    async def _start(self) -> None:
        worker = await Worker.start(self._program, self._socket(), self.capacity, self._clock)
        if self._listener is None:  # closed meanwhile
            await worker.retire()
            return
        self._workers.append(worker)
        watch = asyncio.ensure_future(self._watch(worker))
        self._watches.add(watch)
        watch.add_done_callback(self._watches.discard)

    async def _retire(self, worker: Worker) -> None:
        await worker.retire()
        self._past_seconds += worker.seconds

    async def _watch(self, worker: Worker) -> None:
        """Notice when `worker` ends without having been told to."""
        await worker.gone()
        if worker in self._workers:
            self._workers.remove(worker)
            self._past_seconds += worker.seconds
            self.lost += 1
