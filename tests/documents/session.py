"""Runs the Python blocks of a document one after the other, as one session, in virtual time.

A block may wait at its top level. What it prints must be what a block of text below it shows. Redis is a store in
memory unless the document says otherwise.
"""

from __future__ import annotations

import ast
import contextlib
import inspect
import io
import linecache
import sys
import types
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mape.application import default_app, set_default_app
from mape.testing import run_virtual
from tests.documents.page import FIRST, ROOT, Block

__all__ = ["run_session"]

MODULE = "a_page"
"""The same name for all documents, so that a class that two of them register is one that was made again."""


def run_session(blocks: Sequence[Block]) -> None:
    """Run the blocks of one document; the working directory is the caller's.

    Raises:
        AssertionError: Something else was printed than the document shows.
        Exception: Whatever a block raises, with the document's line in the traceback.
    """
    module = types.ModuleType(MODULE)
    sys.modules[MODULE] = module
    try:
        run_virtual(_session(blocks, module.__dict__))
    finally:
        set_default_app(None)
        del sys.modules[MODULE]


async def _session(blocks: Sequence[Block], names: dict[str, Any]) -> None:
    try:
        await _run(blocks, names)
    finally:
        await default_app().close()


async def _run(blocks: Sequence[Block], names: dict[str, Any]) -> None:
    printed = None
    for block in blocks:
        if block.kind == "text":
            if printed is not None:
                assert printed == block.text, f"{block}: shows something else than was printed:\n{printed}"
            printed = None
            continue
        output = io.StringIO()
        with contextlib.redirect_stdout(output):
            outcome = eval(_compiled(block), names)  # noqa: S307 - the documents are ours
            if inspect.iscoroutine(outcome):
                await outcome
        printed = output.getvalue() if block.kind != FIRST else None


def _compiled(block: Block) -> types.CodeType:
    """Compile a block; its lines are those of the document, in tracebacks and in the debugger."""
    source = "\n" * block.line + block.text
    path = str(ROOT / block.page)
    linecache.cache[path] = (0, None, Path(path).read_text().splitlines(keepends=True), path)
    code: types.CodeType = compile(source, path, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
    return code
