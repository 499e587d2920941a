"""Where the shared knowledge of an app is kept, and the part of it that one scope sees."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any, TypeVar
from weakref import WeakSet

from mape.errors import ConfigError
from mape.flow.services import Stage
from mape.port import Port
from mape.remote.redis.knowledge.cache import Cache
from mape.remote.redis.knowledge.client import ClusterClient, KnowledgeClient, knowledge_client
from mape.remote.redis.knowledge.form import Form
from mape.remote.redis.knowledge.hash import Hash
from mape.remote.redis.knowledge.keyspace import KeySpace
from mape.remote.redis.knowledge.lock import LEASE, Lock
from mape.remote.redis.knowledge.name import collection_key, lock_keys, watched_key
from mape.remote.redis.knowledge.sequences import LifoQueue, List, PriorityQueue, Queue
from mape.remote.redis.knowledge.sets import Set, SortedSet
from mape.remote.redis.knowledge.watch import Changes, Watch, Watcher
from mape.remote.redis.knowledge.wire import Connections

__all__ = ["RedisStore", "StoreScope"]

T = TypeVar("T")
DECLARED = 1024
"""Collections of a scope whose types are remembered: a program that names more makes the names up as it goes."""


class RedisStore:
    """The shared knowledge of an app, on a redis server.

    Args:
        app: Whose.
        connection: What `mape.remote.redis.connection.connection_of` returns, or anything with a ``client`` and
            ``dedicated()``.
        path: Names it in events.

    Raises:
        ConfigError: The client decodes answers.
    """

    stage = Stage.CONNECTION

    def __init__(self, app: Any, connection: Connections, path: str = "knowledge") -> None:
        self.app, self.path = app, path
        self.connection = connection
        self.client: KnowledgeClient | ClusterClient = knowledge_client(connection)
        self._scopes: dict[str, StoreScope] = {}
        app.services.add(self)

    def scope(self, prefix: str, path: str) -> StoreScope:
        """Return the part whose keys begin with `prefix`: ``k.``, ``k.level.<uid>.`` or ``k.loop.<uid>.``.

        Args:
            prefix: The beginning of its keys.
            path: Whose knowledge it is, for failures of who watches.
        """
        if prefix not in self._scopes:
            self._scopes[prefix] = StoreScope(self, prefix, path)
        return self._scopes[prefix]

    @cached_property
    def watch(self) -> Watch:
        """What all watchers of the app hear through; not on a cluster."""
        return self._added(Watch(self.app, self.connection, f"{self.path}.notifications"))

    @cached_property
    def cache(self) -> Cache:
        """The copies that ``cached=True`` keeps."""
        return self._added(Cache(self.app, self.connection, f"{self.path}.cache"))

    async def open(self) -> None:
        """Connections are made when they are needed."""

    async def drain(self) -> None:
        """Nothing waits here for longer than a call."""

    async def close(self) -> None:
        """Renew no lease any more: who held a lock is gone. Whoever waits hears that it is over."""
        await self.client.leave()
        for scope in self._scopes.values():
            await scope.close()

    def _added(self, service: T) -> T:
        if isinstance(self.client, ClusterClient):
            raise ConfigError(
                "a redis cluster tells of changes node by node, which notifications and cached=True do not follow: "
                "keep what is watched or cached on one server, or behind a sentinel (redis+sentinel://...)"
            )
        self.app.services.add(service)
        return service


class StoreScope:
    """Typed collections, locks and notifications of one scope; `mape.knowledge.Knowledge` has the same methods.

    Args:
        store: Where it is kept.
        prefix: What all its keys begin with.
        path: Whose knowledge it is.

    Raises:
        UidError: By each ``create_...``: the key is malformed or reserved.
        WiringError: By each ``create_...``: values of that type cannot be shared.
    """

    def __init__(self, store: RedisStore, prefix: str, path: str) -> None:
        self.store, self.prefix, self.path = store, prefix, path
        self.declared: dict[str, tuple[str, Form[Any]]] = {}
        """Kind and form of what was created here, by key (a keyspace's ends with a dot)."""
        self._locks: WeakSet[Lock] = WeakSet()  # one that is held is kept alive by its renewal

    @cached_property
    def keyspace(self) -> KeySpace[Any]:
        """The scope's default keyspace: values of any plain type (JSON) by name, right below the scope."""
        return KeySpace(self._client, self.prefix, Form(Any), is_default=True, rng=self.store.app.rng)

    def create_keyspace(self, key: str, value_type: Any = str, *, cached: bool = False) -> KeySpace[Any]:
        """Return the values whose keys are ``<scope><key>.<name>``.

        Args:
            key: Its name in the scope.
            value_type: What the values are, see `mape.remote.redis.knowledge.form.Form`.
            cached: Whether to keep copies of what was read, until the server says that they changed.
        """
        prefix, form = self._declare("keyspace", key, value_type, ".")
        cache = self._cache(prefix) if cached else None
        return KeySpace(self._client, prefix, form, cache=cache, rng=self.store.app.rng)

    def create_hash(self, key: str, value_type: Any = str, *, cached: bool = False) -> Hash[Any]:
        """Return the shared dictionary `key`; `cached` as of `create_keyspace`."""
        name, form = self._declare("hash", key, value_type)
        return Hash(self._client, name, form, self._cache(name) if cached else None)

    def create_set(self, key: str, value_type: Any = str) -> Set[Any]:
        """Return the shared set `key`."""
        return Set(self._client, *self._declare("set", key, value_type))

    def create_list(self, key: str, value_type: Any = str) -> List[Any]:
        """Return the shared list `key`."""
        return List(self._client, *self._declare("list", key, value_type))

    def create_sortedset(self, key: str, value_type: Any = str) -> SortedSet[Any]:
        """Return the shared set `key`, which is ordered by scores."""
        return SortedSet(self._client, *self._declare("sortedset", key, value_type))

    def create_queue(self, key: str, value_type: Any = str) -> Queue[Any]:
        """Return the shared queue `key`, first in, first out."""
        return Queue(self._client, *self._declare("queue", key, value_type))

    def create_lifoqueue(self, key: str, value_type: Any = str) -> LifoQueue[Any]:
        """Return the shared queue `key`, last in, first out."""
        return LifoQueue(self._client, *self._declare("lifoqueue", key, value_type))

    def create_priorityqueue(self, key: str, value_type: Any = str) -> PriorityQueue[Any]:
        """Return the shared queue `key`, smallest priority first."""
        return PriorityQueue(self._client, *self._declare("priorityqueue", key, value_type))

    def create_lock(self, key: str, *, lease: float = LEASE, timeout: float | None = None) -> Lock:
        """Return the lock `key`; each call makes another holder.

        Args:
            key: Its name in the scope.
            lease: How long it outlives a holder that died [s].
            timeout: How long ``async with`` waits for it [s]; None: as long as it takes.
        """
        app = self.store.app
        lock = Lock(self._client, lock_keys(self.prefix, key), lease=lease, timeout=timeout, rng=app.rng, tell=app.tell)
        self._locks.add(lock)
        return lock

    def notifications(
        self, handler: Callable[[Any], Any], key_or_pattern: str, cmd_filter: Sequence[str] | None = None
    ) -> Watcher:
        """Call `handler`, plain or async, with a `Notification` whenever something changes what a key or pattern names.

        Args:
            handler: Called with one at a time; what it raises costs that one, and is reported.
            key_or_pattern: ``cars`` (a collection, or a value of `keyspace`), ``cars.*`` (the entries of a keyspace).
            cmd_filter: Only for these commands, as ``("sadd", "srem")``; ``resync`` comes in any case.

        Returns:
            What ends it, by ``dispose()``.

        Delivery:
            At most once, in order; after a lost connection ``resync``: read again.
        """
        key, is_pattern = watched_key(self.prefix, key_or_pattern)
        commands = (cmd_filter,) if isinstance(cmd_filter, str) else cmd_filter
        return self.store.watch.add(key, is_pattern=is_pattern, scope=self.prefix, commands=commands, handler=handler)

    def changes(self, key_or_pattern: str, cmd_filter: Sequence[str] | None = None) -> Port:
        """Return the stream of what `notifications` tells, to whom listens as long as it does."""
        watched_key(self.prefix, key_or_pattern)  # a name that cannot be is an error here
        path = f"{self.path}.{key_or_pattern}"
        return Changes(self.store.app, path, lambda hear: self.notifications(hear, key_or_pattern, cmd_filter))

    async def close(self) -> None:
        """Renew no lease any more."""
        for lock in tuple(self._locks):
            await lock.end()

    @property
    def _client(self) -> Any:
        return self.store.client

    def _key(self, name: str) -> str:
        return collection_key(self.prefix, name)

    def _declare(self, kind: str, name: str, value_type: Any, end: str = "") -> tuple[str, Form[Any]]:
        """Return the key and the form of a collection, and remember what it is."""
        key, form = self._key(name) + end, Form[Any](value_type)
        if key in self.declared or len(self.declared) < DECLARED:
            self.declared[key] = kind, form
        return key, form

    def _cache(self, prefix: str) -> Cache:
        cache = self.store.cache
        cache.track(prefix)
        return cache

    def __repr__(self) -> str:
        return f"<StoreScope {self.prefix!r}>"
