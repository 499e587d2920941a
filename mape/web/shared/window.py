"""What is in one collection: its first entries, each cut on the server before it travels."""

from __future__ import annotations

import asyncio
import hashlib
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import msgspec

from mape.errors import DecodeError, PeerError
from mape.remote.redis.knowledge.sequences import PREFIX
from mape.web.shared.asking import ask
from mape.web.shared.kinds import Kind
from mape.web.shared.names import Space
from mape.web.shared.wording import NO_BYTES, beginning
from mape.web.tree import ERROR, clean, is_cut, summary, tree

__all__ = ["MOST_BYTES", "Entry", "Piece", "Window", "entries_of", "mark_of", "read_value"]

MOST_BYTES: Final = 8_192
"""Of one value that are read; what is longer is shown in part, and stays as it is."""
NAME_BYTES: Final = 512
"""Of the name of a field: it has to come back in a request to be changed."""
ROUNDS: Final = 20
"""Steps in which a part of a set or hash is looked for, where the server finds few in one."""
OTHER: Final = "it is no single value, so it is somebody else's"
LONG: Final = "it is too long to be shown to its end, and what cannot be seen is not changed here"
CUT: Final = """
local most = tonumber(ARGV[1])
local parts = {ARGV[2], KEYS[1]}
for i = 3, #ARGV do parts[#parts + 1] = ARGV[i] end
local answer = redis.call(unpack(parts))
local cursor = '0'
if type(answer[2]) == 'table' then cursor, answer = answer[1], answer[2] end
local pieces = {cursor}
for _, each in ipairs(answer) do
  pieces[#pieces + 1] = #each
  pieces[#pieces + 1] = string.sub(each, 1, most)
end
return pieces
"""


class Piece(NamedTuple):
    """The beginning of some bytes, and how many there are."""

    raw: bytes
    length: int

    @property
    def is_cut(self) -> bool:
        """Whether there is more."""
        return self.length > len(self.raw)


class Entry(msgspec.Struct):
    """One member, field or position.

    Args:
        id: Names it in a request; None if it can only be looked at.
        name: The field, the position, the score; None where there is none.
        value: A tree.
        mark: Tells what it holds from what it will have been changed to; "" where not all of it was read.
        fixed: Why it cannot be changed.
    """

    id: str | None
    name: str | float | None
    value: Any
    type: str
    is_cut: bool
    mark: str
    fixed: str | None


class Window(msgspec.Struct):
    """What is in one collection.

    Args:
        more: How many entries there are beyond these.
    """

    id: str
    kind: str
    type: str
    length: int
    entries: list[Entry]
    more: int
    turn: int
    fixed: str | None


def mark_of(raw: bytes) -> str:
    """Return what tells these bytes from others."""
    return hashlib.blake2b(raw, digest_size=12).hexdigest()


async def read_value(redis: Any, key: str, most: int = MOST_BYTES) -> Piece | None:
    """Return a single value; None if there is none."""
    length, raw = await asyncio.gather(ask(redis, "STRLEN", key), ask(redis, "GETRANGE", key, 0, most - 1))
    if not length and not await ask(redis, "EXISTS", key):
        return None
    return Piece(raw, int(length))


async def entries_of(redis: Any, key: str, kind: Kind, count: int, space: Space | None) -> list[Entry]:
    """Return the first entries of a collection, `count` of them or all; the order is its own, that of a set by text."""
    if kind.name == "keyspace":
        return await _of_space(redis, key, kind, count, space or Space())
    way = {"string": _of_value, "list": _of_list, "zset": _of_sorted, "hash": _of_hash, "set": _of_set}.get(kind.stored)
    return [] if way is None or kind.name in {"lock", "other"} else await way(redis, key, kind, count)


# -- kind by kind ----------------------------------------------------------------------------------------------------


async def _of_space(redis: Any, key: str, kind: Kind, count: int, space: Space) -> list[Entry]:
    names = sorted(space.names)[:count]
    values = await asyncio.gather(*(_read_entry(redis, key + name) for name in names))
    entries = []
    for name, value in zip(names, values, strict=True):
        raw = Piece(name.encode(), len(name.encode()))
        if isinstance(value, Piece):
            entries.append(_entry(kind, raw, _text(raw), value))
        elif value is not None:
            entries.append(Entry(None, _text(raw), {ERROR: "another kind"}, "", is_cut=True, mark="", fixed=OTHER))
    return entries


async def _read_entry(redis: Any, key: str) -> Piece | DecodeError | None:
    try:
        return await read_value(redis, key)
    except DecodeError as error:
        return error


async def _of_value(redis: Any, key: str, kind: Kind, _: int) -> list[Entry]:
    piece = await read_value(redis, key)
    return [] if piece is None else [_entry(kind, Piece(b"", 0), None, piece)]


