"""A line for each thing that is shared: its kind, how long it is, and when it changed last; read in bounded numbers."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

import msgspec

from mape.errors import DecodeError
from mape.web.shared.asking import ask
from mape.web.shared.kinds import FIXED, LENGTHS, Kind, kind_of, spoken
from mape.web.shared.names import LOCK, Names
from mape.web.shared.window import Piece, read_value
from mape.web.shared.wording import beginning
from mape.web.tree import clean, summary, tree

if TYPE_CHECKING:
    from mape.application import App
    from mape.remote.redis.knowledge.store import RedisStore

__all__ = ["Id", "Row", "Rows"]

SHORT: Final = 1_024
"""Bytes of a single value that its line is made from."""
TEXT: Final = 120
KEPT: Final = 5_000
Id = tuple[str, str]
"""Scope, and `Place.id`."""


class Row(msgspec.Struct):
    """One line.

    Args:
        id: What requests call it.
        length: Of a collection.
        text: Of a single value.
        turn: The version in which it was seen to have changed; 0: as long as somebody looks, it has not.
        fixed: Why it cannot be changed here.
    """

    id: str
    name: str
    kind: str
    spoken: str
    type: str
    length: int | None
    text: str
    turn: int
    fixed: str | None


class Rows:
    """The lines that were read, by scope and id.

    Args:
        store: Where they are.
    """

    def __init__(self, app: App, store: RedisStore) -> None:
        self.names = Names(app)
        self._app, self._store = app, store
        self._rows: dict[Id, Row] = {}  # bound: KEPT, in renew
        self._new: set[Id] = set()  # bound: the names
        self._has_looked = False

    def __getitem__(self, id_: Id) -> Row | None:
        return self._rows.get(id_)

    def clear(self) -> None:
        """Remember nothing."""
        self.names, self._rows = Names(self._app), {}
        self._new, self._has_looked = set(), False

    async def find(self) -> bool:
        """Look for names anew; return whether there are others."""
        before = self.names
        self.names = await before.scan(self._store.client)
        new, gone = self.names.beyond(before), before.beyond(self.names)
        if self._has_looked:
            self._new = {id_ for id_ in self._new if self.names.has(*id_)} | new
        self._has_looked = True
        for id_ in gone:
            self._rows.pop(id_, None)
        return bool(new or gone)

    async def renew(self, wanted: Iterable[Id], version: int, touched: Iterable[Id] = ()) -> bool:
        """Read lines anew; return whether any is another than it was.

        Args:
            version: What `Row.turn` becomes of those that are.
            touched: Those that have changed, whatever is seen of it.
        """
        ids, marked = list(wanted), self._new.union(touched)
        self._new.difference_update(ids)
        if len(self._rows) > KEPT:
            self._rows.clear()
        rows = await asyncio.gather(*(self._row(id_) for id_ in ids))
        is_other = False
        for id_, row in zip(ids, rows, strict=True):
            before = self._rows.pop(id_, None)
            if row is None:
                self.names.discard(self.names.key(*id_))
                is_other |= before is not None
                continue
            row.turn = before.turn if before is not None else 0
            if id_ in marked or (before is not None and row != before):
                row.turn, is_other = version, True
            is_other |= before is None
            self._rows[id_] = row
        return is_other

    def kind(self, id_: Id, stored: str) -> Kind:
        """Return the kind of something.

        Args:
            stored: What the server calls it.
        """
        scope, name = id_
        key = self.names.key(scope, name)
        return kind_of(self._store.scope(self.names.prefix(scope), scope).declared, key, name, stored)

    async def stored(self, id_: Id) -> str:
        """Ask the server for its kind; "none" where there is nothing."""
        if id_[1].endswith("."):
            return "string"
        kind = await ask(self._store.client, "TYPE", self.names.key(*id_))
        return kind.decode() if isinstance(kind, bytes) else str(kind)

    async def _row(self, id_: Id) -> Row | None:
        stored = await self.stored(id_)
        if stored == "none":
            return None
        kind = self.kind(id_, stored)
        row = _blank(id_[1], kind)
        try:
            await self._fill(row, id_, kind)
        except DecodeError:  # of another kind since a moment ago: the next look sees it
            row.length = None
        return row

    async def _fill(self, row: Row, id_: Id, kind: Kind) -> None:
        client, key = self._store.client, self.names.key(*id_)
        if kind.name == "keyspace":
            space = self.names.space(*id_)
            row.length = space.count if space is not None else 0
        elif kind.name == "value":
            piece = await read_value(client, key, SHORT)
            if piece is not None:
                row.text, type_ = _said(piece, kind)
                row.type = row.type or type_
        elif kind.name == "lock":
            row.text = "held"
        elif kind.stored in LENGTHS:
            row.length = int(await ask(client, LENGTHS[kind.stored], key))


def _said(piece: Piece, kind: Kind) -> tuple[str, str]:
    """Return a single value as text, and what it is; "" where not all of it was read."""
    if piece.is_cut:
        return summary(beginning(piece.raw, piece.length), TEXT), ""
    value = kind.wording.read(piece.raw)
    return summary(tree(value), TEXT), clean(type(value).__name__)


def _blank(id_: str, kind: Kind) -> Row:
    said = kind.stored if kind.name == "other" else spoken(kind.name)
    name = clean(id_.removesuffix(LOCK).removesuffix("."))
    return Row(id_, name, kind.name, said, kind.wording.type, None, "", 0, FIXED.get(kind.name))
