"""Serves the document, and the page that shows it from files of our own, so that it works without a network."""

from __future__ import annotations

from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from mape.asyncapi.document import document
from mape.remote.rest.answer import Answer, json, refusal
from mape.remote.rest.credential import Scope
from mape.remote.rest.request import Request
from mape.remote.rest.routes import Route

if TYPE_CHECKING:
    from mape.remote.rest import RestServer

__all__ = ["FILES", "add_asyncapi"]

FOLDER: Final = Path(__file__).parent / "static"
POLICY: Final = (
    b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    b"base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"
)
"""Scripts and styles are files of ours; nothing inline, nothing from elsewhere, and no text becomes markup."""
FILES: Final = {
    "asyncapi.html": b"text/html; charset=utf-8",
    "asyncapi.css": b"text/css; charset=utf-8",
    "asyncapi.js": b"text/javascript; charset=utf-8",
    "schema.js": b"text/javascript; charset=utf-8",
}
"""What there is, by the name in the URL; nothing else is ever opened."""
ROUTES: Final = (
    Route("asyncapi", "GET", "/asyncapi.json", Scope.READ, "Describe all channels and streams.", is_listed=False),
    Route("asyncapi_page", "GET", "/asyncapi", Scope.READ, "Show that document.", is_listed=False),
    Route("asyncapi_file", "GET", "/asyncapi/{file}", Scope.READ, "Serve what that page needs.", is_listed=False),
)


def add_asyncapi(server: RestServer) -> RestServer:
    """Serve the AsyncAPI document of the server's app, and a page that shows it; return the server."""

    def described(request: Request) -> Answer:
        del request
        here, with_token = str(server.address), not server.asgi.guard.is_open
        version = metadata.version("mape-toolkit")
        return json(document(server.asgi.app, version=version, here=here, with_token=with_token))

    handlers: dict[str, Any] = {
        "asyncapi": described,
        "asyncapi_page": lambda _: _file("asyncapi.html"),
        "asyncapi_file": lambda request: _file(request.names["file"]),
    }
    server.mount(ROUTES, handlers)
    return server


def _file(name: str) -> Answer:
    if name not in FILES:
        return refusal(404, "there is no such file; the documents are at /asyncapi, /docs and /redoc")
    return Answer(200, (FOLDER / name).read_bytes(), FILES[name], policy=POLICY)
