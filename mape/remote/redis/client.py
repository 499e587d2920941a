"""Makes redis-py clients for an address, whatever answers there, so that none of them can wait for ever.

Only redis-py's public API. Its own retries are off: what is repeated, and when, is decided where the consequences are
known. Connecting is done outside of the pool's lock and under a deadline, the handshake included: in redis-py a
thousand commands to a server that is silent would fail one after the other, each after a timeout of its own.
"""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import Iterable
from contextlib import suppress
from typing import Any, Protocol, TypeAlias, cast

from redis.asyncio import BlockingConnectionPool, Connection, Redis, SSLConnection, UnixDomainSocketConnection
from redis.asyncio.cluster import ClusterNode, RedisCluster
from redis.asyncio.connection import ConnectionPool
from redis.asyncio.sentinel import (
    Sentinel,
    SentinelConnectionPool,
    SentinelManagedConnection,
    SentinelManagedSSLConnection,
)
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisClusterException, RedisError

from mape.errors import ConnectError
from mape.remote.redis.address import Address, Kind

__all__ = ["Client", "Clients", "ClusterClients", "GivenClients", "ServerClients", "clients_for", "clients_of"]

Client: TypeAlias = Redis | RedisCluster
"""What a person may give instead of a URL."""
CONNECTING = 1.0
"""How long it may take until a connection is ready to use, TLS and credentials included [s]."""
ANSWER = 2.0
"""How long a command may wait for its answer [s]."""
CONNECTIONS = 32
"""How many connections the commands of a process have at most; more commands at a time wait for each other."""
HANGING_UP = 0.5
CREDENTIALS = ("username", "password", "credential_provider", "client_name")


class Clients(Protocol):
    """Makes the clients of one address."""

    reaching: float
    """How long one try to reach it may take [s]."""

    @property
    def client(self) -> Any:
        """For commands, a `Redis` or a `RedisCluster`: they answer, or raise within seconds."""

    async def ping(self) -> None:
        """Ask for an answer from everyone that commands may go to."""

    def dedicated(self, key: str | bytes | None) -> Redis:
        """Make a client whose answers may take as long as they like."""

    async def hang_up(self) -> None:
        """Break all connections: whoever waits on one gets an error now. They are made again when needed."""


class _Pool(BlockingConnectionPool):
    """Connections that are ready within a second, or not at all."""

    async def ensure_connection(self, connection: Any) -> None:
        try:
            async with asyncio.timeout(CONNECTING):
                await super().ensure_connection(connection)
        except TimeoutError:
            raise RedisConnectionError(f"no connection within {CONNECTING:g} s") from None
        finally:
            if not connection.is_connected:
                await connection.disconnect(nowait=True)  # waits for nothing, so that no deadline is needed


class _SentinelPool(SentinelConnectionPool, _Pool):
    """The same, to whichever server the sentinels call the primary."""


