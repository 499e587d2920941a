from __future__ import annotations

from typing import Any

import pytest

import mape
from mape.errors import ConfigError
from tests.web.page import looking, serve


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"peers": "car.example"}, "no URL of a server"),
        ({"peers": ("ftp://car",)}, "no URL of a server"),
        ({"peers": "http://me:hidden@car"}, "rest.peer_token"),
        ({"peers": "http://[::1"}, "no URL"),
        ({"peers": tuple(f"http://h{number}" for number in range(33))}, "at most 32"),
        ({"peers": "http://car", "peer_token": "a b"}, "rest.peer_token"),
    ],
)
def test_a_peer_that_makes_no_sense_is_a_mistake_at_the_start(settings: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        serve(mape.App(), **settings)
    assert "hidden" not in str(caught.value)
    assert "a b" not in str(caught.value)


@pytest.mark.virtual_time
async def test_peers_have_names_from_the_first_moment_and_a_default_port() -> None:
    server = serve(mape.App(), peers="http://car.example, https://bus.example http://localhost:99/x/")
    async with looking(server, "?peers=no") as page:
        assert page.all("hello")[0]["peers"] == [
            {"name": "car.example:80", "url": "http://car.example"},
            {"name": "bus.example:443", "url": "https://bus.example"},
            {"name": "localhost:99", "url": "http://localhost:99/x"},
        ]
