"""Transports without a network, in this process: for tests of programs that use Redis or REST.

* `memory_redis` and ``redis.url: memory`` stand in for a Redis server; the extra ``mape-toolkit[testing]``.
* `MemorySession` stands in for an HTTP client session, and calls an ASGI application directly.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

__all__ = ["MemorySession", "memory_redis", "memory_server"]

PLACES = {
    "MemorySession": "mape.remote.memory.session",
    "memory_redis": "mape.remote.memory.server",
    "memory_server": "mape.remote.memory.server",
}


def __getattr__(name: str) -> Any:
    """Load what is asked for when it is asked for (PEP 562)."""
    if name not in PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(PLACES[name]), name)  # one of the names above, no wire