class ServerClients:
    """Clients of one server, or of what sentinels say is the primary.

    Args:
        address: Of the kinds ``SERVER``, ``UNIX``, ``SENTINEL``; of the others, what they come down to.
    """

    reaching = 2.0

    def __init__(self, address: Address) -> None:
        self._address = address
        self._dedicated: weakref.WeakSet[Redis] = weakref.WeakSet()
        self._sentinel = self._sentinels() if address.kind is Kind.SENTINEL else None
        self.client = self._redis(ANSWER, CONNECTIONS)
        self.probe = self._redis(None, 1)

    async def ping(self) -> None:
        """Ask for an answer."""
        await self.probe.ping()  # the deadline is the caller's

    def dedicated(self, key: str | bytes | None = None) -> Redis:
        """Make a client for blocking reads and subscriptions; it is closed by who made it, or broken by `hang_up`."""
        del key  # one server has them all
        client = self._redis(None, CONNECTIONS)
        self._dedicated.add(client)
        return client

    async def hang_up(self) -> None:
        """Break all connections of all clients."""
        sentinels = self._sentinel.sentinels if self._sentinel else []
        await _hang_up([self.client, self.probe, *self._dedicated, *sentinels])

    def _redis(self, answer: float | None, connections: int) -> Redis:
        return Redis.from_pool(self._pool(answer, connections))

    def _pool(self, answer: float | None, connections: int) -> ConnectionPool:
        options = {**self._options(), "socket_timeout": answer, "max_connections": connections, "timeout": ANSWER}
        address = self._address
        if self._sentinel is not None:
            return _SentinelPool(address.name, self._sentinel, **options)  # type: ignore[no-untyped-call]
        if address.kind is Kind.UNIX:
            return _Pool(connection_class=UnixDomainSocketConnection, path=address.path, **options)
        host, port = address.hosts[0]
        connection_class = SSLConnection if address.has_tls else Connection
        return _Pool(connection_class=connection_class, host=host, port=port, **options)

    def _options(self) -> dict[str, Any]:
        address = self._address
        options: dict[str, Any] = {
            "db": address.db,
            "username": address.username,
            "password": address.password,
            "socket_connect_timeout": CONNECTING,
        }
        if address.kind is not Kind.UNIX:
            options["socket_keepalive"] = True
        if self._sentinel is not None:
            options["connection_class"] = SentinelManagedSSLConnection if address.has_tls else SentinelManagedConnection
        return options | _tls(address)

    def _sentinels(self) -> Sentinel:
        address = self._address
        credentials = {key.removeprefix("sentinel_"): value for key, value in address.options if "sentinel" in key}
        own = {"socket_timeout": CONNECTING / 2, "socket_connect_timeout": CONNECTING / 2, "ssl": address.has_tls}
        return Sentinel(list(address.hosts), sentinel_kwargs=own | credentials | _tls(address))  # type: ignore[no-untyped-call]


class GivenClients(ServerClients):
    """Clients with the settings of a client that the person made, which itself is left alone.

    Args:
        given: Its server, credentials, TLS and so on are taken; its deadlines, retries and decoding are not.
    """

    def __init__(self, given: Redis) -> None:
        self._given = given.connection_pool
        super().__init__(Address(Kind.GIVEN))

    def _pool(self, answer: float | None, connections: int) -> ConnectionPool:
        given = self._given
        options = dict(given.connection_kwargs)
        for name in ("connection_pool", "retry", "retry_on_error", "retry_on_timeout", "health_check_interval"):
            options.pop(name, None)
        options |= {
            "socket_timeout": answer,
            "decode_responses": False,
            "max_connections": connections,
            "timeout": ANSWER,
            "connection_class": given.connection_class,
        }
        if isinstance(given, SentinelConnectionPool):
            return _SentinelPool(given.service_name, given.sentinel_manager, **options)  # type: ignore[no-untyped-call]
        return _Pool(**options)


class _Cluster(RedisCluster):
    """A client of a cluster that finds it again: redis-py forgets every node that failed once, and ends without any."""

    def __init__(self, hosts: Iterable[tuple[str, int]], **options: Any) -> None:
        self._hosts = tuple(hosts)
        super().__init__(startup_nodes=[ClusterNode(host, port) for host, port in self._hosts], **options)

    async def initialize(self) -> Any:
        nodes = self.nodes_manager
        configured = (ClusterNode(host, port, **self.connection_kwargs) for host, port in self._hosts)
        for node in (*nodes.nodes_cache.values(), *configured):
            nodes.startup_nodes.setdefault(node.name, node)
        try:
            return await super().initialize()
        except RedisClusterException as error:  # which is no RedisError
            raise RedisConnectionError(str(error)) from error


