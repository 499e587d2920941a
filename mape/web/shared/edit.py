"""Changes one entry of a collection, if it still is what the person saw: checked and done in one step by the server."""

from __future__ import annotations

import binascii
import math
import secrets
from base64 import urlsafe_b64decode
from typing import Any, Final, Literal

import msgspec

from mape.errors import ConflictError, DecodeError, StateError, UidError, UnknownPathError
from mape.remote.redis.knowledge.atomic import Look, check_and
from mape.remote.redis.knowledge.name import entry_key
from mape.web.shared.asking import ask
from mape.web.shared.kinds import FIXED, Kind
from mape.web.shared.window import MOST_BYTES, mark_of

__all__ = ["Edit", "edit"]

CHANGED: Final = "somebody else changed it meanwhile: look at what it is now"
THERE: Final = "there is one of that name already: change that"
MEMBER: Final = "that is in it already"
NAME: Final = "an entry needs a name of 1 to 200 printable characters, without * ? [ ] { } ! and backslashes"
FIELD_BYTES: Final = 512
MARKED: Final = b"\x00mape: taken out "
"""Stands in a list for an item that is taken out, within one step on the server."""
Command = tuple[str | bytes, ...]


class Edit(msgspec.Struct, forbid_unknown_fields=True):
    """What to do.

    Args:
        do: ``set`` and ``remove`` mean the entry `id`, which must still have the `mark`; ``add`` another one.
        name: Of a new field or entry; the score, where there are scores.
        value: Plain JSON.
    """

    do: Literal["set", "add", "remove"]
    id: str = ""
    mark: str = ""
    name: str | float = ""
    value: Any = None


class _Steps(msgspec.Struct):
    """What must be so, and what is done then.

    Args:
        refused: What is said if it is not so.
    """

    looks: list[Look]
    commands: list[Command]
    refused: str = CHANGED


async def edit(redis: Any, key: str, kind: Kind, wanted: Edit) -> None:
    """Change, add or remove one entry.

    Raises:
        StateError: That kind is not changed from the page.
        CodecError: The value does not fit.
        UnknownPathError: There is no such entry.
        ConflictError: It is something else by now, nothing was done; or `add` means one that is there.
        RemoteError: The store does not answer.
    """
    if kind.name in FIXED:
        raise StateError(FIXED[kind.name])
    if kind.name == "value" and wanted.do == "add":
        raise StateError("a single value has no entries to add to")
    if kind.name == "keyspace":
        key, steps = await _in_space(redis, key, kind, wanted)
    else:
        steps = await WAYS[kind.stored](redis, key, kind, wanted)
    is_new = kind.name == "keyspace" and wanted.do == "add"
    looks = steps.looks if is_new else [(kind.stored.encode(), ("TYPE",)), *steps.looks]
    if not await check_and(redis, key, looks, steps.commands):
        raise ConflictError(steps.refused)


# -- kind by kind ----------------------------------------------------------------------------------------------------


async def _in_space(redis: Any, prefix: str, kind: Kind, wanted: Edit) -> tuple[str, _Steps]:
    if wanted.do != "add":
        key = prefix + _id(wanted).decode(errors="replace")
        return key, await _single(redis, key, kind, wanted)
    try:
        key = entry_key(prefix, wanted.name, dots=True)
    except UidError:
        raise DecodeError(NAME) from None
    raw = kind.wording.write(wanted.value, None)
    return key, _Steps([(None, ("GET",))], [("SET", raw)], THERE)


async def _single(redis: Any, key: str, kind: Kind, wanted: Edit) -> _Steps:
    held = _same(await ask(redis, "GET", key), wanted)
    if wanted.do == "remove":
        return _Steps([(held, ("GET",))], [("UNLINK",)])
    return _Steps([(held, ("GET",))], [("SET", kind.wording.write(wanted.value, held), "KEEPTTL")])


