"""The other servers whose loops this page shows, too, while somebody looks."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from mape.errors import ConfigError, WiringError
from mape.flow.cause import cause_text
from mape.remote.backoff import Backoff
from mape.remote.rest.credential import words
from mape.remote.rest.peer import bearer
from mape.web.client import Client, Figures, event
from mape.web.graph import GraphShape
from mape.web.journal import Entry
from mape.web.junction import join
from mape.web.peer import Items, Peer, Told

if TYPE_CHECKING:
    from mape.application import App
    from mape.web.hub import Hub

__all__ = ["Peers"]

MOST: Final = 32
ARMING: Final = 0.3
"""How long an item that is pushed waits until the peers look for it [s]."""
LEAVING: Final = 0.5


class Peers:
    """See the module; the audience of all peers.

    Args:
        urls: ``rest.peers``.
        token: ``rest.peer_token``.
        own_url: Tells where this app's own server is.

    Raises:
        ConfigError: One of them is no URL of a server.
    """

    def __init__(self, app: App, hub: Hub, urls: str | tuple[str, ...], token: str | None, own_url: Any) -> None:
        self._app, self._hub, self._own_url = app, hub, own_url
        try:
            bearer(token)
        except WiringError as error:
            raise ConfigError(f"rest.peer_token: {error}") from None
        checked = dict(_checked(url) for url in words(urls))
        if len(checked) > MOST:
            raise ConfigError(f"rest.peers names {len(checked)} servers; one page shows at most {MOST}")
        self._peers = {name: Peer(url, name, token, self, Backoff(rng=app.rng)) for name, url in checked.items()}
        self._tasks: dict[asyncio.Task[None], None] = {}
        self._errands: set[asyncio.Task[None]] = set()
        hub.tracer.began = self._began
        hub.changed.append(self._join_own)

    def names(self) -> list[dict[str, str]]:
        """Return who they are."""
        return [{"name": peer.name, "url": peer.url} for peer in self._peers.values()]

    # -- who looks -------------------------------------------------------------------------------------------------

    def welcome(self, client: Client) -> None:
        """Have a new client told all that is known, and listen to them if nobody did."""
        if not self._tasks:
            loop = asyncio.get_running_loop()
            self._tasks = {
                loop.create_task(each.run(), name=f"peer {each.name}"): None for each in self._peers.values()
            }
        for peer in self._peers.values():
            client.put_state(f"peer:{peer.name}", _state(peer))
            if peer.shape is not None:
                client.put_state(f"graph:{peer.name}", event("graph", peer.shape))
                t = self._app.clock.now()
                client.put_pulse(t, peer.name, peer.figures, peer.figures.event(peer.name, t))
                client.put_log(list(peer.entries))

    def rest(self) -> None:
        """Listen to nobody: nobody looks."""
        for task in self._tasks:
            task.cancel()

    async def finish(self) -> None:
        """Wait until those that were told to rest do."""
        resting = [task for task in self._tasks if task.cancelling() or task.done()]
        if resting:
            await asyncio.wait(resting, timeout=LEAVING)
            for task in resting:
                self._tasks.pop(task, None)

    def watch(self, places: set[tuple[str, str]]) -> None:
        """Have them tell the items of these elements, by peer and path."""
        for peer in self._peers.values():
            errand = peer.watch(frozenset(path for name, path in places if name == peer.name))
            if errand is not None:
                self._spawn(errand)

    # -- traces ----------------------------------------------------------------------------------------------------

    async def follow(self, cause: int) -> None:
        """Have all peers look for an item; wait until they do, but not long."""
        text = cause_text(cause)
        connected = [peer for peer in self._peers.values() if peer.is_connected]
        if text is None or not connected:
            return
        errands = {asyncio.ensure_future(peer.follow(text)): peer for peer in connected}
        done, late = await asyncio.wait(errands, timeout=ARMING)
        for errand in late:
            errand.cancel()
        armed = [
            errands[each].name for each in done if not each.cancelled() and each.exception() is None and each.result()
        ]
        self._hub.tracer.expect(cause, armed)

    def _began(self, cause: int) -> None:
        self._spawn(self.follow(cause))

    def _spawn(self, errand: Any) -> None:
        task = asyncio.get_running_loop().create_task(errand)
        self._errands.add(task)
        task.add_done_callback(self._errands.discard)

    # -- what they tell --------------------------------------------------------------------------------------------

    def state(self, peer: Peer) -> None:
        """See `Audience`."""
        self._hub.tell_state(peer.name, f"peer:{peer.name}", _state(peer))
        if peer.is_connected and (errand := peer.greeted()) is not None:
            self._spawn(errand)

    def graph(self, peer: Peer) -> None:
        """See `Audience`."""
        if peer.shape is not None:
            peer.keep(element.path for element in peer.shape.elements)
        for name in self._join() | {peer.name}:
            self._tell_graph(name)

    def pulse(self, peer: Peer, t: float, figures: Figures) -> None:
        """See `Audience`."""
        self._hub.tell_pulse(t, peer.name, figures)

    def items(self, peer: Peer, told: Items) -> None:
        """See `Audience`."""
        found = {"peer": peer.name, "path": told.path, "port": told.port, "seen": told.seen, "items": told.items}
        self._hub.tell_items(peer.name, told.path, event("items", found), len(told.items))

    def log(self, peer: Peer, entries: list[Entry]) -> None:
        """See `Audience`."""
        self._hub.tell_log(entries, peer.name)

    def known(self, peer: Peer, changed: list[tuple[str, str]]) -> None:
        """See `Audience`."""
        self._hub.tell_known(peer.name, changed)

    def trace(self, peer: Peer, told: Told) -> None:
        """See `Audience`."""
        if told.cause is not None:
            self._hub.tracer.hear_peer(int(told.cause, 16), peer.name, told.hops, is_done=told.is_done)

    # -- edges between processes -----------------------------------------------------------------------------------

    def _graphs(self) -> dict[str, GraphShape]:
        graphs = {peer.name: peer.shape for peer in self._peers.values() if peer.shape is not None}
        return graphs if self._hub.graph is None else {"": self._hub.graph, **graphs}

    def _join(self) -> set[str]:
        urls = {peer.name: peer.url for peer in self._peers.values()}
        return join(self._graphs(), {"": self._own_url(), **urls})

    def _join_own(self) -> None:
        """Join anew because this app's own graph is another; the caller tells that one."""
        for name in self._join() - {""}:
            self._tell_graph(name)

    def _tell_graph(self, name: str) -> None:
        graph = self._graphs().get(name)
        if graph is not None:
            self._hub.tell_state(name, f"graph:{name}", event("graph", graph))


def _state(peer: Peer) -> bytes:
    told = {"name": peer.name, "title": peer.title, "url": peer.url, "state": peer.state, "text": peer.text}
    return event("peer", told)


def _checked(url: str) -> tuple[str, str]:
    """Return the name and the URL of a server.

    Raises:
        ConfigError: It is none, or holds more than that.
    """
    shown = f"{url.rpartition('@')[2]!r:.100}"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise ConfigError(f"rest.peers: {shown} is no URL of a server: {error}") from None
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise ConfigError(f"rest.peers: {shown} is no URL of a server: write http://host:port")
    if parts.username is not None or parts.password is not None:
        raise ConfigError(f"rest.peers: the URL of {shown} holds credentials: set rest.peer_token instead")
    name = parts.netloc if port is not None else f"{parts.netloc}:{443 if parts.scheme == 'https' else 80}"
    return name, url.rstrip("/")
