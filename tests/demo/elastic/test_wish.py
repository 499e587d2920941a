"""What may be asked for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mape.demo.elastic.wish import Wish, check_wish
from mape.errors import ConfigError


def wish(**changes: Any) -> Wish:
    usual: dict[str, Any] = {
        "seconds": 40,
        "load": "wave",
        "adapt": True,
        "workers": None,
        "goal": 0.15,
        "seed": None,
        "report": None,
    }
    return check_wish(**usual | changes)


def test_the_loop_runs_beside_too_few_and_too_many_workers() -> None:
    ways = wish().ways
    assert [(way.title, way.workers, way.limits is None) for way in ways] == [
        ("the loop", 1, False),
        ("too few", 1, True),
        ("too many", 6, True),
    ]


def test_without_the_loop_there_is_one_arm_with_the_workers_asked_for() -> None:
    (way,) = wish(adapt=False, workers=3).ways
    assert (way.workers, way.limits) == (3, None)


def test_the_loop_starts_with_the_workers_asked_for() -> None:
    loop, _, many = wish(workers=9).ways
    assert loop.workers == many.workers == 9
    assert loop.limits
    assert loop.limits.highest == 9


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"load": "storm"}, "load 'storm' is none of wave, step, spike, steady"),
        ({"seconds": 1}, "seconds must be from 2 to 3600, not 1"),
        ({"seconds": float("nan")}, "seconds must be"),
        ({"seconds": float("inf")}, "seconds must be"),
        ({"goal": 0}, "goal must be from 0.01 to 10, not 0"),
        ({"workers": 0}, "workers must be from 1 to 16, not 0"),
        ({"workers": 17}, "workers must be from 1 to 16, not 17"),
    ],
)
def test_what_is_out_of_bounds_is_refused_with_the_bounds(change: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        wish(**change)


def test_a_seed_is_drawn_so_that_the_run_can_be_repeated() -> None:
    drawn = wish().course.seed
    assert drawn is not None
    assert f"seed {drawn}" in wish(seed=drawn).facts


def test_a_report_that_cannot_be_written_is_refused_before_the_run(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match="is a folder: name a file in it"):
        wish(report=tmp_path)
    with pytest.raises(ConfigError, match="cannot be written"):
        wish(report=tmp_path / "file" / "report.html")


def test_a_report_may_go_to_a_new_folder_and_nothing_is_written_yet(tmp_path: Path) -> None:
    assert wish(report=tmp_path / "new" / "report.html").report
    assert list((tmp_path / "new").iterdir()) == []
