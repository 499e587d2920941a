"""The programs in the documents run and print what stands below them; what they name exists."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from mape.cli import main

ROOT = Path(__file__).parents[1]
BLOCK = re.compile(r'^```(?P<kind>\w+)(?: title="(?P<title>.*?)")?\n(?P<text>.*?)^```$', re.MULTILINE | re.DOTALL)
NOT_ITERABLE = re.compile("argument of type .*")  # Python 3.13 and 3.14 word it differently
TUTORIAL = "docs/tutorial/first-loop.md"
LINK = re.compile(r"\]\((?!https?:)([^)#]+)")


def blocks(page: str, kind: str, title: str | None = None) -> str:
    """All blocks of a kind and title in a page, one after the other."""
    found = BLOCK.finditer((ROOT / page).read_text())
    return "".join(block["text"] for block in found if (block["kind"], block["title"]) == (kind, title))


def run(place: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Run Python in a folder."""
    return subprocess.run(
        [sys.executable, *command], capture_output=True, text=True, timeout=30, cwd=place, check=False
    )


@pytest.mark.parametrize("page", ["README.md", TUTORIAL])
def test_the_program_on_the_page_prints_what_the_page_says(page: str, tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(blocks(page, "python"))

    outcome = run(tmp_path, "-W", "error", "program.py")

    assert outcome.stderr == ""
    assert outcome.stdout == blocks(page, "text")
    assert outcome.returncode == 0


def test_the_mistake_in_the_tutorial_costs_what_it_says(tmp_path: Path) -> None:
    (tmp_path / "ambulance.py").write_text(blocks(TUTORIAL, "python"))
    (tmp_path / "crackle.py").write_text(blocks(TUTORIAL, "python", "crackle.py"))

    outcome = run(tmp_path, "-W", "error", "crackle.py")

    printed = blocks(TUTORIAL, "text", "crackle.py prints, besides a traceback in the log")
    assert NOT_ITERABLE.sub("...", outcome.stdout) == NOT_ITERABLE.sub("...", printed)
    assert "ambulance.detect failed on None" in outcome.stderr
    assert outcome.returncode == 0


def test_the_test_in_the_tutorial_passes_and_can_fail(tmp_path: Path) -> None:
    program, test = blocks(TUTORIAL, "python"), blocks(TUTORIAL, "python", "test_ambulance.py")
    (tmp_path / "ambulance.py").write_text(program)
    (tmp_path / "test_ambulance.py").write_text(test)

    outcome = run(tmp_path, "-m", "pytest", "-q")
    (tmp_path / "ambulance.py").write_text(program.replace("160", "150"))
    broken = run(tmp_path, "-m", "pytest", "-q")

    assert outcome.returncode == 0, outcome.stdout
    assert "1 failed" in broken.stdout


def test_the_commands_in_the_tutorial_show_what_it_says(tmp_path: Path) -> None:
    (tmp_path / "ambulance.py").write_text(blocks(TUTORIAL, "python"))

    graph = run(tmp_path, "-m", "mape", "graph", "ambulance.py")
    check = run(tmp_path, "-m", "mape", "check", "ambulance.py")

    assert graph.stdout == blocks(TUTORIAL, "text", "mape graph ambulance.py")
    assert (check.returncode, check.stdout) == (0, "ambulance.py: nothing found\n")


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
    assert len(blocks("README.md", "python").splitlines()) <= 25


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


def test_make_lists_every_target_with_what_it_does() -> None:
    makefile = (ROOT / "Makefile").read_text()
    phony = re.search(r"^\.PHONY: (.+)$", makefile, re.MULTILINE)

    assert phony is not None
    assert set(re.findall(r"^([a-z-]+):.*?## \S", makefile, re.MULTILINE)) == set(phony[1].split())
