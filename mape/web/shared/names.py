"""Which keys of the store are this app's knowledge, by scope; the server is asked in small steps, never for all."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from mape.remote.redis.knowledge.client import ClusterClient
from mape.web.knowledge import scopes_of
from mape.web.shared.asking import ask

if TYPE_CHECKING:
    from mape.application import App

__all__ = ["LOCK", "Names", "Place", "Space"]

PATTERN: Final = "[{k][k.]*"
"""Begins ``k.``, or ``{k`` as the keys of locks do: one pass over the keys finds both."""
STEP: Final = 1_000
SCANNING: Final = 1.0
"""How long the server's keys are looked through [s]; what was not found by then is not shown."""
KEYS: Final = 50_000
ENTRIES: Final = 2_000
"""Names of one keyspace that are remembered; of more only the number."""
LONGEST: Final = 1_000
LOCK: Final = "!lock"
PARTS: Final = 4
"""Of ``k.loop.<uid>.<name>``."""


@dataclass(frozen=True)
class Place:
    """Where a key belongs.

    Args:
        scope: "app", "level:UID" or "loop:UID".
        id: The name of a collection or single value; that of a keyspace ends with a dot, that of a lock with ``!lock``.
        entry: The name in a keyspace.
    """

    scope: str
    id: str
    entry: str = ""


@dataclass
class Space:
    """The entries of a keyspace: how many, and the names of the first."""

    count: int = 0
    names: dict[str, None] = field(default_factory=dict)

    @property
    def is_whole(self) -> bool:
        """Whether all names are there."""
        return self.count == len(self.names)


class Names:
    """What was found; `scan` finds it anew."""

    def __init__(self, app: App) -> None:
        self._app = app
        self.is_whole = True
        """Whether the server's keys were looked through to the end."""
        self._prefixes: dict[str, str] = {}
        self._paths: dict[str, str] = {}
        self._found: dict[str, dict[str, Space | None]] = {}
        self._sorted: dict[str, list[str]] = {}
        self._count = 0
        self._look_at_scopes()

    def scopes(self) -> list[tuple[str, str]]:
        """Return the scopes that have something, in the app's order, each with its path."""
        return [(scope, path) for scope, path in self._paths.items() if self._found.get(scope)]

    def ids(self, scope: str) -> list[str]:
        """Return what a scope has, in the order of the alphabet."""
        if scope not in self._sorted:
            self._sorted[scope] = sorted(self._found.get(scope, ()))
        return self._sorted[scope]

    def beyond(self, before: Names) -> set[tuple[str, str]]:
        """Return what there is here, and was not there before: scopes and ids."""
        return {
            (scope, id_)
            for scope, here in self._found.items()
            for id_ in here.keys() - before._found.get(scope, {}).keys()
        }

    def space(self, scope: str, id_: str) -> Space | None:
        """Return the entries of a keyspace."""
        return self._found.get(scope, {}).get(id_)

    def has(self, scope: str, id_: str) -> bool:
        """Whether there is such a thing."""
        return id_ in self._found.get(scope, ())

    def prefix(self, scope: str) -> str:
        """Return what the keys of a scope begin with."""
        return self._prefixes[scope]

    def key(self, scope: str, id_: str) -> str:
        """Return the whole key."""
        prefix = self._prefixes[scope]
        return "{" + prefix + id_.removesuffix(LOCK) + "}" + LOCK if id_.endswith(LOCK) else prefix + id_

    # -- finding it ------------------------------------------------------------------------------------------------

    async def scan(self, client: Any) -> Names:
        """Return what is there now.

        Raises:
            RemoteError: The server cannot be asked.
        """
        fresh = Names(self._app)
        end = asyncio.get_running_loop().time() + SCANNING
        async for page in _pages(client):
            for raw in page:
                fresh.add(raw.decode(errors="surrogateescape"))
            if fresh._count >= KEYS or asyncio.get_running_loop().time() > end:
                fresh.is_whole = False
                break
        return fresh

    def add(self, key: str) -> bool:
        """Take a key in, if it is knowledge of ours; return whether what is known is exact still."""
        place = self.place(key)
        if place is None:
            return True
        here = self._found.setdefault(place.scope, {})
        if not place.entry:
            self._count += place.id not in here
            self._enter(place.scope, place.id, None)
            return True
        space = here.get(place.id)
        if space is None:
            space = Space()
            self._enter(place.scope, place.id, space)
        if place.entry in space.names:
            return True
        was_whole = space.is_whole
        space.count += 1
        self._count += 1
        if len(space.names) < ENTRIES:
            space.names[place.entry] = None
        return was_whole

    def discard(self, key: str) -> bool:
        """Forget a key that is gone; return whether what is known is exact still."""
        place = self.place(key)
        if place is None or not self.has(place.scope, place.id):
            return True
        space = self._found[place.scope][place.id]
        if space is None:
            self._drop(place)
            return True
        if not space.is_whole:
            return False
        space.count -= place.entry in space.names
        space.names.pop(place.entry, None)
        if not space.count:
            self._drop(place)
        return True

    def place(self, key: str) -> Place | None:
        """Return where a key belongs; None if it is none of this app's knowledge."""
        if len(key) > LONGEST or (not key.isascii() and not _is_text(key)):
            return None
        is_lock = key.startswith("{k.") and key.endswith("}" + LOCK)
        bare = key[1 : -len(LOCK) - 1] if is_lock else key
        scope, rest = _split(bare)
        if scope not in self._paths or not rest:
            return None
        if is_lock:
            return Place(scope, rest + LOCK)
        name, dot, entry = rest.partition(".")
        if dot and not entry:
            return None
        return Place(scope, name + dot, entry)

    def _enter(self, scope: str, id_: str, space: Space | None) -> None:
        if id_ not in self._found[scope]:
            self._found[scope][id_] = space
            self._sorted.pop(scope, None)

    def _drop(self, place: Place) -> None:
        del self._found[place.scope][place.id]
        self._sorted.pop(place.scope, None)

    def _look_at_scopes(self) -> None:
        for scope, path, known in scopes_of(self._app):
            self._paths[scope] = path
            self._prefixes[scope] = known.shared.prefix


def _split(key: str) -> tuple[str, str]:
    """Return the scope of a key, "" if it is none, and the rest."""
    parts = key.split(".", PARTS - 1)
    if parts[0] != "k" or len(parts) == 1:
        return "", ""
    if parts[1] not in {"level", "loop"}:
        return "app", key[2:]
    return (f"{parts[1]}:{parts[2]}", parts[3]) if len(parts) == PARTS else ("", "")


def _is_text(key: str) -> bool:
    """Whether it is no text of ours: bytes that are not UTF-8 come as halves of surrogate pairs."""
    return key.isprintable() or not any("\ud800" <= each <= "\udfff" for each in key)


async def _pages(client: Any) -> AsyncIterator[list[bytes]]:
    if isinstance(client, ClusterClient):
        keys = client.scan_iter(match=PATTERN, count=STEP)  # node by node
        while page := [each async for each in _some(keys)]:
            yield page
        return
    cursor = 0
    while True:
        cursor, page = await ask(client, "SCAN", cursor, "MATCH", PATTERN, "COUNT", STEP)  # deadline: its own
        yield page
        if not int(cursor):
            return


async def _some(keys: Any) -> AsyncIterator[bytes]:
    for _ in range(STEP):
        try:
            yield await anext(keys)
        except StopAsyncIteration:
            return
