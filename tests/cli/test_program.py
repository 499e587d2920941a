"""Finding and loading programs, and sentences about those that fail."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mape.cli.program import Program, find_program
from mape.errors import UnknownPathError, WiringError

Ask = Callable[..., Any]
Write = Callable[[str, str], Path]


@pytest.mark.parametrize(
    ("target", "sentence"),
    [
        ("nope.py", "there is no file nope.py; look where you are, or give its whole path"),
        ("ambulanc.py", "there is no file ambulanc.py; did you mean ambulance.py?"),
        ("sub", "sub is a folder; name a file in it, as sub/app.py, or a module"),
        (".", ". is a folder; name a file in it, as ./app.py, or a module"),
        ("nope", "there is no module nope of Python source here; a file is named with its .py"),
        ("nope.deeper", "there is no module nope.deeper of Python source here; a file is named with its .py"),
        ("no-module", "'no-module' is neither a file nor the name of a module; write app.py or fleet.app"),
        ("sys", "there is no module sys of Python source here; a file is named with its .py"),
        ("", "'' is neither a file nor the name of a module; write app.py or fleet.app"),
        ("ambulance.py:polcy", "ambulance.py: has no polcy; look for the name of the app there"),
    ],
)
def test_what_is_not_there_is_wrong_usage(ask: Ask, ambulance: str, write: Write, target: str, sentence: str) -> None:
    assert ambulance
    write("sub/x.txt", "")

    answer = ask("list", target)

    assert (answer.code, answer.out, answer.err) == (2, "", f"mape: {sentence}\n")


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("def f(:\n", "app.py:1: not valid Python: "),
        ("\0", "app.py"),
        ("import mape\nimport nothere\n", "app.py:2: ModuleNotFoundError: No module named 'nothere'; install what has"),
        (
            "from . import x\n",
            "app.py:1: ImportError: attempted relative import with no known parent package; name the",
        ),
        ("import mape\n\n1 / 0\n", "app.py:3: ZeroDivisionError: division by zero; --debug shows the traceback"),
        ("import json\n\njson.loads('{')\n", "app.py:3: JSONDecodeError: "),
        ("raise SystemExit(0)\n", "app.py:1: the program exits while it is loaded; move that into main()"),
        ("import mape\nmape.Loop('a b')\n", "app.py:2: malformed uid 'a b' for a loop: a uid has"),
        ("import mape\nmape.Loop('a')\nmape.Loop('a')\n", "app.py:3: uid 'a' is taken in"),
        (
            "import mape\nif 1: mape.run()\n",
            "app.py:2: the program runs while it is loaded; put that under `if __name__",
        ),
        ("from mape import run as go\nx = go()\n", "app.py:2: the program runs while it is loaded"),
        ("import asyncio as a\nwith open('x') as f:\n    a.run(1)\n", "app.py:3: the program runs while it is loaded"),
        ("x = 1\n", "app.py: makes no app while it is loaded; make a loop with mape.Loop('name'), or name what"),
    ],
)
def test_a_program_that_fails_is_one_sentence_with_its_line(ask: Ask, write: Write, source: str, sentence: str) -> None:
    write("app.py", source)

    answer = ask("list", "app.py")

    assert (answer.code, answer.out) == (1, "")
    assert answer.err.startswith(f"mape: {sentence}")
    assert answer.err.count("\n") == 1


def test_a_mistake_in_another_file_of_the_program_is_told_where_it_was_met(ask: Ask, write: Write) -> None:
    write("other.py", "x = 1\ny = nothing\n")
    write("app.py", "import other\n")

    assert ask("list", "app.py").err.startswith("mape: app.py:1: NameError: name 'nothing' is not defined")


def test_an_error_that_no_line_of_the_program_led_to_is_told_of_its_file() -> None:
    program = Program("app.py", Path("app.py"))

    with pytest.raises(WiringError, match=r"^app\.py: KeyError: 'x'; --debug shows"), program.walled():
        raise KeyError("x")


def test_a_wrong_setting_is_exit_code_two(ask: Ask, write: Write) -> None:
    write("app.py", "import mape\nmape.init(mailbox__size=0)\n")

    answer = ask("list", "app.py")

    assert answer.code == 2
    assert answer.err.startswith("mape: argument mailbox__size: mailbox.size must be a whole number, at least 1")


def test_a_file_has_its_folder_on_the_path_and_a_module_the_current_one(ask: Ask, write: Write) -> None:
    write("fleet/__init__.py", "")
    write("fleet/beside.py", "uid = 'fleet'\n")
    write("fleet/file.py", "import mape, beside\nmape.Loop(beside.uid).execute(print)\n")
    write("fleet/module.py", "import mape\nfrom fleet.beside import uid\nmape.Loop(uid + '2').execute(print)\n")

    assert "fleet.print" in ask("list", "fleet/file.py").out
    assert "fleet2.print" in ask("list", "fleet.module").out


def test_a_package_is_its_main_module(ask: Ask, write: Write) -> None:
    write("fleet/__init__.py", "")
    write("fleet/__main__.py", "print('here')\n")

    assert ask("run", "fleet").out == "here\n"


def test_a_package_that_raises_is_told(write: Write, ask: Ask) -> None:
    write("fleet/__init__.py", "1 / 0\n")
    write("fleet/app.py", "")

    answer = ask("list", "fleet.app")

    assert answer.code == 1
    assert answer.err == "mape: fleet.app: its package cannot be loaded: ZeroDivisionError: division by zero\n"


def test_a_file_called_like_a_module_of_python_is_not_taken_for_it(ask: Ask, write: Write) -> None:
    write("json.py", "import mape\nmape.Loop('mine').execute(print)\n")

    assert "mine.print" in ask("list", "json.py").out


def test_classes_of_a_loaded_file_know_their_module(ask: Ask, write: Write) -> None:
    write(
        "my-app.py",
        "from __future__ import annotations\nfrom dataclasses import dataclass, field\nimport mape, pickle\n"
        "@dataclass\nclass A:\n    x: list[int] = field(default_factory=list)\n"
        "pickle.loads(pickle.dumps(A()))\nmape.Loop('a').execute(print)\n",
    )

    assert ask("list", "my-app.py").code == 0


def test_what_a_program_prints_while_it_is_looked_at_is_not_the_result(ask: Ask, write: Write) -> None:
    write("app.py", "import mape\nprint('hello')\nmape.Loop('a').execute(print)\n")

    answer = ask("list", "app.py", "--json")

    assert answer.out.startswith("{")
    assert "hello" in answer.err


@pytest.mark.parametrize(
    ("source", "has_main_part", "line"),
    [
        ("if __name__ == '__main__':\n    mape.run()\n", True, None),
        ('if "__main__" == __name__:\n    pass\n', True, None),
        ("if __name__ == '__test__':\n    pass\n", False, None),
        ("def f():\n    mape.run()\nasync def g():\n    asyncio.run(1)\nh = lambda: mape.run()\n", False, None),
        ("import mape as m\ntry:\n    m.run()\nfinally:\n    pass\n", False, 3),
        ("import subprocess\nsubprocess.run([])\n", False, None),
        ("from subprocess import run\nrun([])\n", False, None),
    ],
)
def test_how_a_program_runs_is_read_off_its_source(
    tmp_path: Path, write: Write, source: str, has_main_part: bool, line: int | None
) -> None:
    program = find_program(str(write("app.py", source)))

    assert (program.has_main_part, program.runs_on_line) == (has_main_part, line)
    assert program.file == tmp_path / "app.py"


def test_a_colon_in_the_name_of_a_folder_is_no_app(write: Write) -> None:
    file = write("a:b/app.py", "")

    assert find_program(str(file)).attribute == ""
    assert find_program(f"{file}:fleet").attribute == "fleet"


def test_a_file_that_went_away_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WiringError, match="cannot be read as Python: "):
        Program("gone.py", tmp_path / "gone.py").load()


def test_a_file_that_is_not_python_source_is_refused(write: Write) -> None:
    program = find_program(str(write("app.txt", "x = 1\n")))

    with pytest.raises(WiringError, match="no Python source; name a file that ends in"):
        program.load()


def test_finding_a_module_leaves_the_path_as_it_was(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import sys

    monkeypatch.chdir(tmp_path)
    before = sys.path.copy()

    with pytest.raises(UnknownPathError):
        find_program("nope")

    assert sys.path == before


RUNS = "import mape\nloop = mape.Loop('l')\nloop.execute(print, uid='e')\nmape.run()\nprint('behind')\n"


@pytest.mark.parametrize("name", ["runs.py", "runs", "convoy.runs"])
def test_a_program_that_runs_by_a_line_of_its_own_is_looked_at_up_to_there(ask: Ask, write: Write, name: str) -> None:
    write("runs.py", RUNS)
    write("convoy/__init__.py", "")
    write("convoy/runs.py", RUNS)

    answer = ask("list", name)

    assert answer.code == 0
    assert "l.e" in answer.out
    assert "behind" not in answer.out + answer.err


def test_a_program_that_was_looked_at_runs_whole(ask: Ask, write: Write) -> None:
    file = write("looked_at.py", RUNS.replace("mape.run()", "mape.stop()\nmape.run()"))
    assert ask("list", "looked_at").code == 0

    done = subprocess.run(
        [sys.executable, "-c", "import looked_at"], cwd=file.parent, capture_output=True, text=True, check=True
    )

    assert done.stdout == "behind\n"
