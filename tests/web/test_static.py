"""The page's own files: complete, small, and those of others as they came."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import mape.web

STATIC = Path(mape.web.__file__).parent / "static"
VENDOR = STATIC / "vendor"
IMPORT = re.compile(r'\bfrom\s*"(\.{1,2}/[^"]+\.js)"|\bimport\s*"(\.{1,2}/[^"]+\.js)"')
LATE = re.compile(r'=> import\("(\.{1,2}/[^"]+\.js)"\)')


def files(*suffixes: str) -> dict[str, Path]:
    """Return the files of the page by the names that the server knows them by."""
    return {path.relative_to(STATIC).as_posix(): path for path in STATIC.rglob("*") if path.suffix in suffixes}


def ours(*suffixes: str) -> dict[str, Path]:
    return {name: path for name, path in files(*suffixes).items() if path.parent != VENDOR}


def found_in(name: str, pattern: re.Pattern[str]) -> set[str]:
    here = (STATIC / name).parent
    names = (next(filter(None, each.groups())) for each in pattern.finditer((STATIC / name).read_text("utf-8")))
    return {(here / each).resolve().relative_to(STATIC.resolve()).as_posix() for each in names}


def reachable(start: str) -> set[str]:
    found, waiting = set[str](), [start]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += found_in(name, IMPORT)
    return found


def test_the_shell_preloads_all_that_the_first_picture_needs() -> None:
    preloaded = set(re.findall(r'modulepreload" href="page/([^"]+)"', (STATIC / "index.html").read_text("utf-8")))

    assert preloaded == reachable("app.js") - {"app.js"}


def test_every_file_is_used() -> None:
    late = {name for each in files(".js") for name in found_in(each, LATE)}
    used = reachable("app.js").union(*map(reachable, late))

    assert len(late) > 3
    assert set(files(".js")) == used


def test_every_style_sheet_and_sign_is_linked_from_the_shell() -> None:
    linked = set(re.findall(r'href="page/([^"]+\.(?:css|svg))"', (STATIC / "index.html").read_text("utf-8")))

    assert set(files(".css", ".svg")) == linked


def test_files_of_others_are_as_the_list_says() -> None:
    listed = re.findall(r"^([0-9a-f]{64})  (\S+)$", (STATIC / "README.md").read_text("utf-8"), re.MULTILINE)

    assert {name: digest for digest, name in listed} == {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in VENDOR.iterdir() if path.is_file()
    }


def test_no_file_of_ours_is_longer_than_a_person_reads() -> None:
    assert [name for name, path in ours(".js", ".css").items() if path.read_text("utf-8").count("\n") > 350] == []


def test_no_file_of_ours_parses_html_or_runs_text() -> None:
    banned = re.compile(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|dangerously")

    assert [name for name, path in ours(".js").items() if banned.search(path.read_text("utf-8"))] == []
