"""What the files of a program say, read without running them: where its elements stand, and what names mean there."""

from __future__ import annotations

import ast
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from mape.cli.program import Program

__all__ = ["FUNCTIONS", "Definition", "Source", "dotted", "inside", "read_source", "sources_of"]

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
ROLES = {"monitor", "analyze", "plan", "execute", "register", "element"}
MOST_FILES = 200
FOREIGN = ("site-packages", "dist-packages")
"""Folders below a program's own with what others wrote."""


@dataclass(frozen=True)
class Definition:
    """Where an element is made.

    Args:
        uid: Its name.
        node: The function that is decorated, or the call.
        place: ``file:line``.
        maker: What the loop is called there.
    """

    uid: str
    node: ast.AST
    place: str
    maker: str


@dataclass(frozen=True)
class Source:
    """A file of a program."""

    file: Path
    tree: ast.Module

    def place(self, node: ast.AST) -> str:
        """Give ``file:line``, from where the person is."""
        return f"{_near(self.file)}:{getattr(node, 'lineno', 1)}"

    @cached_property
    def names(self) -> dict[str, str]:
        """What each imported name stands for: ``{"sleep": "time.sleep", "np": "numpy"}``."""
        names: dict[str, str] = {}
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                names |= {each.asname: each.name for each in node.names if each.asname}
            elif isinstance(node, ast.ImportFrom) and node.module:
                names |= {each.asname or each.name: f"{node.module}.{each.name}" for each in node.names}
        return names

    def called(self, call: ast.Call) -> str:
        """Give the whole name of what is called, through the imports; "" where it has none."""
        first, dot, rest = dotted(call.func).partition(".")
        return self.names.get(first, first) + dot + rest

    @cached_property
    def loops(self) -> dict[str, str]:
        """What each name of a loop stands for: ``{"road": "highway"}`` of ``road = mape.Loop("highway")``."""
        loops: dict[str, str] = {}
        for node in ast.walk(self.tree):
            call = node.value if isinstance(node, ast.Assign) else None
            if isinstance(call, ast.Call) and dotted(call.func).rpartition(".")[2] in {"Loop", "loop"}:
                uid = next((each.value for each in call.args if isinstance(each, ast.Constant)), None)
                targets = node.targets if isinstance(node, ast.Assign) else []
                loops |= {dotted(target): uid for target in targets if isinstance(uid, str)}
        return loops

    @cached_property
    def definitions(self) -> tuple[Definition, ...]:
        """The elements that are made here by a decorator, or by a call as ``loop.execute(print, uid="show")``."""
        return tuple(self._definitions())

    def _definitions(self) -> Iterator[Definition]:
        decorators: set[ast.AST] = set()
        for node in ast.walk(self.tree):
            if isinstance(node, (*FUNCTIONS, ast.ClassDef)):
                makers = [each for each in node.decorator_list if _makes(each)]
                decorators.update(makers)
                if makers:
                    yield Definition(_uid(makers[0]) or node.name, node, self.place(node), _loop(makers[0]))
            elif isinstance(node, ast.Call) and node not in decorators and _makes(node) and _uid(node):
                yield Definition(_uid(node), node, self.place(node), _loop(node))


def sources_of(program: Program) -> list[Source]:
    """Read a program that was loaded: its file, and what it imported from its own folder."""
    folder = program.file.parent.resolve()
    files = {program.file.resolve(): None}
    for module in list(sys.modules.values()):
        file = getattr(module, "__file__", None)
        if file and file.endswith(".py") and _is_own(Path(file).resolve(), folder):
            files[Path(file).resolve()] = None
    return [source for file in list(files)[:MOST_FILES] if (source := read_source(file))]


def read_source(file: Path) -> Source | None:
    """Read a file; None where it cannot be read, or is not Python."""
    try:
        return Source(file, ast.parse(file.read_bytes(), str(file)))
    except (OSError, ValueError, SyntaxError):  # of one that was loaded: it changed since
        return None


def dotted(node: ast.AST) -> str:
    """Give ``a.b.c`` as it is written; "" for anything else."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        before = dotted(node.value)
        return f"{before}.{node.attr}" if before else ""
    return ""


def inside(function: ast.AST) -> Iterator[ast.AST]:
    """Walk over what a function does itself: not its decorators, nor what functions inside of it do."""
    waiting = list(getattr(function, "body", ()))
    for node in waiting:  # grows meanwhile
        yield node
        if not isinstance(node, (*FUNCTIONS, ast.Lambda, ast.ClassDef)):
            waiting.extend(ast.iter_child_nodes(node))


def _makes(node: ast.AST) -> bool:
    """Whether this is ``loop.monitor``, ``loop.monitor(...)`` or the like."""
    target = node.func if isinstance(node, ast.Call) else node
    return isinstance(target, ast.Attribute) and target.attr in ROLES


def _loop(maker: ast.AST) -> str:
    """Give the name of the loop in ``loop.monitor(...)``."""
    target = maker.func if isinstance(maker, ast.Call) else maker
    return dotted(target).rpartition(".")[0]


def _uid(maker: ast.AST) -> str:
    keywords = maker.keywords if isinstance(maker, ast.Call) else []
    values = [each.value for each in keywords if each.arg == "uid"]
    value = values[0].value if values and isinstance(values[0], ast.Constant) else ""
    return value if isinstance(value, str) else ""


def _is_own(file: Path, folder: Path) -> bool:
    if not file.is_relative_to(folder):
        return False
    parts = file.relative_to(folder).parts
    return not any(part in FOREIGN or part.startswith(".") for part in parts)


def _near(file: Path) -> str:
    shown = os.path.relpath(file)
    return str(file) if shown.startswith("..") else shown
