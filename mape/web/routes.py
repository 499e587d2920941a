"""The routes of the live page: the shell for everybody, the rest by scope."""

from __future__ import annotations

from typing import Final

from mape.remote.rest.credential import Scope
from mape.remote.rest.routes import Query, Route

__all__ = ["LIVE_ROUTES"]

READ, WRITE, CONTROL = Scope
PATH: Final = Query("path", (), "An element: loop.element, or level.loop.element.")
CAUSE: Final = Query("cause", (), "A causal id: 16 hexadecimal digits.")
SHARED: Final = (
    Query("scope", (), "app, level:UID or loop:UID."),
    Query("key", (), "A collection or value in it."),
)
COUNT: Final = Query("count", (), "How many entries.")
STREAM: Final = (
    Query("watch", (), "Paths of elements whose items are shown.", is_list=True),
    Query("peers", ("yes", "no"), "Whether what the server's own peers tell is passed on."),
)


def _route(name: str, method: str, path: str, scope: Scope | None, text: str, *query: Query) -> Route:
    kind = "text/event-stream" if name == "live_stream" else "application/json"
    # Not in the OpenAPI document: these change with the page, see docs/adr/0012-live-page.md.
    return Route(name, method, path, scope, text, content_type=kind, query=query, is_listed=False)


LIVE_ROUTES: Final = (
    _route("page", "GET", "/", None, "Show the live page."),
    _route("page_file", "GET", "/page/{file}", None, "Serve what the live page needs."),
    _route("page_room", "GET", "/page/{room}/{file}", None, "Serve what a part of the live page needs."),
    _route("live_hello", "GET", "/live/hello", READ, "Say whose page this is, and what the token may do."),
    _route("live_stream", "GET", "/live/stream", READ, "Tell all that happens, without end.", *STREAM),
    _route("live_watch", "POST", "/live/watch", READ, "Choose whose items a client is shown."),
    _route("live_element", "GET", "/live/element", READ, "Show an element.", PATH),
    _route("live_push", "POST", "/live/push", WRITE, "Give an element an item, and follow it.", PATH),
    _route("live_follow", "POST", "/live/follow", READ, "Follow the next item of an element.", PATH, CAUSE),
    _route("live_trace", "GET", "/live/trace", READ, "Show an item's way so far.", CAUSE),
    _route("live_start", "POST", "/live/start", CONTROL, "Start an element, or a loop.", PATH),
    _route("live_stop", "POST", "/live/stop", CONTROL, "Stop an element, or a loop.", PATH),
    _route("live_knowledge", "GET", "/live/knowledge", READ, "Show what is known."),
    _route(
        "live_know",
        "PUT",
        "/live/knowledge",
        CONTROL,
        "Change what is known.",
        Query("scope", (), "app, level:UID or loop:UID."),
        Query("key", (), "A name in it."),
    ),
    _route(
        "live_shared",
        "GET",
        "/live/shared",
        READ,
        "Show what is shared in the store.",
        Query("find", (), "Words to search for."),
        Query("after", (), "The version that is known already."),
    ),
    _route("live_entries", "GET", "/live/shared/entries", READ, "Show what is in a collection.", *SHARED, COUNT),
    _route("live_share", "POST", "/live/shared", CONTROL, "Change, add or remove an entry.", *SHARED),
    _route("live_settings", "GET", "/live/settings", READ, "Show the settings and where they come from."),
    _route("live_log", "GET", "/live/log", READ, "Show what happened.", Query("after", (), "Only what is newer.")),
)
