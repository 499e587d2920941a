"""Each code block of each document does what the document says, or says why it cannot be run."""

from __future__ import annotations

import ast
import configparser
import json
import os
import tomllib
from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
import yaml
from sybil.document import PythonDocStringDocument
from sybil.parsers.doctest import DocTestParser

from mape.settings import load
from tests.documents.page import FIRST, ROOT, Block, all_pages, file_of, read
from tests.documents.programs import CONSOLES, PROGRAMS
from tests.documents.session import run_session
from tests.documents.shell import command_lines, output_of, wrong_with

PAGES = all_pages()
BLOCKS = [block for page in PAGES for block in read(page)]
SHELLS = ("bash", "console", "fish", "sh", "zsh")
NOT_RUN: dict[str, int] = {
    "docs/design/rules.md": 1,
    "docs/howto/logs.md": 1,
    "docs/howto/streams.md": 1,
    "docs/migrate.md": 1,
}
"""How many blocks of a document are not run; each has a comment that says why. Count again when you add one."""


def of_kind(*kinds: str) -> list[Block]:
    return [block for block in BLOCKS if block.kind in kinds and not block.reason]


def is_in_session(block: Block) -> bool:
    """Whether a block is part of its document's session; files with a title are programs, see `PROGRAMS`."""
    return block.kind in ("python", "text", FIRST) and not block.title and not block.reason


