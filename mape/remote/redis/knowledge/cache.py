"""Copies of what was read, which the server takes back when it changes (client tracking).

A copy is there from the first read to the first change by anyone. It is never older than the invalidation's way from
the server, well under a millisecond; while the connection for invalidations is down there are no copies at all, and
reads go to the server. A silent partition is noticed within four seconds (see `wire.py`): no copy is staler than that.

Source: https://redis.io/docs/latest/develop/reference/client-side-caching (broadcasting mode, redirected to itself).
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

from redis.exceptions import ResponseError

from mape.remote.redis.knowledge.form import Form
from mape.remote.redis.knowledge.wire import Wire

__all__ = ["MISSING", "Cache"]

MISSING = object()
"""There is no copy; None is one of a key that does not exist."""

INVALIDATE = "__redis__:invalidate"
SIZE = 65_536
"""Keys with copies at most; the oldest go first."""


class _Copy:
    """What is known of one key: `fields` by name, None for the value of a plain key, until the key expires."""

    __slots__ = ("fields", "until")

    def __init__(self) -> None:
        self.fields: dict[str | None, tuple[Any, Form[Any] | None, str]] = {}
        self.until: float | None = None


class Cache(Wire):
    """The copies of a process, and the connection that keeps them honest."""

    _is_supported = True

    def __init__(self, app: Any, connection: Any, path: str) -> None:
        super().__init__(app, connection, path)
        self.copies: dict[str, _Copy] = {}  # bound: SIZE, in _copy
        self.hits = self.misses = self.invalidations = 0
        self._prefixes: set[str] = set()

    def figures(self) -> dict[str, float]:
        """Return all counts, for ``/metrics``."""
        own = {"hits": self.hits, "misses": self.misses, "invalidations": self.invalidations}
        return super().figures() | own | {"copies": len(self.copies)}

    def track(self, prefix: str) -> None:
        """Keep copies of keys that begin with `prefix` from now on."""
        if not any(prefix.startswith(known) for known in self._prefixes):
            self._prefixes = {prefix, *(known for known in self._prefixes if not known.startswith(prefix))}
            self.restart()

    def find(self, key: str, field: str | None = None) -> Any:
        """Return the copy of a key, or of a field of a hash; `MISSING` if there is none."""
        copy = self.copies.get(key)
        if copy is None or (found := copy.fields.get(field)) is None:
            return MISSING
        if copy.until is not None and asyncio.get_running_loop().time() >= copy.until:
            self.forget(key)
            return MISSING
        self.hits += 1
        value, form, name = found
        return value if form is None else form.decode(value, name)

    async def fetch(self, key: str, field: str | None, form: Form[Any], redis: Any) -> Any:
        """Read from the server, and keep a copy unless the key changed meanwhile.

        The copy is entered empty before the question leaves: an invalidation that overtakes the answer removes it, and
        an answer whose copy is gone is not kept.
        """
        self.misses += 1
        copy = self._copy(key) if self.is_up else _Copy()
        asked = asyncio.get_running_loop().time()
        get = ("GET", key) if field is None else ("HGET", key, field)
        raw, left = await asyncio.gather(redis.execute_command(*get), redis.execute_command("PTTL", key))
        value = None if raw is None else form.decode(raw, key)
        if self.copies.get(key) is copy:
            copy.until = asked + left / 1000 if left >= 0 else None
            if len(copy.fields) >= SIZE:
                copy.fields.clear()
            copy.fields[field] = (value, None, key) if value is None or form.is_immutable else (raw, form, key)
        return value

    def forget(self, key: str) -> None:
        """Drop the copies of a key."""
        self.copies.pop(key, None)

    def forget_all(self) -> None:
        """Drop all copies."""
        self.copies.clear()

    lost = forget_all

    async def greet(self, connection: Any) -> bool:
        """Have the server send the keys that change to this very connection."""
        if not self._prefixes or not self._is_supported:
            return False
        try:
            own = await self.ask(connection, "CLIENT", "ID")
            prefixes = [part for prefix in sorted(self._prefixes) for part in ("PREFIX", prefix)]
            await self.ask(connection, "CLIENT", "TRACKING", "ON", "REDIRECT", own, "BCAST", *prefixes)
        except ResponseError as error:  # older than Redis 6, or in memory
            self._is_supported = False
            self.app.tell(
                "uncached", self.path, f"this server does not track keys, reads are not cached: {error!s:.100}"
            )
            return False
        await self.ask(connection, "SUBSCRIBE", INVALIDATE)
        return True

    def hear(self, message: list[Any]) -> None:
        """Drop the copies of what changed; of everything where the server says nothing more."""
        if message[0] != b"message":
            return
        self.invalidations += 1
        changed: Iterable[bytes] | None = message[2]
        if changed is None:
            self.forget_all()
        for key in changed or ():
            self.copies.pop(key.decode(errors="replace"), None)

    def _copy(self, key: str) -> _Copy:
        copy = self.copies.get(key)
        if copy is None:
            if len(self.copies) >= SIZE:
                del self.copies[next(iter(self.copies))]
            copy = self.copies[key] = _Copy()
        return copy
