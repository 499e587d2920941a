"""Where `mape send` and `mape tap` go when nobody says so."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from mape.cli.peer import choose_peer
from mape.errors import ConfigError


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def port(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """The port of the page, for this test one of its own."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        monkeypatch.setattr("mape.cli.page.PORT", server.getsockname()[1])
        server.listen()
        yield server.getsockname()[1]


def test_options_come_first(tmp_path: Path) -> None:
    (tmp_path / "mape.yml").write_text('rest:\n  host_port: ":8000"\n')

    assert choose_peer("car:1", None, None).url == "http://car:1"
    assert choose_peer(None, "embedded", None).redis == "embedded"


@pytest.mark.parametrize("place", [":8000", "127.0.0.1:8000+"])
def test_settings_come_next(tmp_path: Path, place: str) -> None:
    (tmp_path / "mape.yml").write_text(f'rest:\n  host_port: "{place}"\nredis:\n  url: embedded\n')

    assert choose_peer(None, None, None).url == "http://127.0.0.1:8000"


def test_else_it_is_the_program_that_mape_run_serves_here(port: int) -> None:
    assert choose_peer(None, None, "token").url == f"http://127.0.0.1:{port}"


def test_where_nothing_listens_either_the_sentence_says_what_to_give(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        monkeypatch.setattr("mape.cli.page.PORT", closed.getsockname()[1])
        with pytest.raises(ConfigError, match="start a program by mape run; or give --url"):
            choose_peer(None, None, None)


def test_two_places_are_one_too_many() -> None:
    with pytest.raises(ConfigError, match="two places"):
        choose_peer("x", "y", None)
