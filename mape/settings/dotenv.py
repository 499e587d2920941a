"""Reads a .env file: ``NAME=value`` lines, as shells and other tools write them; nothing is expanded or run."""

from __future__ import annotations

import io

from dotenv.parser import Binding, parse_stream

from mape.errors import ConfigError

__all__ = ["parse_dotenv"]


def parse_dotenv(text: str, name: str) -> tuple[dict[str, str], dict[str, int]]:
    """Give the variables of a .env file, and the line of each; a name without ``=`` sets nothing.

    Args:
        name: How errors call the file.

    Raises:
        ConfigError: A line is not ``NAME=value``.
    """
    variables: dict[str, str] = {}
    lines: dict[str, int] = {}
    for binding in parse_stream(io.StringIO(text)):
        if binding.error:
            raise ConfigError(f"{name}:{_line(binding)}: not a NAME=value line; correct it, or begin it with #")
        if binding.key is not None:
            variables[binding.key] = binding.value or ""
            lines[binding.key] = _line(binding)
    return variables, lines


def _line(binding: Binding) -> int:
    """Count from where the text begins: the parser takes blank lines before it along."""
    skipped = binding.original.string
    blank = skipped[: len(skipped) - len(skipped.lstrip())]
    return binding.original.line + len(blank.splitlines()) - (0 if not blank or blank[-1] in "\r\n" else 1)
