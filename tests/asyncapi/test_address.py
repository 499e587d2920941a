"""Keys, servers and patterns of the document."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mape.asyncapi.address import Keys, server_of, template


@given(st.lists(st.text(max_size=12), max_size=8))
def test_keys_are_of_plain_letters_and_each_is_there_once(names: list[str]) -> None:
    keys = Keys()
    made = [keys.of(name) for name in names]
    assert len(set(made)) == len(made)
    assert all(re.fullmatch(r"[A-Za-z0-9_.-]+", key) for key in made)


def test_a_key_is_what_people_would_call_it() -> None:
    keys = Keys()
    assert [keys.of("send", "car 1"), keys.of("send", "car/1"), keys.of("/loops/a/elements/b")] == [
        "send_car_1",
        "send_car_1_2",
        "loops_a_elements_b",
    ]


@pytest.mark.parametrize(
    ("protocol", "address", "expected"),
    [
        ("redis", "redis://cache:6379", {"host": "cache:6379", "protocol": "redis"}),
        ("redis", "rediss://cache:6379/2", {"host": "cache:6379", "protocol": "rediss", "pathname": "/2"}),
        ("redis", "redis://[::1]:6379", {"host": "[::1]:6379", "protocol": "redis"}),
        ("redis", "redis+cluster://a:1,b:2", {"host": "a:1,b:2", "protocol": "redis+cluster"}),
        ("redis", "embedded:town", {"host": "embedded:town", "protocol": "redis"}),
        ("redis", "", {"host": "localhost", "protocol": "redis"}),
        ("http", "http://10.0.0.2:8000/behind", {"host": "10.0.0.2:8000", "protocol": "http", "pathname": "/behind"}),
        ("ws", "127.0.0.1:8000", {"host": "127.0.0.1:8000", "protocol": "ws"}),
        (
            "redis",
            "unix:///run/redis.sock",
            {"host": "localhost", "protocol": "redis", "description": "The socket unix:///run/redis.sock."},
        ),
    ],
)
def test_a_server_is_named_by_its_host(protocol: str, address: str, expected: dict[str, Any]) -> None:
    assert server_of(protocol, address) == expected


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("car_*", "car_{any}"),
        ("car_?.detect", "car_{letter}.detect"),
        ("car_[xy].*.*", "car_{one}.{any}.{any2}"),
        ("*", "{any}"),
        ("car_[^x]", None),
        ("car_[a-z]", None),
        ("car\\*", None),
        ("car_{a}*", None),
        ("car_[", None),
    ],
)
def test_a_pattern_is_a_template_where_that_says_the_same(pattern: str, expected: str | None) -> None:
    address, parameters = template(pattern)
    assert address == expected
    assert sorted(parameters) == sorted(re.findall(r"\{(\w+)\}", address or ""))


@given(st.text(alphabet="ab?*[]^-\\{}", max_size=8))
def test_a_template_means_what_its_pattern_means(pattern: str) -> None:
    address, parameters = template(pattern)
    if address is None:
        return

    def fill(match: re.Match[str]) -> str:
        return str(parameters[match[1]].get("enum", ["b"])[0])

    assert fnmatchcase(re.sub(r"\{(\w+)\}", fill, address), pattern)
