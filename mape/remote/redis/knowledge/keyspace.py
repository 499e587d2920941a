"""Shared values by name, each under a key of its own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import timedelta
from random import Random
from typing import Any, TypeVar, cast, overload

from purse.collections import RedisKeySpace

from mape.errors import ConflictError
from mape.remote.redis.knowledge import atomic
from mape.remote.redis.knowledge.cache import MISSING, Cache
from mape.remote.redis.knowledge.form import Form
from mape.remote.redis.knowledge.name import entry_key, escaped

__all__ = ["KeySpace"]

T = TypeVar("T")
TRIES = 200
"""How often `KeySpace.update` begins again before it gives up."""

PAUSE = 0.002
"""The longest wait before the second try, at random; the tenth may wait ten times as long [s]."""

PAGE = 500
Seconds = int | timedelta


class KeySpace(RedisKeySpace[T]):
    """Single values by name, each under a key of its own; the methods of redis-purse' ``RedisKeySpace``, and more.

    Differs from redis-purse: every type of value; ``clear`` sees each key once; ``pop``, ``setdefault`` are one step;
    `setnx`, `compare_and_set` and ``update(key, function)`` are new.

    Args:
        redis: The client.
        prefix: What all keys begin with.
        form: How values are written.
        is_default: Whether other collections have keys with that prefix: entries hold no dots then.
        cache: Keeps copies of what was read, see `mape.remote.redis.knowledge.cache`.
        rng: Where the pauses between tries come from.
    """

    redis: Any
    __slots__ = ("_cache", "_keys", "_rng", "form", "is_default")

    def __init__(
        self,
        redis: Any,
        prefix: str,
        form: Form[T],
        *,
        is_default: bool = False,
        cache: Cache | None = None,
        rng: Random | None = None,
    ) -> None:
        super().__init__(redis, prefix, bytes)  # type: ignore[arg-type] # what is below keeps bytes
        self.form, self.is_default = form, is_default
        self._cache, self._rng = cache, rng
        self._keys: dict[str, str] = {}

    def key(self, name: str) -> str:
        """Return the whole key of the entry `name`.

        Raises:
            UidError: The name is malformed.
        """
        key = self._keys.get(name)
        if key is None:
            key = entry_key(self.prefix, name, dots=not self.is_default)
            if len(self._keys) < PAGE:  # those that come back are known soon
                self._keys[name] = key
        return key

    async def get(self, key: str) -> T | None:
        """Return the value of `key`; None when there is none.

        Raises:
            DecodeError: What is there is no value of the type.
        """
        name = self._keys.get(key) or self.key(key)
        if self._cache is not None:
            value = self._cache.find(name)
            copy: T | None = await self._cache.fetch(name, None, self.form, self.redis) if value is MISSING else value
            return copy
        raw = await self.redis.execute_command("GET", name)  # the deadline is the client's
        return None if raw is None else self.form.decode(raw, name)

    async def set(
        self,
        key: str,
        value: T,
        ex: Seconds | None = None,
        px: Seconds | None = None,
        nx: bool = False,  # noqa: FBT001, FBT002 - as redis-purse
        xx: bool = False,  # noqa: FBT001, FBT002 - as redis-purse
        keepttl: bool = False,  # noqa: FBT001, FBT002 - as redis-purse
    ) -> bool:
        """Set `key` for `ex` seconds or `px` milliseconds, or for good; `nx`: if it is new, `xx`: if it is not.

        Returns:
            Whether it was set.
        """
        name, raw = self.key(key), self.form.encode(value)
        if ex is None and px is None and not (nx or xx or keepttl):
            done = await self._writing(name, self._call("SET", name, raw))
        else:
            done = await self._writing(name, self.redis.set(name, raw, ex=ex, px=px, nx=nx, xx=xx, keepttl=keepttl))
        return bool(done)

    async def setnx(self, key: str, value: T) -> bool:
        """Set `key` if there is no such key; return whether it was set."""
        return await self.set(key, value, nx=True)

    async def setdefault(
        self,
        key: str,
        value: T,
        ex: Seconds | None = None,
        px: Seconds | None = None,
        nx: bool = False,  # noqa: ARG002, FBT001, FBT002 - as redis-purse; it is always so
        xx: bool = False,  # noqa: ARG002, FBT001, FBT002 - as redis-purse; it makes no sense
        keepttl: bool = False,  # noqa: ARG002, FBT001, FBT002 - as redis-purse; a new key has no time to keep
    ) -> T:
        """Return the value of `key`, set to `value` if there was none; of many who do so, all get the same."""
        while True:
            if await self.set(key, value, ex=ex, px=px, nx=True):
                return value
            raw = await self._call("GET", self.key(key))
            if raw is not None:  # else it is gone in the meantime
                return self.form.decode(raw, self.key(key))

    @overload
    async def update(self, key: Mapping[str, T], if_none_exist: bool = False) -> bool: ...  # noqa: FBT001, FBT002 - as redis-purse
    @overload
    async def update(
        self, key: str, function: Callable[[T | None], T | None], /, *, tries: int = TRIES
    ) -> T | None: ...
    async def update(self, key: str | Mapping[str, T], if_none_exist: Any = False, *, tries: int = TRIES) -> Any:  # noqa: FBT002
        """Set the entries of a mapping at once; or set `key` to what a function makes of its value, as one step.

        Args:
            key: The entries, or a key.
            if_none_exist: With entries: whether to set nothing if one of the keys is there. In its place, with a key,
                the function: it takes the value, None when there is none, and returns the new one, None to remove
                the key. It is called again when somebody else was faster, so it must have no other effect.
            tries: How often.

        Returns:
            Whether entries were set; or the new value.

        Raises:
            ConflictError: Somebody else was faster `tries` times.
        """
        function = if_none_exist
        if not callable(function):
            return await self._set_all(cast("Mapping[str, T]", key), only_new=bool(function))
        name = self.key(str(key))
        held = await self._call("GET", name)
        for attempt in range(tries):
            value = function(None if held is None else self.form.decode(held, name))
            done, held = await self._swap(name, held, value)
            if done:
                return value
            await asyncio.sleep(PAUSE * (attempt + 1) * self._rng.random() if self._rng else 0)
        raise ConflictError(f"key {name!r} was changed by others {tries} times in a row: try again, or later")

    async def compare_and_set(self, key: str, expected: T | None, new: T | None) -> bool:
        """Set `key` to `new` if its value is `expected`; None stands for no such key. Its time to live stays.

        Returns:
            True.

        Raises:
            ConflictError: It has another value; nothing was done.
        """
        name = self.key(key)
        done, held = await self._swap(name, None if expected is None else self.form.encode(expected), new)
        if not done and held is not None and expected is not None and self.form.decode(held, name) == expected:
            done, held = await self._swap(name, held, new)  # the same value, written by somebody else in another form
        if not done:
            raise ConflictError(f"key {name!r} holds another value than expected: read it again, and decide anew")
        return True

    async def pop(self, key: str) -> T | None:
        """Remove `key` and return its value; None when there is none."""
        name = self.key(key)
        raw = await self._writing(name, self.redis.getdel(name))
        return None if raw is None else self.form.decode(raw, name)

    async def delete(self, key: str) -> bool:
        """Remove `key`; return whether it was there."""
        name = self.key(key)
        return bool(await self._writing(name, self._call("UNLINK", name)))

    async def clear(self) -> int:
        """Remove all entries; return how many."""
        gone, page = 0, []
        async for name in self.keys():
            page.append(self.key(name))
            if len(page) == PAGE:
                gone += await self.redis.remove_all(page)
                page = []
        gone += await self.redis.remove_all(page) if page else 0
        if self._cache is not None:
            self._cache.forget_all()
        return gone

    async def ttl(self, key: str) -> int:
        """Return how long `key` lives still [s]; -1: for good, -2: there is none."""
        return await super().ttl(self._own(key))

    async def pttl(self, key: str) -> int:
        """Return how long `key` lives still, in milliseconds; -1: for good, -2: there is none."""
        return await super().pttl(self._own(key))

    async def expire(self, key: str, seconds: Seconds) -> bool:
        """Let `key` live for `seconds` from now; return whether it is there."""
        return bool(await self._writing(self.key(key), super().expire(key, seconds)))

    async def pexpire(self, key: str, millis: Seconds) -> bool:
        """Let `key` live for `millis` milliseconds from now; return whether it is there."""
        return bool(await self._writing(self.key(key), super().pexpire(key, millis)))

    async def persist(self, key: str) -> bool:
        """Let `key` live for good; return whether it was to expire."""
        return bool(await self._writing(self.key(key), self.redis.persist(self.key(key))))

    async def contains(self, key: str) -> bool:
        """Return whether there is such a key."""
        return bool(await self._call("EXISTS", self.key(key)))

    def keys(self, batch_hint: int | None = None, with_prefix: bool = False) -> AsyncIterator[str]:  # noqa: FBT001, FBT002 - as redis-purse
        """Iterate over the names of all entries, each once, in no order; the server looks at all its keys for it."""
        return self._scanned(batch_hint or PAGE, with_prefix=with_prefix)

    def items(self, batch_hint: int | None = None) -> AsyncIterator[tuple[str, T]]:
        """Iterate over names and values."""
        return self._items(batch_hint or PAGE)

    async def _scanned(self, hint: int, *, with_prefix: bool) -> AsyncIterator[str]:
        seen: set[str] = set()
        strings = "STRING" if self.is_default else None  # there the keys of other collections begin alike
        async for raw in self.redis.scan_iter(match=escaped(self.prefix) + "*", count=hint, _type=strings):
            name = raw.decode(errors="replace")[len(self.prefix) :]
            if name not in seen and not (self.is_default and "." in name):
                seen.add(name)
                yield self.prefix + name if with_prefix else name

    async def _items(self, hint: int) -> AsyncIterator[tuple[str, T]]:
        page: list[str] = []
        async for name in self.keys(hint):
            page.append(name)
            if len(page) == PAGE:
                for pair in await self._read(page):
                    yield pair
                page = []
        for pair in await self._read(page):
            yield pair

    async def _read(self, names: list[str]) -> list[tuple[str, T]]:
        """Read entries together; those that are gone meanwhile are left out."""
        values = await asyncio.gather(*map(self.get, names))
        return [(name, value) for name, value in zip(names, values, strict=True) if value is not None]

    async def _set_all(self, mapping: Mapping[str, T], *, only_new: bool) -> bool:
        values = {self.key(name): self.form.encode(value) for name, value in mapping.items()}
        if not values:
            return True
        write = self.redis.msetnx(values) if only_new else self.redis.set_all(values)
        done = await write
        for name in values if self._cache is not None else ():
            self._forget(name)
        return bool(done) or not only_new

    async def _swap(self, name: str, held: bytes | None, value: T | None) -> tuple[bool, bytes | None]:
        command = ("UNLINK",) if value is None else ("SET", self.form.encode(value), "KEEPTTL")
        return await self._writing(name, atomic.compare_and(self.redis, name, held, *command))  # type: ignore[no-any-return]

    async def _writing(self, name: str, write: Any) -> Any:
        """See a write through; no copy of what was there before outlives it."""
        try:
            return await write
        finally:
            self._forget(name)

    def _call(self, *command: Any) -> Any:
        return self.redis.execute_command(*command)  # the deadline is the client's

    def _forget(self, name: str) -> None:
        if self._cache is not None:
            self._cache.forget(name)

    def _own(self, key: str) -> str:
        return self.key(key)[len(self.prefix) :]

    def __repr__(self) -> str:
        return f"<KeySpace {self.prefix!r}>"
