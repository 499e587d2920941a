"""Finds the server of streams that a person means."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mape.remote.memory.server import memory_server
from mape.remote.redis.address import Kind, parse_address
from mape.remote.redis.client import Client
from mape.remote.redis.connection import connection_of
from mape.remote.redis.stream.log import Log
from mape.remote.redis.stream.memory import MemoryLog
from mape.remote.redis.stream.server import RedisLog

if TYPE_CHECKING:
    from mape.application import App

__all__ = ["log_of"]


def log_of(app: App, redis: str | Client | Log | None) -> Log:
    """Return the server of streams that `redis` means.

    Raises:
        ConfigError: There is no URL, or a malformed one.
    """
    if isinstance(redis, MemoryLog | RedisLog):
        return redis
    url = redis if isinstance(redis, str) else app.settings.redis.url if redis is None else None
    if url and parse_address(url).kind is Kind.MEMORY:
        beside: dict[str, Any] = vars(memory_server(parse_address(url).name))  # lives as long as the stand-in
        made: Log = beside.setdefault("mape_streams", MemoryLog())
        return made
    return RedisLog(connection_of(app, redis))  # type: ignore[arg-type] # a URL or a client
