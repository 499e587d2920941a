"""The server's routes: one table, from which come dispatch, access and the OpenAPI document alike; pure."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from mape.remote.rest.credential import Scope
from mape.remote.rest.view import Counts, ElementView, GraphView, Health, LevelView, LoopView

__all__ = ["ELEMENT", "ROUTES", "Match", "Query", "Route", "match", "query_schema"]

WEBSOCKET = "WEBSOCKET"
ELEMENT = "/loops/{loop}/elements/{element}"


@dataclass(frozen=True)
class Query:
    """A parameter of a route's query.

    Args:
        choices: The values that it may have; the first is the default. Without any, it may be any text, by default "".
        is_list: Whether it may be there several times; the values are joined by commas.
    """

    name: str
    choices: tuple[str, ...]
    text: str
    is_list: bool = False


@dataclass(frozen=True)
class Route:
    """One method of one path.

    Args:
        name: What its handler is called.
        scope: What a token must be allowed for it; None where anybody may come who is no other site's page.
        text: What it does, one sentence.
        answer: The type of the answer's body; None where it is no JSON.
        content_type: Of the answer.
        status: When all is well.
        refusals: Other statuses, beside those that every route may have.
        takes_items: Whether the body holds items.
        is_listed: Whether it is in the OpenAPI document.
    """

    name: str
    method: str
    path: str
    scope: Scope | None
    text: str
    answer: Any = None
    content_type: str = "application/json"
    status: int = 200
    refusals: tuple[int, ...] = ()
    query: tuple[Query, ...] = ()
    takes_items: bool = False
    is_listed: bool = True

    @cached_property
    def segments(self) -> tuple[str, ...]:
        """The path, split at its slashes."""
        return tuple(self.path.split("/"))

    @property
    def is_endless(self) -> bool:
        """Whether the answer ends only when the client leaves."""
        return self.content_type == "text/event-stream"


@dataclass(frozen=True)
class Match:
    """The route of a request, and the names in its path; without one, the methods that the path does have."""

    route: Route | None
    names: dict[str, str]
    allowed: tuple[str, ...] = ()


READ, WRITE, CONTROL = Scope
PORT = Query("port", ("in", "out"), "The port that the items are given to.")
WATCHED = Query("port", ("out", "in"), "The port that is watched.")
NOTIFICATION = Query(
    "notification", ("next", "error", "completed"), "What the port is given; all but `next` need the scope `control`."
)
TAKE = Query("take", ("in", "out", "none"), "The port that items from the client are given to.")
GIVE = Query("give", ("none", "out", "in"), "The port whose items are sent to the client.")
CODEC = Query("codec", ("json", "msgpack"), "What the messages are; JSON is sent as text, taken as text or bytes.")
COUNTS = Query("counts", ("no", "yes"), "Whether each message from the client is answered with its counts.")

ROUTES = (
    Route("levels", "GET", "/levels", READ, "List the levels.", list[LevelView]),
    Route("loops", "GET", "/loops", READ, "List the loops.", list[LoopView]),
    Route("loop", "GET", "/loops/{loop}", READ, "Show a loop.", LoopView, refusals=(404,)),
    Route(
        "elements",
        "GET",
        "/loops/{loop}/elements",
        READ,
        "List the elements of a loop.",
        list[ElementView],
        refusals=(404,),
    ),
    Route(
        "element",
        "GET",
        ELEMENT,
        READ,
        "Show an element: type, state, statistics, schemas.",
        ElementView,
        refusals=(404,),
    ),
    Route(
        "post",
        "POST",
        ELEMENT,
        WRITE,
        "Give a port one item, or many, one a line.",
        Counts,
        status=202,
        refusals=(404, 413, 415, 422, 503),
        query=(PORT, NOTIFICATION),
        takes_items=True,
    ),
    Route("start", "POST", f"{ELEMENT}/start", CONTROL, "Start an element.", ElementView, refusals=(404, 409)),
    Route("stop", "POST", f"{ELEMENT}/stop", CONTROL, "Stop an element.", ElementView, refusals=(404, 409)),
    Route(
        "stream",
        "GET",
        f"{ELEMENT}/stream",
        READ,
        "Watch a port: server-sent events, one an item, without end.",
        content_type="text/event-stream",
        refusals=(404, 422, 503),
        query=(WATCHED,),
    ),
    Route(
        "socket",
        WEBSOCKET,
        ELEMENT,
        WRITE,
        "Take and give frames, as long as the client wants.",
        query=(TAKE, GIVE, CODEC, COUNTS),
        is_listed=False,
    ),
    Route("graph", "GET", "/graph", READ, "Show all loops, elements and who listens to whom.", GraphView),
    Route("live", "GET", "/health/live", READ, "Answer, if the event loop still turns.", Health),
    Route("ready", "GET", "/health/ready", READ, "Say whether items are taken.", Health, refusals=(503,)),
    Route("metrics", "GET", "/metrics", READ, "Show all counters to Prometheus.", content_type="text/plain"),
    Route("openapi", "GET", "/openapi.json", READ, "Describe all of this.", is_listed=False),
    Route("docs", "GET", "/docs", READ, "Show the documentation, by Swagger UI.", is_listed=False),
    Route("redoc", "GET", "/redoc", READ, "Show the documentation, by ReDoc.", is_listed=False),
    Route("static", "GET", "/static/{file}", READ, "Serve what the documentation's pages need.", is_listed=False),
)


def match(method: str, path: str, routes: tuple[Route, ...] = ROUTES) -> Match:
    """Find the route of a request; HEAD is GET without the body, except where the body never ends.

    Args:
        path: Decoded. Names in it are whole segments, never empty.
    """
    segments = path.split("/")
    allowed: list[str] = []
    wanted = "GET" if method == "HEAD" else method
    for route in routes:
        names = _names(route, segments)
        if names is None:
            continue
        if route.method == wanted and not (method == "HEAD" and route.is_endless):
            return Match(route, names)
        if route.method != WEBSOCKET:
            allowed.append(route.method)
    return Match(None, {}, tuple(allowed))


def _names(route: Route, segments: list[str]) -> dict[str, str] | None:
    """Return the names that `segments` give to a route's path; None if they are not on it."""
    pattern = route.segments
    if len(pattern) != len(segments):
        return None
    names = {}
    for expected, segment in zip(pattern, segments, strict=True):
        if expected.startswith("{"):
            if not segment:
                return None
            names[expected[1:-1]] = segment
        elif expected != segment:
            return None
    return names


def query_schema(query: Query) -> dict[str, Any]:
    """Return the JSON schema of a parameter."""
    if not query.choices:
        return {"type": "string"}
    return {"type": "string", "enum": list(query.choices), "default": query.choices[0]}
