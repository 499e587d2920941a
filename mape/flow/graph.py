"""Who listens to whom, as a list of edges."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

__all__ = ["Edge", "edges"]


@dataclass(frozen=True)
class Edge:
    """One edge of the graph: paths, and the operators on the way; ``target`` is a name for what is no element."""

    source: str
    target: str
    operators: tuple[str, ...] = ()
    is_element: bool = True


def edges(elements: Iterable[Any]) -> list[Edge]:
    """Return the subscriptions of all out ports, element by element."""
    return [
        Edge(
            element.path,
            getattr(link.target, "path", "") or getattr(link.target, "title", "") or "(counted only)",
            link.operator_names,
            hasattr(link.target, "element"),
        )
        for element in elements
        for link in element.port_out.links
    ]
