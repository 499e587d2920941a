"""The OpenAPI document: made of the route table and of the elements' annotations, each time it is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mape.remote.rest.routes import ELEMENT, ROUTES, Route, query_schema
from mape.remote.rest.schema import schemas
from mape.remote.rest.view import Refusal

if TYPE_CHECKING:
    from mape.application import App

__all__ = ["document"]

EVERYWHERE = {
    400: "The request is malformed.",
    401: "A token is missing, or not known.",
    403: "The token may not do this, or the request comes from another site's page.",
    405: "The path has no such method.",
    414: "The query is too long.",
    429: "Too many requests.",
    431: "The head is too large.",
}
"""What every route may answer."""
SOMEWHERE = {
    404: "There is no such loop or element; the sentence says what is near.",
    408: "The body came too slowly.",
    409: "The element was removed.",
    413: "The body is too large.",
    415: "The content type is not known here.",
    422: "Nothing in the body, or a parameter, could be taken.",
    503: "The server is closing.",
}
UNAVAILABLE = 503
TEXT = {
    "loop": "The uid of a loop.",
    "element": "The uid of an element.",
}
UID = {"type": "string", "pattern": "^[A-Za-z_][A-Za-z0-9_-]{0,63}$"}


def document(app: App, *, version: str, with_token: bool, content_types: tuple[str, ...]) -> dict[str, Any]:
    """Describe the server of an app.

    Args:
        with_token: Whether a token is needed.
        content_types: Of bodies that hold items, JSON first.
    """
    typed = [element for element in app.elements if element.input_type not in (None, Any)]
    answers = [route for route in ROUTES if route.answer is not None]
    found, components = schemas([Refusal, *(route.answer for route in answers), *(each.input_type for each in typed)])
    bodies = {route.name: schema for route, schema in zip(answers, found[1:], strict=False)}
    writer = _Writer(bodies, content_types)
    paths: dict[str, Any] = {}
    for route in ROUTES:
        if route.is_listed:
            paths.setdefault(route.path, {})[route.method.lower()] = writer.operation(route)
    own = [route for route in ROUTES if route.path == ELEMENT and route.is_listed]
    for element, schema in zip(typed, found[1 + len(answers) :], strict=True):
        path = ELEMENT.format(loop=element.loop.uid, element=element.uid)
        paths[path] = {route.method.lower(): writer.operation(route, element, schema) for route in own}
    result: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {"title": "mape", "version": version, "description": "The loops and elements of one process."},
        "paths": paths,
        "components": {"schemas": components},
    }
    if with_token:
        result["components"]["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
        result["security"] = [{"token": []}]
    return result


class _Writer:
    """Writes operations.

    Args:
        bodies: The schemas of answers, by the names of their routes.
    """

    def __init__(self, bodies: dict[str, Any], content_types: tuple[str, ...]) -> None:
        self._bodies, self._content_types = bodies, content_types

    def operation(self, route: Route, element: Any = None, schema: dict[str, Any] | None = None) -> dict[str, Any]:
        """Describe a route; for one element if there is one, which takes what `schema` says."""
        name = route.name if element is None else f"{route.name}_{element.path.replace('.', '_')}"
        text = route.text if element is None else f"{_VERBS[route.name]} {element.path}."
        written: dict[str, Any] = {"operationId": name, "summary": text, "tags": [self._tag(route, element)]}
        if element is not None and element.__doc__ and element.__doc__ is not type(element).__doc__:
            written["description"] = element.__doc__
        names = [] if element is not None else [part[1:-1] for part in route.segments if part.startswith("{")]
        parameters = [
            {"name": each, "in": "path", "required": True, "description": TEXT[each], "schema": UID} for each in names
        ]
        queries = route.query if element is None else ()
        parameters += [
            {"name": each.name, "in": "query", "description": each.text, "schema": query_schema(each)}
            for each in queries
        ]
        if parameters:
            written["parameters"] = parameters
        if route.takes_items:
            written["requestBody"] = self._body(schema)
        written["responses"] = self._responses(route)
        return written

    def _tag(self, route: Route, element: Any) -> str:
        if element is not None:
            return f"loop {element.loop.uid}"
        return "loops" if route.path.startswith("/l") else "process"

    def _body(self, schema: dict[str, Any] | None) -> dict[str, Any]:
        if schema is not None:
            return {"required": True, "content": {self._content_types[0]: {"schema": schema}}}
        # A body may be left out when `notification` is "completed".
        return {"required": False, "content": {kind: {"schema": {}} for kind in self._content_types}}

    def _responses(self, route: Route) -> dict[str, Any]:
        schema = self._bodies.get(route.name)
        content = {route.content_type: {"schema": {"type": "string"} if schema is None else schema}}
        responses: dict[str, Any] = {str(route.status): {"description": "Done.", "content": content}}
        refusals = {**EVERYWHERE, **{status: SOMEWHERE[status] for status in route.refusals}}
        if route.takes_items:
            refusals[408] = SOMEWHERE[408]
        for status in sorted(refusals):
            refused = schema if route.name == "ready" and status == UNAVAILABLE else _REFUSAL
            responses[str(status)] = {
                "description": refusals[status],
                "content": {"application/json": {"schema": refused}},
            }
        return responses


_VERBS = {"element": "Show", "post": "Give an item to"}
_REFUSAL = {"$ref": "#/components/schemas/Refusal"}
