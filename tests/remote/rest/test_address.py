from __future__ import annotations

import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mape.errors import ConfigError
from mape.remote.rest.address import Address, host_of, is_loopback


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("127.0.0.1:8000", "127.0.0.1", 8000),
        (":0", "127.0.0.1", 0),
        ("0.0.0.0:80", "0.0.0.0", 80),  # noqa: S104 - that is the point
        ("[::1]:8000", "::1", 8000),
        ("car7.local:65535", "car7.local", 65535),
    ],
)
def test_an_address_is_a_host_and_a_port(text: str, host: str, port: int) -> None:
    assert Address.parse(text) == Address(host, port)


@pytest.mark.parametrize("text", ["", "8000", "host", "host:", "host:x", "host:65536", "::1:80", "http://a:1", "a:²"])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match=r"rest\.host_port"):
        Address.parse(text)


def test_no_host_means_this_machine_only() -> None:
    assert Address.parse(":8000").is_local
    assert not Address.parse("0.0.0.0:8000").is_local


def test_a_taken_port_names_what_to_change() -> None:
    with Address("127.0.0.1", 0).bind() as first:
        port = first.getsockname()[1]
        with pytest.raises(ConfigError, match=r"another program listens there.*rest\.host_port"):
            Address("127.0.0.1", port).bind()


def test_an_address_of_another_machine_names_what_to_change() -> None:
    with pytest.raises(ConfigError, match=r"give rest\.host_port an address of this machine"):
        Address("192.0.2.1", 0).bind()


def test_an_address_is_written_as_in_a_url() -> None:
    assert str(Address("::1", 80)) == "[::1]:80"
    assert str(Address("localhost", 80)) == "localhost:80"


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST", "127.0.0.1", "127.9.9.9", "::1"])
def test_loopback_is_this_machine(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["localhost.evil.example", "127.0.0.1.nip.io", "10.0.0.1", "0.0.0.0", "::", ""])  # noqa: S104
def test_a_name_that_looks_like_loopback_is_not(host: str) -> None:
    assert not is_loopback(host)


@pytest.mark.parametrize(
    ("netloc", "host"),
    [
        ("Car7:80", "car7"),
        ("car7", "car7"),
        ("car7.:80", "car7"),
        ("[::1]:80", "::1"),
        ("[::1]", "::1"),
        ("", None),
        (":80", None),
        ("a:b", None),
        ("a:80:80", None),
        ("[::1", None),
        ("[x]:80", None),
        ("[::1]x", None),
        ("user@a", None),
        ("a/b", None),
        ("a b", None),
    ],
)
def test_the_host_of_a_header_is_read_strictly(netloc: str, host: str | None) -> None:
    assert host_of(netloc) == host


@given(st.text())
def test_any_text_is_an_address_or_refused(text: str) -> None:
    host_of(text)
    try:
        address = Address.parse(text)
    except ConfigError:
        return
    assert address.host
    assert 0 <= address.port <= 65_535


def test_a_free_port_is_given_for_port_0() -> None:
    with Address.parse(":0").bind() as listener:
        assert listener.getsockname()[1] > 0
        assert listener.family is socket.AF_INET


def test_programs_that_start_together_get_ports_beside_each_other() -> None:
    with Address.parse(":0").bind() as first:
        port = first.getsockname()[1]
        wish = Address.parse(f"127.0.0.1:{port}+")
        with wish.bind() as second, wish.bind() as third:
            found = [each.getsockname()[1] for each in (second, third)]
    assert str(wish) == f"127.0.0.1:{port}+"
    assert len({port, *found}) == 3
    assert all(port < each < port + 20 for each in found)


def test_where_no_neighbour_is_free_any_port_will_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mape.remote.rest.address.NEIGHBOURS", 1)
    with Address.parse(":0").bind() as first:
        port = first.getsockname()[1]
        with Address.parse(f":{port}+").bind() as second:
            assert second.getsockname()[1] not in {0, port}


def test_a_host_that_is_not_here_is_no_question_of_ports() -> None:
    with pytest.raises(ConfigError, match="address of this machine"):
        Address.parse("203.0.113.1:8000+").bind()


def test_answers_are_sent_without_delay() -> None:
    """Asyncio sets TCP_NODELAY only where the protocol is named; each answer would take 40 ms more."""
    with Address.parse(":0").bind() as listener:
        assert listener.proto == socket.IPPROTO_TCP
