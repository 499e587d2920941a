from __future__ import annotations

from typing import Any

import pytest

from mape.errors import ConfigError
from mape.remote.rest.address import Address
from mape.remote.rest.answer import Answer
from mape.remote.rest.credential import ALL, Scope
from mape.remote.rest.guard import Guard
from mape.settings.schema import Rest
from tests.remote.rest.wire import Headers, scope

LOCAL, EVERYWHERE = Address("127.0.0.1", 8000), Address("0.0.0.0", 8000)  # noqa: S104 - to see what it needs


def guard(address: Address = LOCAL, **settings: Any) -> Guard:
    return Guard(Rest(**settings), address, lambda: 0.0)


def ask(guard: Guard, headers: Headers = (), target: str = "/loops", kind: str = "http") -> Any:
    found = guard.admit(scope("GET", target, headers, kind=kind))
    return found.status if isinstance(found, Answer) else found


def test_on_this_machine_programs_come_in_without_a_token() -> None:
    assert ask(guard()) == ALL
    assert ask(guard(), [("host", "localhost:1234")]) == ALL
    assert ask(guard(), [("host", "[::1]:1234")]) == ALL


def test_beyond_this_machine_it_does_not_begin_without_a_token() -> None:
    with pytest.raises(ConfigError, match=r"rest\.token.*rest\.auth: none"):
        guard(EVERYWHERE)

    assert ask(guard(EVERYWHERE, auth="none")) == ALL
    assert ask(guard(EVERYWHERE, token="t")) == 401  # noqa: S106


@pytest.mark.parametrize("kind", ["http", "websocket"])
def test_with_a_token_nobody_comes_in_without(kind: str) -> None:
    closed = guard(token="secret", tokens="read:peek")  # noqa: S106

    assert ask(closed, kind=kind) == 401
    assert ask(closed, [("authorization", "Bearer wrong")], kind=kind) == 401
    assert ask(closed, [("authorization", "Bearer secret"), ("authorization", "Bearer secret")], kind=kind) == 401
    assert ask(closed, [("authorization", "Bearer secret")], kind=kind) == ALL
    assert ask(closed, [("authorization", "Bearer peek")], kind=kind) == {Scope.READ}


def test_401_says_how_to_come_in() -> None:
    answer = guard(token="secret").admit(scope("GET", "/"))  # noqa: S106

    assert isinstance(answer, Answer)
    assert (b"www-authenticate", b'Bearer realm="mape"') in answer.headers


@pytest.mark.parametrize("kind", ["http", "websocket"])
@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example:8000", "10.0.0.7:8000", "localhost.evil"])
def test_a_foreign_host_is_refused(host: str, kind: str) -> None:
    assert ask(guard(), [("host", host)], kind=kind) == 403


def test_hosts_may_be_added_and_addresses_cannot_be_rebound() -> None:
    assert ask(guard(hosts="robot.example"), [("host", "Robot.example:80")]) == ALL
    assert ask(guard(hosts=("*",)), [("host", "any.example")]) == ALL
    assert ask(guard(EVERYWHERE, auth="none"), [("host", "10.0.0.7:8000")]) == ALL
    assert ask(guard(EVERYWHERE, auth="none"), [("host", "evil.example")]) == 403


def test_a_request_without_a_host_or_with_two_is_refused() -> None:
    opened = guard()
    bare = scope("GET", "/")
    bare["headers"] = []

    assert ask(opened, [("host", "a b")]) == 400
    assert ask(opened, [("host", "localhost"), ("host", "localhost")]) == 400
    assert getattr(opened.admit(bare), "status", None) == 400


@pytest.mark.parametrize("kind", ["http", "websocket"])
@pytest.mark.parametrize(
    "origin",
    ["http://evil.example", "null", "", "file://", "http://127.0.0.1:9999", "http://localhost:8000", "http://["],
)
def test_a_foreign_origin_is_refused(origin: str, kind: str) -> None:
    assert ask(guard(), [("origin", origin)], kind=kind) == 403


def test_pages_of_our_own_come_in() -> None:
    assert ask(guard(), [("origin", "http://127.0.0.1:8000")]) == ALL
    assert ask(guard(), [("host", "localhost:80"), ("origin", "https://LOCALHOST:80")]) == ALL
    assert ask(guard(), [("sec-fetch-site", "same-origin")]) == ALL


def test_what_other_sites_embed_is_refused_and_a_link_may_be_followed() -> None:
    crossing = ("sec-fetch-site", "cross-site")

    assert ask(guard(), [crossing, ("sec-fetch-mode", "no-cors"), ("sec-fetch-dest", "script")]) == 403
    assert ask(guard(), [crossing, ("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "iframe")]) == 403
    assert ask(guard(), [crossing, ("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document")]) == ALL


def test_heads_are_bounded() -> None:
    assert ask(guard(), [(f"x-{number}", "") for number in range(100)]) == 431
    assert ask(guard(), [("x", "y" * 40_000)]) == 431
    assert ask(guard(), target="/loops?" + "x" * 9_000) == 414


def test_a_client_that_asks_too_often_is_told_when_to_come_back() -> None:
    limited = guard(rate=3.0)

    assert [ask(limited) for _ in range(3)] == [ALL] * 3
    answer = limited.admit(scope("GET", "/"))
    assert isinstance(answer, Answer)
    assert answer.status == 429
    assert (b"retry-after", b"1") in answer.headers
    assert not isinstance(limited.admit(scope("GET", "/", client="127.0.0.2")), Answer)


def test_guessing_tokens_is_slow() -> None:
    closed = guard(token="secret", rate=100.0)  # noqa: S106
    answers = [ask(closed, [("authorization", f"Bearer {number}")]) for number in range(50)]

    assert answers.count(401) <= 11
    assert answers.count(429) >= 39


def test_who_needs_no_token_is_still_no_page_of_somebody_elses() -> None:
    closed = guard(token="t")  # noqa: S106

    assert closed.turn_away(scope("GET", "/")) is None
    for header in (("origin", "http://evil.example"), ("host", "evil.example"), ("sec-fetch-site", "cross-site")):
        refused = closed.turn_away(scope("GET", "/", [header]))
        assert refused is not None
        assert refused.status == 403


def test_a_script_is_asked_for_a_token_without_a_dialog_of_the_browser() -> None:
    closed = guard(token="t")  # noqa: S106
    for headers in ([("x-mape-page", "1")], [("sec-fetch-dest", "empty")]):
        refused = closed.admit(scope("GET", "/loops", headers))
        assert isinstance(refused, Answer)
        assert [value for name, value in refused.headers if name == b"www-authenticate"] == [b'Bearer realm="mape"']
