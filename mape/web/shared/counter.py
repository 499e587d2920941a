"""Requests about shared knowledge: what they ask for, and what they are answered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from mape.errors import MapeError
from mape.remote.rest.answer import Answer, json, refusal
from mape.remote.rest.request import Request
from mape.web.desk import CLIENT, refused
from mape.web.hub import Hub
from mape.web.shared.edit import Edit
from mape.web.shared.shelf import Shelf

if TYPE_CHECKING:
    from mape.application import App

__all__ = ["Counter"]

FIRST: Final = 50
"""Entries that are shown if nobody says how many."""
LONGEST: Final = 200
"""Characters of what is searched for."""


class Counter:
    """Handles them, for an app that has a store."""

    def __init__(self, app: App, hub: Hub) -> None:
        self._hub = hub
        self._shelf = Shelf(app, hub)

    async def show(self, request: Request) -> Answer:
        """Show what is shared."""
        client = request.header(CLIENT).decode("latin-1")
        return json(await self._shelf.show(client, request.query["find"][:LONGEST], request.query["after"]))

    async def entries(self, request: Request) -> Answer:
        """Show what is in a collection."""
        count = request.query["count"]
        if count and not (count.isascii() and count.isdigit() and len(count) < 6):  # noqa: PLR2004 - a number of entries
            return refusal(422, "count must be a number")
        return await self._answer(self._shelf.entries(*_place(request), int(count or FIRST)))

    async def change(self, request: Request, body: bytes) -> Answer:
        """Change, add or remove an entry."""
        try:
            wanted = msgspec.json.decode(body, type=Edit)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return refusal(422, "send an object with what to do: set, add or remove, which entry, and its new value")
        answer = await self._answer(self._shelf.change(*_place(request), wanted))
        if answer.status == 200:  # noqa: PLR2004 - RFC 9110
            self._hub.journal.add("changed", request.query["scope"], "something shared was changed from the live page")
        return answer

    def close(self) -> None:
        """Rest."""
        self._shelf.close()

    async def _answer(self, asked: Any) -> Answer:
        try:
            return json(await asked)  # deadline: of Shelf
        except TimeoutError:
            return refusal(503, "the store does not answer: whether anything was done is not known")
        except OSError:
            return refusal(503, "the store cannot be reached")
        except MapeError as error:
            return refused(error)


def _place(request: Request) -> tuple[str, str]:
    return request.query["scope"], request.query["key"]
