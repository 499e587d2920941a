"""How long a process has been there."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mape.demo.process.age import process_age


def written(folder: Path, stat: str, uptime: str = "1000.50 1") -> Path:
    (folder / "self").mkdir()
    (folder / "self/stat").write_text(stat)
    (folder / "uptime").write_text(uptime)
    return folder


def test_the_age_is_the_uptime_less_the_start_also_if_the_name_has_spaces(tmp_path: Path) -> None:
    ticks = os.sysconf("SC_CLK_TCK")
    fields = " ".join(["R", *["0"] * 18, str(990 * ticks), "0"])

    assert process_age(written(tmp_path, f"12 (a )name) {fields}")) == pytest.approx(10.5)


def test_where_the_system_does_not_tell_there_is_none(tmp_path: Path) -> None:
    assert process_age(tmp_path / "nowhere") is None
    assert process_age(written(tmp_path, "12 (python) R 0")) is None
