"""Finds the program that a person named, loads it, and says in one sentence where it fails.

A program is a file (``app.py``, its folder on the path as python does) or a module (``fleet.app``, the current folder
on the path as ``python -m`` does), and behind a colon the app in it (``app.py:fleet``).
"""

from __future__ import annotations

import ast
import difflib
import importlib.util
import re
import runpy
import sys
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType

from mape.errors import ConfigError, MapeError, UnknownPathError, WiringError

__all__ = ["Program", "find_program"]

RUNNERS = {"mape.run", "asyncio.run"}


@dataclass(frozen=True)
class Program:
    """A program that was found, and not yet loaded.

    Args:
        name: As the person wrote it, without the app.
        file: Where its source stands.
        module: Its name where it is a module; else None.
        attribute: The app in it; "" where none was named.
    """

    name: str
    file: Path
    module: str | None = None
    attribute: str = ""

    @cached_property
    def tree(self) -> ast.Module:
        """What the source says.

        Raises:
            WiringError: It cannot be read, or is not Python.
        """
        try:
            return ast.parse(self.file.read_bytes(), str(self.file))
        except SyntaxError as error:
            line = f":{error.lineno}" if error.lineno else ""
            raise WiringError(f"{self.file}{line}: not valid Python: {error.msg}; correct it") from error
        except (OSError, ValueError) as error:  # ValueError: null characters
            raise WiringError(f"{self.file}: cannot be read as Python: {error}") from error

    @property
    def has_main_part(self) -> bool:
        """Whether it says how it is run: under ``if __name__ == "__main__":``, or as a package in ``__main__.py``."""
        is_package = self.module is not None and self.file.name == "__init__.py"
        if is_package and self.file.with_name("__main__.py").is_file():
            return True
        return any(_is_main_part(statement) for statement in self.tree.body)

    @property
    def runs_on_line(self) -> int | None:
        """The line on which it runs while it is loaded, by ``mape.run()`` at the top; None where it does not."""
        return next((call.lineno for call in _calls_at_load(self.tree) if _called(call, self.tree) in RUNNERS), None)

    def load(self, arguments: Sequence[str] = (), *, until_run: bool = False) -> ModuleType:
        """Import the program; what stands under ``if __name__ == "__main__":`` does not run.

        Args:
            arguments: What it gets as ``sys.argv``.
            until_run: Whether one that runs at the top, by a line of its own, is loaded up to that line.

        Raises:
            ConfigError: Its settings are wrong.
            WiringError: It runs instead of being loaded, or raises.
        """
        preface = self._preface() if until_run else None
        if (line := self.runs_on_line) and preface is None:
            cure = 'put that under `if __name__ == "__main__":`'
            raise WiringError(f"{self.file}:{line}: the program runs while it is loaded; {cure}")
        self._prepare(arguments)
        with self.walled():
            try:
                return self._import(preface)
            except SystemExit as error:
                leaving = WiringError("the program exits while it is loaded; move that into main()")
                raise leaving.with_traceback(error.__traceback__) from error

    def run_as_main(self, arguments: Sequence[str]) -> None:
        """Run the program as python would, with these arguments."""
        self._prepare(arguments)
        with self.walled():
            if self.module:
                runpy.run_module(self.module, run_name="__main__", alter_sys=True)
            else:
                runpy.run_path(str(self.file), run_name="__main__")

    @contextmanager
    def walled(self) -> Iterator[None]:
        """Let what the program raises here become one sentence.

        Raises:
            ConfigError: Its settings are wrong.
            WiringError: Anything else; where and by what it failed.
        """
        try:
            yield
        except ConfigError:
            raise
        except Exception as error:  # the wall around the person's program
            raise self._failure(error) from error

    def _failure(self, error: Exception) -> WiringError:
        what = str(error) if isinstance(error, MapeError) else f"{type(error).__name__}: {error}"
        return WiringError(f"{self._place(error)}: {what}{_cure(error)}")

    def _prepare(self, arguments: Sequence[str]) -> None:
        """Set what python itself sets for a program; the current folder comes last for a file, first for a module."""
        sys.argv = [str(self.file), *arguments]
        here = str(Path.cwd())
        if self.module is None:
            sys.path.insert(0, str(self.file.parent.resolve()))
            sys.path.append(here)
        else:
            sys.path.insert(0, here)

    def _preface(self) -> ast.Module | None:
        """Return what stands before the line on which it runs; None where it does not run so plainly."""
        line = self.runs_on_line
        for number, statement in enumerate(self.tree.body):
            if statement.lineno == line and isinstance(statement, ast.Expr):
                return ast.Module(self.tree.body[:number], [])
        return None

    def _import(self, preface: ast.Module | None) -> ModuleType:
        if self.module and preface is None:
            return importlib.import_module(self.module)
        name = self.module or self._free_name()
        if "." in name:
            importlib.import_module(name.rpartition(".")[0])
        loader = None if preface is None else _Preface(name, self.file, preface)
        spec = importlib.util.spec_from_file_location(name, self.file, loader=loader)
        if spec is None or spec.loader is None:
            raise WiringError("no Python source; name a file that ends in .py")
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module  # state that python itself keeps: classes and pickles find their module there
        spec.loader.exec_module(module)
        return module

    def _free_name(self) -> str:
        stem = self.file.stem
        return stem if stem.isidentifier() and stem not in sys.modules else "__mape_main__"

    def _place(self, error: Exception) -> str:
        """Say where it happened: the last line of the program itself that led there."""
        if isinstance(error, SyntaxError) and error.filename:
            return f"{error.filename}:{error.lineno}"
        frames = traceback.extract_tb(error.__traceback__)
        lines = [frame.lineno for frame in frames if Path(frame.filename).resolve() == self.file.resolve()]
        return f"{self.file}:{lines[-1]}" if lines else str(self.file)