class ClusterClients:
    """Clients of a cluster; it counts as reached when every slot has a primary, and all primaries answer.

    Args:
        hosts: Some of its nodes; the others are found by them.
        options: Credentials and TLS, as `RedisCluster` takes them.
    """

    reaching = 5.0
    """How long one try may take: nodes that are silent are asked one after the other [s]."""

    def __init__(self, hosts: Iterable[tuple[str, int]], **options: Any) -> None:
        self._dedicated: weakref.WeakSet[Redis] = weakref.WeakSet()
        self.client, self.probe = (_cluster(hosts, options) for _ in range(2))

    async def ping(self) -> None:
        """Ask all primaries whether the cluster is whole: one that just started answers, and takes no commands yet."""
        await self.probe.initialize()
        primaries = self.probe.get_primaries()
        answers = await asyncio.gather(*(each.execute_command("CLUSTER INFO") for each in primaries))
        if any(answer["cluster_state"] != "ok" for answer in answers):
            raise RedisConnectionError("the cluster is not whole: its state is not ok")

    def dedicated(self, key: str | bytes | None = None) -> Redis:
        """Make a client for blocking reads and subscriptions, of the node that has `key`, else of any primary.

        Raises:
            ConnectError: The cluster has not been reached yet: nobody knows its nodes.
        """
        primaries = self.probe.get_primaries()
        if not primaries:
            raise ConnectError("the nodes of the Redis cluster are not known yet: wait until it is reached")
        node = primaries[0] if key is None else self.probe.get_node_from_key(cast("str", key))
        if node is None:
            raise ConnectError("no node of the Redis cluster has the key: wait until it is reached")
        client = Redis.from_pool(self._pool_of(node))
        self._dedicated.add(client)
        return client

    async def hang_up(self) -> None:
        """Break all connections, and forget which node has what."""
        await _hang_up([self.client, self.probe, *self._dedicated])

    @staticmethod
    def _pool_of(node: ClusterNode) -> ConnectionPool:
        dropped = {"parser_class", "redis_connect_func", "connection_class", "event_dispatcher"}
        options = {key: value for key, value in node.connection_kwargs.items() if key not in dropped}
        options |= {"socket_timeout": None, "max_connections": CONNECTIONS, "timeout": ANSWER}
        return _Pool(connection_class=node.connection_class, **options)


def clients_for(address: Address) -> Clients:
    """Make the clients of an address; an embedded server's is that of its socket."""
    if address.kind is Kind.CLUSTER:
        user = {"username": address.username, "password": address.password}
        return ClusterClients(address.hosts, ssl=address.has_tls, **user, **_tls(address))
    if address.kind is Kind.MEMORY:
        from mape.remote.memory import memory_redis  # another extra, which only tests have

        return GivenClients(memory_redis(address.name))
    return ServerClients(address)


def clients_of(given: Any) -> Clients:
    """Make clients with the settings of `given`, a client of redis-py."""
    return _clients_of_cluster(given) if isinstance(given, RedisCluster) else GivenClients(given)


def _cluster(hosts: Iterable[tuple[str, int]], options: dict[str, Any]) -> Any:
    return _Cluster(  # type: ignore[abstract] # the stubs ask for a pool, of which a cluster has one for each node
        hosts,
        socket_timeout=ANSWER,
        socket_connect_timeout=CONNECTING,
        socket_keepalive=True,
        cluster_error_retry_attempts=0,
        connection_error_retry_attempts=0,
        max_connections=CONNECTIONS * 8,
        **options,
    )


def _clients_of_cluster(given: RedisCluster) -> ClusterClients:
    """Take a cluster's nodes, credentials and TLS over from a client of it."""
    nodes = given.nodes_manager.nodes_cache or given.nodes_manager.startup_nodes
    known = {
        key: value for key, value in given.connection_kwargs.items() if key in CREDENTIALS or key.startswith("ssl_")
    }
    is_secure = given.connection_kwargs["connection_class"] is SSLConnection
    return ClusterClients([(node.host, int(node.port)) for node in nodes.values()], ssl=is_secure, **known)


def _tls(address: Address) -> dict[str, Any]:
    return {key: value for key, value in address.options if key.startswith("ssl_")}


async def _hang_up(clients: list[Any]) -> None:
    """Break the connections of all at once, within half a second whatever the network does."""
    await asyncio.gather(*map(_break, clients))


async def _break(client: Any) -> None:
    with suppress(RedisError, OSError, TimeoutError):
        async with asyncio.timeout(HANGING_UP):
            if isinstance(client, RedisCluster):
                await client.aclose()
            else:
                await client.connection_pool.disconnect()
