"""Shared sets, plain and ordered by scores."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, TypeVar

from purse.collections import RedisSet, RedisSortedSet

from mape.remote.redis.knowledge.collection import Collection

__all__ = ["Set", "SortedSet"]

T = TypeVar("T")
Scored = tuple[T, float]


class Set(Collection[T], RedisSet[Any]):
    """A set that processes share; the methods of redis-purse' ``RedisSet``, and `discard`.

    Differs from redis-purse: every type of value; ``values(match=...)`` filters (on the written form), and gives each
    value once.
    """

    async def add(self, member: T) -> int:
        """Add a member; return 1 if it was new."""
        return int(await self.call("SADD", self.form.encode(member)))

    async def update(self, *members: T) -> int:
        """Add members; return how many were new."""
        return int(await self.call("SADD", *self.raw(members))) if members else 0

    async def remove(self, *members: T) -> int:
        """Remove members; return how many there were."""
        return int(await self.call("SREM", *self.raw(members))) if members else 0

    async def discard(self, member: T) -> int:
        """Remove a member; return 1 if it was there."""
        return await self.remove(member)

    async def contains(self, member: T) -> bool:
        """Return whether `member` is in the set."""
        return bool(await self.call("SISMEMBER", self.form.encode(member)))

    async def len(self) -> int:
        """Return the number of members."""
        return int(await self.call("SCARD"))

    async def members(self) -> list[T]:
        """Return all members, as they were at one moment; in no order."""
        return [self.value(raw) for raw in await self.redis.smembers(self.rkey)]

    def values(self, match: str | None = None, batch_hint: int | None = None) -> AsyncIterator[T]:
        """Iterate over the members, also over large sets; `match` is a glob pattern for the written form."""
        return self._values(match, batch_hint)

    async def _values(self, match: str | None, batch_hint: int | None) -> AsyncIterator[T]:
        seen: set[bytes] = set()
        async for raw in self.redis.sscan_iter(self.rkey, match=match, count=batch_hint):
            if raw not in seen:  # the server may give a member twice
                seen.add(raw)
                yield self.value(raw)


class SortedSet(Collection[T], RedisSortedSet[Any]):
    """A set ordered by scores that processes share; the methods of redis-purse' ``RedisSortedSet``.

    Differs from redis-purse: every type of value; ``values(match=...)`` filters; ``score`` and ``rank`` of an unknown
    member are None; ``peak_...`` of an empty set are None, as are ``blocking_pop_...`` when nothing came in time.
    """

    async def add(self, member: Scored[T], nx: bool = False, xx: bool = False, ch: bool = False) -> int:  # noqa: FBT001, FBT002 - as redis-purse
        """Add ``(member, score)``; return 1 if it was new."""
        return await self.add_multi([member], nx, xx, ch)

    async def add_multi(self, members: list[Scored[T]], nx: bool = False, xx: bool = False, ch: bool = False) -> int:  # noqa: FBT001, FBT002 - as redis-purse
        """Add ``(member, score)`` pairs; return how many were new (with `ch`: changed)."""
        scores = {self.form.encode(member): score for member, score in members}
        return int(await self.redis.zadd(self.rkey, scores, nx=nx, xx=xx, ch=ch)) if scores else 0

    async def increment(self, member: Scored[T]) -> Scored[T]:
        """Add to the score of a member; return it with its new score."""
        value, by = member
        return value, float(await self.call("ZINCRBY", by, self.form.encode(value)))

    async def increment_multi(self, members: list[Scored[T]]) -> list[Scored[T]]:
        """Add to the scores of members; return them with their new scores."""
        return [await self.increment(member) for member in members]

    async def remove(self, *members: T) -> int:
        """Remove members; return how many there were."""
        return int(await self.call("ZREM", *self.raw(members))) if members else 0

    async def score(self, member: T) -> float | None:  # type: ignore[override] # None where redis-purse fails
        """Return the score of `member`; None when it is not there."""
        score = await self.call("ZSCORE", self.form.encode(member))
        return None if score is None else float(score)

    async def score_multi(self, members: list[T]) -> list[tuple[T, float | None]]:  # type: ignore[override] # None where redis-purse fails
        """Return members with their scores."""
        scores = await self.redis.zmscore(self.rkey, self.raw(members)) if members else []
        return list(zip(members, scores, strict=True))

    async def rank(self, member: T, descending: bool = False) -> int | None:  # type: ignore[override] # None where redis-purse fails # noqa: FBT001, FBT002 - as redis-purse
        """Return how many members stand before `member`; None when it is not there."""
        rank = await self.call("ZREVRANK" if descending else "ZRANK", self.form.encode(member))
        return None if rank is None else int(rank)

    async def contains(self, member: T) -> bool:
        """Return whether `member` is in the set."""
        return await self.score(member) is not None

    async def len(self) -> int:
        """Return the number of members."""
        return int(await self.call("ZCARD"))

    async def slice_by_rank(self, min_rank: int, max_rank: int, descending: bool = False) -> list[Scored[T]]:  # noqa: FBT001, FBT002 - as redis-purse
        """Return the members from one rank to another, both included, with their scores."""
        return self._pairs(await self.redis.zrange(self.rkey, min_rank, max_rank, desc=descending, withscores=True))

    async def slice_by_score(
        self,
        min_score: float,
        max_score: float,
        offset: int | None = None,
        count: int | None = None,
        descending: bool = False,  # noqa: FBT001, FBT002 - as redis-purse
    ) -> list[Scored[T]]:
        """Return the members from one score to another, both included, with their scores."""
        ways = self.redis.zrevrangebyscore if descending else self.redis.zrangebyscore
        first, last = (max_score, min_score) if descending else (min_score, max_score)
        offset = 0 if offset is None and count is not None else offset
        count = -1 if count is None and offset is not None else count
        return self._pairs(await ways(self.rkey, first, last, start=offset, num=count, withscores=True))

    async def pop_min(self, count: int = 1) -> list[Scored[T]]:
        """Remove the members with the smallest scores, and return them."""
        return self._pairs(await self.redis.zpopmin(self.rkey, count))

    async def pop_max(self, count: int = 1) -> list[Scored[T]]:
        """Remove the members with the largest scores, and return them."""
        return self._pairs(await self.redis.zpopmax(self.rkey, count))

    async def peak_min(self) -> Scored[T] | None:  # type: ignore[override] # None where redis-purse fails
        """Return the member with the smallest score; None when there is none."""
        return next(iter(await self.slice_by_rank(0, 0)), None)

    async def peak_max(self) -> Scored[T] | None:  # type: ignore[override] # None where redis-purse fails
        """Return the member with the largest score; None when there is none."""
        return next(iter(await self.slice_by_rank(0, 0, descending=True)), None)

    async def blocking_pop_min(self, timeout: float = 0) -> Scored[T] | None:  # type: ignore[override] # None where redis-purse fails # noqa: ASYNC109 - as redis-purse
        """Wait up to `timeout` [s], 0 for ever, for a member, and remove the one with the smallest score."""
        return self._popped(await self.redis.blocking(timeout, "BZPOPMIN", self.rkey))

    async def blocking_pop_max(self, timeout: float = 0) -> Scored[T] | None:  # type: ignore[override] # None where redis-purse fails # noqa: ASYNC109 - as redis-purse
        """Wait up to `timeout` [s], 0 for ever, for a member, and remove the one with the largest score."""
        return self._popped(await self.redis.blocking(timeout, "BZPOPMAX", self.rkey))

    def values(self, match: str | None = None, batch_hint: int | None = None) -> AsyncIterator[Scored[T]]:
        """Iterate over members and scores, also over large sets; `match` is a glob pattern for the written form."""
        return self._values(match, batch_hint)

    async def _values(self, match: str | None, batch_hint: int | None) -> AsyncIterator[Scored[T]]:
        seen: set[bytes] = set()
        async for raw, score in self.redis.zscan_iter(self.rkey, match=match, count=batch_hint):
            if raw not in seen:  # the server may give a member twice
                seen.add(raw)
                yield self.value(raw), float(score)

    def _pairs(self, found: list[tuple[bytes, float]]) -> list[Scored[T]]:
        return [(self.value(raw), float(score)) for raw, score in found]

    def _popped(self, found: Any) -> Scored[T] | None:
        return None if found is None else (self.value(found[1]), float(found[2]))
