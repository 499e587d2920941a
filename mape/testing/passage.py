"""One connection through a `mape.testing.proxy.FaultProxy`, and the faults that all its connections share."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any, Final

__all__ = ["Faults", "Passage", "ProxyStats"]

CONNECTING: Final = 5.0
CHUNK: Final = 65_536
WAITING: Final = 64
"""How many chunks wait in one direction at most; then the sender is no longer read from."""
BROKEN: Final = None
"""Comes after the last chunk of a half that broke; an empty chunk is an end in good order."""


@dataclass
class ProxyStats:
    """What a proxy has seen; bytes ``up`` went to the server, ``down`` to the client."""

    accepted: int = 0
    resets: int = 0
    bytes_up: int = 0
    bytes_down: int = 0
    swallowed_bytes: int = 0


@dataclass
class Faults:
    """What is wrong with the network just now."""

    delay_seconds: float = 0.0
    bytes_per_second: float | None = None
    bytes_left: int | None = None
    is_frozen: bool = False
    is_hole: bool = False
    stats: ProxyStats = field(default_factory=ProxyStats)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    def switch(self, **changes: Any) -> None:
        """Change some of it, and wake whoever waits for one of them to end."""
        vars(self).update(vars(replace(self, **changes)))
        self._changed.set()
        self._changed = asyncio.Event()

    async def pause(self, seconds: float | None) -> None:
        """Wait that long, or until something changes."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._changed.wait()

    async def held_up(self, arrived: float) -> None:
        """Wait until what came at `arrived` may go on."""
        loop = asyncio.get_running_loop()
        while True:
            left = arrived + self.delay_seconds - loop.time()
            if not self.is_frozen and left <= 0:
                return
            await self.pause(None if self.is_frozen else left)

    def spend(self, count_bytes: int) -> bool:
        """Count what passed; whether that was the last that may."""
        if self.bytes_left is None:
            return False
        self.bytes_left -= count_bytes
        is_over = self.bytes_left <= 0
        if is_over:
            self.bytes_left = None
        return is_over


