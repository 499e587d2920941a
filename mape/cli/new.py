"""``mape new``: a project that runs, is tested and can be deployed, to be changed into one's own."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from mape.cli.target import JSON

__all__ = ["FILES", "new"]

FILES = {
    "app.py": ("app.py", "the loop: start here"),
    "test_app.py": ("test_app.py", "its test, in virtual time"),
    "mape.yml": ("mape.yml", "its settings"),
    "README.md": ("README.md", "what to type"),
    "pyproject.toml": ("pyproject.toml", "what it needs"),
    "Dockerfile": ("Dockerfile", "the container"),
    "compose.yml": ("compose.yml", "the container, run"),
    "@name@.service": ("unit.service", "the service, for systemd"),
    ".env.example": ("env.example", "secrets, to be filled in"),
    ".gitignore": ("gitignore", ""),
    ".dockerignore": ("dockerignore", ""),
}
"""What is written: where its text is, and what it is for."""

_NAME = re.compile(r"[A-Za-z]([A-Za-z0-9_-]{0,38}[A-Za-z0-9])?")


def new(
    name: Annotated[str | None, typer.Argument(help="Of the project, its folder and its loop.")] = None,
    *,
    here: Annotated[bool, typer.Option("--here", help="Into the current folder, instead of one called NAME.")] = False,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """Make a project: a loop that runs at once, its settings and test, a container and a service for systemd.

    The loop heats a simulated room; put your own sensor and device where the program says so. Nothing that is there
    already is overwritten.
    """
    from mape.cli.screen import print_json, suggest

    chosen = _checked(name if name is not None or not here else Path.cwd().name)
    folder = Path() if here else Path(chosen)
    texts = _texts(chosen)
    _write(folder, texts)
    if as_json:
        print_json({"name": chosen, "folder": str(folder.resolve()), "files": list(texts)})
        return
    _show(folder, chosen)
    go = "" if here else f"cd {chosen} && "
    suggest(f"{go}mape run app.py", "watch the loop on its live page")
    suggest("mape check app.py", "is all of it connected?")
    suggest("python -m pytest", "its test; pip install -e '.[dev]' brings pytest")


def _checked(name: str | None) -> str:
    if name is None:
        raise typer.BadParameter("a project wants a name, as in: mape new greenhouse")
    if not _NAME.fullmatch(name):
        rule = "1 to 40 letters, digits, '-' or '_', a letter first and no '-' or '_' last"
        raise typer.BadParameter(f"{name!r:.60} is no name for a project: {rule}, as in: mape new greenhouse")
    return name


def _texts(name: str) -> dict[str, str]:
    """Return what is to be written, by file."""
    from importlib.resources import files

    from mape import __version__

    folder = files("mape.cli") / "template"
    words = {"@name@": name, "@name_lower@": name.lower(), "@version@": __version__}
    texts = {}
    for target, (source, _) in FILES.items():
        text = (folder / f"{source}.txt").read_text(encoding="utf-8")
        texts[_filled(target, words)] = _filled(text, words)
    return texts


def _filled(text: str, words: dict[str, str]) -> str:
    for mark, word in words.items():
        text = text.replace(mark, word)
    return text


def _write(folder: Path, texts: dict[str, str]) -> None:
    """Write all files, or none.

    Raises:
        StateError: One is there already, or the folder cannot be written to.
    """
    from mape.errors import StateError

    is_here = folder == Path()
    if not is_here and folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise StateError(f"{folder} is there already, nothing was written; take another name, or go there: --here")
    if taken := [name for name in texts if (folder / name).exists() or (folder / name).is_symlink()]:
        raise StateError(f"{', '.join(taken)}: there already, nothing was written; take another folder")
    written: list[Path] = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            with (folder / name).open("x", encoding="utf-8") as file:
                written.append(folder / name)
                file.write(text)
    except OSError as error:
        for path in written:
            path.unlink(missing_ok=True)
        reason = error.strerror or str(error)
        raise StateError(f"{folder.resolve()} cannot be written to: {reason}; nothing was left there") from error


def _show(folder: Path, name: str) -> None:
    from rich.text import Text
    from rich.tree import Tree

    from mape.cli.screen import console

    tree = Tree(Text(f"{folder.resolve().name}/", style="bold"))
    width = max(len(target) for target in FILES) + len(name)
    for target, (_, purpose) in FILES.items():
        shown = target.replace("@name@", name)
        tree.add(Text(f"{shown:<{width}}").append(purpose, style="dim") if purpose else Text(shown))
    console().print(tree)
