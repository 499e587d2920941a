from __future__ import annotations

import base64

import pytest

from mape.errors import ConfigError
from mape.remote.rest.credential import ALL, Credentials, Scope, words


def test_the_token_may_do_everything() -> None:
    assert Credentials("secret").scopes_of(b"Bearer secret") == ALL


def test_each_further_token_may_do_what_stands_before_it() -> None:
    credentials = Credentials(tokens=("read:a", "read+write:b:c"))

    assert credentials.scopes_of(b"Bearer a") == frozenset({Scope.READ})
    assert credentials.scopes_of(b"bearer b:c") == frozenset({Scope.READ, Scope.WRITE})


def test_tokens_in_a_variable_have_spaces_between() -> None:
    assert words("read:a  write:b,control:c") == ("read:a", "write:b", "control:c")
    assert Credentials(tokens="read:a write:b").scopes_of(b"Bearer b") == frozenset({Scope.WRITE})


@pytest.mark.parametrize(
    "header", [b"", b"Bearer", b"Bearer ", b"Bearer other", b"secret", b"Digest secret", b"Basic !", b"Basic c2VjcmV0"]
)
def test_nobody_else_is_known(header: bytes) -> None:
    assert Credentials("secret", "read:a").scopes_of(header) is None


def test_a_browser_gives_the_token_as_password() -> None:
    header = b"Basic " + base64.b64encode(b"anybody:secret")

    assert Credentials("secret").scopes_of(header) == ALL


def test_without_tokens_nobody_is_known_and_nothing_is_set() -> None:
    assert not Credentials()
    assert Credentials().scopes_of(b"Bearer x") is None
    assert Credentials("x")


@pytest.mark.parametrize(
    ("token", "tokens"),
    [("", ()), ("two words", ()), ("ümlaut", ()), (None, ("secret",)), (None, ("admin:secret",)), (None, ("read:",))],
)
def test_a_malformed_token_is_refused_and_not_shown(token: str | None, tokens: tuple[str, ...]) -> None:
    with pytest.raises(ConfigError, match=r"rest\.token") as caught:
        Credentials(token, tokens)

    assert "secret" not in str(caught.value)


def test_the_object_does_not_keep_tokens() -> None:
    assert "secret" not in repr(vars(Credentials("secret", "read:secret2")))