class _Preface(SourceFileLoader):
    """Loads a part of a file, past the cache, which has or shall have the whole."""

    def __init__(self, name: str, file: Path, part: ast.Module) -> None:
        super().__init__(name, str(file))
        self._part = part

    def get_code(self, fullname: str) -> CodeType:  # noqa: ARG002 - as documented
        return compile(self._part, self.path, "exec", dont_inherit=True)


def find_program(target: str) -> Program:
    """Find what `target` names; nothing is loaded but the packages around a module.

    Raises:
        UnknownPathError: There is no such file or module.
    """
    name, colon, attribute = target.rpartition(":")
    if not colon or not attribute.isidentifier():
        name, attribute = target, ""
    looks_like_file = name.endswith(".py") or "/" in name or Path(name).is_file()
    return _find_file(name, attribute) if looks_like_file else _find_module(name, attribute)


def _find_file(name: str, attribute: str) -> Program:
    file = Path(name)
    if file.is_file():
        return Program(name, file, attribute=attribute)
    if file.is_dir():
        raise _is_folder(name)
    near = difflib.get_close_matches(file.name, [each.name for each in file.parent.glob("*.py")], 1)
    cure = f"did you mean {file.parent / near[0]}?" if near else "look where you are, or give its whole path"
    raise UnknownPathError(f"there is no file {name}; {cure}")


def _find_module(name: str, attribute: str) -> Program:
    if not all(part.isidentifier() for part in name.split(".")):
        if name and Path(name).is_dir():
            raise _is_folder(name)
        raise UnknownPathError(f"{name!r:.80} is neither a file nor the name of a module; write app.py or fleet.app")
    sys.path.insert(0, str(Path.cwd()))
    try:
        spec = importlib.util.find_spec(name)
    except ModuleNotFoundError:
        spec = None
    except Exception as error:  # the wall around the person's packages
        raise WiringError(f"{name}: its package cannot be loaded: {type(error).__name__}: {error}") from error
    finally:
        sys.path.pop(0)
    if (spec is None or not spec.origin) and Path(name).is_dir():
        raise _is_folder(name)
    if spec is None or not spec.origin or not spec.origin.endswith(".py"):
        raise UnknownPathError(f"there is no module {name} of Python source here; a file is named with its .py")
    file = Path(spec.origin)
    is_here = file.is_relative_to(Path.cwd())
    return Program(name, file.relative_to(Path.cwd()) if is_here else file, name, attribute)


def _is_folder(name: str) -> UnknownPathError:
    return UnknownPathError(f"{name} is a folder; name a file in it, as {name.rstrip('/')}/app.py, or a module")


def _is_main_part(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.If) and bool(
        re.fullmatch(r"__name__ == '__main__'|'__main__' == __name__", ast.unparse(statement.test))
    )


def _calls_at_load(tree: ast.Module) -> Iterator[ast.Call]:
    """Walk over what is called while the module is loaded: not in functions, not under the main part."""
    waiting: list[ast.AST] = [statement for statement in tree.body if not _is_main_part(statement)]
    while waiting:
        node = waiting.pop(0)
        if isinstance(node, ast.Call):
            yield node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            waiting.extend(ast.iter_child_nodes(node))


def _called(call: ast.Call, tree: ast.Module) -> str:
    """Give the whole name of what is called, through the imports at the top."""
    names: dict[str, str] = {}
    for statement in tree.body:
        if isinstance(statement, ast.Import):
            names |= {each.asname: each.name for each in statement.names if each.asname}
        elif isinstance(statement, ast.ImportFrom):
            names |= {each.asname or each.name: f"{statement.module}.{each.name}" for each in statement.names}
    first, dot, rest = ast.unparse(call.func).partition(".")
    return names.get(first, first) + dot + rest


def _cure(error: Exception) -> str:
    if isinstance(error, ModuleNotFoundError) and error.name:
        return f"; install what has the module {error.name.partition('.')[0]}, or correct the name"
    if isinstance(error, ImportError) and "relative import" in str(error):
        return "; name the program as a module, as package.app"
    return "" if isinstance(error, MapeError) else "; --debug shows the traceback"
