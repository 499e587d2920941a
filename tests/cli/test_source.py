"""What is read off a program's files."""

from __future__ import annotations

import ast
from collections.abc import Callable
from pathlib import Path

import pytest

from mape.cli.program import find_program
from mape.cli.source import Source, dotted, inside, read_source, sources_of

Write = Callable[[str, str], Path]

PROGRAM = """
import time as t
import numpy
from mape import operators as ops

road = mape.Loop("highway", level="road")
rail = app.loop("rail")


@road.monitor
def detect(call): ...


@rail.plan(uid="policy", ops_in=ops.first())
async def decide(x):
    def later(): t.sleep(1)
    return lambda: ops.map(x)


road.execute(print, uid="show")
road.register(Thing)
"""


@pytest.fixture
def source(tmp_path: Path) -> Source:
    return Source(tmp_path / "app.py", ast.parse(PROGRAM))


def test_elements_are_found_with_their_names_loops_and_lines(source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(source.file.parent)

    assert [(each.uid, each.maker, each.place) for each in source.definitions] == [
        ("detect", "road", "app.py:11"),
        ("policy", "rail", "app.py:15"),
        ("show", "road", "app.py:20"),
    ]
    assert source.loops == {"road": "highway", "rail": "rail"}


def test_a_file_elsewhere_is_shown_with_its_whole_path(source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir("/")

    assert source.place(source.tree.body[0]) == f"{str(source.file).removeprefix('/')}:2"
    monkeypatch.chdir("/usr")
    assert source.place(source.tree.body[0]) == f"{source.file}:2"


@pytest.mark.parametrize(
    ("text", "name"),
    [("t.sleep(1)", "time.sleep"), ("ops.map(f)", "mape.operators.map"), ("numpy.add()", "numpy.add"), ("f()()", "")],
)
def test_names_are_followed_through_imports(source: Source, text: str, name: str) -> None:
    call = ast.parse(text, mode="eval").body
    assert isinstance(call, ast.Call)

    assert source.called(call) == name


def test_what_a_function_inside_does_is_not_what_it_does_itself(source: Source) -> None:
    function = source.definitions[1].node

    assert [dotted(node.func) for node in inside(function) if isinstance(node, ast.Call)] == []


def test_a_program_is_its_file_and_what_it_imported_from_its_folder(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    write("near_by.py", "x = 1\n")
    write("never.py", "x = 1\n")
    write("site-packages/foreign_one.py", "x = 1\n")
    write("prog.py", "import json, sys\nsys.path.insert(0, 'site-packages')\nimport near_by, foreign_one\n")
    program = find_program("prog.py")
    program.load()

    assert [each.file.name for each in sources_of(program)] == ["prog.py", "near_by.py"]


def test_what_cannot_be_read_is_none(tmp_path: Path, write: Write) -> None:
    assert read_source(tmp_path / "nothing.py") is None
    assert read_source(write("broken.py", "def f(:\n")) is None
    assert read_source(write("null.py", "\0")) is None
