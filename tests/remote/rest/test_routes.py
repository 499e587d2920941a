from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mape.remote.rest.credential import Scope
from mape.remote.rest.routes import ROUTES, match

PLACES = {"loop": "car", "element": "speed", "file": "docs.js"}


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_each_route_is_found_by_its_path(route: object) -> None:
    assert isinstance(route, type(ROUTES[0]))
    found = match(route.method, route.path.format(**PLACES))

    assert found.route is route
    assert found.names == {name: value for name, value in PLACES.items() if f"{{{name}}}" in route.path}


def test_no_two_routes_are_alike() -> None:
    assert len({(route.method, route.path) for route in ROUTES}) == len(ROUTES)
    assert len({route.name for route in ROUTES}) == len(ROUTES)


def test_what_changes_something_needs_more_than_read() -> None:
    assert all((route.scope is Scope.READ) == (route.method == "GET") for route in ROUTES)


def test_a_path_with_other_methods_names_them() -> None:
    assert match("DELETE", "/loops").allowed == ("GET",)
    assert match("PUT", "/loops/car/elements/speed").allowed == ("GET", "POST")
    assert match("GET", "/loops/car/elements/speed/start").allowed == ("POST",)


def test_head_is_get_where_there_is_an_end() -> None:
    assert match("HEAD", "/loops").route == match("GET", "/loops").route
    assert match("HEAD", "/loops/car/elements/speed/stream").route is None


@pytest.mark.parametrize(
    "path",
    ["", "/", "//", "//loops", "/loops/", "/loops//elements", "/loops/car/", "/loops/../loops", "loops", "/LOOPS",
     "/loops/car/elements/speed/", "//evil.example/loops", "http://evil.example/loops", "/loops\x00", "/./loops"],
)  # fmt: skip
def test_strange_paths_lead_nowhere(path: str) -> None:
    found = match("GET", path)

    assert found.route is None
    assert found.allowed == ()


@given(st.text(), st.sampled_from(["GET", "POST", "HEAD", "WEBSOCKET", "TRACE"]))
def test_any_path_is_matched_or_not(path: str, method: str) -> None:
    found = match(method, path)

    assert found.route is None or all(found.names.values())
