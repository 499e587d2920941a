"""What the page asks of shared knowledge: what there is, what is in it, and to change it.

It is asked again and again while somebody looks, so nothing runs when nobody does but the ear, for as long as somebody
asked lately. Where the server tells of changes only those are read; elsewhere all lines that are shown, the more rarely
the longer that takes.
"""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import suppress
from time import thread_time
from typing import TYPE_CHECKING, Any, Final

from mape.errors import ConnectError, MapeError, SendError, UnknownPathError
from mape.web.client import event
from mape.web.hub import Hub
from mape.web.shared.ear import Ear
from mape.web.shared.edit import Edit, edit
from mape.web.shared.kinds import Kind
from mape.web.shared.rows import Id, Row, Rows
from mape.web.shared.window import Window, entries_of
from mape.web.tree import clean

if TYPE_CHECKING:
    from mape.application import App

__all__ = ["Shelf"]

SHOWN: Final = 200
"""Lines of one scope that are told; of more only the number, and those that are searched for."""
TOTAL: Final = 1_000
ENTRIES: Final = 500
"""Entries of one collection that can be asked for at a time."""
SECONDS: Final = 2.0
"""How long the store may take to answer [s]."""
LEASE: Final = 12.0
"""For how long who asked is told of changes [s]."""
TELLING: Final = 0.15
"""Changes of this time are told together [s]."""
RENEW: Final = 5.0
"""How soon a page should ask again where it is told of changes, [s]; where it is not; and the most it waits then."""
SOON: Final = 0.7
LATE: Final = 5.0
SHARE: Final = 0.04
"""Of this process' time that looking may take where changes are not told."""
STORE_SHARE: Final = 0.2
"""The same of all time, most of which goes by with waiting for the store."""
GONE: Final = "nothing is shared by that name any more"
SWEEP: Final = 30.0
"""After so long all is read again, whatever was told [s]."""


