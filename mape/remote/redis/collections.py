"""Knowledge that processes share: typed collections, locks and notifications on redis; see ``docs/howto/knowledge.md``.

``app.k``, ``level.k`` and ``loop.k`` make them (`mape.knowledge.Knowledge`) once the app has a store.
"""

from __future__ import annotations

from typing import Any

from mape.remote.redis.connection import connection_of
from mape.remote.redis.knowledge.batching import BatchingRedis
from mape.remote.redis.knowledge.hash import Hash
from mape.remote.redis.knowledge.keyspace import KeySpace
from mape.remote.redis.knowledge.lock import Lock
from mape.remote.redis.knowledge.sequences import LifoQueue, List, PriorityQueue, Queue
from mape.remote.redis.knowledge.sets import Set, SortedSet
from mape.remote.redis.knowledge.store import RedisStore, StoreScope
from mape.remote.redis.knowledge.watch import Notification, Watcher

__all__ = [
    "BatchingRedis",
    "Hash",
    "KeySpace",
    "LifoQueue",
    "List",
    "Lock",
    "Notification",
    "PriorityQueue",
    "Queue",
    "RedisStore",
    "Set",
    "SortedSet",
    "StoreScope",
    "Watcher",
    "share_knowledge",
]


def share_knowledge(app: Any, redis: Any = None) -> RedisStore:
    """Keep the shared knowledge of `app` on a redis server: from now on its ``k.create_...`` work.

    Args:
        app: Whose.
        redis: A URL, or a client of redis-py; None: ``redis.url``.

    Raises:
        ConfigError: The URL is malformed, or the client decodes answers.
    """
    app.store = RedisStore(app, connection_of(app, redis))
    store: RedisStore = app.store
    return store
