"""Shared lists and queues."""

from __future__ import annotations

import secrets
import time
from asyncio import QueueEmpty
from collections.abc import AsyncIterator, Iterable
from typing import Any, TypeVar

from purse.collections import RedisList, RedisPriorityQueue, RedisQueue

from mape.remote.redis.knowledge import atomic
from mape.remote.redis.knowledge.collection import Collection

__all__ = ["LifoQueue", "List", "PriorityQueue", "Queue"]

T = TypeVar("T")
PREFIX = 36
"""Characters before a value in a priority queue: when it was put [us], and chance. redis-purse has a UUID there."""


class List(Collection[T], RedisList[Any]):
    """A list that processes share, also a deque; the methods of redis-purse' ``RedisList``.

    Differs from redis-purse: every type of value; ``contains`` finds the first item; ``remove`` removes, and says how
    many; ``pop`` from an empty list raises IndexError; ``insert`` is one step, so that no item is lost or seen twice.
    """

    async def append(self, item: T) -> int:
        """Add an item at the end; return the length."""
        return int(await self.call("RPUSH", self.form.encode(item)))

    async def appendleft(self, item: T) -> int:
        """Add an item at the start; return the length."""
        return int(await self.call("LPUSH", self.form.encode(item)))

    async def extend(self, items: Iterable[T]) -> int:
        """Add items at the end; return the length."""
        return int(await self.call("RPUSH", *raw) if (raw := self.raw(items)) else await self.len())

    async def extendleft(self, items: Iterable[T]) -> int:
        """Add items at the start, one by one, so that the last comes first; return the length."""
        return int(await self.call("LPUSH", *raw) if (raw := self.raw(items)) else await self.len())

    async def insert(self, index: int, item: T) -> None:
        """Insert an item before `index`, as a list of Python does."""
        await atomic.insert(self.redis, self.rkey, index, self.form.encode(item), secrets.token_bytes(16))

    async def setitem(self, index: int, value: T) -> None:
        """Replace the item at `index`.

        Raises:
            IndexError: There is none.
        """
        if await self.len() <= (index if index >= 0 else -index - 1):
            raise IndexError(f"list {self.rkey!r} has no item {index}")
        await self.call("LSET", index, self.form.encode(value))

    async def getitem(self, index: int) -> T:
        """Return the item at `index`.

        Raises:
            IndexError: There is none.
        """
        return self._there(await self.call("LINDEX", index))

    async def pop(self) -> T:
        """Remove the last item and return it.

        Raises:
            IndexError: The list is empty.
        """
        return self._there(await self.call("RPOP"))

    async def popleft(self) -> T:
        """Remove the first item and return it.

        Raises:
            IndexError: The list is empty.
        """
        return self._there(await self.call("LPOP"))

    async def remove(self, value: T, count: int = 0) -> int:
        """Remove `value`: all, or the first `count`, or the last ones where it is negative; return how many."""
        return int(await self.call("LREM", count, self.form.encode(value)))

    async def len(self) -> int:
        """Return the number of items."""
        return int(await self.call("LLEN"))

    async def contains(self, value: T) -> bool:
        """Return whether `value` is in the list."""
        return await self.index(value) is not None

    async def index(self, value: T) -> int | None:
        """Return where `value` stands first; None when it is not there."""
        place: int | None = await self.call("LPOS", self.form.encode(value))
        return place

    async def slice(self, start: int, stop: int) -> list[T]:
        """Return the items from `start` to before `stop`, as a list of Python does."""
        if stop == 0:
            return []
        return [self.value(raw) for raw in await self.call("LRANGE", start, stop - 1)]

    def values(self, batch_size: int | None = 100) -> AsyncIterator[T]:
        """Iterate over the items in order; `batch_size` are read at a time, all at once when it is None."""
        return self._values(batch_size)

    async def _values(self, size: int | None) -> AsyncIterator[T]:
        start = 0
        while found := await self.call("LRANGE", start, start + size - 1 if size else -1):
            for raw in found:
                yield self.value(raw)
            if not size or len(found) < size:
                return
            start += size

    def _there(self, raw: bytes | None) -> T:
        if raw is None:
            raise IndexError(f"list {self.rkey!r} has no such item")
        return self.value(raw)


class Queue(Collection[T], RedisQueue[Any]):
    """A queue that processes share, first in, first out; each item goes to one of those who wait.

    Differs from redis-purse: every type of value; a wait notices a lost connection.

    Delivery:
        At most once: an item that a process took is its own, also when that process dies the moment after.
    """

    put_command = "LPUSH"

    async def put(self, item: T) -> int:
        """Add an item; return how many wait."""
        return int(await self.call(self.put_command, self.form.encode(item)))

    async def get(self, timeout: float = 0) -> T:  # noqa: ASYNC109 - as redis-purse
        """Wait up to `timeout` [s], 0 for ever, for an item, and take it out.

        Raises:
            asyncio.QueueEmpty: None came in time.
        """
        return self._there(await self.redis.blocking(timeout, "BRPOP", self.rkey), 1)

    async def get_nowait(self) -> T:
        """Take an item out.

        Raises:
            asyncio.QueueEmpty: There is none.
        """
        raw = await self.call("RPOP")
        return self._there(None if raw is None else (raw,), 0)

    async def qsize(self) -> int:
        """Return how many items wait."""
        return int(await self.call("LLEN"))

    async def len(self) -> int:
        """Return how many items wait."""
        return await self.qsize()

    def _there(self, found: Any, place: int) -> T:
        if found is None:
            raise QueueEmpty(f"queue {self.rkey!r} is empty")
        return self.value(found[place])


class LifoQueue(Queue[T]):
    """A queue that processes share, last in, first out; otherwise as `Queue`."""

    put_command = "RPUSH"


class PriorityQueue(Collection[T], RedisPriorityQueue[Any]):
    """A queue of ``(item, priority)`` that processes share, smallest priority first, and the oldest among equals.

    Differs from redis-purse: every type of value; equal priorities come in the order of the clocks of who put them;
    priorities may be fractions; ``get_nowait`` works.
    """

    async def put(self, item: tuple[T, float]) -> int:
        """Add ``(item, priority)``; return 1."""
        value, priority = item
        mark = f"{time.time_ns() // 1000:016x}{secrets.token_hex(10)}".encode()
        return int(await self.call("ZADD", priority, mark + self.form.encode(value)))

    async def get(self, timeout: float = 0) -> tuple[T, float]:  # type: ignore[override] # fractions # noqa: ASYNC109 - as redis-purse
        """Wait up to `timeout` [s], 0 for ever, for an item, and take the first out, with its priority.

        Raises:
            asyncio.QueueEmpty: None came in time.
        """
        found = await self.redis.blocking(timeout, "BZPOPMIN", self.rkey)
        return self._there(None if found is None else found[1:])

    async def get_nowait(self) -> tuple[T, float]:  # type: ignore[override] # fractions
        """Take the first item out, with its priority.

        Raises:
            asyncio.QueueEmpty: There is none.
        """
        return self._there(next(iter(await self.redis.zpopmin(self.rkey)), None))

    async def qsize(self) -> int:
        """Return how many items wait."""
        return int(await self.call("ZCARD"))

    async def len(self) -> int:
        """Return how many items wait."""
        return await self.qsize()

    def _there(self, found: Any) -> tuple[T, float]:
        if found is None:
            raise QueueEmpty(f"queue {self.rkey!r} is empty")
        return self.value(found[0][PREFIX:]), float(found[1])
