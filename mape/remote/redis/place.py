"""Which server a sink or a source means, in words that documents and traces may show."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mape.remote.redis.address import parse_address
from mape.remote.redis.connection import connection_of

if TYPE_CHECKING:
    from mape.application import App

__all__ = ["server_of"]


def server_of(app: App, redis: Any) -> str:
    """Return the address of a server, without credentials; of a stand-in that was given, its class.

    Args:
        redis: What the sink or source was given: a URL, a client, a stand-in, or None for ``redis.url``.
    """
    url = redis if isinstance(redis, str) else app.settings.redis.url if redis is None else None
    if url:
        return str(parse_address(url))
    return "" if redis is None else "memory" if hasattr(redis, "forget") else str(connection_of(app, redis).address)
