"""Streams and knowledge by way of a Redis or Valkey server; the extra ``mape-toolkit[redis]``.

Read in this order: `address` (the forms of ``redis.url``), `embedded` (a server of one's own), `client` (redis-py with
a deadline everywhere), `connection` (notices that a server is gone, and that it is back); then what travels over it.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

__all__ = [
    "Address",
    "PubObserver",
    "RedisConnection",
    "RedisStore",
    "StreamObservable",
    "StreamObserver",
    "SubObservable",
    "connection_of",
    "parse_address",
    "share_knowledge",
    "subscribe_handler",
    "subscribe_handler_deco",
]

PLACES = {
    "Address": "address",
    "PubObserver": "pubsub",
    "RedisConnection": "connection",
    "RedisStore": "collections",
    "StreamObservable": "streams",
    "StreamObserver": "streams",
    "SubObservable": "pubsub",
    "connection_of": "connection",
    "parse_address": "address",
    "share_knowledge": "collections",
    "subscribe_handler": "pubsub",
    "subscribe_handler_deco": "pubsub",
}


def __getattr__(name: str) -> Any:
    """Load what is asked for when it is asked for (PEP 562)."""
    if name not in PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{PLACES[name]}"), name)  # one of the names above, no wire
