"""The code blocks of a document, found by sybil, in the order in which they stand there.

A block may have a comment above it that says why it is not run; a comment may hold code that is run and not shown:

    <!-- not run: needs a server of yours -->
    <!-- run first:
    import mape
    -->

Blocks with the same title are one file, in pieces.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from sybil import Document
from sybil.parsers.markdown.lexers import DirectiveInHTMLCommentLexer, RawFencedCodeBlockLexer

__all__ = ["FIRST", "ROOT", "Block", "all_pages", "file_of", "read"]

ROOT = Path(__file__).parents[2]
FIRST = "run first"
INFO = re.compile(r"(?P<info>[^\n]*)\n")
TITLE = re.compile(r'title="(?P<title>[^"]*)"')


@dataclass(frozen=True)
class Block:
    """A fenced block, or a comment with code.

    Args:
        page: Path of the document, from the root of the repository.
        line: Where it begins there.
        kind: Its language; `FIRST` for a comment with code; empty for a block that names none.
        title: The file that it is part of, or what its text is the output of.
        reason: Why it is not run; empty if it is.
    """

    page: str
    line: int
    kind: str
    title: str
    text: str
    reason: str = ""

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def all_pages() -> list[str]:
    """All documents of the repository, by their paths."""
    folders = ("docs", "docker", "examples")
    found = [path for folder in folders for path in (ROOT / folder).rglob("*.md")]
    return [str(path.relative_to(ROOT)) for path in sorted([*ROOT.glob("*.md"), *found])]


def read(page: str, text: str | None = None) -> list[Block]:
    """Return the blocks of a document; of `text` instead, where it is given."""
    document = Document((ROOT / page).read_text() if text is None else text, page)
    parts: list[tuple[int, int, str, str, str]] = [
        (region.start, region.end, "block", region.lexemes["info"], region.lexemes["source"])
        for region in RawFencedCodeBlockLexer(INFO)(document)
    ]
    for directive in ("not run", FIRST):
        for region in DirectiveInHTMLCommentLexer(directive)(document):
            end = document.text.index("-->", region.start) + 3
            parts.append((region.start, end, directive, region.lexemes["arguments"] or "", region.lexemes["source"]))
    return list(_blocks(document, sorted(parts)))


def _blocks(document: Document, parts: list[tuple[int, int, str, str, str]]) -> list[Block]:
    blocks, reason, reason_ends = [], "", 0
    for start, end, what, info, source in parts:
        line = document.text.count("\n", 0, start) + 1
        if what == "not run":
            reason, reason_ends = f"{info} {source}".strip(), end
            continue
        if what == FIRST:
            blocks.append(Block(document.path, line, FIRST, "", source))
            continue
        if document.text[reason_ends:start].strip():  # it stood above something else
            reason = ""
        title = TITLE.search(info)
        kind = info.split(" ")[0].strip()
        blocks.append(Block(document.path, line, kind, title["title"] if title else "", str(source), reason))
        reason = ""
    return blocks


def file_of(page: str, title: str) -> str:
    """Return a file that a document shows, its pieces put together."""
    pieces = [block.text for block in read(page) if block.title == title]
    if not pieces:
        raise LookupError(f"{page} shows no {title}")
    return "\n\n".join(pieces)