class Shelf:
    """See the module."""

    def __init__(self, app: App, hub: Hub) -> None:
        self._app, self._hub = app, hub
        self._rows = Rows(app, app.store)
        self._ear = Ear(app, app.store, self._hear, self._miss)
        self._clients: dict[str, float] = {}
        self._task: asyncio.Task[None] | None = None
        self._telling: asyncio.TimerHandle | None = None
        self._one_at_a_time = asyncio.Lock()
        self._version = 1
        self._dirty: set[Id] = set()
        self._are_names_exact = False
        self._looked = float("-inf")
        self._costs: deque[float] = deque(maxlen=3)
        self._swept = float("-inf")
        self._good_at: float | None = None
        self._trouble = ""

    # -- asking ----------------------------------------------------------------------------------------------------

    async def show(self, client: str, find: str, after: str) -> dict[str, Any]:
        """Return the lines of all scopes, as far as they are searched for; short, if `after` is the version still."""
        await self._lease(client)
        words = find.lower().split()
        await self._look(words)
        told = self._ear.is_told
        pause = RENEW if told else self._pause
        answer: dict[str, Any] = {
            "version": self._version,
            "state": "lost" if self._trouble else "there",
            "text": self._trouble,
            "at": self._good_at,
            "is_told": told,
            "again": 1.0 if self._trouble else pause,
        }
        if after == str(self._version):
            return {**answer, "same": True}
        return {**answer, "is_whole": self._rows.names.is_whole, "scopes": self._scopes(words)}

    async def entries(self, scope: str, id_: str, count: int) -> Window:
        """Return what is in a collection.

        Raises:
            UnknownPathError: There is none.
            RemoteError: The store does not answer.
        """
        place = scope, id_
        async with self._answering():
            kind = await self._kind(place)
            key, client = self._rows.names.key(*place), self._app.store.client
            most = min(max(count, 1), ENTRIES)
            found = await entries_of(client, key, kind, most, self._rows.names.space(*place))
            await self._rows.renew([place], self._version)
        row = self._rows[place]
        if row is None:
            raise UnknownPathError(GONE)
        length = len(found) if row.length is None else max(row.length, len(found))
        return Window(row.id, row.kind, row.type, length, found, length - len(found), row.turn, row.fixed)

    async def change(self, scope: str, id_: str, wanted: Edit) -> None:
        """Change one entry.

        Raises:
            UnknownPathError: There is none.
            ConflictError: It is something else by now.
            CodecError: The value does not fit.
            StateError: That is not changed from the page.
            RemoteError: The store does not answer.
        """
        place = scope, id_
        async with self._answering():
            kind = await self._kind(place)
            await edit(self._app.store.client, self._rows.names.key(*place), kind, wanted)
        self._are_names_exact = False
        self._dirty.add(place)
        self._tell_soon()

    def close(self) -> None:
        """Rest."""
        self._clients.clear()
        if self._task is not None:
            self._task.cancel()
        if self._telling is not None:
            self._telling.cancel()

    @property
    def _store(self) -> str:
        """Where it is, without credentials."""
        return clean(str(getattr(self._app.store.connection, "address", "the store")))[:120]

    @property
    def _pause(self) -> float:
        """Between two looks where changes are not told [s]; one look that was late is forgiven."""
        return min(LATE, max(SOON, min(self._costs, default=0.0)))

    # -- reading ---------------------------------------------------------------------------------------------------

    def _answering(self) -> asyncio.Timeout:
        return asyncio.timeout(SECONDS)

    async def _look(self, words: list[str]) -> None:
        """Bring the lines up to date, if they may not be."""
        async with self._one_at_a_time:
            loop = asyncio.get_running_loop()
            began = loop.time()
            try:
                async with self._answering():
                    await self._refresh(words, began)
            except TimeoutError:
                self._lose(f"{self._store} does not answer within {SECONDS:g} s")
            except (OSError, MapeError) as error:
                is_away = isinstance(error, OSError | ConnectError | SendError)
                self._lose(f"{self._store} cannot be reached" if is_away else f"{self._store} refuses: {_said(error)}")
            else:
                self._good_at = self._app.clock.now()
                if self._trouble:
                    self._trouble, self._version = "", self._version + 1

    async def _refresh(self, words: list[str], now: float) -> None:
        busy = thread_time()
        is_stale = not self._ear.is_told and now - self._looked >= self._pause / 2
        is_stale |= now - self._swept >= SWEEP or bool(self._trouble)
        dirty, self._dirty = self._dirty, set()
        version, is_other = self._version + 1, bool(dirty)
        try:
            if is_stale or not self._are_names_exact:
                is_other |= await self._find()
            wanted = [id_ for id_ in self._wanted(words) if is_stale or id_ in dirty or self._rows[id_] is None]
            is_other |= await self._rows.renew(wanted, version, dirty)
        except BaseException:  # no wall: what was not read is not forgotten
            self._dirty |= dirty
            raise
        self._looked = asyncio.get_running_loop().time()
        if is_stale:
            self._swept = self._looked
            own, whole = thread_time() - busy, self._looked - now
            self._costs.append(max(own / SHARE, whole / STORE_SHARE))
        if is_other:
            self._version = version

    async def _kind(self, place: Id) -> Kind:
        """Return the kind of what is there; raises `UnknownPathError` if nothing is."""
        if not self._rows.names.has(*place):
            await self._find()
        if not self._rows.names.has(*place):
            raise UnknownPathError(GONE)
        return self._rows.kind(place, await self._rows.stored(place))

    async def _find(self) -> bool:
        self._are_names_exact = True
        try:
            return await self._rows.find()
        except BaseException:  # no wall: it is raised again
            self._are_names_exact = False
            raise

    def _lose(self, why: str) -> None:
        self._looked = asyncio.get_running_loop().time()
        if self._trouble != why:
            self._trouble, self._version = why, self._version + 1

    def _wanted(self, words: list[str]) -> list[Id]:
        found: list[Id] = []
        for scope, _ in self._rows.names.scopes():
            found += [(scope, id_) for id_ in self._fitting(scope, words)][:SHOWN]
        return found[:TOTAL]

    def _fitting(self, scope: str, words: list[str]) -> list[str]:
        ids = self._rows.names.ids(scope)
        return [id_ for id_ in ids if _fits(scope, id_, self._rows[scope, id_], words)] if words else ids

    def _scopes(self, words: list[str]) -> list[dict[str, Any]]:
        shown, left = [], TOTAL
        for scope, path in self._rows.names.scopes():
            fitting = self._fitting(scope, words)
            rows = [row for id_ in fitting[: min(SHOWN, left)] if (row := self._rows[scope, id_]) is not None]
            left -= len(rows)
            if fitting:
                shown.append({"scope": scope, "path": path, "keys": rows, "more": max(0, len(fitting) - len(rows))})
        return shown

    # -- hearing ---------------------------------------------------------------------------------------------------

    async def _lease(self, client: str) -> None:
        if client not in self._hub.clients:
            return
        self._clients[client] = asyncio.get_running_loop().time() + LEASE
        if self._task is None or self._task.done():
            await self._ear.open()
            self._task = asyncio.get_running_loop().create_task(self._keep(), name="shared knowledge on the live page")

    async def _keep(self) -> None:
        """Listen as long as somebody asked lately."""
        try:
            while self._clients:
                await asyncio.sleep(1)
                now = asyncio.get_running_loop().time()
                gone = [name for name, end in self._clients.items() if end < now or name not in self._hub.clients]
                for name in gone:
                    del self._clients[name]
                await self._ear.tend()
        finally:
            with suppress(MapeError):
                await self._ear.close()
            self._rows.clear()
            self._are_names_exact, self._looked = False, float("-inf")

    def _hear(self, key: str, is_gone: bool) -> None:  # noqa: FBT001 - of Ear
        names = self._rows.names
        place = names.place(key)
        if place is None:
            return
        is_exact = names.discard(key) if is_gone else names.add(key)
        self._are_names_exact &= is_exact
        self._dirty.add((place.scope, place.id))
        self._tell_soon()

    def _miss(self) -> None:
        self._are_names_exact, self._swept = False, float("-inf")
        self._tell_soon()

    def _tell_soon(self) -> None:
        if self._telling is None:
            self._telling = asyncio.get_running_loop().call_later(TELLING, self._tell)

    def _tell(self) -> None:
        self._telling = None
        written = event("shared", {"version": self._version + 1})
        for name in self._clients:
            if (client := self._hub.clients.get(name)) is not None:
                client.put_state("shared", written)
                client.wake()


def _said(error: BaseException) -> str:
    return clean(str(error))[:200].rstrip(".")


def _fits(scope: str, id_: str, row: Row | None, words: list[str]) -> bool:
    text = f"{scope} {id_} {row.spoken} {row.type} {row.text}" if row is not None else f"{scope} {id_}"
    text = text.lower()
    return all(word in text for word in words)
