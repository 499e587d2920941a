from __future__ import annotations

import pytest

import mape
from mape.remote.rest.routes import ROUTES, Route, match
from mape.web.routes import LIVE_ROUTES
from tests.remote.rest.wire import call
from tests.web.page import serve


@pytest.mark.parametrize("route", LIVE_ROUTES, ids=lambda route: route.name)
def test_each_route_is_found_and_hides_none_of_the_servers_own(route: Route) -> None:
    assert match(route.method, route.path.format(room="state", file="store.js"), (*ROUTES, *LIVE_ROUTES)).route is route


def test_names_and_places_are_taken_once() -> None:
    routes = (*ROUTES, *LIVE_ROUTES)

    assert len({route.name for route in routes}) == len(routes)
    assert len({(route.method, route.path) for route in routes}) == len(routes)


async def test_the_document_of_the_server_is_the_same_with_a_page_and_without() -> None:
    described = (await call(serve(mape.App()).asgi, "GET", "/openapi.json")).json

    assert not [path for path in described["paths"] if path == "/" or path.startswith(("/live", "/page"))]


async def test_a_query_of_nobodys_is_refused() -> None:
    asgi = serve(mape.App()).asgi

    assert (await call(asgi, "GET", "/live/element?paht=x")).status == 422
    assert (await call(asgi, "GET", "/live/element?path=a&path=b")).status == 422
