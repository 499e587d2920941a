"""What the routes of the live page do."""

from __future__ import annotations

import asyncio
import os
import platform
import socket
import sys
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec

from mape.errors import MapeError
from mape.remote.rest.answer import API_POLICY, SAFE_HEADERS, Answer, json, refusal
from mape.remote.rest.api import Handler
from mape.remote.rest.body import content_type, read_body
from mape.remote.rest.request import Request
from mape.web.address import element_at
from mape.web.client import Client
from mape.web.desk import Desk
from mape.web.hub import INTERVAL, Hub
from mape.web.journal import Journal
from mape.web.portrait import portrait, settings_of
from mape.web.routes import LIVE_ROUTES
from mape.web.shell import Shell
from mape.web.tree import clean

if TYPE_CHECKING:
    from mape.remote.rest import RestServer
    from mape.web.shared.counter import Counter

__all__ = ["CLIENTS", "Live"]

CLIENTS: Final = 64
HEARTBEAT: Final = 5.0
"""How often a stream with nothing to tell says so [s]."""
FULL_PIPE: Final = 10.0
"""How long a client may take nothing in before it is let go [s]."""
GOODBYE: Final = 0.3
"""How long it may take to take the end in, when the server closes [s]."""
WATCHED: Final = 16
NO_STORE: Final = "the app has no store for shared knowledge"
BODY_BYTES: Final = 256 * 1024
BODY_SECONDS: Final = 10.0
STREAM: Final = (
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"x-accel-buffering", b"no"),
    (b"content-security-policy", API_POLICY),
    *SAFE_HEADERS,
)


class _Place(msgspec.Struct, forbid_unknown_fields=True):
    path: str
    peer: str = ""


class _Watch(msgspec.Struct, forbid_unknown_fields=True):
    client: str
    paths: list[_Place]


