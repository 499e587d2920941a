"""What the shell offers when a person presses Tab: read from files, nothing is run and nothing is asked."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

__all__ = ["offered_demos", "offered_elements", "offered_kinds", "offered_ports", "offered_programs"]

MOST_FILES = 50
LARGEST_BYTES = 256 * 1024


def offered_programs(incomplete: str) -> list[str]:
    """Offer the Python files here; where there is none, the shell offers its own."""
    return sorted(each.name for each in Path().glob("*.py") if each.name.startswith(incomplete) and _is_program(each))


def offered_elements(incomplete: str) -> list[str]:
    """Offer the paths of the elements that the programs here make, as their source has them."""
    return sorted({path for path in _elements() if path.startswith(incomplete)})


def offered_demos(incomplete: str) -> list[str]:
    """Offer the demos."""
    from mape.demo import DEMOS

    return [name for name in DEMOS if name.startswith(incomplete)]


def offered_kinds(incomplete: str) -> list[str]:
    """Offer the kinds of findings."""
    from mape.cli.finding import Kind

    return [kind.value for kind in Kind if kind.value.startswith(incomplete)]


def offered_ports(incomplete: str) -> list[str]:
    """Offer the ports of an element."""
    return [port for port in ("in", "out") if port.startswith(incomplete)]


def _is_program(file: Path) -> bool:
    return not file.name.startswith(("test_", "conftest", "__"))


def _elements() -> Iterator[str]:
    from mape.cli.source import read_source

    for file in sorted(Path().glob("*.py"))[:MOST_FILES]:
        if _is_program(file) and file.stat().st_size <= LARGEST_BYTES and (source := read_source(file)):
            for definition in source.definitions:
                if loop := source.loops.get(definition.maker):
                    yield f"{loop}.{definition.uid}"