@pytest.mark.parametrize("page", sorted({block.page for block in BLOCKS if is_in_session(block)}))
def test_the_python_of_a_document_runs_and_prints_what_it_shows(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MAPE_REDIS__URL", "memory")

    run_session([block for block in BLOCKS if block.page == page and is_in_session(block)])


@pytest.mark.parametrize("block", of_kind("yaml"), ids=str)
def test_the_yaml_of_a_document_is_read(block: Block, tmp_path: Path) -> None:
    parsed = yaml.safe_load(block.text)
    assert parsed
    if block.title in ("", "mape.yml"):  # else it is somebody else's
        (tmp_path / "mape.yml").write_text(block.text)
        load(str(tmp_path / "mape.yml"), environ={})


PARSERS: dict[str, Callable[[str], object]] = {
    "json": json.loads,
    "jsonl": lambda text: [json.loads(line) for line in text.splitlines()],
    "toml": tomllib.loads,
    "ini": lambda text: configparser.ConfigParser(strict=False, interpolation=None).read_string(text),
}


def test_json_toml_and_units_are_well_formed() -> None:
    for block in of_kind(*PARSERS):
        PARSERS[block.kind](block.text)


@pytest.mark.parametrize("block", of_kind(*SHELLS), ids=str)
def test_commands_and_options_exist(block: Block) -> None:
    lines = command_lines(block)

    assert lines
    assert [(line, problem) for line in lines for problem in wrong_with(line)] == []


def test_every_program_in_a_document_is_run_by_a_test() -> None:
    shown = {(block.page, block.title) for block in BLOCKS if block.kind == "python" and block.title}

    assert shown == set(PROGRAMS)


def test_every_output_with_a_title_is_compared_by_a_test() -> None:
    shown = {(block.page, block.title) for block in BLOCKS if block.kind == "text" and block.title and not block.reason}

    assert shown == {(page, title) for (page, _), outputs in PROGRAMS.items() for title in outputs}


def test_every_output_in_a_console_is_compared_by_a_test() -> None:
    shown = {(block.page, command_lines(block)[-1]) for block in of_kind("console") if output_of(block)}

    assert {(page, line.partition("  #")[0].strip()) for page, line in shown} == CONSOLES


def test_a_block_that_is_not_run_is_counted_and_says_why() -> None:
    left_out = [block for block in BLOCKS if block.reason]

    assert [str(block) for block in left_out if len(block.reason) < len("no server")] == []
    assert Counter(block.page for block in left_out) == NOT_RUN


def test_python_that_is_not_run_compiles_all_the_same() -> None:
    for block in BLOCKS:
        if block.kind == "python":
            compile(block.text, str(block), "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)


def test_no_block_is_of_a_kind_that_nobody_checks() -> None:
    known = {"python", "text", "yaml", "mermaid", FIRST, *PARSERS, *SHELLS}

    assert [str(block) for block in BLOCKS if block.kind not in known and not block.reason] == []


def test_text_below_no_program_says_why_it_is_not_compared() -> None:
    for before, block in pairwise(BLOCKS):
        if block.kind == "text" and not block.title and not block.reason:
            assert (before.kind, before.page, before.title) == ("python", block.page, ""), str(block)


WITH_EXAMPLES = [path for path in sorted((ROOT / "mape").rglob("*.py")) if ">>> " in path.read_text()]


@pytest.mark.parametrize("path", WITH_EXAMPLES, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_examples_in_docstrings_hold(path: Path) -> None:
    for example in PythonDocStringDocument.parse(str(path), DocTestParser()):
        example.evaluate()


# -- each check can fail -----------------------------------------------------------------------------------------------


PLANTED = """\
<!-- run first:
import mape
-->
```python title="a.py"
x = 1
```

<!-- not run: there is no server -->

```sh
rm -r server
```
<!-- not run: stands above words -->
words
```sh
make
```
"""


def a_page(text: str) -> list[Block]:
    return read("docs/planted.md", text)


def test_a_program_that_prints_something_else_is_found() -> None:
    with pytest.raises(AssertionError, match=r"docs/index.md:4: shows something else"):
        run_session(read("docs/index.md", "```python\nprint(1 + 1)\n```\n```text\n3\n```\n"))


def test_a_name_that_is_not_there_is_found_with_its_line() -> None:
    with pytest.raises(NameError) as caught:
        run_session(read("docs/index.md", "\n\n```python\n\nnobody.knows()\n```\n"))

    assert caught.traceback[-1].lineno == 4  # counted from 0
    assert os.fspath(caught.traceback[-1].path).endswith("docs/index.md")


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("mape fly", "mape has no command 'fly'"),
        ("mape config explian", "mape config has no command 'explian'"),
        ("mape run app.py --hurry", "mape run has no option '--hurry'"),
        ("mape send car.detect true --urll x", "mape send has no option '--urll'"),
        ("make cofee", "make has no target 'cofee'"),
        ("pip install 'mape-toolkit[rust]'", "there is no extra 'rust'"),
        ("pip install 'mape[redis]'", "pip would look for 'mape'; the package is 'mape-toolkit'"),
        ("python -m examples.nothing", "there is no module 'examples.nothing'"),
        ("docker compose -f docker/compse.yml up", "there is no docker/compse.yml"),
        ("cp docker/.env.exmple docker/.env", "there is no docker/.env.exmple to copy"),
    ],
)
def test_a_command_that_does_not_exist_is_found(line: str, problem: str) -> None:
    assert list(wrong_with(line)) == [problem]


def test_a_command_that_nobody_knows_is_found() -> None:
    assert "nobody can say whether 'frobnicate' works" in next(wrong_with("frobnicate --all"))


@pytest.mark.parametrize(
    "line",
    [
        "MAPE_REST__TOKEN=x mape run app.py --worker    # a comment",
        "mape run fleet.app:TESTS -- --seed 3",
        "mape --version",
        "make demo ARGS=ambulance",
        "pip install .",
    ],
)
def test_a_command_that_exists_is_not_objected_to(line: str) -> None:
    assert list(wrong_with(line)) == []


def test_pieces_with_one_title_are_one_file_and_comments_are_read() -> None:
    blocks = a_page(PLANTED)

    assert [(block.kind, block.title, block.reason, block.line) for block in blocks] == [
        (FIRST, "", "", 1),
        ("python", "a.py", "", 4),
        ("sh", "", "there is no server", 10),
        ("sh", "", "", 15),
    ]
    assert blocks[0].text.strip() == "import mape"


def test_a_file_that_a_document_does_not_show_is_an_error() -> None:
    with pytest.raises(LookupError, match=r"docs/index.md shows no car.py"):
        file_of("docs/index.md", "car.py")
