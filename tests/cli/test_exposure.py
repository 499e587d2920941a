"""Settings that are right one by one, and wrong together or in this place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mape.cli.exposure import exposures, unread_settings
from mape.settings import load


def found(**overrides: Any) -> list[tuple[str, str]]:
    settings = load(overrides=overrides, environ={}, directory=Path("/nowhere"))
    return [(str(each.kind), each.path) for each in exposures(settings)]


def test_defaults_are_fine() -> None:
    assert found() == []


@pytest.mark.parametrize(
    "rest",
    [
        {"host_port": "127.0.0.1:8000"},
        {"host_port": ":8000", "auth": "none"},
        {"host_port": "0.0.0.0:8000", "token": "let-me-in-please-now"},
        {"host_port": "0.0.0.0:8000", "tokens": "read:let-me-in-please-now"},
    ],
)
def test_a_server_that_is_closed_is_fine(rest: dict[str, Any]) -> None:
    assert found(rest=rest) == []


def test_a_server_for_everybody_is_found() -> None:
    assert found(rest={"host_port": "0.0.0.0:8000", "auth": "none"}) == [("exposed", "rest.auth")]


def test_a_server_that_would_not_start_is_found() -> None:
    settings = load(overrides={"rest": {"host_port": "0.0.0.0:8000"}}, environ={})
    (finding,) = exposures(settings)

    assert (finding.kind, finding.path, finding.place) == ("config", "rest.host_port", "argument rest.host_port")
    assert finding.problem.endswith("beyond this machine, without a token")
    assert finding.cure.startswith("set rest.token (as MAPE_REST__TOKEN)")


@pytest.mark.parametrize(
    ("url", "kinds"),
    [
        ("redis://10.0.0.3", [("exposed", "redis.url")]),
        ("redis+cluster://127.0.0.1:1,car:2", [("exposed", "redis.url")]),
        ("redis://:secret@10.0.0.3", []),
        ("redis://127.0.0.1:6379", []),
        ("redis://localhost", []),
        ("unix:///run/redis.sock", []),
        ("embedded", []),
        ("memory", []),
        ("foo://x", [("config", "redis.url")]),
    ],
)
def test_a_redis_in_the_network_wants_a_password(url: str, kinds: list[tuple[str, str]]) -> None:
    assert found(redis={"url": url}) == kinds


def test_no_finding_shows_a_password() -> None:
    settings = load(overrides={"redis": {"url": "redis://:hunter2@[::x"}}, environ={})

    assert "hunter2" not in str(exposures(settings)[0])


def test_influxdb_without_a_bucket_is_found() -> None:
    assert found(influxdb={"url": "http://x"}) == [("config", "influxdb.url")]
    assert found(influxdb={"url": "http://x", "bucket": "b"}) == []


def test_what_a_setting_needs_and_is_not_installed_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    missing = {"redis": ["redis", "hiredis"], "rest": ["uvicorn"], "influxdb": []}
    monkeypatch.setattr("mape.cli.exposure.missing_packages", missing.__getitem__)
    settings = load(
        overrides={"redis": {"url": "memory"}, "rest": {"host_port": ":0"}, "influxdb": {"url": "x", "bucket": "b"}},
        environ={},
    )

    assert [str(each) for each in exposures(settings)] == [
        f"argument {setting}: {setting}: is set, but {what} not installed; pip install 'mape-toolkit[{extra}]'  [extra]"
        for setting, what, extra in (
            ("rest.host_port", "uvicorn is", "rest"),
            ("redis.url", "redis, hiredis are", "redis"),
        )
    ]


def test_settings_beside_a_program_that_is_started_elsewhere_are_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub/mape.yml").write_text("")
    monkeypatch.chdir(tmp_path)

    assert [each.path for each in unread_settings(Path("sub"))] == ["sub/mape.yml"]
    monkeypatch.chdir(tmp_path / "sub")
    assert list(unread_settings(Path())) == []
