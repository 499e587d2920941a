"""A request that was let in: its route, the names in its path, its query."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl

from mape.remote.rest.answer import Answer, Receive, Send, WireScope, refusal
from mape.remote.rest.credential import Scope
from mape.remote.rest.routes import Route

__all__ = ["Request", "missing_scope", "read_query"]

FIELDS = 32
"""How many parameters a query may have."""


@dataclass(frozen=True)
class Request:
    """What a handler gets.

    Args:
        names: The names in the path.
        query: The route's parameters, defaults filled in.
        granted: What the sender may do.
    """

    route: Route
    names: Mapping[str, str]
    query: Mapping[str, str]
    granted: frozenset[Scope]
    scope: WireScope
    receive: Receive
    send: Send

    def header(self, name: bytes) -> bytes:
        """Return a header; empty if there is none."""
        return next((value for each, value in self.scope["headers"] if each == name), b"")


def read_query(route: Route, text: bytes) -> dict[str, str] | Answer:
    """Return a route's parameters, or what is wrong with them; routes without any ignore what stands there."""
    values = {query.name: query.choices[0] if query.choices else "" for query in route.query}
    if not text or not values:
        return values
    try:
        given = parse_qsl(text.decode("latin-1"), keep_blank_values=True, max_num_fields=FIELDS)
    except ValueError:
        return refusal(422, "the query cannot be read")
    known = {query.name: query for query in route.query}
    seen: set[str] = set()
    for name, value in given:
        if name not in known:
            return refusal(422, f"the query has an unknown parameter; there are {', '.join(known)}")
        if name in seen and not known[name].is_list:
            return refusal(422, "the query has a parameter twice")
        if known[name].choices and value not in known[name].choices:
            return refusal(422, f"the parameter {name} must be one of {', '.join(known[name].choices)}")
        values[name] = f"{values[name]},{value}" if name in seen else value
        seen.add(name)
    return values


def missing_scope(route: Route, query: Mapping[str, str], granted: frozenset[Scope]) -> Scope | None:
    """Return what the sender of a request would have to be allowed, and is not."""
    needed = {route.scope} if route.scope is not None else set()
    if query.get("notification", "next") != "next":
        needed = {Scope.CONTROL}
    elif route.name == "socket":
        needed = {Scope.WRITE} if query["take"] != "none" else set()
        needed |= {Scope.READ} if query["give"] != "none" else set()
    return next(iter(sorted(needed - granted)), None)
