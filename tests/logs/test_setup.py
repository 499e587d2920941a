"""Who shows the log: mape, to people who have set up nothing; and never twice."""

from __future__ import annotations

import io
import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import mape
from mape.application import set_default_app
from mape.errors import ConfigError
from mape.logs import LogHandler, settle, show
from mape.settings import load

LOGGERS = ("", "mape", "traffic", "uvicorn")


@pytest.fixture
def app() -> Iterator[mape.App]:
    made = mape.App(load(environ={"MAPE_LOG__FORMAT": "json", "MAPE_LOG__LEVELS": "traffic=debug"}))
    set_default_app(made)
    yield made
    set_default_app(None)


@pytest.fixture(autouse=True)
def untouched() -> Iterator[None]:
    loggers = [logging.getLogger(name) for name in LOGGERS]
    before = [(each, each.level) for each in loggers]
    yield
    for each, level in before:
        each.setLevel(level)
        for handler in [handler for handler in each.handlers if isinstance(handler, LogHandler)]:
            each.removeHandler(handler)


def events(terminal: io.StringIO) -> list[str]:
    return [json.loads(line)["event"] for line in terminal.getvalue().splitlines()]


def untouched_terminal(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """Return what stands for the terminal of a process whose logging nobody has touched, pytest neither."""
    stream = io.StringIO()
    monkeypatch.setattr("sys.stderr", stream)
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    return stream


def test_first_mape_s_lines_are_shown_then_all(app: mape.App, monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = untouched_terminal(monkeypatch)
    show(app)
    app.tell("connected", "redis", "is there")
    settle(app)
    logging.getLogger("traffic").debug("a car")
    logging.getLogger("other").info("a lorry")
    logging.getLogger("other").debug("nothing")
    logging.getLogger("uvicorn").info("Started server process")
    app.tell("connected", "redis", "is back")

    assert events(terminal) == ["redis: is there", "a car", "a lorry", "redis: is back"]


def test_whoever_has_set_up_logging_before_keeps_it(app: mape.App, monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = untouched_terminal(monkeypatch)
    own = io.StringIO()
    logging.basicConfig(stream=own, format="own %(message)s", level="WARNING")
    show(app)
    settle(app)
    app.tell("gap", "redis", "x")

    assert terminal.getvalue() == ""
    assert own.getvalue() == "own redis: x\n"
    assert logging.getLogger().level == logging.WARNING


@pytest.mark.parametrize("is_run", [True, False])
def test_whoever_sets_up_logging_between_init_and_run_sees_each_line_once(
    app: mape.App, monkeypatch: pytest.MonkeyPatch, *, is_run: bool
) -> None:
    terminal = untouched_terminal(monkeypatch)
    show(app)
    own = io.StringIO()
    logging.basicConfig(stream=own, format="own %(message)s", level="WARNING")
    if is_run:
        settle(app)
    app.tell("gap", "redis", "x")

    assert terminal.getvalue() == ""
    assert own.getvalue() == "own redis: x\n"


def test_whoever_logs_to_a_file_before_run_has_everything_there_and_the_levels_of_their_own(
    app: mape.App, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    terminal = untouched_terminal(monkeypatch)
    show(app)
    logging.basicConfig(filename=tmp_path / "log", format="own %(message)s", level="ERROR")
    settle(app)
    app.tell("gap", "redis", "x")
    logging.getLogger("other").warning("not wanted")
    for handler in logging.getLogger().handlers:
        handler.close()

    assert terminal.getvalue() == ""
    assert (tmp_path / "log").read_text() == "own redis: x\n"


def test_whoever_adds_a_handler_while_it_runs_sees_each_line_once(
    app: mape.App, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = untouched_terminal(monkeypatch)
    settle(app)
    own = io.StringIO()
    logging.getLogger().addHandler(logging.StreamHandler(own))
    app.tell("gap", "redis", "x")

    assert terminal.getvalue() == ""
    assert own.getvalue() == "redis: x\n"


def test_a_second_app_s_settings_take_the_place_of_the_first_one_s(
    app: mape.App, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = untouched_terminal(monkeypatch)
    settle(app)
    second = mape.App(load(environ={"MAPE_LOG__FORMAT": "text", "MAPE_LOG__LEVEL": "error"}))
    settle(second)
    second.tell("gap", "redis", "x")
    second.report("redis", None, ValueError("y"))

    assert "redis: x" not in terminal.getvalue()
    assert "redis failed on None: ValueError: y" in terminal.getvalue()
    assert len([each for each in logging.getLogger().handlers if isinstance(each, LogHandler)]) == 1


def test_an_app_without_settings_is_shown_by_the_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = untouched_terminal(monkeypatch)
    app = mape.App()
    settle(app)
    app.tell("gap", "redis", "x")

    assert events(terminal) == ["redis: x"]


def test_a_wrong_level_is_told_at_once() -> None:
    with pytest.raises(ConfigError, match=r"log\.levels"):
        show(mape.App(load(environ={"MAPE_LOG__LEVELS": "loud"})))


def test_mape_init_does_not_wait_for_what_renders_lines() -> None:
    code = "import sys, mape; mape.init(); print({'structlog', 'rich', 'prometheus_client'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout == "set()\n"
