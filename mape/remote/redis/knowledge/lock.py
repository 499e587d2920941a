"""Locks that processes share: a lease that is renewed while it is held, and a number that tells holders apart.

One server decides. A holder that dies lets go when its lease ends. One that was merely away for too long finds out
(`Lock.is_held`), and what checks the token refuses it: that, not the lock, protects against pauses of any length.

Source: https://martin.kleppmann.com/2016/02/08/how-to-do-distributed-locking.html (fencing tokens).
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from random import Random
from typing import Any, Self

from mape.errors import MapeError, SendError, StateError
from mape.remote.redis.knowledge import atomic

__all__ = ["Lock"]

logger = logging.getLogger("mape")
LEASE = 10.0
"""How long a lock outlives a holder that died [s]."""

DRIFT = 0.01
"""Part of a lease by which clocks may differ; a holder gives up that much earlier."""

FIRST_WAIT, LONGEST_WAIT = 0.005, 0.1


class Lock:
    """``async with loop.k.create_lock("bridge") as lock:`` - one holder at a time, over all processes.

    Args:
        redis: The client.
        keys: Who holds it, and the last token; see `mape.remote.redis.knowledge.name.lock_keys`.
        lease: How long it outlives a holder that died [s]; it is renewed three times as often while it is held.
        timeout: How long ``async with`` waits for it [s]; None: as long as it takes.
        rng: Where the pauses between tries come from.
        tell: Hears when a lock that was held is lost.

    Delivery:
        Nobody else holds it while `is_held`, as long as this process and the server agree on how long a second is and
        the server does not lose what it knows (a failover may). Give `token` to whatever the lock protects.
    """

    def __init__(
        self,
        redis: Any,
        keys: tuple[str, str],
        *,
        lease: float = LEASE,
        timeout: float | None = None,
        rng: Random | None = None,
        tell: Any = None,
    ) -> None:
        if not lease > 0:
            raise StateError(f"a lock with a lease of {lease!r} s is never held: give a time above 0")
        self.lease, self.timeout = lease, timeout
        self.token: int | None = None
        """Larger than that of every holder before; None when the lock is not held."""
        self._redis, self._keys, self._rng, self._tell = redis, keys, rng, tell
        self._owner = b""
        self._valid_until = 0.0
        self._renewal: asyncio.Task[None] | None = None
        self._releases: set[asyncio.Task[Any]] = set()

    @property
    def key(self) -> str:
        """The whole key."""
        return self._keys[0]

    @property
    def is_held(self) -> bool:
        """Whether this object holds the lock, and its lease has not run out."""
        return self.token is not None and asyncio.get_running_loop().time() < self._valid_until

    async def locked(self) -> bool:
        """Return whether anybody holds it."""
        return bool(await self._redis.execute_command("EXISTS", self.key))  # the deadline is the client's

    async def acquire(self, *, blocking: bool = True, timeout: float | None = None) -> bool:  # noqa: ASYNC109 - as asyncio's own and redis-purse
        """Take the lock; wait for it up to `timeout` [s], None: as long as it takes.

        Returns:
            Whether it was taken.

        Raises:
            StateError: This object holds it already; make one for each holder.
        """
        if self.token is not None:
            raise StateError(f"lock {self.key!r} is held by this object already: release it first")
        now = asyncio.get_running_loop().time
        end = None if timeout is None else now() + timeout
        wait = FIRST_WAIT
        while True:
            done, number = await self._try()
            if done:
                self.token = number
                self._renewal = asyncio.get_running_loop().create_task(self._renew(), name=f"lease of {self.key}")
                return True
            if not blocking or (end is not None and now() >= end):
                return False
            pause = min(wait * (0.5 + (self._rng.random() if self._rng else 0.5)), LONGEST_WAIT)
            pause = min(pause, max(number, 1) / 1000) if number >= 0 else pause
            await asyncio.sleep(pause if end is None else max(min(pause, end - now()), 0))
            wait = min(wait * 2, LONGEST_WAIT)

    async def release(self) -> None:
        """Give the lock back.

        Raises:
            StateError: It is not held, or was lost: its lease ran out, or somebody removed it.
        """
        if self.token is None:
            raise StateError(f"lock {self.key!r} is not held: acquire it first")
        await self.end()
        owner, self._owner, self.token = self._owner, b"", None
        done, _ = await atomic.compare_and(self._redis, self.key, owner, "DEL")
        if not done:
            raise StateError(f"lock {self.key!r} was lost before it was released: what it guards may have been changed")

    async def end(self) -> None:
        """Renew the lease no more."""
        renewal, self._renewal = self._renewal, None
        if renewal is not None:
            renewal.cancel()
            await asyncio.gather(renewal, return_exceptions=True)

    async def __aenter__(self) -> Self:
        if not await self.acquire(timeout=self.timeout):
            raise SendError(f"lock {self.key!r} was not free within {self.timeout} s: try again later")
        return self

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            await self.release()
        except MapeError as error:
            if kind is None:
                raise
            logger.warning("lock %s was not released: %s", self.key, error)

    async def _try(self) -> tuple[bool, int]:
        asked = asyncio.get_running_loop().time()
        owner = secrets.token_hex(16).encode()
        try:
            done, number = await atomic.acquire(self._redis, self._keys, owner, self._lease_ms)
        except (asyncio.CancelledError, MapeError):
            # It may be ours by now, and nobody knows: let it go behind the back of who no longer waits.
            task = asyncio.get_running_loop().create_task(self._let_go(owner))
            self._releases.add(task)
            task.add_done_callback(self._releases.discard)
            raise
        if done:
            self._owner, self._valid_until = owner, asked + self.lease * (1 - DRIFT)
        return done, number

    async def _let_go(self, owner: bytes) -> None:
        try:
            await atomic.compare_and(self._redis, self.key, owner, "DEL")
        except MapeError as error:
            logger.info("lock %s is free when its lease ends: %s", self.key, error)

    async def _renew(self) -> None:
        """Push the end of the lease back, until that fails for as long as the lease."""
        now = asyncio.get_running_loop().time
        while now() < self._valid_until:
            await asyncio.sleep(self.lease / 3)
            asked = now()
            try:
                done, _ = await atomic.compare_and(self._redis, self.key, self._owner, "PEXPIRE", self._lease_ms)
            except MapeError as error:
                logger.warning("the lease of lock %s was not renewed, trying again: %s", self.key, error)
                continue
            if not done:
                break
            self._valid_until = asked + self.lease * (1 - DRIFT)
        self._valid_until = 0.0
        if self._tell is not None:
            self._tell("lock_lost", self.key, "a lock was lost while it was held: the lease ran out, or it was removed")

    @property
    def _lease_ms(self) -> int:
        return max(int(self.lease * 1000), 1)
