"""The programs in the documents run and print what stands below them; what they name exists."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mape.cli import main
from mape.settings import load
from tests.documents.page import all_pages, file_of, read
from tests.documents.programs import PROGRAMS
from tests.documents.shell import console

ROOT = Path(__file__).parents[1]
NOT_ITERABLE = re.compile("argument of type .*")  # Python 3.13 and 3.14 word it differently
TUTORIAL = "docs/tutorial/first-loop.md"
LINK = re.compile(r"\]\((?!https?:)([^)#]+)")


def run(place: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Run Python in a folder."""
    return subprocess.run(
        [sys.executable, *command], capture_output=True, text=True, timeout=90, cwd=place, check=False
    )


def test_the_program_in_the_tutorial_prints_what_it_says(tmp_path: Path) -> None:
    (tmp_path / "ambulance.py").write_text(file_of(TUTORIAL, "ambulance.py"))

    outcome = run(tmp_path, "-W", "error", "ambulance.py")

    assert outcome.stderr == ""
    assert outcome.stdout == file_of(TUTORIAL, "python ambulance.py")
    assert outcome.returncode == 0


def test_the_mistake_in_the_tutorial_costs_what_it_says(tmp_path: Path) -> None:
    (tmp_path / "ambulance.py").write_text(file_of(TUTORIAL, "ambulance.py"))
    (tmp_path / "crackle.py").write_text(file_of(TUTORIAL, "crackle.py"))

    outcome = run(tmp_path, "-W", "error", "crackle.py")

    printed = file_of(TUTORIAL, "crackle.py prints, besides a traceback in the log")
    assert NOT_ITERABLE.sub("...", outcome.stdout) == NOT_ITERABLE.sub("...", printed)
    assert "ambulance.detect failed on None" in outcome.stderr
    assert outcome.returncode == 0


def test_the_test_in_the_tutorial_passes_and_can_fail(tmp_path: Path) -> None:
    program, test = file_of(TUTORIAL, "ambulance.py"), file_of(TUTORIAL, "test_ambulance.py")
    (tmp_path / "ambulance.py").write_text(program)
    (tmp_path / "test_ambulance.py").write_text(test)

    outcome = run(tmp_path, "-m", "pytest", "-q")
    (tmp_path / "ambulance.py").write_text(program.replace("160", "150"))
    broken = run(tmp_path, "-m", "pytest", "-q")

    assert outcome.returncode == 0, outcome.stdout
    assert "1 failed" in broken.stdout


@pytest.mark.slow
@pytest.mark.parametrize(
    ("page", "bug"),
    [("test-it.md", ("patrol.py", "QUIET_S = 30.0", "QUIET_S = 20.0")), ("two-processes.md", None)],
)
def test_the_tests_in_the_tutorial_pass_and_can_fail(
    page: str, bug: tuple[str, str, str] | None, tmp_path: Path
) -> None:
    for place, title in PROGRAMS:
        if place == f"docs/tutorial/{page}":
            (tmp_path / title).write_text(file_of(place, title))
    (tmp_path / "conftest.py").write_text(file_of("docs/tutorial/test-it.md", "conftest.py"))

    outcome = run(tmp_path, "-m", "pytest", "-q")
    if bug is not None:
        place, old, new = bug
        (tmp_path / place).write_text((tmp_path / place).read_text().replace(old, new))
    broken = run(tmp_path, "-m", "pytest", "-q", "-k", "not day") if bug is not None else None

    assert outcome.returncode == 0, outcome.stdout
    assert broken is None or " failed" in broken.stdout


def test_the_commands_in_the_tutorial_show_what_it_says(tmp_path: Path) -> None:
    (tmp_path / "ambulance.py").write_text(file_of(TUTORIAL, "ambulance.py"))

    graph = run(tmp_path, "-m", "mape", "graph", "ambulance.py")
    check = run(tmp_path, "-m", "mape", "check", "ambulance.py")

    assert graph.stdout == file_of(TUTORIAL, "mape graph ambulance.py")
    assert (check.returncode, check.stdout) == (0, "ambulance.py: nothing found\n")


def test_a_new_project_has_the_files_that_the_page_shows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)

    main(["new", "greenhouse"])

    assert capsys.readouterr().out.strip() == console("docs/howto/new-project.md", "mape new greenhouse").strip()


ROAD = """import mape

road = mape.Loop("road")


@road.monitor
def camera(name: str) -> str:
    return name


@road.execute
def count(cars: int) -> None: ...


camera.subscribe(count)
camera("north")
"""


def test_a_finding_reads_as_the_page_shows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "app.py").write_text(ROAD)

    main(["check", "app.py"])

    assert console("docs/reference/command-line.md", "mape check app.py") in capsys.readouterr().out


def test_the_page_about_the_command_line_has_every_command_and_option(capsys: pytest.CaptureFixture[str]) -> None:
    page = (ROOT / "docs/reference/command-line.md").read_text()

    shown = list(commands_and_options(capsys))

    assert {"## mape run\n", "## mape config explain\n", "--mermaid", "--version"} <= set(shown)
    assert [name for name in shown if name not in page] == []


