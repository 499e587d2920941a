"""What loops know: a namespace that tells of its changes, and typed collections that processes share.

There is one for each app, level and loop.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from mape.errors import ConfigError
from mape.flow.link import Host
from mape.port import Port

if TYPE_CHECKING:
    from mape.remote.redis import collections

__all__ = ["Knowledge", "KnowledgeHost"]


class KnowledgeHost(Host, Protocol):
    """What knowledge needs of its app."""

    store: Any


class Knowledge:
    """Attributes and items, as in ``loop.k.speed_limit = 50`` or ``loop.k["speed_limit"]``: known in this process.

    The ``create_...`` methods return collections in a store, which are shared by all processes that name the same
    key; each scope (app, level, loop) has its own keys. They take the key and the type of the values: str, int, float,
    bool, bytes, dict, list, a dataclass, a msgspec struct or a pydantic model.

    Args:
        host: The app.
        path: Whose knowledge it is, for failures of who watches.
        scope: What the keys of shared collections begin with.
    """

    def __init__(self, host: KnowledgeHost, path: str, scope: str) -> None:
        super().__setattr__("_values", {})
        super().__setattr__("_watched", {})
        super().__setattr__("_host", host)
        super().__setattr__("_path", path)
        super().__setattr__("_scope", scope)

    @property
    def shared(self) -> collections.StoreScope:
        """The part of the store that is this knowledge's own.

        Raises:
            ConfigError: The app has no store.
        """
        if self._host.store is None:
            raise ConfigError(
                f"{self._path} has no store for shared knowledge: set redis.url in mape.yml, or call "
                "mape.init(redis_url=...); 'embedded' needs nothing installed"
            )
        scope: collections.StoreScope = self._host.store.scope(self._scope, self._path)
        return scope

    @property
    def keyspace(self) -> collections.KeySpace[Any]:
        """The scope's default keyspace: single values by name."""
        return self.shared.keyspace

    def create_keyspace(self, key: str, value_type: Any = str, *, cached: bool = False) -> collections.KeySpace[Any]:
        """Return the values whose names begin with `key`; `cached` keeps copies, which the server invalidates."""
        return self.shared.create_keyspace(key, value_type, cached=cached)

    def create_hash(self, key: str, value_type: Any = str, *, cached: bool = False) -> collections.Hash[Any]:
        """Return the shared dictionary `key`; `cached` as above."""
        return self.shared.create_hash(key, value_type, cached=cached)

    def create_set(self, key: str, value_type: Any = str) -> collections.Set[Any]:
        """Return the shared set `key`."""
        return self.shared.create_set(key, value_type)

    def create_list(self, key: str, value_type: Any = str) -> collections.List[Any]:
        """Return the shared list `key`."""
        return self.shared.create_list(key, value_type)

    def create_sortedset(self, key: str, value_type: Any = str) -> collections.SortedSet[Any]:
        """Return the shared set `key`, which is ordered by scores."""
        return self.shared.create_sortedset(key, value_type)

    def create_queue(self, key: str, value_type: Any = str) -> collections.Queue[Any]:
        """Return the shared queue `key`, first in, first out."""
        return self.shared.create_queue(key, value_type)

    def create_lifoqueue(self, key: str, value_type: Any = str) -> collections.LifoQueue[Any]:
        """Return the shared queue `key`, last in, first out."""
        return self.shared.create_lifoqueue(key, value_type)

    def create_priorityqueue(self, key: str, value_type: Any = str) -> collections.PriorityQueue[Any]:
        """Return the shared queue `key`, smallest score first."""
        return self.shared.create_priorityqueue(key, value_type)

    def create_lock(self, key: str, **options: Any) -> collections.Lock:
        """Return the lock `key`: ``async with loop.k.create_lock("bridge", timeout=5.0):``; its options are there."""
        return self.shared.create_lock(key, **options)

    def notifications(self, handler: Callable[[Any], Any], key: str, cmd_filter: Sequence[str] | None = None) -> Any:
        """Call `handler`, plain or async, whenever one of `cmd_filter` (all by default) changes what `key` names.

        `key` may be a glob pattern. After a lost connection the handler is told to read again, see `mape.remote.redis`.
        """
        return self.shared.notifications(handler, key, cmd_filter)

    def changes(self, name: str, cmd_filter: Sequence[str] | None = None) -> Port:
        """Return the stream of new values of the local `name`; setting the same value again is no change.

        With `cmd_filter` (() for all commands) it is the stream of `notifications` of the shared key or pattern `name`.
        """
        if cmd_filter is not None:
            return self.shared.changes(name, cmd_filter or None)
        if name not in self._watched:
            self._watched[name] = Port(self._host, f"{self._path}.{name}")
        port: Port = self._watched[name]
        return port

    def __setitem__(self, name: str, value: Any) -> None:
        missing = object()
        before = self._values.get(name, missing)
        self._values[name] = value
        if name in self._watched and before is not value and _differ(before, value):
            self._watched[name].on_next(value)

    def __getitem__(self, name: str) -> Any:
        return self._values[name]

    def __delitem__(self, name: str) -> None:
        del self._values[name]

    def __setattr__(self, name: str, value: Any) -> None:
        if name.startswith("_") or hasattr(type(self), name):
            raise AttributeError(f"{name!r} is reserved in knowledge: choose another name, or set it as an item")
        self[name] = value

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):  # never set; to look it up would be endless in a copy that is being made
            raise AttributeError(f"{name!r} is reserved in knowledge")
        try:
            return self._values[name]
        except KeyError:
            raise AttributeError(f"nothing is known of {name!r} in {self._path}: set it first") from None

    def __delattr__(self, name: str) -> None:
        if name not in self._values:
            raise AttributeError(f"nothing is known of {name!r} in {self._path}")
        del self[name]

    def get(self, name: str, default: Any = None) -> Any:
        """Return what is known of `name`, or `default`."""
        return self._values.get(name, default)

    def __contains__(self, name: object) -> bool:
        return name in self._values

    def __iter__(self) -> Iterator[str]:
        return iter(tuple(self._values))

    def __len__(self) -> int:
        return len(self._values)

    def __bool__(self) -> bool:
        return True

    def __repr__(self) -> str:
        return f"<Knowledge of {self._path}: {self._values!r:.200}>"


def _differ(before: Any, after: Any) -> bool:
    try:
        return bool(before != after)
    except Exception:  # the wall around a foreign comparison: arrays and the like count as changed
        return True
