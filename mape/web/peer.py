"""One other server whose page is shown in this one: its stream, read as a browser would."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable
from contextlib import suppress
from typing import Any, Final, Protocol

import aiohttp
import msgspec

from mape.remote.backoff import Backoff
from mape.web.client import Figures
from mape.web.graph import GraphShape
from mape.web.journal import Entry
from mape.web.reading import EventReader
from mape.web.trace import Hop
from mape.web.tree import clean

__all__ = ["Audience", "Items", "Peer", "Told"]

SILENCE: Final = 12.0
"""Without a sign of life for so long the stream counts as lost; a heartbeat comes each 5 s [s]."""
CONNECTING: Final = 5.0
ANSWERING: Final = 1.0
CLOSING: Final = 0.5
LOG: Final = 100
TITLE: Final = 80
REFUSALS: Final = {
    401: "it wants a token, or another one: set rest.peer_token",
    403: "it does not let this server in: see rest.hosts and rest.tokens there",
    404: "it has no live page: is it a mape server?",
    503: "it has no room for another page",
}


class Told(msgspec.Struct):
    """A part of a trace."""

    cause: str | None
    hops: list[Hop]
    is_done: bool


class Items(msgspec.Struct):
    """Samples of a port, as the peer encoded them."""

    path: str
    port: str
    seen: int
    items: list[msgspec.Raw]


class _App(msgspec.Struct):
    title: str = ""


class _Hello(msgspec.Struct):
    client: str
    app: _App


class _Pulse(msgspec.Struct):
    t: float
    e: dict[str, list[float | int | None]] = {}
    o: dict[str, list[float | int]] = {}
    k: dict[str, dict[str, float | int | None]] = {}


class _Log(msgspec.Struct):
    entries: list[Entry]


class _Change(msgspec.Struct):
    scope: str
    key: str


class _Known(msgspec.Struct):
    changed: list[_Change]


class Audience(Protocol):
    """Who hears what a peer tells."""

    def state(self, peer: Peer) -> None:
        """Hear that it is connected, lost or refused."""

    def graph(self, peer: Peer) -> None:
        """Hear of its graph."""

    def pulse(self, peer: Peer, t: float, figures: Figures) -> None:
        """Hear of its counters."""

    def items(self, peer: Peer, told: Items) -> None:
        """Hear of items there."""

    def log(self, peer: Peer, entries: list[Entry]) -> None:
        """Hear of what happened there."""

    def known(self, peer: Peer, changed: list[tuple[str, str]]) -> None:
        """Hear of what changed in its knowledge."""

    def trace(self, peer: Peer, told: Told) -> None:
        """Hear of an item that passed there."""


KINDS: Final[dict[str, Any]] = {
    "hello": _Hello,
    "graph": GraphShape,
    "pulse": _Pulse,
    "items": Items,
    "log": _Log,
    "knowledge": _Known,
    "trace": Told,
}
"""The events that are read; what else comes is for browsers."""


class Peer:
    """See the module.

    Args:
        url: Where its server is.
        name: ``host:port``.
        token: What it wants to see.
        backoff: Between two attempts.
    """

    def __init__(self, url: str, name: str, token: str | None, audience: Audience, backoff: Backoff) -> None:
        self.url, self.name, self.title = url, name, name
        self.state, self.text = "lost", "not connected yet"
        self.shape: GraphShape | None = None
        self.figures = Figures()
        self.entries: deque[Entry] = deque(maxlen=LOG)
        self._headers = {"User-Agent": "mape", "x-mape-page": "1"}
        if token is not None:
            self._headers["Authorization"] = f"Bearer {token}"
        self._audience, self._backoff = audience, backoff
        self._client = ""
        self._watched: frozenset[str] = frozenset()
        self._session: aiohttp.ClientSession | None = None

    async def run(self) -> None:
        """Listen, again and again, until cancelled."""
        timeout = aiohttp.ClientTimeout(total=None)  # each wait has one of its own
        async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar(), timeout=timeout) as session:
            self._session = session
            try:
                while True:
                    state, text = await self._listen(session)
                    self._client = ""
                    self._become(state, text)
                    await asyncio.sleep(next(self._backoff))
            finally:
                self._session = None
                self.state, self.text, self._client = "lost", "not connected", ""
                self.shape, self.figures = None, Figures()
                self.entries.clear()

    def watch(self, paths: frozenset[str]) -> Any:
        """Have the items of these elements told; returns what does it, to be awaited, or None."""
        if paths == self._watched:
            return None
        self._watched = paths
        return self._watch()

    def greeted(self) -> Any:
        """Return what tells a server that has just answered what to show, to be awaited; None if nothing."""
        return self._watch() if self._watched else None

    async def follow(self, cause: str) -> bool:
        """Have it follow what has this cause; return whether it does."""
        return bool(self._client) and await self._post(f"/live/follow?cause={cause}", None)

    async def _watch(self) -> None:
        if self._client:
            paths = [{"path": path} for path in sorted(self._watched)]
            await self._post("/live/watch", {"client": self._client, "paths": paths})

    async def _post(self, path: str, body: Any) -> bool:
        session = self._session
        if session is None:
            return False
        headers = {**self._headers, "x-mape-client": self._client}
        with suppress(TimeoutError, aiohttp.ClientError, OSError):
            async with (
                asyncio.timeout(ANSWERING),
                session.post(f"{self.url}{path}", json=body, headers=headers, allow_redirects=False) as answer,
            ):
                return answer.status < 300  # noqa: PLR2004 - RFC 9110
        return False

    async def _listen(self, session: aiohttp.ClientSession) -> tuple[str, str]:
        """Read the stream until it ends; return what the peer is then, and why."""
        address = f"{self.url}/live/stream?peers=no"
        try:
            async with asyncio.timeout(CONNECTING):
                answer = await session.get(address, headers=self._headers, allow_redirects=False)
            try:
                if answer.status != 200:  # noqa: PLR2004 - RFC 9110
                    why = REFUSALS.get(answer.status, "that is no live page")
                    return "refused", f"the answer is {answer.status}: {why}"
                await self._read(answer.content)
            finally:
                answer.close()
        except TimeoutError:
            return "lost", "it is silent"
        except (aiohttp.ClientError, OSError) as error:
            return "lost", clean(f"it cannot be reached: {error}")[:200]
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, ValueError):
            return "refused", "its stream cannot be read: is it of another version?"
        return "lost", "it has closed"

    async def _read(self, content: aiohttp.StreamReader) -> None:
        reader = EventReader()
        while True:
            async with asyncio.timeout(SILENCE):
                piece = await content.readany()
            if not piece:
                return
            for name, encoded in reader.feed(piece):
                self._hear(name, encoded)

    def _hear(self, name: str, encoded: bytes) -> None:
        if name not in KINDS:
            return
        told = msgspec.json.decode(encoded, type=KINDS[name])
        hear: Audience = self._audience
        if isinstance(told, _Hello):
            self._greet(told)
        elif isinstance(told, GraphShape):
            told.peer, self.shape = self.name, told
            hear.graph(self)
        elif isinstance(told, _Pulse):
            figures = Figures(told.e, told.o, told.k)
            self.figures.update(figures)
            hear.pulse(self, told.t, figures)
        elif isinstance(told, Items):
            hear.items(self, told)
        elif isinstance(told, _Log):
            for entry in told.entries:
                entry.peer = self.name
            self.entries.extend(told.entries)
            hear.log(self, told.entries)
        elif isinstance(told, _Known):
            hear.known(self, [(each.scope, each.key) for each in told.changed])
        elif isinstance(told, Told):
            hear.trace(self, told)

    def _greet(self, told: _Hello) -> None:
        self._client, self.title = told.client, clean(told.app.title)[:TITLE] or self.name
        self.figures = Figures()
        self.entries.clear()
        self._backoff.reset()
        self._become("connected", "")
        self._audience.state(self)

    def _become(self, state: str, text: str) -> None:
        if (state, text) != (self.state, self.text):
            self.state, self.text = state, text
            self._audience.state(self)

    @property
    def is_connected(self) -> bool:
        """Whether its stream is read just now."""
        return bool(self._client)

    def keep(self, paths: Iterable[str]) -> None:
        """Forget the counters of elements that are not there any more."""
        known = set(paths)
        self.figures.e = {path: row for path, row in self.figures.e.items() if path in known}
