"""Reads a YAML document into plain values, and remembers on which line each of them stands.

Built on the composer of PyYAML, which makes a tree of nodes with line numbers and runs nothing: there are no
constructors here that a tag could name. Imported when a file is read, not before.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final, NoReturn

import yaml
from yaml.composer import Composer
from yaml.error import Mark
from yaml.parser import Parser
from yaml.reader import Reader, ReaderError
from yaml.resolver import BaseResolver
from yaml.scanner import Scanner

from mape.errors import ConfigError
from mape.settings.scalar import PATTERNS, construct

__all__ = ["DEEPEST", "LONGEST_NAME", "Document", "parse"]

DEEPEST: Final = 32
"""How many levels a value may nest."""

LONGEST_NAME: Final = 100
"""How many characters a name may have."""

_CORE: Final = "tag:yaml.org,2002:"


@dataclass(frozen=True)
class Document:
    """The values of a file, and the line of each by its path.

    Args:
        name: How errors call the file.
    """

    name: str
    root: dict[str, Any] = field(default_factory=dict)
    lines: dict[tuple[str, ...], int] = field(default_factory=dict)

    def place(self, path: tuple[str, ...]) -> str:
        """Say where the value at `path` stands: ``mape.yml:3``."""
        return f"{self.name}:{self.lines[path]}"


class _Loader(Reader, Scanner, Parser, Composer, BaseResolver):
    """PyYAML's own, up to the tree of nodes; refuses what makes a small file large."""

    def __init__(self, text: str, name: str) -> None:
        Reader.__init__(self, text)
        Scanner.__init__(self)
        Parser.__init__(self)
        Composer.__init__(self)
        BaseResolver.__init__(self)
        self.name = name  # each mark carries it, and so each error
        self.depth = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            self._refuse_here("an alias (*name) is not allowed here; write the value out")
        if self.depth > DEEPEST:
            self._refuse_here(f"nested deeper than {DEEPEST} levels; make it flatter")
        self.depth += 1
        try:
            return super().compose_node(parent, index)
        finally:
            self.depth -= 1

    def _refuse_here(self, reason: str) -> NoReturn:
        _refuse(self.peek_event().start_mark, reason)  # type: ignore[no-untyped-call]


for _kind, _pattern in PATTERNS.items():
    _Loader.add_implicit_resolver(_CORE + _kind, _pattern, None)


def parse(text: str, name: str) -> Document:
    """Read a document whose top is a mapping, or empty.

    Args:
        name: How errors call the file.

    Raises:
        ConfigError: Broken YAML, or anything beyond plain values; names the line.
    """
    document = Document(name)
    top = _compose(text, name)
    if isinstance(top, yaml.MappingNode):
        document.root.update(_mapping(top, document, ()))
    elif top is not None and top.tag != _CORE + "null":
        _refuse(top.start_mark, "the file must hold `name: value` lines, as in `debug: true`")
    return document


def _compose(text: str, name: str) -> yaml.Node | None:
    try:
        return _Loader(text, name).get_single_node()
    except ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise ConfigError(f"{name}:{line}: a control character is not allowed in YAML; remove it") from None
    except yaml.MarkedYAMLError as error:
        raise ConfigError(_syntax(error, name)) from None
    except (yaml.YAMLError, ValueError, OverflowError) as error:  # PyYAML lets its own int() and chr() through
        raise ConfigError(f"{name}: not valid YAML: {error}; check numbers and \\ escapes") from None


def _syntax(error: yaml.MarkedYAMLError, name: str) -> str:
    mark = error.problem_mark or error.context_mark
    place = f"{name}:{mark.line + 1}" if mark else name
    reason = error.problem or error.context or "it cannot be read"
    return f"{place}: not valid YAML: {reason}; check the indentation, colons and quotes there"


def _value(node: yaml.Node, document: Document, path: tuple[str, ...]) -> Any:
    if isinstance(node, yaml.ScalarNode):
        return _scalar(node)
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, document, path)
    _check_tag(node, "seq")
    return [_value(entry, document, path) for entry in node.value]


def _mapping(node: yaml.MappingNode, document: Document, path: tuple[str, ...]) -> dict[str, Any]:
    _check_tag(node, "map")
    entries: dict[str, Any] = {}
    for key_node, value_node in node.value:
        key = _key(key_node)
        here = (*path, key)
        if key in entries:
            first = f"first on line {document.lines[here]}"
            _refuse(key_node.start_mark, f"{key!r} stands here a second time ({first}); keep one of them")
        document.lines[here] = key_node.start_mark.line + 1
        entries[key] = _value(value_node, document, here)
    return entries


def _key(node: yaml.Node) -> str:
    """Take the key as it is written: ``on:`` and ``1:`` are names, not values."""
    if not isinstance(node, yaml.ScalarNode):
        _refuse(node.start_mark, "a name must be a word, not a list or mapping; write `name: value`")
    _scalar(node)
    if not node.value.isprintable() or len(node.value) > LONGEST_NAME:
        _refuse(node.start_mark, f"a name must be printable and have at most {LONGEST_NAME} characters; correct it")
    return str(node.value)


def _scalar(node: yaml.ScalarNode) -> object:
    _check_tag(node, *PATTERNS, "str")
    try:
        node.value.encode()  # half of a surrogate pair, which no terminal and no wire can take
        return construct(node.tag.removeprefix(_CORE), node.value)
    except ValueError as error:
        _refuse(node.start_mark, f"not a plain value: {error}; correct it or put it in quotes")


def _check_tag(node: yaml.Node, *allowed: str) -> None:
    if node.tag.removeprefix(_CORE) not in allowed:
        tag = node.tag.replace(_CORE, "!!", 1)[:60]
        reason = f"the tag {tag} is not allowed: a configuration holds plain values and runs nothing; remove the tag"
        _refuse(node.start_mark, reason)


def _refuse(mark: Mark, reason: str) -> NoReturn:
    raise ConfigError(f"{mark.name}:{mark.line + 1}: {reason}")
