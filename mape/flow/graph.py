"""Who listens to whom: a list of edges, and the order of starting that follows from roles."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

__all__ = ["START_ORDER", "Edge", "edges", "listeners_first"]

START_ORDER = ("execute", "plan", "analyze", "element", "monitor")


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


def listeners_first(elements: Iterable[Any]) -> list[Any]:
    """Return elements in the order in which they start; they stop in reverse."""
    ranks = {role: rank for rank, role in enumerate(START_ORDER)}
    return sorted(elements, key=lambda element: ranks.get(element.role, ranks["element"]))