class Live:
    """The page of a server's app.

    Args:
        server: What it is added to.
    """

    def __init__(self, server: RestServer) -> None:
        self._server, self._app = server, server.asgi.app
        self.journal = Journal(self._app)
        self.hub = Hub(self._app, self.journal)
        self._desk = Desk(self._app, self.hub, server.asgi.intakes)
        self._shell = Shell()
        self._shared_counter: Counter | None = None
        self._began = self._app.clock.now()
        self._start_peers()

    def mount(self) -> None:
        """Add the routes to the server."""
        handlers: dict[str, Handler] = {
            "page": self._shell.index,
            "page_file": self._shell.file,
            "page_room": self._shell.file,
            "live_hello": lambda request: json(self.hello(request)),
            "live_stream": self.stream,
            "live_watch": self._watch,
            "live_element": self._element,
            "live_push": self._push,
            "live_follow": self._desk.follow,
            "live_trace": self._desk.trace,
            "live_start": self._desk.start,
            "live_stop": self._desk.stop,
            "live_knowledge": self._desk.knowledge,
            "live_know": self._know,
            "live_shared": self._shared,
            "live_entries": self._entries,
            "live_share": self._share,
            "live_settings": lambda _: json(settings_of(self._app)),
            "live_log": self._log,
        }
        self._server.mount(LIVE_ROUTES, handlers, self._close)

    # -- reading ---------------------------------------------------------------------------------------------------

    def hello(self, request: Request) -> dict[str, Any]:
        """Say whose page this is, and what the client may do."""
        settings = self._server.settings
        app = {
            "title": clean(settings.title or Path(sys.argv[0]).name or "mape"),
            "pid": os.getpid(),
            "python": platform.python_version(),
            "mape": metadata.version("mape-toolkit"),
            "started": self._began,
            "host": clean(socket.gethostname()),
        }
        may = [scope.value for scope in sorted(request.granted)]
        peers = self.hub.peers.names() if self.hub.peers is not None else []
        return {"app": app, "may": may, "peers": peers, "interval": INTERVAL}

    def _element(self, request: Request) -> Answer:
        element = element_at(self._app, request.query["path"])
        return json(portrait(element, self.hub.sampler.recent(element), self.journal))

    def _log(self, request: Request) -> Answer:
        after = request.query["after"]
        if after and not (after.isascii() and after.isdigit() and len(after) < 16):  # noqa: PLR2004 - beyond 2**53
            return refusal(422, "after must be the number of an entry")
        return json({"entries": self.journal.since(int(after or 0))})

    # -- the stream ------------------------------------------------------------------------------------------------

    async def stream(self, request: Request) -> Answer | None:
        """Tell a client all that happens, until it leaves or the server closes."""
        if self._server.asgi.is_draining:
            return refusal(503, "the server is closing")
        if len(self.hub.clients) >= CLIENTS:
            return refusal(503, f"{CLIENTS} pages look at this app already: close one of them")
        client = Client(wants_peers=request.query["peers"] == "yes")
        self._aim(client, [_Place(path) for path in request.query["watch"].split(",") if path][:WATCHED])
        self.hub.join(client, self.hello(request))
        self.hub.aim()
        gone = asyncio.create_task(_gone(request))
        gone.add_done_callback(lambda _: client.close())
        try:
            await self._send(request, client)
        except (TimeoutError, OSError):
            pass  # the client takes nothing in: the connection's own deadline ends it
        finally:
            is_gone = gone.done()
            gone.cancel()
            self.hub.leave(client)
        if self.hub.peers is not None:
            await self.hub.peers.finish()  # deadline: its own
        if not is_gone:
            await self._end(request)
        return None

    async def _send(self, request: Request, client: Client) -> None:
        async with asyncio.timeout(FULL_PIPE):
            await request.send({"type": "http.response.start", "status": 200, "headers": list(STREAM)})
        while not client.is_closed:
            body = await client.take(HEARTBEAT)
            if body and not client.is_closed:
                async with asyncio.timeout(FULL_PIPE):
                    await request.send({"type": "http.response.body", "body": body, "more_body": True})

    async def _end(self, request: Request) -> None:
        """Say goodbye, which a client that took nothing in does not hear."""
        try:
            async with asyncio.timeout(GOODBYE):
                await request.send({"type": "http.response.body", "body": b"event: bye\ndata: {}\n\n"})
        except (TimeoutError, OSError):
            pass

    async def _watch(self, request: Request) -> Answer | None:
        wanted = await _read(request, _Watch)
        if not isinstance(wanted, _Watch):
            return wanted  # type: ignore[no-any-return] # an answer
        client = self.hub.clients.get(wanted.client)
        if client is None:
            return refusal(404, "the stream of that client has ended: open it anew")
        if len(wanted.paths) > WATCHED:
            return refusal(422, f"at most {WATCHED} elements can be watched at a time")
        self._aim(client, wanted.paths)
        self.hub.aim()
        return Answer(204)

    def _aim(self, client: Client, places: list[_Place]) -> None:
        client.watched = frozenset((each.peer, self._whole(each)) for each in places)

    def _whole(self, place: _Place) -> str:
        """Return the path that an element goes by on the page, if it is one of ours and there."""
        try:
            return place.path if place.peer else element_at(self._app, place.path).path
        except MapeError:
            return place.path

    # -- doing -----------------------------------------------------------------------------------------------------

    async def _push(self, request: Request) -> Answer | None:
        body = await self._body(request)
        return await self._desk.push(request, body) if isinstance(body, bytes) else body

    async def _know(self, request: Request) -> Answer | None:
        body = await self._body(request)
        return self._desk.know(request, body) if isinstance(body, bytes) else body

    # -- what is shared --------------------------------------------------------------------------------------------

    async def _shared(self, request: Request) -> Answer:
        counter = self._counter()
        return json({"state": "none"}) if counter is None else await counter.show(request)

    async def _entries(self, request: Request) -> Answer:
        counter = self._counter()
        return refusal(404, NO_STORE) if counter is None else await counter.entries(request)

    async def _share(self, request: Request) -> Answer | None:
        counter, body = self._counter(), await self._body(request)
        if not isinstance(body, bytes):
            return body
        return refusal(404, NO_STORE) if counter is None else await counter.change(request, body)

    def _counter(self) -> Counter | None:
        if self._app.store is None:
            return None
        if self._shared_counter is None:
            from mape.web.shared.counter import Counter  # with redis, which need not be installed

            self._shared_counter = Counter(self._app, self.hub)
        return self._shared_counter

    def _close(self) -> None:
        if self._shared_counter is not None:
            self._shared_counter.close()
        self.hub.close()

    # -- bodies ----------------------------------------------------------------------------------------------------

    async def _body(self, request: Request) -> bytes | Answer | None:
        if content_type(request.scope) != "application/json":
            return refusal(415, "send application/json")
        most = min(self._server.settings.max_body_bytes, BODY_BYTES)
        return await read_body(request.scope, request.receive, most, BODY_SECONDS)

    def _start_peers(self) -> None:
        if urls := self._server.settings.peers:
            from mape.web.peers import Peers

            token = self._server.settings.peer_token
            self.hub.peers = Peers(self._app, self.hub, urls, token, self._own_url)

    def _own_url(self) -> str:
        return f"http://{self._server.address}"


async def _read(request: Request, kind: Any) -> Any:
    """Return a body as what it should be, or an answer."""
    if content_type(request.scope) != "application/json":
        return refusal(415, "send application/json")
    body = await read_body(request.scope, request.receive, BODY_BYTES, BODY_SECONDS)
    if not isinstance(body, bytes):
        return body
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return refusal(422, "the body is not what this route takes")


async def _gone(request: Request) -> None:
    """Return when the client has left."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
