"""What all collections under one key have in common: a form for values, and the key's own life."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Generic, TypeVar

from purse.collections import RedisKey

from mape.remote.redis.knowledge.form import Form

__all__ = ["Collection"]

T = TypeVar("T")


class Collection(Generic[T], RedisKey):  # noqa: PYI059 - the order in which redis-purse has them
    """Under a collection of redis-purse that keeps bytes, one that keeps values.

    Args:
        redis: The client.
        key: The whole key.
        form: How values are written.
    """

    redis: Any

    def __init__(self, redis: Any, key: str, form: Form[T]) -> None:
        super().__init__(redis, key, bytes)  # type: ignore[call-arg] # the next class is one of redis-purse's
        self.form = form

    @property
    def key(self) -> str:
        """The whole key, as the server knows it."""
        return self.rkey

    def call(self, command: str, *arguments: Any) -> Any:
        """Send a command on the key; the answer comes by ``await``."""
        return self.redis.execute_command(command, self.rkey, *arguments)

    def value(self, raw: Any) -> T:
        """Return the value of what was read.

        Raises:
            DecodeError: It is no value of the type; names the key.
        """
        return self.form.decode(raw, self.rkey)

    def raw(self, values: Iterable[T]) -> list[bytes]:
        """Return the bytes of values."""
        return [self.form.encode(value) for value in values]

    async def exists(self) -> bool:
        """Return whether there is anything under the key."""
        return bool(await self.call("EXISTS"))

    async def key_type(self) -> str:
        """Return what redis calls the kind of what is under the key; "none" when nothing is."""
        kind = await self.call("TYPE")
        return kind.decode() if isinstance(kind, bytes) else str(kind)

    async def clear(self) -> bool:
        """Remove the key and all in it; return whether there was anything."""
        return bool(await self.call("UNLINK"))

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.rkey!r}>"
