"""Every setting with its source."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Ask = Callable[..., Any]
Write = Callable[[str, str], Path]


def test_settings_are_explained_with_their_sources(ask: Ask, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    write("mape.yml", 'redis:\n  url: redis://:hunter2@h\nmyapp: {note: "\\e[2J"}\n')
    monkeypatch.setenv("MAPE_SEED", "3")

    answer = ask("config", "explain")
    rows = [line.split() for line in answer.out.splitlines()]

    assert ["seed", "3", "MAPE_SEED"] in rows
    assert ["redis.url", "redis://:***@h", "mape.yml:2"] in rows
    assert ["debug", "false", "default"] in rows
    assert "hunter2" not in answer.out
    assert "\x1b" not in answer.out
    assert answer.err.startswith("Next: mape check ")


def test_a_script_reads_them_as_json(ask: Ask, write: Write) -> None:
    write("other.yml", "seed: 3\n")

    answer = ask("config", "explain", "--config", "other.yml", "--json")

    assert answer.err == ""
    assert json.loads(answer.out)[:2] == [
        {"key": "debug", "value": False, "source": "default", "is_default": True},
        {"key": "seed", "value": 3, "source": "other.yml:1", "is_default": False},
    ]


def test_a_file_that_is_not_there_is_told(ask: Ask) -> None:
    answer = ask("config", "explain", "--config", "nope.yml")

    assert (answer.code, answer.err) == (2, "mape: nope.yml: there is no such file; correct the name, or make it\n")