class Passage:
    """One connection of a client, and its other half to the server.

    Args:
        faults: Shared by all.
        client: The socket that was accepted.
        cut: Breaks all connections.
    """

    def __init__(self, faults: Faults, client: socket.socket, cut: Callable[[], None]) -> None:
        self._faults = faults
        self._client = client
        self._cut = cut
        self._lost_bytes = False
        self._writers: list[asyncio.StreamWriter] = []
        self._task: asyncio.Task[None] | None = None

    def begin(self, target: str | tuple[str, int], end: Callable[[Passage], None]) -> None:
        """Carry bytes, in a task; then call `end`."""

        def ended(_: object) -> None:
            if not self._writers:  # broken before its first step: nobody else has the socket
                self._client.close()
            end(self)

        self._task = asyncio.get_running_loop().create_task(self._run(target), name="fault proxy passage")
        self._task.add_done_callback(ended)

    async def done(self) -> None:
        """Wait for the end of the task."""
        if self._task is not None:
            await asyncio.gather(self._task, return_exceptions=True)

    def reset(self) -> None:
        """Break both halves."""
        if self._task is not None and not self._task.done():
            self._faults.stats.resets += 1
            self._task.cancel()

    async def _run(self, target: str | tuple[str, int]) -> None:
        tasks: list[asyncio.Task[None]] = []
        loop = asyncio.get_running_loop()
        try:
            reader, writer = await asyncio.open_connection(sock=self._client)  # it is open: no wait, no deadline
            self._writers.append(writer)
            await self._faults.held_up(loop.time())  # a partition holds up the handshake too
            if self._faults.is_hole:
                self._lost_bytes = True
                await self._carry(reader, writer, is_up=True)
                return
            async with asyncio.timeout(CONNECTING):
                server_reader, server_writer = await _connect(target)
            self._writers.append(server_writer)
            ways = (reader, server_writer, True), (server_reader, writer, False)
            tasks += [loop.create_task(self._carry(each, other, is_up=is_up)) for each, other, is_up in ways]
            await asyncio.gather(*tasks)
            await self._close()
        except (OSError, TimeoutError):
            self._faults.stats.resets += 1  # one half is gone, and the other goes the same way
        finally:
            await self._end(tasks)

    async def _close(self) -> None:
        """Close in good order: what was handed on arrives."""
        async with asyncio.timeout(CONNECTING):
            for each in self._writers:
                each.close()
                await each.wait_closed()

    async def _end(self, tasks: list[asyncio.Task[None]]) -> None:
        for each in self._writers:
            _abort(each)
        if not self._writers:
            self._client.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, is_up: bool) -> None:
        """Carry one way, to the end."""
        chunks: asyncio.Queue[tuple[float, bytes | None]] = asyncio.Queue(WAITING)
        taking = asyncio.get_running_loop().create_task(_take(reader, chunks))
        try:
            chunk: bytes | None = b"begin"
            while chunk:
                arrived, chunk = await chunks.get()
                await self._faults.held_up(arrived)
                if self._faults.is_hole or self._lost_bytes:
                    await self._swallow(chunk)
                elif chunk:
                    await self._give(chunk, writer, is_up=is_up)
                else:
                    _finish(writer, chunk)
        finally:
            taking.cancel()
            await asyncio.gather(taking, return_exceptions=True)

    async def _swallow(self, chunk: bytes | None) -> None:
        """Lose a chunk; keep an end from the other half as long as the fault lasts, then break that too."""
        self._lost_bytes = True
        self._faults.stats.swallowed_bytes += len(chunk or b"")
        if not chunk:
            while self._faults.is_hole:
                await self._faults.pause(None)
            raise ConnectionResetError("the other half ended meanwhile")

    async def _give(self, chunk: bytes, writer: asyncio.StreamWriter, *, is_up: bool) -> None:
        """Hand a chunk on, as fast as the faults of the moment let it."""
        stats = self._faults.stats
        for piece in _pieces(chunk, self._faults.bytes_per_second):
            writer.write(piece)
            await writer.drain()  # no deadline: until the connection ends
            stats.bytes_up += len(piece) if is_up else 0
            stats.bytes_down += 0 if is_up else len(piece)
            if self._faults.spend(len(piece)):
                self._cut()
            if self._faults.bytes_per_second is not None:
                await self._faults.pause(len(piece) / self._faults.bytes_per_second)


async def _take(reader: asyncio.StreamReader, chunks: asyncio.Queue[tuple[float, bytes | None]]) -> None:
    """Read as long as there is room, so that what is delayed does not hold up what comes after it."""
    loop = asyncio.get_running_loop()
    chunk: bytes | None = b"begin"
    while chunk:
        try:
            chunk = await reader.read(CHUNK)  # no deadline: until the connection ends
        except OSError:
            chunk = BROKEN
        await chunks.put((loop.time(), chunk))


def _finish(writer: asyncio.StreamWriter, last: bytes | None) -> None:
    """Hand on the end of one half.

    Raises:
        ConnectionResetError: It broke, and so shall the other.
    """
    if last is BROKEN:
        raise ConnectionResetError("the other half broke")
    if writer.can_write_eof():
        writer.write_eof()


async def _connect(target: str | tuple[str, int]) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    if isinstance(target, str):
        return await asyncio.open_unix_connection(target)  # the deadline is the caller's
    return await asyncio.open_connection(*target)  # the deadline is the caller's


def _pieces(chunk: bytes, bytes_per_second: float | None) -> Iterator[bytes]:
    """Cut a chunk into what passes in a twentieth of a second."""
    size = len(chunk) if bytes_per_second is None else max(1, int(bytes_per_second / 20))
    return (chunk[start : start + size] for start in range(0, len(chunk), size))


def _abort(writer: asyncio.StreamWriter) -> None:
    """Close at once; the other side of a TCP connection gets a RST."""
    door = writer.get_extra_info("socket")
    if door is not None and door.family != socket.AF_UNIX and door.fileno() >= 0:
        door.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
