"""One connection on which an app publishes: several messages in one write, their answers in one read."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from redis.exceptions import AskError, MovedError, RedisError, ResponseError

from mape.errors import ConnectError, PeerError, SendError
from mape.flow.services import Stage

if TYPE_CHECKING:
    from mape.application import App
    from mape.remote.redis.connection import RedisConnection

__all__ = ["Line", "hang_up", "line_of", "wire_of"]

HANGING_UP = 0.5
"""How long a connection may take to close [s]."""


class Line:
    """Publishes for all of an app: a service, get one by `line_of`.

    It tells what was certainly not sent from what nobody knows, which a pool of connections does not.

    Args:
        connection: To which server.
        key: In a cluster, the sharded channel that it is for; None is for all others.
    """

    stage = Stage.CONNECTION

    def __init__(self, connection: RedisConnection, key: bytes | None = None) -> None:
        self.path = f"{connection.path} publish"
        self._connection, self._key = connection, key
        self._command = b"PUBLISH" if key is None else b"SPUBLISH"
        self._lock = asyncio.Lock()
        self._client: Any = None
        self._wire: Any = None
        self._is_cut = False
        self._patience: asyncio.Timeout | None = None
        self._down = connection.on_down(self._cut)

    async def publish(self, channel: bytes, payloads: Sequence[bytes], patience: float) -> int:
        """Publish in order; return how many have received the last one, as far as the server knows.

        Args:
            patience: How long to wait for a server that is not there [s]; the answer is waited for without end.

        Raises:
            ConnectError: Nothing was sent.
            SendError: Nobody knows what was published.
            PeerError: The server refuses; it will again.
        """
        async with self._lock:
            wire = await self._connected(patience)
            try:
                async with asyncio.timeout(None) as self._patience:  # the deadline is the sink's, or `_cut`
                    await wire.send_packed_command(self._pack(channel, payloads), check_health=False)
                    return await self._answers(wire, len(payloads))
            except (RedisError, OSError) as error:  # a TimeoutError is an OSError
                await self._hang_up()
                self._connection.suspect()
                text = str(error) or "the server fell silent"
                raise SendError(f"the connection to Redis broke while publishing: {text}") from error
            except (asyncio.CancelledError, ConnectError):
                await self._hang_up()  # what is still to come belongs to nobody
                self._connection.suspect()
                raise
            finally:
                self._patience = None

    def _cut(self) -> None:
        """Give up on a server that is gone: a connection that lost bytes stays silent when it is back."""
        self._is_cut = True
        if self._patience is not None:
            self._patience.reschedule(asyncio.get_running_loop().time())

    async def _connected(self, patience: float) -> Any:
        """Return the connection, made if there is none."""
        if self._wire is not None and self._wire.is_connected and not self._is_cut:
            return self._wire
        await self._hang_up()
        self._is_cut = False
        await self._connection.wait_up(patience)
        self._client = self._connection.dedicated(self._key)
        try:
            async with asyncio.timeout(patience):
                self._wire = await wire_of(self._client)
        except (RedisError, OSError, TimeoutError) as error:
            await self._hang_up()
            self._connection.suspect()
            raise ConnectError(f"cannot connect to Redis: {str(error) or 'no answer'}") from error
        return self._wire

    def _pack(self, channel: bytes, payloads: Sequence[bytes]) -> bytes:
        """Return the commands.

        Wire:
            RESP, as https://redis.io/docs/latest/develop/reference/protocol-spec describes it: arrays of bulk strings.
        """
        command = self._command
        start = b"*3\r\n$%d\r\n%b\r\n$%d\r\n%b\r\n" % (len(command), command, len(channel), channel)
        return b"".join([b"%b$%d\r\n%b\r\n" % (start, len(payload), payload) for payload in payloads])

    @staticmethod
    async def _answers(wire: Any, count: int) -> int:
        """Read all answers, so that the next ones belong to the next commands."""
        receivers, refusal = 0, None
        for _ in range(count):
            try:
                receivers = await wire.read_response()  # the deadline is the sink's
            except ResponseError as error:
                refusal = error
        if isinstance(refusal, MovedError | AskError):  # the connection leads to the wrong node of a cluster
            raise ConnectError(f"the Redis cluster has moved the channel: {refusal!s:.80}") from refusal
        if refusal is not None:
            raise PeerError(f"Redis refuses what is published: {refusal!s:.200}") from refusal
        return int(receivers)

    async def _hang_up(self) -> None:
        client, wire, self._client, self._wire = self._client, self._wire, None, None
        await hang_up(client, wire)

    # -- the service -----------------------------------------------------------------------------------------------

    async def open(self) -> None:
        """Nothing to do: it connects when there is something to publish."""
        self._lock = asyncio.Lock()

    async def drain(self) -> None:
        """Nothing waits here."""

    async def close(self) -> None:
        """Close the connection."""
        await self._hang_up()


async def wire_of(client: Any) -> Any:
    """Return a connection with the settings of `client`, ready to use, and the caller's to close.

    Raises:
        RedisError: The server cannot be reached, or is silent.
    """
    wire = client.connection_pool.make_connection()
    await client.connection_pool.ensure_connection(wire)  # has a deadline, see `client`
    return wire


async def hang_up(client: Any, wire: Any) -> None:
    """Close a connection and the client that it came from, within half a second whatever the network does."""
    try:
        async with asyncio.timeout(HANGING_UP):
            if wire is not None:
                await wire.disconnect(nowait=True)
            if client is not None:
                await client.aclose()
    except (RedisError, OSError, TimeoutError):
        return


def line_of(app: App, connection: RedisConnection, key: bytes | None = None) -> Line:
    """Return the app's line to a server; in a cluster, the one for the sharded channel `key`."""
    sharded = "" if key is None else f" {key!r}"
    line: Line = app.services.shared(f"publish {id(connection)}{sharded}", lambda: Line(connection, key))
    return line
