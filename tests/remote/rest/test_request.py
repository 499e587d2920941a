from __future__ import annotations

import pytest

from mape.remote.rest.answer import Answer
from mape.remote.rest.credential import ALL, Scope
from mape.remote.rest.request import missing_scope, read_query
from mape.remote.rest.routes import ROUTES, Query, Route


def route(name: str) -> Route:
    return next(each for each in ROUTES if each.name == name)


def test_parameters_have_defaults() -> None:
    assert read_query(route("post"), b"") == {"port": "in", "notification": "next"}
    assert read_query(route("post"), b"port=out") == {"port": "out", "notification": "next"}


@pytest.mark.parametrize(
    "query", [b"port=up", b"prot=in", b"port=in&port=in", b"port", b"port=%00", b"&".join([b"x=1"] * 40), b"port=\xff"]
)
def test_what_is_no_parameter_is_refused_without_showing_it(query: bytes) -> None:
    answer = read_query(route("post"), query)

    assert isinstance(answer, Answer)
    assert answer.status == 422
    assert b"prot" not in answer.body


def test_routes_without_parameters_ignore_what_stands_there() -> None:
    assert read_query(route("live"), b"x=1&x=2") == {}


@pytest.mark.parametrize(
    ("name", "query", "needed"),
    [
        ("loops", b"", {Scope.READ}),
        ("post", b"", {Scope.WRITE}),
        ("post", b"notification=error", {Scope.CONTROL}),
        ("post", b"notification=completed", {Scope.CONTROL}),
        ("start", b"", {Scope.CONTROL}),
        ("socket", b"", {Scope.WRITE}),
        ("socket", b"give=out", {Scope.READ, Scope.WRITE}),
        ("socket", b"give=out&take=none", {Scope.READ}),
    ],
)
def test_what_a_request_needs_depends_on_its_parameters(name: str, query: bytes, needed: set[Scope]) -> None:
    given = read_query(route(name), query)
    assert isinstance(given, dict)

    assert missing_scope(route(name), given, frozenset(needed)) is None
    for each in needed:
        assert missing_scope(route(name), given, ALL - {each}) is each


ANY = Route(
    "any",
    "GET",
    "/any",
    None,
    "Anything.",
    query=(Query("path", (), "A path."), Query("watch", (), "Paths.", is_list=True)),
)


def test_a_parameter_without_choices_may_be_any_text() -> None:
    assert read_query(ANY, b"") == {"path": "", "watch": ""}
    assert read_query(ANY, b"path=a.b%20c") == {"path": "a.b c", "watch": ""}
    assert isinstance(read_query(ANY, b"path=a&path=b"), Answer)


def test_a_list_may_be_written_once_or_many_times() -> None:
    for query in (b"watch=a&watch=b", b"watch=a,b"):
        assert read_query(ANY, query) == {"path": "", "watch": "a,b"}


def test_a_public_route_needs_no_scope() -> None:
    assert missing_scope(ANY, {}, frozenset()) is None
