"""The client that collections work with: errors of mape, and waits that notice when the server is gone."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from redis.asyncio import Redis
from redis.asyncio.cluster import RedisCluster
from redis.commands import AsyncRedisClusterCommands
from redis.exceptions import RedisClusterException

from mape.errors import ConfigError
from mape.remote.redis.knowledge.batching import BatchingRedis
from mape.remote.redis.knowledge.fault import REDIS_FAULTS, translated
from mape.remote.redis.knowledge.wire import Connections

__all__ = ["ClusterClient", "KnowledgeClient", "knowledge_client"]

SLICE = 1.0
"""A long wait is made of such pieces [s]: after each one, an answer shows that the server is still there."""


class KnowledgeClient(BatchingRedis):
    """A batching client of one server, or of the master that a sentinel names.

    Args:
        patient: Makes the client for commands that block, so that they take no connection from those that do not.
        options: Those of `BatchingRedis`.
    """

    def __init__(self, patient: Callable[[], Redis], **options: Any) -> None:
        super().__init__(translate=translated, **options)
        self._make_patient = patient
        self._patient: Redis | None = None

    async def blocking(self, seconds: float, command: str, key: str) -> Any:
        """Do a blocking command for at most `seconds`, 0 for ever; None when nothing came."""
        self._patient = self._patient or self._make_patient()
        return await _sliced(self._patient, seconds, command, key, self.deadline)

    async def set_all(self, values: dict[str, bytes]) -> None:
        """Set many keys at once."""
        await self.mset(values)

    async def remove_all(self, keys: list[str]) -> int:
        """Remove many keys at once; return how many there were."""
        return int(await self.unlink(*keys))

    async def leave(self) -> None:
        """Break what waits."""
        patient, self._patient = self._patient, None
        if patient is not None:
            await patient.aclose()  # no deadline: it only closes sockets


class ClusterClient(AsyncRedisClusterCommands):
    """A client of a cluster: one command at a time each, no batches, and the same errors.

    Args:
        cluster: The client of redis-py.
        deadline: How long an answer may take [s].
    """

    def __init__(self, cluster: RedisCluster, deadline: float = 3.0) -> None:
        self.cluster, self.deadline = cluster, deadline
        self.connection_pool: Any = None  # each node has its own

    async def execute_command(self, *args: Any, **options: Any) -> Any:
        """Send a command to the node that has its key."""
        try:
            async with asyncio.timeout(self.deadline + SLICE):
                return await self.cluster.execute_command(*args, **options)
        except (*REDIS_FAULTS, RedisClusterException) as error:
            raise translated(error, args) from error

    async def blocking(self, seconds: float, command: str, key: str) -> Any:
        """Do a blocking command for at most `seconds`, 0 for ever; None when nothing came."""
        return await _sliced(self, seconds, command, key, self.deadline)

    async def set_all(self, values: dict[str, bytes]) -> None:
        """Set many keys, which live on several nodes: each at once, not all."""
        await asyncio.gather(*(self.execute_command("SET", *pair) for pair in values.items()))

    async def remove_all(self, keys: list[str]) -> int:
        """Remove many keys, which live on several nodes; return how many there were."""
        return sum(await asyncio.gather(*(self.execute_command("UNLINK", key) for key in keys)))

    async def leave(self) -> None:
        """The cluster's client belongs to the connection."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self.cluster, name)  # what redis-py's own mixins ask of their client; no wire


def knowledge_client(connection: Connections, deadline: float = 3.0) -> KnowledgeClient | ClusterClient:
    """Return the client for knowledge that shares the connections of `connection`.

    Raises:
        ConfigError: Its client decodes answers, so that bytes could not be told from text.
    """
    client = connection.client
    if isinstance(client, RedisCluster):
        return ClusterClient(client, deadline)
    if client.get_encoder().decode_responses:
        raise ConfigError("shared knowledge needs a redis client with decode_responses=False: values decode themselves")
    return KnowledgeClient(connection.dedicated, connection_pool=client.connection_pool, deadline=deadline)


async def _sliced(client: Any, seconds: float, command: str, key: str, deadline: float) -> Any:
    now = asyncio.get_running_loop().time
    end = now() + seconds if seconds else None
    while True:
        left = SLICE if end is None else max(min(SLICE, end - now()), 0.01)
        try:
            async with asyncio.timeout(left + deadline):
                found = await client.execute_command(command, key, round(left, 3))
        except REDIS_FAULTS as error:
            raise translated(error, (command, key)) from error
        if found is not None or (end is not None and now() >= end):
            return found