async def _of_hash(redis: Any, key: str, kind: Kind, count: int) -> list[Entry]:
    pairs = _pairs(await _scanned(redis, "HSCAN", key, 2 * count))
    found = [_entry(kind, field, _text(field), value) for field, value in pairs]
    return sorted(found, key=lambda each: str(each.name))[:count]


async def _of_set(redis: Any, key: str, kind: Kind, count: int) -> list[Entry]:
    members = [_entry(kind, member, None, member) for member in await _scanned(redis, "SSCAN", key, count)]
    return sorted(members, key=_order)[:count]


async def _of_list(redis: Any, key: str, kind: Kind, count: int) -> list[Entry]:
    is_queue = kind.name != "list"
    first, last = (-count, -1) if is_queue else (0, count - 1)
    _, found = await _cut(redis, "LRANGE", key, first, last)
    if is_queue:
        found.reverse()  # what is taken next comes first
    places = [str(place).encode() for place in range(len(found))]
    return [
        _entry(kind, Piece(raw, len(raw)), float(place), value)
        for place, (raw, value) in enumerate(zip(places, found, strict=True))
    ]


async def _of_sorted(redis: Any, key: str, kind: Kind, count: int) -> list[Entry]:
    _, found = await _cut(redis, "ZRANGE", key, 0, count - 1, "WITHSCORES")
    entries = []
    for member, score in _pairs(found):
        skipped = PREFIX if kind.name == "priorityqueue" else 0
        shown = Piece(member.raw[skipped:], member.length - skipped)
        entry = _entry(kind, member, _score(score.raw), shown)
        entry.mark = score.raw.decode(errors="replace")
        entries.append(entry)
    return entries


def _entry(kind: Kind, own: Piece, name: str | float | None, value: Piece) -> Entry:
    """Return what is shown of an entry.

    Args:
        own: What it is called by: a field, a position; in sets the member itself.
    """
    held = beginning(value.raw, value.length) if value.is_cut else kind.wording.read(value.raw)
    read = held if value.is_cut else tree(held)
    is_whole = not value.is_cut and not is_cut(read)
    fixed = None if is_whole else LONG
    if fixed is None and isinstance(held, bytes):
        fixed = NO_BYTES
    id_ = None if own.is_cut or own.length > NAME_BYTES else urlsafe_b64encode(own.raw).decode()
    if id_ is None:
        fixed = LONG
    type_ = "" if value.is_cut else clean(type(held).__name__)
    return Entry(id_, name, read, type_, not is_whole, "" if value.is_cut else mark_of(value.raw), fixed)


# -- asking the server -----------------------------------------------------------------------------------------------


async def _scanned(redis: Any, command: str, key: str, most: int) -> list[Piece]:
    cursor, found = b"0", list[Piece]()
    for _ in range(ROUNDS):
        cursor, some = await _cut(redis, command, key, cursor, "COUNT", min(most, 500))
        found += some
        if int(cursor) == 0 or len(found) >= most:
            break
    return found


async def _cut(redis: Any, command: str, key: str, *arguments: Any) -> tuple[bytes, list[Piece]]:
    """Do a reading command; return the cursor, if it has one, and the beginnings of what it answers."""
    try:
        answer = await ask(redis, "EVAL", CUT, 1, key, MOST_BYTES, command, *arguments)
    except PeerError as error:
        if not any(each in str(error).lower() for each in ("unknown command", "noperm", "no permissions")):
            raise
        return _plain(await ask(redis, command, key, *arguments))
    flat: Sequence[Any] = answer[1:]
    return answer[0], [Piece(raw, int(length)) for length, raw in zip(flat[::2], flat[1::2], strict=True)]


def _plain(answer: Any) -> tuple[bytes, list[Piece]]:
    """Cut here what a server without scripts has sent whole."""
    cursor: Any = b"0"
    if isinstance(answer, tuple | list) and len(answer) == 2 and isinstance(answer[1], dict | list | set | tuple):  # noqa: PLR2004 - cursor and page
        cursor, answer = answer
    flat = [each for pair in answer.items() for each in pair] if isinstance(answer, dict) else list(answer)
    return str(int(cursor)).encode(), [Piece(raw[:MOST_BYTES], len(raw)) for raw in flat]


def _pairs(flat: list[Piece]) -> list[tuple[Piece, Piece]]:
    return list(zip(flat[::2], flat[1::2], strict=True))


def _text(piece: Piece) -> str:
    return clean(piece.raw[:NAME_BYTES].decode(errors="backslashreplace")) + ("…" if piece.length > NAME_BYTES else "")


def _score(raw: bytes) -> float | str:
    """Return a score as a number; infinity, which JSON has not, as text."""
    score = float(raw)
    return score if abs(score) != float("inf") else raw.decode()


def _order(entry: Entry) -> tuple[bool, float, str]:
    """Numbers by size before all else by text."""
    is_number = isinstance(entry.value, int | float)
    return not is_number, entry.value if is_number else 0, summary(entry.value)
