"""One connection of its own on which the server tells what changed; it comes back by itself.

A silent connection is not noticed by waiting: a wire asks for a sign of life each second, and takes three seconds of
silence for the end.
"""

from __future__ import annotations

import asyncio
import inspect
from typing import Any, NoReturn, Protocol

from mape.errors import ConfigError, ConnectError
from mape.flow.services import Stage
from mape.remote.backoff import Backoff
from mape.remote.redis.knowledge.fault import REDIS_FAULTS

__all__ = ["Connections", "Wire"]

PING_EVERY = 1.0
SILENCE = 3.0
"""How long nothing may come before the connection counts as lost [s]."""

DEADLINE = 2.0
"""For connecting and for each step of the beginning [s]."""


class Connections(Protocol):
    """What `mape.remote.redis.connection` gives: a client for all, and clients with connections of their own."""

    @property
    def client(self) -> Any:
        """The client for commands."""

    def dedicated(self) -> Any:
        """Return a client that shares no connection with others."""


class Wire:
    """A supervised connection; subclasses say what is asked of the server, and what its messages mean.

    Args:
        app: Hears what happened to the connection.
        connection: Where clients come from.
        path: Names the wire in events.
    """

    stage = Stage.SOURCE

    def __init__(self, app: Any, connection: Connections, path: str) -> None:
        self.app, self.path = app, path
        self.is_up = False
        self.connects = 0
        self._connections = connection
        self._connection: Any = None
        self._task: asyncio.Task[None] | None = None

    # -- what a subclass does --------------------------------------------------------------------------------------

    async def greet(self, connection: Any) -> bool:
        """Ask the server for what this wire is about, on a new connection; return False if there is nothing to ask."""
        raise NotImplementedError

    async def begun(self) -> None:
        """Do what needs a wire that is up."""

    def hear(self, message: list[Any]) -> None:
        """Take a message."""

    def lost(self) -> None:
        """Forget what only held while the connection was there."""

    # -- its life --------------------------------------------------------------------------------------------------

    async def open(self) -> None:
        """Connect, in a task of its own."""
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._keep(), name=self.path)

    async def drain(self) -> None:
        """There is nothing that waits."""

    async def close(self) -> None:
        """Disconnect."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    def figures(self) -> dict[str, float]:
        """Return all counts, for ``/metrics``."""
        return {"up": int(self.is_up), "connects": self.connects}

    def restart(self) -> None:
        """Connect anew, to ask for something else."""
        if (old := self._task) is not None:
            old.cancel()
            self._task = asyncio.get_running_loop().create_task(self._keep(old), name=self.path)

    async def ask(self, connection: Any, *command: Any) -> Any:
        """Send a command and return its answer; only while nobody reads messages."""
        async with asyncio.timeout(DEADLINE):
            await connection.send_command(*command)
            return await connection.read_response()

    async def say(self, *command: Any) -> None:
        """Send a command whose answer comes as a message; what is said while the wire is down is lost."""
        if self._connection is not None and self.is_up:
            try:
                async with asyncio.timeout(DEADLINE):
                    await self._connection.send_command(*command)
            except REDIS_FAULTS:  # the reader notices too, and says all of it again
                await self._connection.disconnect(nowait=True)

    async def _keep(self, before: asyncio.Task[None] | None = None) -> None:
        if before is not None:
            await asyncio.wait([before])
        backoff = Backoff(rng=self.app.rng)
        while True:
            reason: BaseException | None = None
            try:
                if not await self._live(backoff):
                    return
            except (*REDIS_FAULTS, ConnectError) as error:
                reason = error
            except ConfigError as error:
                self.app.report(self.path, None, error)
                return
            except Exception as error:  # the wall around a service's task
                self.app.report(self.path, None, error)
            finally:
                was_up, self.is_up, self._connection = self.is_up, False, None
                self.lost()
            if was_up:
                self.app.tell("disconnected", self.path, f"lost the connection to redis: {reason!s:.200}")
            await asyncio.sleep(next(backoff))

    async def _live(self, backoff: Backoff) -> bool:
        """Connect and read until the connection is lost; return False if there is nothing to read."""
        client = self._connections.dedicated()
        client = await client if inspect.isawaitable(client) else client
        pool = client.connection_pool
        pool.connection_kwargs.update(protocol=2, decode_responses=False)  # messages are read here, as they come
        connection = None
        try:
            async with asyncio.timeout(DEADLINE):
                connection = await pool.get_connection()
            if not await self.greet(connection):
                return False
            self._connection, self.is_up = connection, True
            self.connects += 1
            backoff.reset()
            self.app.tell("connected", self.path, "connected to redis")
            await self.begun()
            await self._read(connection)
        finally:
            if connection is not None:
                await connection.disconnect(nowait=True)
                await pool.release(connection)
            await client.aclose()  # no deadline: it only closes sockets

    async def _read(self, connection: Any) -> NoReturn:
        now = asyncio.get_running_loop().time
        heard = now()
        while True:
            message = await connection.read_response(timeout=PING_EVERY)
            if message is not None:
                heard = now()
                if isinstance(message, list):
                    self.hear(message)
            elif now() - heard > SILENCE:
                raise TimeoutError(f"nothing came for {SILENCE:g} s")
            else:
                async with asyncio.timeout(DEADLINE):
                    await connection.send_command("PING")
