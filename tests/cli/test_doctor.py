"""What is installed, configured and reachable."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

from mape.cli.examination import missing_packages

REQUIRES = [
    "hiredis>=3; (platform_machine in 'x86_64 AMD64 aarch64 arm64') and extra == 'redis'",
    "nowhere>=1; (sys_platform != 'linux' and sys_platform != 'darwin') and extra == 'redis'",
    "redis<6,>=5.0.8; extra == 'redis'",
]
Ask = Callable[..., Any]
Write = Callable[[str, str], Path]


def findings(ask: Ask, *words: str) -> dict[str, dict[str, str]]:
    answer = ask("doctor", "--json", *words)
    return {finding["what"]: finding for finding in json.loads(answer.out)}


def test_a_fresh_installation_is_well_and_says_what_could_be_set(ask: Ask) -> None:
    answer = ask("doctor")

    assert answer.code == 0
    assert "extra redis" in answer.out
    assert "embedded needs nothing installed" in answer.out
    assert answer.err == "Next: mape demo   (see a loop at work)\n"


def test_settings_that_are_wrong_are_found_with_their_place(ask: Ask, write: Write) -> None:
    write("mape.yml", "redis:\n  ulr: embedded\n")

    answer = ask("doctor")

    assert answer.code == 1
    assert "mape.yml:2" in answer.out
    assert "BAD" in answer.out


def test_a_port_that_is_taken_is_found(ask: Ask, write: Write) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        write("mape.yml", f"rest:\n  host_port: 127.0.0.1:{other.getsockname()[1]}\n")
        found = findings(ask)["rest"]

    assert (found["state"], "another program" in found["found"]) == ("BAD", True)


def test_a_port_that_is_free_is_well(ask: Ask, write: Write) -> None:
    write("mape.yml", "rest:\n  host_port: 127.0.0.1:0\n")
    assert findings(ask)["rest"]["state"] == "ok"


def test_a_redis_that_does_not_answer_is_found_within_seconds(ask: Ask, write: Write, tmp_path: Path) -> None:
    write("mape.yml", f"redis:\n  url: unix://{tmp_path}/nobody.sock\n")

    found = findings(ask)["redis"]

    assert found["state"] == "BAD"
    assert "no Redis at unix://" in found["found"]
    assert "start it" in found["cure"]


def test_a_redis_that_answers_is_well(ask: Ask, write: Write) -> None:
    write("mape.yml", "redis:\n  url: memory\n")
    assert findings(ask)["redis"]["state"] == "ok"


def test_a_time_series_server_that_is_away_is_found(ask: Ask, write: Write) -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    write("mape.yml", f"influxdb:\n  url: http://127.0.0.1:{port}\n")

    found = findings(ask)["influxdb"]

    assert (found["state"], str(port) in found["found"]) == ("BAD", True)


def test_missing_packages_are_named_with_the_extra_that_brings_them(monkeypatch: pytest.MonkeyPatch) -> None:
    assert missing_packages("redis") == []

    real = metadata.version

    def version(name: str) -> str:
        if name == "redis-purse":
            raise metadata.PackageNotFoundError(name)
        return real(name)

    monkeypatch.setattr(metadata, "version", version)
    assert missing_packages("redis") == ["redis-purse"]


@pytest.mark.parametrize(("machine", "missing"), [("x86_64", ["hiredis"]), ("armv7l", [])])
def test_what_is_not_meant_for_this_machine_is_not_missing(
    monkeypatch: pytest.MonkeyPatch, machine: str, missing: list[str]
) -> None:
    real = metadata.version

    def version(name: str) -> str:
        if name == "hiredis":
            raise metadata.PackageNotFoundError(name)
        return real(name)

    monkeypatch.setattr(metadata, "version", version)
    monkeypatch.setattr(metadata, "requires", lambda _: REQUIRES)
    monkeypatch.setattr("platform.machine", lambda: machine)
    assert missing_packages("redis") == missing
