"""A proxy that does to a connection what networks do: it breaks, falls silent, delays, or carries less.

Stand it between a program and a server, on TCP or on unix sockets, and switch while both are at work:

    >>> async def outage(server: str) -> None:
    ...     async with FaultProxy(server) as proxy:
    ...         ...  # the program under test uses proxy.url("redis")
    ...         proxy.black_hole()
    ...         await asyncio.sleep(12)
    ...         proxy.heal()

Every switch takes effect at once, for connections that are open too. There are no threads, and no root is needed.
"""

from __future__ import annotations

import asyncio
import os
import socket
from contextlib import suppress
from typing import Self

from mape.testing.passage import Faults, Passage, ProxyStats

__all__ = ["FaultProxy"]


class FaultProxy:
    """A proxy in front of `target`; ``async with`` starts and ends it.

    Args:
        target: The server: ``host:port`` or ``unix:/path``.
        listen: Where clients connect, in the same form; by default a free port of this machine.

    Raises:
        ValueError: A place has another form.
    """

    def __init__(self, target: str, listen: str = "127.0.0.1:0") -> None:
        self._faults = Faults()
        self._target = _place(target)
        self._place = _place(listen)
        self._door: socket.socket | None = None
        self._accepting: asyncio.Task[None] | None = None
        self._passages: set[Passage] = set()

    async def __aenter__(self) -> Self:
        self._bind()
        self._listen()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._shut()
        self.reset()
        await asyncio.gather(*(passage.done() for passage in tuple(self._passages)))
        self._unlink()

    @property
    def stats(self) -> ProxyStats:
        """What has passed so far, and what has not."""
        return self._faults.stats

    @property
    def address(self) -> str:
        """Where clients connect: ``host:port`` or ``unix:/path``."""
        return f"unix:{self._place}" if isinstance(self._place, str) else f"{self._place[0]}:{self._place[1]}"

    def url(self, scheme: str = "redis", path: str = "") -> str:
        """Return the address as a URL; that of a unix socket is ``unix://`` whatever the scheme."""
        return f"unix://{self._place}{path}" if isinstance(self._place, str) else f"{scheme}://{self.address}{path}"

    @property
    def connections(self) -> int:
        """How many are open now."""
        return len(self._passages)

    # -- faults ----------------------------------------------------------------------------------------------------

    def heal(self) -> None:
        """End every fault: bytes pass as they come. Connections that lost bytes stay silent, new ones work."""
        self._faults.switch(delay_seconds=0.0, bytes_per_second=None, bytes_left=None, is_frozen=False, is_hole=False)
        if self._door is not None and self._accepting is None:
            self._listen()

    def reset(self) -> None:
        """Break all connections with a RST, as a server that is killed; new ones are taken as before."""
        for passage in tuple(self._passages):
            passage.reset()

    def refuse(self) -> None:
        """Break all connections and refuse new ones, as a machine on which nothing listens."""
        self._shut()
        self.reset()
        self._bind()

    def delay(self, seconds: float) -> None:
        """Let everything arrive `seconds` later, both ways; as much as before passes at a time [s]."""
        self._faults.switch(delay_seconds=seconds)

    def limit(self, bytes_per_second: float) -> None:
        """Let no more than that pass in each direction of each connection."""
        self._faults.switch(bytes_per_second=bytes_per_second)

    def cut_after(self, count_bytes: int) -> None:
        """Break all connections with a RST once so many more bytes have passed, both ways together; once."""
        self._faults.switch(bytes_left=count_bytes)

    def freeze(self) -> None:
        """Let nothing pass and nothing be lost: what is sent arrives after `heal`, as after a short partition."""
        self._faults.switch(is_frozen=True)

    def black_hole(self) -> None:
        """Swallow everything, both ways, and close nothing: new connections are accepted, and get no answer."""
        self._faults.switch(is_hole=True)

    # -- the machinery ---------------------------------------------------------------------------------------------

    def _bind(self) -> None:
        """Hold the address, without listening there yet: connections are refused."""
        is_unix = isinstance(self._place, str)
        door = socket.socket(socket.AF_UNIX if is_unix else socket.AF_INET)
        door.setblocking(False)
        self._unlink()
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        door.bind(self._place)
        self._place = door.getsockname() if not is_unix else self._place
        self._door = door

    def _listen(self) -> None:
        if self._door is not None:
            self._door.listen(128)
            self._accepting = asyncio.get_running_loop().create_task(self._accept(self._door), name="fault proxy")

    def _shut(self) -> None:
        if self._accepting is not None:
            self._accepting.cancel()
            self._accepting = None
        if self._door is not None:
            asyncio.get_running_loop().remove_reader(self._door)
            self._door.close()
            self._door = None

    async def _accept(self, door: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            client, _ = await loop.sock_accept(door)
            self.stats.accepted += 1
            passage = Passage(self._faults, client, self.reset)
            self._passages.add(passage)
            passage.begin(self._target, self._passages.discard)

    def _unlink(self) -> None:
        if isinstance(self._place, str):
            with suppress(FileNotFoundError):
                os.unlink(self._place)  # noqa: PTH108 - a socket, and no await in sight


def _place(text: str) -> str | tuple[str, int]:
    """Read ``unix:/path`` or ``host:port``."""
    if text.startswith("unix:"):
        return os.path.normpath(text.removeprefix("unix:"))
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal():
        raise ValueError(f"{text!r:.100} is no address: write host:port or unix:/path")
    return host, int(port)
