"""A file of the package, and what a house rule asks of it: what runs when, full names, comments."""

from __future__ import annotations

import ast
import io
import tokenize
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
INNER_FOLDERS = {"flow"}
DEFINITIONS = (*FUNCTIONS, ast.ClassDef)


@dataclass(frozen=True)
class Source:
    """One file of the package.

    Args:
        place: Its path from the root, such as ``mape/item.py``.
        text: What is in it.
    """

    place: Path
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        """The syntax tree."""
        return ast.parse(self.text)

    @property
    def is_core(self) -> bool:
        """Whether it lies directly in ``mape/``; the folders are the edges."""
        return len(self.place.parts) == 2

    @property
    def is_inner(self) -> bool:
        """Whether it belongs to the core or to the machinery under it, which keep the same distance to the world."""
        return self.is_core or self.place.parts[1] in INNER_FOLDERS

    @property
    def module(self) -> str:
        """The dotted name."""
        parts = self.place.with_suffix("").parts
        return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)

    @cached_property
    def comments(self) -> dict[int, str]:
        """The comment of each line that has one; a comment on a line of its own also stands for the next line."""
        found: dict[int, str] = {}
        for token in tokenize.generate_tokens(io.StringIO(self.text).readline):
            if token.type == tokenize.COMMENT:
                line = token.start[0]
                found[line] = found.get(line, "") + token.string
                if not token.line[: token.start[1]].strip():
                    found[line + 1] = found[line]
        return found

    @cached_property
    def typing_only(self) -> set[ast.AST]:
        """What runs for the type checker alone: annotations, and what stands under ``if TYPE_CHECKING``."""
        roots: list[ast.AST | None] = []
        for node in ast.walk(self.tree):
            if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
                roots += node.body
            elif isinstance(node, FUNCTIONS):
                roots.append(node.returns)
            elif isinstance(node, (ast.arg, ast.AnnAssign)):
                roots.append(node.annotation)
        return {node for root in roots if root is not None for node in ast.walk(root)}

    @cached_property
    def running(self) -> list[ast.AST]:
        """All nodes but those for the type checker alone."""
        return [node for node in ast.walk(self.tree) if node not in self.typing_only]

    @cached_property
    def at_import(self) -> list[ast.AST]:
        """All nodes that run when the module is imported."""
        inside = {inner for node in ast.walk(self.tree) if isinstance(node, FUNCTIONS) for inner in ast.walk(node)}
        return [node for node in self.running if node not in inside]

    def imports(self, nodes: Iterable[ast.AST]) -> Iterator[tuple[ast.AST, str, str]]:
        """Yield each import among `nodes`: the node, the name it binds, and what that is, in full."""
        for node in nodes:
            if isinstance(node, ast.Import):
                for alias in node.names:
                    top = alias.name.partition(".")[0]
                    yield node, alias.asname or top, alias.name if alias.asname else top
                    yield node, "", alias.name
            elif isinstance(node, ast.ImportFrom):
                base = node.module or ""
                if node.level:
                    package = (
                        self.module.split(".") if self.place.name == "__init__.py" else self.module.split(".")[:-1]
                    )
                    base = ".".join(
                        [*package[: len(package) - node.level + 1], *([node.module] if node.module else [])]
                    )
                for alias in node.names:
                    yield node, alias.asname or alias.name, f"{base}.{alias.name}"

    @cached_property
    def bound(self) -> dict[str, str]:
        """What each name that an import binds is, in full."""
        return {name: full for _, name, full in self.imports(ast.walk(self.tree)) if name}

    def full_name(self, node: ast.AST) -> str:
        """The full dotted name of an expression such as ``time.time``; empty if it does not start at an import."""
        if isinstance(node, ast.Name):
            return self.bound.get(node.id, "")
        if isinstance(node, ast.Attribute) and (base := self.full_name(node.value)):
            return f"{base}.{node.attr}"
        return ""

    def called(self, node: ast.Call) -> str:
        """The name of what is called, in full where an import tells it, as written otherwise."""
        return self.full_name(node.func) or ast.unparse(node.func)

    def breach(self, node: ast.AST | int, sentence: str) -> str:
        """Return `sentence` with its place in front."""
        return f"{self.place}:{node if isinstance(node, int) else getattr(node, 'lineno', 1)}: {sentence}"

    def excused(self, node: ast.AST, word: str) -> bool:
        """Whether a comment at `node` has `word` in it."""
        return word in self.comments.get(getattr(node, "lineno", 0), "")


def read_house(root: Path) -> list[Source]:
    """Read all sources of the package below `root`."""
    places = sorted((root / "mape").rglob("*.py"))
    return [Source(place.relative_to(root), place.read_text(encoding="utf-8")) for place in places]
