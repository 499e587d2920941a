"""What `mape new` writes, and what it leaves alone."""

from __future__ import annotations

import configparser
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

import mape
from mape.cli.new import FILES
from mape.settings import load

Ask = Callable[..., Any]

NAMELESS = {".gitignore", ".dockerignore", ".env.example", "test_app.py"}
MALFORMED = ["", "9lives", "a b", "../up", "/srv/x", "a.b", "-x", "x" * 41, "ärger", "a-", "con\n"]


def made(ask: Ask, tmp_path: Path, name: str = "greenhouse") -> Path:
    assert ask("new", name).code == 0
    return tmp_path / name


def test_it_makes_a_folder_and_says_what_to_do_next(ask: Ask, tmp_path: Path) -> None:
    answer = ask("new", "greenhouse")

    assert answer.code == 0
    names = {each.name for each in (tmp_path / "greenhouse").iterdir()}
    assert names == {name.replace("@name@", "greenhouse") for name in FILES}
    assert all(name in answer.out for name in names)
    assert answer.out.startswith("greenhouse/\n├── app.py")
    assert "Next: cd greenhouse && mape run app.py" in answer.err
    assert answer.err.count("Next: ") == 3


def test_no_mark_is_left_and_the_name_is_everywhere(ask: Ask, tmp_path: Path) -> None:
    for file in made(ask, tmp_path, "Green_House-2").iterdir():
        text = file.read_text()
        assert not re.search(r"@\w+@", text), file
        assert "green_house-2" in text.lower() or file.name in NAMELESS


def test_here_means_the_current_folder_and_its_name(ask: Ask, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    answer = ask("new", "--here", "plant")

    assert answer.code == 0
    assert (tmp_path / "plant.service").is_file()
    assert (tmp_path / "notes.txt").read_text() == "mine"
    assert "Next: mape run app.py" in answer.err


def test_here_without_a_name_takes_that_of_the_folder(
    ask: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "plant").mkdir()
    monkeypatch.chdir(tmp_path / "plant")

    assert ask("new", "--here").code == 0
    assert 'mape.Loop("plant")' in (tmp_path / "plant/app.py").read_text()


@pytest.mark.parametrize("name", MALFORMED)
def test_a_malformed_name_is_wrong_usage(ask: Ask, tmp_path: Path, name: str) -> None:
    answer = ask("new", "--", name)

    assert answer.code == 2
    assert "no name for a project" in answer.err
    assert list(tmp_path.iterdir()) == []


def test_a_name_is_asked_for(ask: Ask) -> None:
    answer = ask("new")

    assert answer.code == 2
    assert "mape new greenhouse" in answer.err


def test_a_folder_that_is_taken_is_left_alone(ask: Ask, tmp_path: Path) -> None:
    (tmp_path / "greenhouse").mkdir()
    (tmp_path / "greenhouse/mine.txt").write_text("mine")

    answer = ask("new", "greenhouse")

    assert answer.code == 1
    assert answer.err == (
        "mape: greenhouse is there already, nothing was written; take another name, or go there: --here\n"
    )
    assert [each.name for each in (tmp_path / "greenhouse").iterdir()] == ["mine.txt"]


def test_an_empty_folder_of_that_name_is_filled(ask: Ask, tmp_path: Path) -> None:
    (tmp_path / "greenhouse").mkdir()

    assert (made(ask, tmp_path) / "app.py").is_file()


def test_one_file_that_is_there_keeps_all_from_being_written(ask: Ask, tmp_path: Path) -> None:
    (tmp_path / ".gitignore").symlink_to("nowhere")
    (tmp_path / "app.py").write_text("mine")

    answer = ask("new", "plant", "--here")

    assert answer.code == 1
    assert answer.err.startswith("mape: app.py, .gitignore: there already, nothing was written")
    assert {each.name for each in tmp_path.iterdir()} == {".gitignore", "app.py"}
    assert (tmp_path / "app.py").read_text() == "mine"


def test_a_folder_that_cannot_be_written_to_is_one_sentence(ask: Ask, tmp_path: Path) -> None:
    (tmp_path / "greenhouse").write_text("a file")

    answer = ask("new", "greenhouse")

    assert (answer.code, answer.err.count("\n")) == (1, 1)
    assert (tmp_path / "greenhouse").read_text() == "a file"


def test_what_was_written_is_taken_back_when_the_rest_cannot_be(
    ask: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(FILES, "missing/folder.txt", ("README.md", ""))

    answer = ask("new", "greenhouse")

    assert answer.code == 1
    assert "cannot be written to: No such file or directory; nothing was left there" in answer.err
    assert list((tmp_path / "greenhouse").iterdir()) == []


def test_a_script_reads_what_was_written(ask: Ask, tmp_path: Path) -> None:
    answer = ask("new", "greenhouse", "--json")

    said = json.loads(answer.out)
    assert answer.err == ""
    assert said["folder"] == str(tmp_path / "greenhouse")
    assert all((tmp_path / "greenhouse" / name).is_file() for name in said["files"])


def test_its_settings_hold_and_what_is_commented_out_does_too(ask: Ask, tmp_path: Path) -> None:
    file = made(ask, tmp_path) / "mape.yml"
    settings = load(str(file), environ={})
    assert settings.rest.host_port is None
    assert settings.redis.url is None

    lines = file.read_text().splitlines()
    start = next(number for number, line in enumerate(lines) if line == "# rest:")
    on = [re.sub(r"^# ( *\w+:)", r"\1", line) for line in lines[start:]]
    file.write_text("\n".join(on))
    settings = load(str(file), environ={})

    assert settings.rest.host_port == "127.0.0.1:8000"
    assert settings.redis.url == "embedded"
    assert settings["heating"]["target_celsius"] == 21.0


def test_its_containers_are_closed(ask: Ask, tmp_path: Path) -> None:
    compose = yaml.safe_load((made(ask, tmp_path, "Green") / "compose.yml").read_text())
    app = compose["services"]["app"]

    assert compose["name"] == "green"  # docker wants lower case
    assert app["ports"] == ["127.0.0.1:${PORT:-8000}:8000"]
    assert app["environment"]["MAPE_REST__TOKEN"] == "${MAPE_REST__TOKEN:?set it in .env}"  # noqa: S105
    assert app["read_only"] is True
    assert app["cap_drop"] == ["ALL"]
    assert app["security_opt"] == ["no-new-privileges:true"]


def test_its_service_may_do_little_and_has_time_to_finish(ask: Ask, tmp_path: Path) -> None:
    unit = configparser.ConfigParser(interpolation=None, strict=False)
    unit.optionxform = str  # type: ignore[assignment,method-assign] # systemd heeds the case
    unit.read_string((made(ask, tmp_path) / "greenhouse.service").read_text())
    service = unit["Service"]

    assert service["ExecStart"] == "/opt/greenhouse/.venv/bin/mape run app.py"
    assert service["Restart"] == "on-failure"
    assert float(service["TimeoutStopSec"]) > load(environ={}).shutdown.deadline
    assert service["ProtectSystem"] == "strict"
    for line in ("DynamicUser", "NoNewPrivileges", "ProtectHome", "PrivateTmp", "PrivateDevices"):
        assert service[line] == "yes"


def test_it_wants_the_version_that_made_it(ask: Ask, tmp_path: Path) -> None:
    text = (made(ask, tmp_path) / "pyproject.toml").read_text()

    assert f'"mape-toolkit[rest]>={mape.__version__}"' in text
