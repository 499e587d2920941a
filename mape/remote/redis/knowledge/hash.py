"""A shared dictionary under one key."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any, TypeVar

from purse.collections import RedisHash

from mape.remote.redis.knowledge import atomic
from mape.remote.redis.knowledge.cache import MISSING, Cache
from mape.remote.redis.knowledge.collection import Collection
from mape.remote.redis.knowledge.form import Form

__all__ = ["Hash"]

T = TypeVar("T")


class Hash(Collection[T], RedisHash[Any]):
    """A dictionary that processes share; the methods of redis-purse' ``RedisHash``.

    Differs from redis-purse: every type of value; ``setdefault`` is one step.

    Args:
        cache: Keeps copies of what `get` read, see `mape.remote.redis.knowledge.cache`.
    """

    def __init__(self, redis: Any, key: str, form: Form[T], cache: Cache | None = None) -> None:
        super().__init__(redis, key, form)
        self._cache = cache

    async def get(self, key: str) -> T | None:
        """Return the value of `key`; None when there is none."""
        if self._cache is not None:
            value = self._cache.find(self.rkey, key)
            copy: T | None = (
                await self._cache.fetch(self.rkey, key, self.form, self.redis) if value is MISSING else value
            )
            return copy
        raw = await self.call("HGET", key)
        return None if raw is None else self.value(raw)

    async def set(self, key: str, value: T) -> int:
        """Set `key`; return 1 if it is new."""
        return int(await self._writing(self.call("HSET", key, self.form.encode(value))))

    async def setdefault(self, key: str, value: T) -> T:
        """Return the value of `key`, set to `value` if there was none; of many who do so, all get the same."""
        while True:
            if await self._writing(self.call("HSETNX", key, self.form.encode(value))):
                return value
            raw = await self.call("HGET", key)
            if raw is not None:  # else it is gone in the meantime
                return self.value(raw)

    async def update(self, mapping: Mapping[Any, T]) -> int:
        """Set the entries of a mapping; return how many are new."""
        pairs = [part for key, value in mapping.items() for part in (key, self.form.encode(value))]
        return int(await self._writing(self.call("HSET", *pairs))) if pairs else 0

    async def pop(self, key: str) -> T | None:
        """Remove `key` and return its value; None when there is none."""
        raw = await self._writing(atomic.pop_field(self.redis, self.rkey, key))
        return None if raw is None else self.value(raw)

    async def delete(self, key: str) -> int:
        """Remove `key`; return 1 if it was there."""
        return int(await self._writing(self.call("HDEL", key)))

    async def clear(self) -> bool:
        """Remove the hash; return whether there was one."""
        return bool(await self._writing(self.call("UNLINK")))

    async def contains(self, key: str) -> bool:
        """Return whether there is such a key."""
        return bool(await self.call("HEXISTS", key))

    async def len(self) -> int:
        """Return the number of entries."""
        return int(await self.call("HLEN"))

    async def dict(self) -> dict[str, T]:
        """Return all entries, as they were at one moment."""
        return {_text(key): self.value(raw) for key, raw in (await self.redis.hgetall(self.rkey)).items()}

    def items(self, match: str | None = None, batch_hint: int | None = None) -> AsyncIterator[tuple[str, T]]:
        """Iterate over keys and values, also of large hashes; `match` is a glob pattern for keys."""
        return self._items(match, batch_hint)

    async def _items(self, match: str | None, batch_hint: int | None) -> AsyncIterator[tuple[str, T]]:
        seen: set[str] = set()
        async for raw_key, raw in self.redis.hscan_iter(self.rkey, match=match, count=batch_hint):
            key = _text(raw_key)
            if key not in seen:  # the server may give an entry twice
                seen.add(key)
                yield key, self.value(raw)

    async def _writing(self, write: Any) -> Any:
        try:
            return await write
        finally:
            if self._cache is not None:
                self._cache.forget(self.rkey)


def _text(raw: bytes) -> str:
    return raw.decode(errors="replace")