async def _in_hash(redis: Any, key: str, kind: Kind, wanted: Edit) -> _Steps:
    if wanted.do == "add":
        field = _field(wanted.name)
        sample = await _sample(redis, "HSCAN", key)
        return _Steps([(None, ("HGET", field))], [("HSET", field, kind.wording.write(wanted.value, sample))], THERE)
    field = _id(wanted)
    held = _same(await ask(redis, "HGET", key, field), wanted)
    looks: list[Look] = [(held, ("HGET", field))]
    if wanted.do == "remove":
        return _Steps(looks, [("HDEL", field)])
    return _Steps(looks, [("HSET", field, kind.wording.write(wanted.value, held))])


async def _in_set(redis: Any, key: str, kind: Kind, wanted: Edit) -> _Steps:
    old = None if wanted.do == "add" else _id(wanted)
    if wanted.do == "remove" and old is not None:
        return _Steps([(b"1", ("SISMEMBER", old))], [("SREM", old)])
    sample = old if old is not None else await _sample(redis, "SSCAN", key)
    new = kind.wording.write(wanted.value, sample)
    if old is None:
        return _Steps([(b"0", ("SISMEMBER", new))], [("SADD", new)], MEMBER)
    if old == new:
        return _Steps([(b"1", ("SISMEMBER", old))], [])
    return _Steps([(b"1", ("SISMEMBER", old)), (b"0", ("SISMEMBER", new))], [("SREM", old), ("SADD", new)])


async def _in_list(redis: Any, key: str, kind: Kind, wanted: Edit) -> _Steps:
    if wanted.do == "add":
        sample = await ask(redis, "LINDEX", key, 0)
        return _Steps([], [("RPUSH", kind.wording.write(wanted.value, sample))])
    place = _id(wanted)
    if not place.isdigit():
        raise UnknownPathError("a list has numbered positions")
    held = _same(await ask(redis, "LINDEX", key, place), wanted)
    looks: list[Look] = [(held, ("LINDEX", place))]
    if wanted.do == "set":
        return _Steps(looks, [("LSET", place, kind.wording.write(wanted.value, held))])
    mark = MARKED + secrets.token_bytes(16)
    return _Steps(looks, [("LSET", place, mark), ("LREM", "1", mark)])


async def _in_sorted(redis: Any, key: str, kind: Kind, wanted: Edit) -> _Steps:
    if wanted.do == "add":
        sample = next(iter(await ask(redis, "ZRANGE", key, 0, 0)), None)
        new = kind.wording.write(wanted.value, sample)
        return _Steps([(None, ("ZSCORE", new))], [("ZADD", _score(wanted), new)], MEMBER)
    member = _id(wanted)
    looks: list[Look] = [(wanted.mark.encode(), ("ZSCORE", member))]
    return _Steps(looks, [("ZREM", member)] if wanted.do == "remove" else [("ZADD", _score(wanted), member)])


WAYS: Final[dict[str, Any]] = {
    "string": _single,
    "hash": _in_hash,
    "set": _in_set,
    "list": _in_list,
    "zset": _in_sorted,
}


# -- what a request means --------------------------------------------------------------------------------------------


def _id(wanted: Edit) -> bytes:
    try:
        return urlsafe_b64decode(wanted.id.encode())
    except (binascii.Error, ValueError):
        raise UnknownPathError("there is no such entry") from None


def _same(held: Any, wanted: Edit) -> bytes:
    """Return what an entry holds.

    Raises:
        ConflictError: It is not what the person saw.
    """
    if not isinstance(held, bytes) or mark_of(held) != wanted.mark:
        raise ConflictError(CHANGED)
    if len(held) > MOST_BYTES:
        raise StateError("it is too long to be changed here")
    return held


def _field(name: str | float) -> bytes:
    raw = str(name).encode(errors="replace")
    if not raw or len(raw) > FIELD_BYTES:
        raise DecodeError(f"a field needs a name of 1 to {FIELD_BYTES} bytes")
    return raw


def _score(wanted: Edit) -> str:
    if not isinstance(wanted.name, int | float) or not math.isfinite(wanted.name):
        raise DecodeError("the score must be a number")
    return repr(float(wanted.name))


async def _sample(redis: Any, command: str, key: str) -> bytes | None:
    """Return some value of a collection: another must look alike."""
    _, page = await ask(redis, command, key, 0, "COUNT", 1)
    return next(iter(page.values() if isinstance(page, dict) else page), None)
