"""What people see: tables and sentences on standard output, the next useful command on standard error."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["console", "print_json", "print_table", "say", "shown", "suggest"]

WIDE = 10_000
"""Columns where no terminal says how many there are: nothing is broken into lines for another program."""


def say(sentence: str) -> None:
    """Print a line of the result."""
    sys.stdout.write(f"{sentence}\n")


def suggest(command: str, purpose: str) -> None:
    """Print the next useful command, where it does not get into a result that is piped on."""
    sys.stderr.write(f"Next: {command}   ({purpose})\n")


def print_json(value: Any) -> None:
    """Print `value` for a script to read; what JSON does not know becomes text."""
    say(json.dumps(value, indent=2, ensure_ascii=False, default=str))


def print_table(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print rows under headings; names, in the first column, are not broken into lines."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    for number, heading in enumerate(headings):
        table.add_column(heading, no_wrap=number == 0, overflow="fold")
    for row in rows:
        table.add_row(*(Text(shown(cell)) for cell in row))
    console().print(table)


def console() -> Console:
    """Make what prints with colours on a terminal, and plainly elsewhere."""
    from rich.console import Console

    return Console(highlight=False, width=None if sys.stdout.isatty() else WIDE)


def shown(value: object) -> str:
    """Give `value` as text that does nothing to a terminal; what is not text, as in JSON."""
    if not isinstance(value, str):
        return json.dumps(value, ensure_ascii=False, default=str)
    return value if value.isprintable() else repr(value)
