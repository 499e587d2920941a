"""The ASGI application: lets requests in, finds their route, answers. What is hot stays free of any framework."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from importlib import metadata
from typing import TYPE_CHECKING, Any

from mape.errors import DecodeError, PeerError, StateError, UnknownPathError
from mape.path import nearest
from mape.remote.rest import page, view
from mape.remote.rest.answer import Answer, Receive, Send, WireScope, json, refusal
from mape.remote.rest.body import content_type, linger, read_body
from mape.remote.rest.credential import Scope
from mape.remote.rest.guard import Guard
from mape.remote.rest.intake import Intakes, event_text, reason_of
from mape.remote.rest.metrics import Metrics
from mape.remote.rest.openapi import document
from mape.remote.rest.request import Request, missing_scope, read_query
from mape.remote.rest.routes import ROUTES, Match, Route, match
from mape.remote.rest.schema import inline_schema
from mape.remote.rest.watching import Watching
from mape.settings.schema import Rest

if TYPE_CHECKING:
    from mape.application import App

__all__ = ["PATH", "Api", "Handler"]

PATH = "rest"
"""What the server is called in failures and events."""
BODY = 3
"""How many times as long as a head a body may take to come."""
RETRY = ((b"retry-after", b"1"), (b"connection", b"close"))

Handler = Callable[[Request], Awaitable[Answer | None] | Answer]


class Api:
    """See the module.

    Args:
        app: What it shows and feeds.
        settings: ``rest`` of the settings.
        extra: Returns a person's own FastAPI app, for what is no route of ours; None if there is none.
        counts: Returns what the connections have counted.
    """

    def __init__(
        self,
        app: App,
        settings: Rest,
        guard: Guard,
        extra: Callable[[], Any] = lambda: None,
        counts: Callable[[], dict[str, float]] = dict,
    ) -> None:
        self.app, self.settings, self.guard = app, settings, guard
        self.counts: Counter[str] = Counter()
        self._at_work = 0
        self._idle = asyncio.Event()
        self.is_draining = False
        self.intakes = Intakes(app)
        self.watching = Watching(app, settings, self.intakes)
        self._extra, self._counts = extra, counts
        self._routes: tuple[Route, ...] = ROUTES
        self.metrics = Metrics(app, self.figures)
        self._endings: list[Callable[[], None]] = [self.watching.close, self.metrics.close]
        self._handlers: dict[str, Handler] = {
            "levels": lambda _: json(view.levels(app)),
            "loops": lambda _: json(view.loops(app)),
            "loop": lambda request: json(view.show(view.loop(app, request.names))),
            "elements": lambda request: json(view.elements(view.loop(app, request.names))),
            "element": self._element,
            "post": self._post,
            "start": self._start,
            "stop": self._stop,
            "stream": self.watching.stream,
            "socket": self.watching.socket,
            "graph": lambda _: json(view.graph(app)),
            "live": lambda _: json(view.Health("live")),
            "ready": self._ready,
            "metrics": lambda request: self.metrics.answer(request.header(b"accept")),
            "openapi": self._openapi,
            "docs": lambda _: page.DOCS,
            "redoc": lambda _: page.REDOC,
            "static": self._static,
        }

    def mount(
        self, routes: tuple[Route, ...], handlers: Mapping[str, Handler], end: Callable[[], None] | None = None
    ) -> None:
        """Serve more routes, from another room.

        Args:
            handlers: By the names of the routes, which must be new.
            end: Ends the answers that last, when the server drains.
        """
        self._routes = (*self._routes, *routes)
        self._handlers |= handlers
        if end is not None:
            self._endings.append(end)

    async def __call__(self, scope: WireScope, receive: Receive, send: Send) -> None:
        """Serve one request, or one WebSocket."""
        if scope["type"] not in {"http", "websocket"}:
            return
        has_begun = False

        async def sending(message: Any) -> None:
            nonlocal has_begun
            has_begun = True
            await send(message)  # deadline: the connection's, see protocol

        self._at_work += 1
        self.counts["requests"] += 1
        try:
            answer = await self._serve(scope, receive, sending)
        except Exception as error:  # the wall around a request
            self.app.report(PATH, None, error)
            answer = None if has_begun else refusal(500, "the server failed on this request; its log says how")
        finally:
            self._at_work -= 1
            if not self._at_work:
                self._idle.set()
        if answer is not None:
            self.counts["refused"] += answer.status >= 400  # noqa: PLR2004 - client and server errors
            await self._reply(answer, scope, receive, send)

    async def _serve(self, scope: WireScope, receive: Receive, send: Send) -> Answer | None:
        found = match("WEBSOCKET" if scope["type"] == "websocket" else scope["method"], scope["path"], self._routes)
        is_public = found.route is not None and found.route.scope is None
        granted = (self.guard.turn_away(scope) or frozenset()) if is_public else self.guard.admit(scope)
        if isinstance(granted, Answer):
            return granted
        if found.route is None:
            return await self._elsewhere(found, granted, scope, receive, send)
        query = read_query(found.route, scope["query_string"])
        if isinstance(query, Answer):
            return query
        request = Request(found.route, found.names, query, granted, scope, receive, send)
        return self._refusal(request) or await self._handle(request)

    def _refusal(self, request: Request) -> Answer | None:
        if missing := missing_scope(request.route, request.query, request.granted):
            return refusal(403, f"the token lacks the scope {missing.value!r}")
        if self.is_draining and request.route.method != "GET":
            return refusal(503, "the server is closing", RETRY)
        return None

    async def _handle(self, request: Request) -> Answer | None:
        try:
            answer = self._handlers[request.route.name](request)
            return answer if isinstance(answer, Answer) else await answer
        except UnknownPathError as error:
            return refusal(404, str(error))

    async def _elsewhere(
        self, found: Match, granted: frozenset[Scope], scope: WireScope, receive: Receive, send: Send
    ) -> Answer | None:
        """Serve what is no route of ours: by the app that a person added, if there is one."""
        extra = self._extra()
        if found.allowed or extra is None:
            return _unknown(found, scope["path"])
        needed = Scope.READ if scope.get("method") in {"GET", "HEAD"} else Scope.WRITE
        if needed not in granted:
            return refusal(403, f"the token lacks the scope {needed.value!r}")
        await extra(scope, receive, send)
        return None

    async def _reply(self, answer: Answer, scope: WireScope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            if answer.status == 413:  # noqa: PLR2004 - the body was not read to its end
                await send({"type": "http.response.start", **answer.head()})  # deadline: see protocol
                await send({"type": "http.response.body", "body": answer.body, "more_body": True})  # deadline: as above
                await linger(receive)
                await send({"type": "http.response.body"})  # deadline: as above
            else:
                await answer.send(send)  # deadline: as above
        elif "websocket.http.response" in scope.get("extensions", {}):
            await answer.send(send, "websocket.http.response")  # deadline: as above
        else:
            await send({"type": "websocket.close", "code": 1008})  # deadline: as above

    # -- handlers --------------------------------------------------------------------------------------------------

    def _element(self, request: Request) -> Answer:
        place = view.find(self.app, request.names)
        if place.element is None:
            return json(view.describe_source(place, inline_schema(place.kind)))
        takes, gives = inline_schema(place.element.input_type), inline_schema(place.element.output_type)
        return json(view.describe(place.element, takes, gives))

    async def _post(self, request: Request) -> Answer | None:
        place = view.find(self.app, request.names)
        settings = self.settings
        body = await read_body(request.scope, request.receive, settings.max_body_bytes, settings.timeout * BODY)
        if not isinstance(body, bytes):
            return body
        if request.query["notification"] == "next":
            return self._take(request, place, body)
        way = place.port(request.query["port"])
        if request.query["notification"] == "error":
            way.on_error(PeerError(event_text(body)))
        else:
            way.on_completed()
        return json(view.Counts(1), request.route.status)

    def _take(self, request: Request, place: view.Place, body: bytes) -> Answer:
        codec = self.intakes.codec(content_type(request.scope))
        if codec is None:
            return refusal(415, f"send one of {', '.join(self.intakes.content_types)}")
        receiver = self.intakes.receiver(place, request.query["port"], codec)
        try:
            may_control, traceparent = Scope.CONTROL in request.granted, request.header(b"traceparent")
            counts = self.intakes.take(place, receiver, body, may_control=may_control, traceparent=traceparent)
        except DecodeError as error:
            return refusal(422, f"the body cannot be read: {reason_of(error)}")
        if counts.accepted or counts.duplicates:
            return json(counts, request.route.status)
        return refusal(422, "nothing in the body could be taken", rejected=counts.rejected, errors=counts.errors)

    def _start(self, request: Request) -> Answer:
        place = view.find(self.app, request.names)
        if place.element is None:
            return refusal(409, "this is a source, it has nothing to start or stop")
        try:
            place.element.start()
        except StateError as error:
            return refusal(409, str(error))
        return json(view.describe(place.element))

    def _stop(self, request: Request) -> Answer:
        place = view.find(self.app, request.names)
        if place.element is None:
            return refusal(409, "this is a source, it has nothing to start or stop")
        place.element.stop()
        return json(view.describe(place.element))

    def _ready(self, _: Request) -> Answer:
        if self.app.is_open and not self.is_draining:
            return json(view.Health("ready"))
        return json(view.Health("closing" if self.is_draining else "not open"), 503)

    def figures(self) -> dict[str, float]:
        """Return what the server has counted."""
        return {
            "requests": self.counts["requests"],
            "refused": self.counts["refused"],
            "items_accepted": self.intakes.accepted,
            "items_rejected": self.intakes.rejected,
            "items_duplicate": self.intakes.duplicates,
            "stream_items_dropped": self.watching.feeds.dropped,
            **self._counts(),
        }

    def _openapi(self, _: Request) -> Answer:
        types = self.intakes.content_types
        described = document(
            self.app, version=metadata.version("mape-toolkit"), with_token=not self.guard.is_open, content_types=types
        )
        if "asyncapi" in self._handlers:
            described["externalDocs"] = {"url": "asyncapi", "description": "Channels and streams"}
        if (extra := self._extra()) is not None:
            described["paths"].update(extra.openapi()["paths"])
            described["components"]["schemas"].update(extra.openapi().get("components", {}).get("schemas", {}))
        return json(described)

    def _static(self, request: Request) -> Answer:
        return page.static(request.names["file"], takes_gzip=b"gzip" in request.header(b"accept-encoding"))

    def end_streams(self) -> None:
        """End what lasts, and take nothing more in."""
        self.is_draining = True
        for end in self._endings:
            end()

    async def drain(self) -> None:
        """End streams and WebSockets, take no more in, and wait for what is at work."""
        self.end_streams()
        if self._at_work:
            self._idle.clear()
            await self._idle.wait()


def _unknown(found: Match, path: str) -> Answer:
    """Refuse what is no route."""
    if found.allowed:
        return refusal(
            405, f"this path takes {', '.join(found.allowed)}", ((b"allow", ", ".join(found.allowed).encode()),)
        )
    return refusal(
        404, f"there is nothing at this path: {nearest(path[:200], dict.fromkeys(route.path for route in ROUTES))}"
    )
