"""The report: complete, self-contained, and somewhere in any case."""

from __future__ import annotations

import base64
import re
import sys
from pathlib import Path

import pytest

from mape.demo.elastic.measurement import Batch, Outcome
from mape.demo.elastic.policy import Decision
from mape.demo.elastic.record import Record, score
from mape.demo.elastic.report import html, write_report

NOW = 1_600_000_000.0


def records(title: str = "the loop") -> list[Record]:
    made = [Record(title), Record("too few"), Record("too many")]
    for record in made:
        for second in range(5):
            done = tuple(Outcome(second + 0.5, 0.05, 0.04, ok=True) for _ in range(20))
            record.add(Batch("arm", second + 0.9, 20, 0, 0.0, done), workers=2)
    made[0].decisions.append(Decision(2.0, 1, 2, "p95 131 ms, 87% of the goal"))
    return made


def page(made: list[Record]) -> str:
    return html("mape demo: elastic", "Load: wave.", made, [score(record, 0.1) for record in made], 0.1)


def test_the_report_holds_all_arms_and_all_decisions() -> None:
    text = page(records())
    assert all(f">{title}</td>" in text for title in ("the loop", "too few", "too many"))
    assert "p95 131 ms, 87% of the goal" in text


def test_the_plot_is_a_png_inside_the_report() -> None:
    found = re.search(r'src="data:image/png;base64,([^"]+)"', page(records()))
    assert found
    assert base64.b64decode(found[1]).startswith(b"\x89PNG")


def test_the_report_asks_nothing_of_the_network() -> None:
    assert not re.search(r"""(src|href)=(?!"data:)|https?://|@import|<script""", page(records()))


def test_without_matplotlib_the_report_has_its_tables_and_says_how_to_get_the_plot(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    text = page(records())
    assert "mape-toolkit[demo]" in text
    assert "<img" not in text
    assert ">too few</td>" in text


def test_markup_in_a_name_stays_text() -> None:
    assert "<b>bold</b>" not in page(records("<b>bold</b>"))


def test_the_plot_can_be_drawn_of_one_arm_and_of_next_to_nothing() -> None:
    assert "<img" in page(records()[:1])
    assert "<img" in page([Record("the loop")])


def test_by_default_each_report_is_a_new_file_in_a_folder_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    first, second = write_report("one", NOW), write_report("two", NOW)
    assert {first.parent, second.parent} == {tmp_path / "mape-report"}
    assert (first.read_text(), second.read_text()) == ("one", "two")
    assert re.fullmatch(r"elastic-2020\d{4}-\d{6}\.html", first.name)


def test_where_nothing_can_be_written_it_goes_to_a_temporary_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mape-report").write_text("in the way")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    path = write_report("page", NOW)
    assert path.read_text() == "page"
    assert path.parent.name.startswith("mape-report-")


def test_a_named_report_goes_where_it_was_asked_for(tmp_path: Path) -> None:
    path = write_report("page", NOW, tmp_path / "mine.html")
    assert path == (tmp_path / "mine.html").resolve()
    assert path.read_text() == "page"
