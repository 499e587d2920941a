"""How the document and its page are served."""

from __future__ import annotations

from typing import Any

import pytest

import mape
from mape.asyncapi import add_asyncapi
from mape.asyncapi.routes import FILES, FOLDER
from mape.remote.rest import RestServer
from mape.settings.schema import Rest
from tests.remote.rest.wire import Reply, call

pytestmark = pytest.mark.virtual_time


def served(**settings: Any) -> RestServer:
    app = mape.App()
    app.loop("road").execute(uid="act")(print)
    return add_asyncapi(RestServer(app, Rest(host_port="127.0.0.1:8000", **settings)))


async def get(server: RestServer, path: str, *headers: tuple[str, str]) -> Reply:
    return await call(server.asgi, "GET", path, b"", headers)


async def test_the_document_names_the_server_that_gives_it() -> None:
    reply = await get(served(), "/asyncapi.json")
    assert reply.status == 200
    assert reply.json["servers"]["http_this_process"]["host"] == "127.0.0.1:8000"
    assert "loops_road_elements_act" in reply.json["channels"]


async def test_the_page_has_its_files_and_a_strict_policy() -> None:
    server = served()
    page = await get(server, "/asyncapi")
    assert page.header("content-type") == "text/html; charset=utf-8"
    for name in FILES:
        reply = await get(server, f"/asyncapi/{name}")
        assert reply.status == 200
        policy = reply.header("content-security-policy")
        assert "unsafe" not in policy
        assert "default-src 'none'" in policy
    assert b"<script>" not in page.body
    assert b"style=" not in page.body


async def test_nothing_else_is_opened() -> None:
    server = served()
    for name in ("..%2froutes.py", "../routes.py", "routes.py", "", "asyncapi.html~"):
        assert (await get(server, f"/asyncapi/{name}")).status == 404
    assert {path.name for path in FOLDER.iterdir()} == set(FILES)


async def test_where_a_token_is_needed_it_is_needed_here() -> None:
    server = served(token="a-token-of-the-test")  # noqa: S106 - it opens nothing
    for path in ("/asyncapi.json", "/asyncapi", "/asyncapi/asyncapi.js"):
        assert (await get(server, path)).status == 401
        assert (await get(server, path, ("authorization", "Bearer a-token-of-the-test"))).status == 200
    document = (await get(server, "/asyncapi.json", ("authorization", "Bearer a-token-of-the-test"))).json
    assert "token" in document["components"]["securitySchemes"]


async def test_the_documentation_links_to_it() -> None:
    assert (await get(served(), "/openapi.json")).json["externalDocs"]["url"] == "asyncapi"
    alone = RestServer(mape.App(), Rest(host_port="127.0.0.1:8000"))
    assert "externalDocs" not in (await get(alone, "/openapi.json")).json
