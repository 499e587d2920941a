"""The page's own files: complete, small, and those of others as they came."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import mape.web

STATIC = Path(mape.web.__file__).parent / "static"
OTHERS = {"dagre.js", "htm.js", "preact-hooks.js", "preact.js", "uplot.css", "uplot.js"}
IMPORT = re.compile(r'\bfrom\s*"\./([\w-]+\.js)"|\bimport\s*"\./([\w-]+\.js)"')
LATE = re.compile(r'\bimport\("\./([\w-]+\.js)"\)')


def imports(name: str) -> set[str]:
    return {first or second for first, second in IMPORT.findall((STATIC / name).read_text(encoding="utf-8"))}


def reachable(start: str) -> set[str]:
    found, waiting = set[str](), [start]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += imports(name)
    return found


def test_the_shell_preloads_all_that_the_first_picture_needs() -> None:
    preloaded = set(re.findall(r'modulepreload" href="page/([^"]+)"', (STATIC / "index.html").read_text("utf-8")))

    assert preloaded == reachable("app.js") - {"app.js"}


def test_every_file_is_used() -> None:
    late = {name for path in STATIC.glob("*.js") for name in LATE.findall(path.read_text("utf-8"))}
    used = reachable("app.js").union(*map(reachable, late))

    assert {path.name for path in STATIC.glob("*.js")} == used


def test_every_style_sheet_and_sign_is_linked_from_the_shell() -> None:
    linked = set(re.findall(r'href="page/([^"]+\.(?:css|svg))"', (STATIC / "index.html").read_text("utf-8")))

    assert {path.name for path in STATIC.iterdir() if path.suffix in {".css", ".svg"}} == linked


def test_files_of_others_are_as_the_list_says() -> None:
    listed = re.findall(r"^([0-9a-f]{64})  (\S+)$", (STATIC / "README.md").read_text("utf-8"), re.MULTILINE)

    assert {name: digest for digest, name in listed} == {
        name: hashlib.sha256((STATIC / name).read_bytes()).hexdigest() for name in OTHERS
    }


def test_no_file_of_ours_is_longer_than_a_person_reads() -> None:
    files = [path for path in STATIC.iterdir() if path.suffix in {".js", ".css"} and path.name not in OTHERS]

    assert [path.name for path in files if path.read_text("utf-8").count("\n") > 350] == []


def test_no_file_of_ours_parses_html_or_runs_text() -> None:
    banned = re.compile(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|dangerously")
    files = [path for path in STATIC.glob("*.js") if path.name not in OTHERS]

    assert [path.name for path in files if banned.search(path.read_text("utf-8"))] == []