def commands_and_options(capsys: pytest.CaptureFixture[str], *command: str) -> Iterator[str]:
    """What the help of a command and of all below it tells of: commands as headings, and long options."""
    main([*command, "--help"])
    text, _, below = capsys.readouterr().out.partition("\nCommands:\n")
    yield from re.findall(r"--[a-z][a-z-]+", text)
    names = re.findall(r"^  ([a-z]+)  ", below, re.MULTILINE)
    if not names:
        yield f"## mape {' '.join(command)}\n"
    for name in names:
        yield from commands_and_options(capsys, *command, name)


def test_the_example_in_the_readme_has_at_most_25_lines() -> None:
    program = next(block for block in read("README.md") if block.kind == "python")

    assert len(program.text.splitlines()) <= 25


@pytest.mark.parametrize("page", ["README.md", "CHANGELOG.md", "CONTRIBUTING.md"])
def test_every_link_leads_somewhere(page: str) -> None:
    assert [link for link in LINK.findall((ROOT / page).read_text()) if not (ROOT / link).exists()] == []


def test_the_reference_has_every_public_module() -> None:
    reference = "\n".join(page.read_text() for page in (ROOT / "docs/reference").glob("*.md"))
    shown = set(re.findall(r"^::: ([\w.]+)$", reference, re.MULTILINE))
    files = {path.stem for path in (ROOT / "mape").glob("[a-z]*.py")}
    folders = {path.parent.name for path in (ROOT / "mape").glob("*/__init__.py")} - {"cli", "demo", "flow"}

    assert {f"mape.{name}" for name in files | folders} - shown == set()


def test_every_decision_is_in_the_list_and_in_the_menu() -> None:
    decisions = {path.name for path in (ROOT / "docs/adr").glob("[0-9]*.md")}
    listed, menu = (ROOT / "docs/adr/index.md").read_text(), (ROOT / "mkdocs.yml").read_text()

    assert {name for name in decisions if f"({name})" not in listed or f"adr/{name}" not in menu} == set()


def test_the_picture_of_the_rooms_has_every_room() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    rooms = {room for row in contracts[0]["layers"] for room in re.findall(r"\w+", row)}
    picture = next(block for block in read("docs/design/rules.md") if block.kind == "text")

    assert rooms - set(re.findall(r"\w+", picture.text)) == set()


def drawings() -> Any:
    """The hook of mkdocs that puts drawings where the documents have Mermaid."""
    spec = importlib.util.spec_from_file_location("hook", ROOT / "docs/diagrams/hook.py")
    assert spec is not None
    assert spec.loader is not None
    hook = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(hook)
    return hook


def test_every_mermaid_has_a_drawing_and_no_drawing_is_left_over() -> None:
    shown = {drawings().name_of(block.text) for page in all_pages() for block in read(page) if block.kind == "mermaid"}

    assert shown == {path.stem for path in (ROOT / "docs/diagrams").glob("*.svg")}


def test_a_drawing_stands_in_the_page_and_a_missing_one_is_told_of(caplog: pytest.LogCaptureFixture) -> None:
    hook, text = drawings(), next(block.text for block in read("docs/concepts.md") if block.kind == "mermaid")

    assert hook.drawing(text).startswith('<figure class="diagram"><svg')
    assert not caplog.records
    assert "&lt;&lt;new&gt;&gt;" in hook.drawing("flowchart <<new>>")
    assert "run docs/diagrams/draw.py" in caplog.text


def test_drawings_ask_nobody_for_anything() -> None:
    for path in (ROOT / "docs/diagrams").glob("*.svg"):
        text = path.read_text()
        assert "<script" not in text
        assert set(re.findall(r"https?://[^\s\"')]+", text)) <= {
            "http://www.w3.org/2000/svg",
            "http://www.w3.org/1999/xlink",
        }


def test_the_page_about_the_live_page_has_every_key() -> None:
    source = (ROOT / "mape/web/static/frame/keys.js").read_text()
    keys = re.findall(r'"([^"]+)"', "".join(re.findall(r"^  \[(\[.*?\]), \"", source, re.MULTILINE)))
    page = (ROOT / "docs/howto/live-page.md").read_text()

    assert {"/", "Escape", "?"} <= set(keys)
    assert [key for key in keys if f"`{key}`" not in page and key != "…"] == []


def test_the_page_about_settings_has_every_setting_with_its_default() -> None:
    rows = re.findall(r"^\| (`[^|]+`) \| ([^|]*)\|", (ROOT / "docs/reference/settings.md").read_text(), re.MULTILINE)
    said = {name: default.strip(" `") for names, default in rows for name in re.findall(r"`([^`]+)`", names)}

    for setting in load(environ={}).explain():
        default = "" if setting.value in (None, ()) else str(setting.value)
        assert said.get(setting.key, "not there").lower() == default.lower(), setting.key


def test_make_lists_every_target_with_what_it_does() -> None:
    makefile = (ROOT / "Makefile").read_text()
    phony = re.search(r"^\.PHONY: (.+)$", makefile, re.MULTILINE)

    assert phony is not None
    assert set(re.findall(r"^([a-z-]+):.*?## \S", makefile, re.MULTILINE)) == set(phony[1].split())
