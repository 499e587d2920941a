"""Steps that nothing comes between: Lua where the server runs it, WATCH and MULTI where it does not.

A server in memory for tests runs no scripts; a cluster knows no WATCH across its client. Each step here has one key, or
keys that a cluster keeps on one node.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from redis.exceptions import WatchError

from mape.errors import PeerError

__all__ = ["ABSENT", "Look", "acquire", "check_and", "compare_and", "insert", "pop_field"]

ABSENT = b""
"""Stands for a key that is not there, where `held` is asked for; no value of ours has this form with the flag "0"."""

COMPARE_AND = """
local held = redis.call('GET', KEYS[1])
if ARGV[1] == '0' then
  if held then return {0, held} end
elseif held ~= ARGV[2] then
  return {0, held}
end
local command = {ARGV[3], KEYS[1]}
for i = 4, #ARGV do command[#command + 1] = ARGV[i] end
return {1, redis.call(unpack(command))}
"""
ACQUIRE = """
if redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then
  return {1, redis.call('INCR', KEYS[2])}
end
return {0, redis.call('PTTL', KEYS[1])}
"""
POP_FIELD = """
local held = redis.call('HGET', KEYS[1], ARGV[1])
redis.call('HDEL', KEYS[1], ARGV[1])
return held
"""
INSERT = """
local length = redis.call('LLEN', KEYS[1])
local index = tonumber(ARGV[1])
if index < 0 then index = math.max(length + index, 0) end
if index == 0 then return redis.call('LPUSH', KEYS[1], ARGV[2]) end
if index >= length then return redis.call('RPUSH', KEYS[1], ARGV[2]) end
local pivot = redis.call('LINDEX', KEYS[1], index)
redis.call('LSET', KEYS[1], index, ARGV[3])
redis.call('LINSERT', KEYS[1], 'BEFORE', ARGV[3], ARGV[2])
redis.call('LSET', KEYS[1], index + 1, pivot)
return length + 1
"""
CHECK_AND = """
local at = 0
local function take()
  at = at + 1
  return ARGV[at]
end
local function answer()
  local parts = {take(), KEYS[1]}
  for i = 1, tonumber(take()) do parts[#parts + 1] = take() end
  return redis.call(unpack(parts))
end
for i = 1, tonumber(take()) do
  local expected = take()
  local held = answer()
  if type(held) == 'table' then held = held.ok end
  if expected ~= (held and '+' .. tostring(held) or '-') then return 0 end
end
while at < #ARGV do answer() end
return 1
"""
Look = tuple[bytes | None, tuple[str | bytes, ...]]
"""What a command answers, None for nothing; and the command, whose key is left out."""
Steps = Callable[[Any], Awaitable[Any]]


async def compare_and(redis: Any, key: str, expected: bytes | None, *command: Any) -> tuple[bool, bytes | None]:
    """Do `command`, whose key is left out, on `key` if it holds `expected`; None: if it does not exist.

    Returns:
        Whether it was done, and what the key held if it was not.
    """

    async def steps(pipe: Any) -> tuple[bool, bytes | None]:
        held = await pipe.get(key)
        if held != expected:
            return False, held
        pipe.multi()
        pipe.execute_command(command[0], key, *command[1:])
        await pipe.execute()
        return True, None

    flag = "0" if expected is None else "1"
    arguments = (flag, ABSENT if expected is None else expected, *command)
    done, held = await _atomic(redis, COMPARE_AND, (key,), arguments, steps)
    return bool(done), None if done else held


async def acquire(redis: Any, keys: tuple[str, str], owner: bytes, lease_ms: int) -> tuple[bool, int]:
    """Write `owner` under the first key for `lease_ms` if nobody holds it, and count the second one up with it.

    Returns:
        Whether it was written; and the new count, or how long the other holder's lease runs still [ms].
    """

    async def steps(pipe: Any) -> tuple[bool, int]:
        if await pipe.exists(keys[0]):
            return False, await pipe.pttl(keys[0])
        pipe.multi()
        pipe.set(keys[0], owner, nx=True, px=lease_ms)
        pipe.incr(keys[1])
        return True, (await pipe.execute())[1]

    done, number = await _atomic(redis, ACQUIRE, keys, (owner, lease_ms), steps)
    return bool(done), int(number)


async def pop_field(redis: Any, key: str, field: str) -> bytes | None:
    """Remove a field of a hash and return what it held."""

    async def steps(pipe: Any) -> bytes | None:
        pipe.multi()
        pipe.hget(key, field)
        pipe.hdel(key, field)
        held: bytes | None = (await pipe.execute())[0]
        return held

    held: bytes | None = await _atomic(redis, POP_FIELD, (key,), (field,), steps)
    return held


async def insert(redis: Any, key: str, index: int, value: bytes, mark: bytes) -> None:
    """Insert `value` into a list before `index`; `mark` is a value that no list holds."""

    async def steps(pipe: Any) -> None:
        length = await pipe.llen(key)
        place = max(length + index, 0) if index < 0 else index
        pivot = await pipe.lindex(key, place)
        pipe.multi()
        if place == 0:
            pipe.lpush(key, value)
        elif place >= length:
            pipe.rpush(key, value)
        else:
            pipe.lset(key, place, mark).linsert(key, "BEFORE", mark, value).lset(key, place + 1, pivot)
        await pipe.execute()

    await _atomic(redis, INSERT, (key,), (index, value, mark), steps)


async def check_and(redis: Any, key: str, looks: Sequence[Look], commands: Sequence[tuple[str | bytes, ...]]) -> bool:
    """Do `commands` on `key`, whose key is left out, if all of `looks` see what they expect; return whether they did.

    A kind of value is looked at by ``TYPE``, which comes first: a command on another kind is an error.
    """

    async def steps(pipe: Any) -> bool:
        for expected, (name, *arguments) in looks:
            held = await pipe.execute_command(name, key, *arguments)  # deadline: the client's
            if not _is(expected, held):
                return False
        pipe.multi()
        for name, *arguments in commands:
            pipe.execute_command(name, key, *arguments)
        await pipe.execute()
        return True

    parts: list[str | bytes | int] = [len(looks)]
    for expected, (name, *arguments) in looks:
        parts += [b"-" if expected is None else b"+" + expected, name, len(arguments), *arguments]
    for name, *arguments in commands:
        parts += [name, len(arguments), *arguments]
    return bool(await _atomic(redis, CHECK_AND, (key,), tuple(parts), steps))


def _is(expected: bytes | None, held: Any) -> bool:
    if expected is None or held is None:
        return expected is held
    if isinstance(held, float):  # a score, which redis-py has read already
        return float(expected) == held
    return expected == (held if isinstance(held, bytes) else str(held).encode())


async def _atomic(redis: Any, script: str, keys: tuple[str, ...], arguments: tuple[Any, ...], steps: Steps) -> Any:
    try:
        # the deadline is the client's
        return await redis.execute_command("EVAL", script, len(keys), *keys, *arguments)
    except PeerError as error:
        if "unknown command" not in str(error):
            raise
    while True:
        async with redis.pipeline(transaction=True) as pipe:
            await pipe.watch(*keys)
            try:
                return await steps(pipe)
            except WatchError:
                continue
