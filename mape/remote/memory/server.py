"""A Redis server that is none: fakeredis, in this process, shared by name.

It knows the commands of Redis 7, publish and subscribe, keyspace notifications (but for ``expired``), streams and
their groups. It has no network, no persistence and no Lua unless ``lupa`` is installed, and is no measure of speed.
"""

from __future__ import annotations

from fakeredis import FakeAsyncRedis, FakeServer

__all__ = ["memory_redis", "memory_server"]

VERSION = (7,)


def memory_server(name: str = "") -> FakeServer:
    """Return the server `name` of this process; set its ``connected`` to False and it cannot be reached any more."""
    return FakeServer.get_server(f"mape:{name}", version=VERSION, server_type="redis")


def memory_redis(name: str = "") -> FakeAsyncRedis:
    """Return a client of the server `name`, as ``redis.asyncio.Redis`` would be; close it with ``aclose()``.

    ``redis.url: memory://NAME`` reaches the same server.
    """
    return FakeAsyncRedis(server=memory_server(name))
