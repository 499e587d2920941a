"""Streams in Redis or Valkey: the methods of `log.Log`, each one script, one round trip."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from hashlib import sha1
from typing import Any

from redis.exceptions import AuthenticationError, NoScriptError, RedisError, ResponseError

from mape.errors import ConflictError, ConnectError, PeerError, SendError
from mape.remote.redis.connection import RedisConnection
from mape.remote.redis.stream import script
from mape.remote.redis.stream.key import Keys, dead_key, members_key, shape_key
from mape.remote.redis.stream.log import Entry, Grant, Holding, Letter, Parcel, Roll, Standing

__all__ = ["RedisLog"]

DEAD = 10_000
"""Dead letters that are kept, about."""
ANSWER = 1.5
"""How long a script may take [s]."""
SLACK = 1.0
"""How much longer than it should a blocking read may take [s]."""
PASSING = ("LOADING", "READONLY", "OOM", "BUSY", "TRYAGAIN", "CLUSTERDOWN", "MASTERDOWN", "MISCONF", "NOREPLICAS")
"""What Redis says when it will do it later."""


class RedisLog:
    """See `log.Log`; needs Redis 7 or Valkey.

    Args:
        connection: Where the server is.
    """

    def __init__(self, connection: RedisConnection) -> None:
        self._connection = connection
        self._digests: dict[str, str] = {}
        self._cursors: dict[Holding, str] = {}
        self._blocking: dict[str, Any] = {}

    async def shape(self, stream: str, partitions: int) -> int:
        """See `log.Log.shape`."""
        key = shape_key(stream)
        async with _faults():
            await self._connection.client.set(key, partitions, nx=True)  # the client has a deadline
            return int(await self._connection.client.get(key) or partitions)

    async def append(self, stream: str, parcel: Parcel, most: int, *, trims: bool) -> Standing:
        """See `log.Log.append`."""
        keys = Keys(stream)
        upto, again = parcel.seq + parcel.items, "1" if parcel.is_again else ""
        reply = await self._run(
            script.APPEND,
            [stream, keys.sent, keys.seen, keys.marks],
            [parcel.source, parcel.seq, upto, parcel.before, most, int(trims), parcel.payload, again],
        )
        return Standing(int(reply[0]), int(reply[1]))

    async def standing(self, stream: str, source: str) -> Standing:
        """See `log.Log.standing`."""
        keys = Keys(stream)
        reply = await self._run(script.STANDING, [stream, keys.sent, keys.marks], [source])
        return Standing(int(reply[0]), int(reply[1]))

    async def meet(self, stream: str, group: str, name: str, joined: int, seconds: float) -> Roll:
        """See `log.Log.meet`."""
        keys = [members_key(stream, group), shape_key(stream), stream]
        shape, born, *members = map(_text, await self._run(script.MEET, keys, [name, joined, _ms(seconds)]))
        pairs = sorted((int(since), who) for since, who in zip(members[::2], members[1::2], strict=True))
        return Roll(tuple(who for _, who in pairs), int(shape) if shape else None, int(born))

    async def leave(self, stream: str, group: str, name: str) -> None:
        """See `log.Log.leave`."""
        async with _faults():
            await self._connection.client.hdel(members_key(stream, group), name)  # the client has a deadline

    async def acquire(self, holding: Holding, seconds: float, start: str, marks: Mapping[str, int]) -> Grant | None:
        """See `log.Log.acquire`."""
        keys = Keys(holding.stream, holding.group)
        reply = await self._run(
            script.ACQUIRE,
            [holding.stream, keys.lease, keys.state, keys.marks],
            [holding.group, holding.owner, _ms(seconds), start, *_flat(marks)],
        )
        if not reply:
            return None
        token, last, clean, *rest = map(_text, reply)
        known = dict(zip(rest[::2], map(int, rest[1::2]), strict=True))
        return Grant(int(token), last, clean == "1", known)

    async def claim(self, holding: Holding, seconds: float, count: int) -> list[Entry] | None:
        """See `log.Log.claim`."""
        cursor = self._cursors.get(holding, "0-0")
        if cursor == "end":
            del self._cursors[holding]
            return []
        more = [holding.owner, _ms(seconds), count, cursor]
        reply = await self._held(script.CLAIM, holding, *more)
        if reply is None:
            self._cursors.pop(holding, None)
            return None
        after, entries = _text(reply[0]), list(map(_entry, reply[1]))
        self._cursors[holding] = "end" if after == "0-0" else after
        return entries or await self.claim(holding, seconds, count)

    async def step(
        self, holding: Holding, seconds: float, acks: Sequence[str], marks: Mapping[str, int], count: int
    ) -> list[Entry] | None:
        """See `log.Log.step`."""
        more = [holding.owner, _ms(seconds), count, len(acks), *acks, *_flat(marks)]
        reply = await self._held(script.STEP, holding, *more)
        return None if reply is None else list(map(_entry, reply))

    async def remind(self, stream: str, group: str, marks: Mapping[str, int]) -> None:
        """See `log.Log.remind`."""
        await self._run(script.REMIND, [Keys(stream).marks], [group, *_flat(marks)])

    async def tries(self, holding: Holding, place: str) -> int:
        """See `log.Log.tries`."""
        return int(await self._run(script.TRIES, [Keys(holding.stream, holding.group).state], [place]))

    async def release(self, holding: Holding, *, is_clean: bool) -> None:
        """See `log.Log.release`."""
        keys = Keys(holding.stream, holding.group)
        arguments = [holding.group, holding.owner, holding.owner, int(is_clean)]
        await self._run(script.RELEASE, [holding.stream, keys.lease, keys.state], arguments)

    async def wait(self, stream: str, after: str, seconds: float) -> None:
        """See `log.Log.wait`; on a connection of its own for each partition, since it is occupied meanwhile."""
        async with _faults():
            client = self._blocking.get(stream) or self._connection.dedicated(stream)
            self._blocking[stream] = client
            try:
                async with asyncio.timeout(seconds + SLACK):
                    await client.xread({stream: after}, count=1, block=_ms(seconds))
            except (RedisError, OSError, TimeoutError):
                del self._blocking[stream]
                await client.aclose()  # closes sockets, waits for no answer: no deadline
                raise

    async def bury(self, stream: str, letters: Sequence[Letter]) -> None:
        """See `log.Log.bury`."""
        key = dead_key(stream)
        async with _faults():
            pipe = self._connection.client.pipeline(transaction=False)
            for letter in letters:
                pipe.xadd(key, dict(letter.fields), maxlen=DEAD, approximate=True)
            await pipe.execute()  # the client has a deadline

    async def ready(self, seconds: float) -> None:
        """See `log.Log.ready`."""
        with suppress(ConnectError):
            await self._connection.wait_up(seconds)

    async def close(self) -> None:
        """See `log.Log.close`."""
        clients, self._blocking = list(self._blocking.values()), {}
        for client in clients:
            await client.aclose()  # closes sockets, waits for no answer: no deadline

    async def _held(self, text: str, holding: Holding, *more: Any) -> Any:
        """Run a script that begins by asking whether the partition is still held; None if not."""
        keys = Keys(holding.stream, holding.group)
        arguments = [holding.group, holding.owner, holding.token, *more]
        try:
            return await self._run(text, [holding.stream, keys.lease, keys.state, keys.marks], arguments)
        except ConflictError:
            return None

    async def _run(self, text: str, keys: Sequence[str], arguments: Sequence[Any]) -> Any:
        digest = self._digests.get(text)
        if digest is None:
            digest = self._digests[text] = sha1(text.encode(), usedforsecurity=False).hexdigest()
        client = self._connection.client
        async with _faults(), asyncio.timeout(ANSWER):
            try:
                return await client.evalsha(digest, len(keys), *keys, *arguments)
            except NoScriptError:
                return await client.eval(text, len(keys), *keys, *arguments)


@asynccontextmanager
async def _faults() -> AsyncIterator[None]:
    """Turn what redis-py raises into errors of mape.

    Raises:
        ConflictError: The group is gone, and so is whatever was held for it.
    """
    try:
        yield
    except (AuthenticationError, TimeoutError) as error:
        raise SendError(f"redis gave no answer: {str(error)[:200] or 'none in time'}") from error
    except ResponseError as error:
        words = str(error)[:200]
        if "NOGROUP" in words:
            raise ConflictError(f"redis has forgotten the group: {words}") from error
        passing = any(word in words for word in PASSING)
        raise (SendError if passing else PeerError)(f"redis refused: {words}") from error
    except (RedisError, OSError) as error:
        raise SendError(f"redis cannot be reached: {str(error)[:200] or type(error).__name__}") from error


def _entry(raw: Sequence[Any]) -> Entry:
    fields = raw[1] or []
    pairs = dict(zip(fields[::2], fields[1::2], strict=False))
    payload = pairs.get(b"frame", fields[1] if fields[1:] else None)
    return Entry(_text(raw[0]), payload, b"again" in pairs)


def _flat(marks: Mapping[str, int]) -> Iterable[str | int]:
    return (each for pair in marks.items() for each in pair)


def _text(raw: Any) -> str:
    return raw.decode(errors="replace") if isinstance(raw, bytes) else str(raw)


def _ms(seconds: float) -> int:
    return max(1, int(seconds * 1000))
