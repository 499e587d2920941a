"""Which files count for a program that is started anew; the rest is in tests/system."""

from __future__ import annotations

from pathlib import Path

import pytest

from mape.cli.reload import is_watched


@pytest.mark.parametrize("name", ["app.py", "below/more.py", "mape.yml", "x.yaml", ".env", ".env.local", "car.env"])
def test_what_may_change_the_program_counts(name: str) -> None:
    assert is_watched(Path("/x") / name)


@pytest.mark.parametrize("name", ["app.pyc", "log.txt", "README.md", "py", "app.py~", ".gitignore", "data.json"])
def test_what_does_not_is_left_alone(name: str) -> None:
    assert not is_watched(Path("/x") / name)
