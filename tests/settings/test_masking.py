"""Secrets stay secret wherever a value is shown."""

from __future__ import annotations

import pytest

from mape.settings import load
from mape.settings.masking import MASK, masked


@pytest.mark.parametrize("name", ["token", "rest.token", "PASSWORD", "db_passwd", "client_secret", "api_key", "apikey"])
def test_the_value_of_a_secret_name_is_masked(name: str) -> None:
    assert masked(name, "hunter2") == MASK
    assert masked(name, 12345) == MASK


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("redis://:pw@host/0", "redis://:***@host/0"),
        ("redis://me:pw@host:6379", "redis://me:***@host:6379"),
        ("redis://me:p/w#@x@host", "redis://me:***@host"),
        ("a redis://u:1@h, b redis://u:2@h", "a redis://u:***@h, b redis://u:***@h"),
        ("rediss://host?password=pw&db=1", "rediss://host?password=***&db=1"),
        ("http://h/?access_token=abc#x", "http://h/?access_token=***#x"),
        ("redis://host:6379/0", "redis://host:6379/0"),
        ("me@example.org", "me@example.org"),
    ],
)
def test_the_password_inside_a_url_is_masked(url: str, shown: str) -> None:
    assert masked("url", url) == shown


def test_secrets_inside_lists_and_mappings_are_masked() -> None:
    value = {"urls": ["redis://:pw@a"], "login": {"password": "pw", "name": "me"}, "tokens": ["a", "b"]}

    assert masked("myapp", value) == {
        "urls": ("redis://:***@a",),
        "login": {"password": MASK, "name": "me"},
        "tokens": (MASK, MASK),
    }


def test_a_secret_that_is_not_set_shows_so() -> None:
    assert masked("token", None) is None
    assert masked("use_token", value=False) is False


def test_no_way_to_print_settings_shows_a_secret() -> None:
    secret = "hunter2"  # noqa: S105 - what must not be seen
    overrides = {"redis.url": f"redis://:{secret}@h", "myapp": {"token": secret, "deep": {"password": [secret]}}}
    settings = load(overrides=overrides, environ={})

    assert settings.redis.url == f"redis://:{secret}@h"
    assert settings["myapp"]["token"] == secret
    for shown in (repr(settings), str(settings), f"{settings}", repr(settings.redis), repr(settings["myapp"])):
        assert secret not in shown
    assert secret not in repr(settings.explain())
