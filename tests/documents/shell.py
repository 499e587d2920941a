"""Checks the commands in a document against what there is: commands, options, targets, files, extras."""

from __future__ import annotations

import importlib.util
import re
import shlex
import tomllib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import typer

from mape.cli.root import commands
from tests.documents.page import ROOT, Block, read

__all__ = ["command_lines", "console", "output_of", "wrong_with"]

Words = Sequence[str]


def command_lines(block: Block) -> list[str]:
    """Return the commands of a block, whole lines; in a console those behind a prompt."""
    text = block.text.replace("\\\n", " ")
    if block.kind == "console":
        return [line[2:] for line in text.splitlines() if line.startswith("$ ")]
    return [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]


def output_of(block: Block) -> str:
    """Return what a console shows besides commands."""
    return "".join(f"{line}\n" for line in block.text.splitlines() if not line.startswith("$ "))


def console(page: str, command: str) -> str:
    """Return the output that a document shows below a command."""
    for block in read(page):
        if block.kind == "console" and command_lines(block)[-1].partition("  #")[0].strip() == command:
            return output_of(block)
    raise LookupError(f"{page} shows no output of {command}")


def wrong_with(line: str) -> Iterator[str]:
    """Say what is wrong with a command line; nothing, if nothing is."""
    words = shlex.split(line, comments=True)
    while words and re.match(r"[A-Z_]+=", words[0]):
        words = words[1:]  # a variable for the command
    if not words:
        return
    check = CHECKS.get(words[0])
    if check is None:
        yield f"nobody can say whether {words[0]!r} works: teach tests/documents/shell.py, or say why it is not run"
    else:
        yield from check(words)


def _mape(words: Words) -> Iterator[str]:
    command: Any = typer.main.get_command(commands)
    name, rest = "mape", list(words[1:])
    options = {option for each in command.params for option in each.opts}
    while rest and hasattr(command, "commands") and not rest[0].startswith("-"):
        word = rest.pop(0)
        if word not in command.commands:
            yield f"{name} has no command {word!r}"
            return
        command, name = command.commands[word], f"{name} {word}"
        options |= {option for each in command.params for option in (*each.opts, *each.secondary_opts)}
    for word in rest:
        if word == "--":
            return
        if re.match(r"--?[a-z]", word) and word.partition("=")[0] not in options | {"--help", "-h", "--debug"}:
            yield f"{name} has no option {word!r}"


def _make(words: Words) -> Iterator[str]:
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    yield from (f"make has no target {word!r}" for word in words[1:] if "=" not in word and word not in targets)


def _pip(words: Words) -> Iterator[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    for word in words[2:]:
        found = re.fullmatch(r"(?P<name>[\w.-]+?)(\[(?P<extras>[\w,]+)\])?", word)
        if found is None or word == ".":
            continue
        if found["extras"] and found["name"] != project["name"]:
            yield f"pip would look for {found['name']!r}; the package is {project['name']!r}"
        wanted = set((found["extras"] or "").split(",")) - {""}
        yield from (f"there is no extra {each!r}" for each in wanted - set(project["optional-dependencies"]))


def _python(words: Words) -> Iterator[str]:
    if words[1:2] == ["-m"] and importlib.util.find_spec(words[2]) is None:
        yield f"there is no module {words[2]!r}"
    elif words[1].startswith(("scripts/", "examples/")) and not (ROOT / words[1]).exists():
        yield f"there is no {words[1]}"


def _docker(words: Words) -> Iterator[str]:
    files = [words[place + 1] for place, word in enumerate(words) if word == "-f"]
    yield from (f"there is no {file}" for file in files if not (ROOT / file).exists())


def _copy(words: Words) -> Iterator[str]:
    if not (ROOT / words[1]).exists():
        yield f"there is no {words[1]} to copy"


def _foreign(_: Words) -> Iterator[str]:
    """Another program's command: here only that it can be split into words."""
    return iter(())


CHECKS: dict[str, Callable[[Words], Iterator[str]]] = {
    "cp": _copy,
    "docker": _docker,
    "make": _make,
    "mape": _mape,
    "pip": _pip,
    "python": _python,
    **dict.fromkeys(
        ("cd", "curl", "echo", "export", "git", "journalctl", "mkdir", "pytest", "redis-cli", "sudo", "systemctl"),
        _foreign,
    ),
}
