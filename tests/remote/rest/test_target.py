from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mape.errors import WiringError
from mape.remote.rest.target import Target, address


def test_a_path_becomes_the_url_of_its_element() -> None:
    target = Target.parse("http://10.0.0.2:6060", "cars.speed")

    assert target.url == "http://10.0.0.2:6060/loops/cars/elements/speed?port=in"
    assert (
        Target.parse("https://hub/", "upper.cars.speed", "out").url == "https://hub/loops/cars/elements/speed?port=out"
    )
    assert (
        Target.parse("http://[::1]:80/behind/a proxy", "a.b").url
        == "http://[::1]:80/behind/a%20proxy/loops/a/elements/b?port=in"
    )


def test_one_name_is_a_source_of_its_own() -> None:
    assert address("cars") == ("sources", "cars")


def test_a_websocket_is_told_whether_it_takes_or_gives() -> None:
    target = Target.parse("https://hub", "a.b", "out")

    assert target.socket_url("json", takes=True) == "wss://hub/loops/a/elements/b?take=out&counts=yes&codec=json"
    assert target.socket_url("json", takes=False) == "wss://hub/loops/a/elements/b?take=none&give=out&codec=json"


@pytest.mark.parametrize(
    "base_url",
    [
        "",
        "hub:6060",
        "ftp://hub",
        "http://",
        "http://hub:port",
        "http://hub?x=1",
        "http://hub#x",
        "http://hub/../x",
        "//evil/x",
    ],
)
def test_what_is_no_url_of_a_server_is_refused(base_url: str) -> None:
    with pytest.raises(WiringError):
        Target.parse(base_url, "a.b")


def test_a_password_in_the_url_is_refused_and_not_shown() -> None:
    with pytest.raises(WiringError, match="give token= instead") as raised:
        Target.parse("http://me:hunter2@hub", "a.b")
    assert "hunter2" not in str(raised.value)


@pytest.mark.parametrize(
    "path", ["", ".", "a.", "//evil/x.b", "a.b.c.d", "a/../../x.b", "a.b?port=out", "a b.c", "é.b"]
)
def test_what_is_no_path_of_an_element_is_refused(path: str) -> None:
    with pytest.raises(WiringError):
        Target.parse("http://hub", path)


def test_an_unknown_port_is_refused() -> None:
    with pytest.raises(WiringError, match="no port 'side'"):
        Target.parse("http://hub", "a.b", "side")


@given(st.text(max_size=20), st.text(max_size=20))
def test_no_text_leads_to_another_host(prefix: str, path: str) -> None:
    try:
        target = Target.parse(f"http://hub/{prefix}", path)
    except WiringError:
        return
    parts = urlsplit(target.url)
    assert parts.netloc == "hub"
    assert parts.path.endswith(f"/loops/{target.loop}/elements/{target.element}")
    assert not parts.path.startswith("//")
