from __future__ import annotations

import gzip
import re
from pathlib import Path

import pytest

from mape.remote.rest import page
from mape.remote.rest.answer import Answer

LIMIT_BYTES = 3_000_000


@pytest.mark.parametrize("shown", [page.DOCS, page.REDOC], ids=["docs", "redoc"])
def test_a_page_needs_nothing_from_elsewhere(shown: Answer) -> None:
    html = shown.body.decode()
    references = re.findall(r'(?:src|href|spec-url)="([^"]*)"', html)

    assert "://" not in html
    assert not [each for each in references if each.startswith(("/", "http"))]
    for each in references:
        name = each.partition("static/")[2]
        assert name in page.FILES or each in {"data:,", "openapi.json"}


@pytest.mark.parametrize("shown", [page.DOCS, page.REDOC], ids=["docs", "redoc"])
def test_a_page_allows_no_script_but_our_files(shown: Answer) -> None:
    policy = dict(entry.strip().split(" ", 1) for entry in shown.policy.decode().split(";"))

    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == "'self'"
    assert "http" not in shown.policy.decode()
    assert not re.findall(r"<script(?![^>]*src=)", shown.body.decode())


@pytest.mark.parametrize("name", page.FILES)
def test_each_file_is_there_packed_or_not(name: str) -> None:
    packed, plain = page.static(name, takes_gzip=True), page.static(name, takes_gzip=False)
    is_packed = (b"content-encoding", b"gzip") in packed.headers

    assert (gzip.decompress(packed.body) if is_packed else packed.body) == plain.body
    assert (b"content-encoding", b"gzip") not in plain.headers


@pytest.mark.parametrize("name", ["", "..", "../page.py", "docs.js.gz", "licences", "docs.js\x00", "README.md"])
def test_no_other_file_is_served(name: str) -> None:
    assert page.static(name, takes_gzip=True).status == 404


def test_the_files_of_others_are_small_and_come_with_their_licences() -> None:
    files = [each for each in page.FOLDER.rglob("*") if each.is_file()]
    listed = (page.FOLDER / "README.md").read_text()

    assert sum(each.stat().st_size for each in files) < LIMIT_BYTES
    for each in files:
        name = each.relative_to(page.FOLDER).as_posix()
        assert name in {"README.md", "docs.js"} or f"`{name}`" in listed


def test_the_files_are_part_of_the_package() -> None:
    assert page.FOLDER.parent == Path(page.__file__).parent
