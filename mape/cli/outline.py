"""What stands in an app, as plain values: loops by level, their elements, and who listens to whom."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

from mape.application import App
from mape.cli.annotation import name_of
from mape.flow.chain import operator_name

__all__ = ["ANYWHERE", "Arrow", "ElementOutline", "LoopOutline", "Outline", "operator_names", "outline"]

ANYWHERE = "(to its address)"
"""Where a router leads."""


@dataclass(frozen=True)
class ElementOutline:
    """An element: its path and role, when it starts by itself, what it takes and gives."""

    path: str
    uid: str
    role: str
    starts: str
    takes: str
    gives: str

    @property
    def types(self) -> str:
        """What it takes and gives, for people: ``int -> ?``; "" where nothing is annotated."""
        return f"{self.takes or '?'} -> {self.gives or '?'}" if self.takes or self.gives else ""


@dataclass(frozen=True)
class LoopOutline:
    """A loop and its elements, in the order they were made."""

    path: str
    uid: str
    level: str
    elements: tuple[ElementOutline, ...]


@dataclass(frozen=True)
class Arrow:
    """That `target` listens to `source`; operators of both ends and of the way, in the order that items pass them."""

    source: str
    target: str
    operators: tuple[str, ...]
    is_element: bool


@dataclass(frozen=True)
class Outline:
    """All of an app."""

    loops: tuple[LoopOutline, ...]
    arrows: tuple[Arrow, ...]

    @property
    def elements(self) -> Iterator[ElementOutline]:
        """All elements of all loops."""
        return (element for loop in self.loops for element in loop.elements)

    @property
    def levels(self) -> dict[str, list[LoopOutline]]:
        """The loops by level; "" for those that have none."""
        levels: dict[str, list[LoopOutline]] = {}
        for loop in self.loops:
            levels.setdefault(loop.level, []).append(loop)
        return levels

    def leaving(self, path: str) -> list[Arrow]:
        """The arrows that begin at an element."""
        return self._by_source.get(path, [])

    def arriving(self, path: str) -> list[Arrow]:
        """The arrows that end at an element."""
        return self._by_target.get(path, [])

    @cached_property
    def _by_source(self) -> dict[str, list[Arrow]]:
        arrows: dict[str, list[Arrow]] = {}
        for arrow in self.arrows:
            arrows.setdefault(arrow.source, []).append(arrow)
        return arrows

    @cached_property
    def _by_target(self) -> dict[str, list[Arrow]]:
        arrows: dict[str, list[Arrow]] = {}
        for arrow in self.arrows:
            if arrow.is_element:
                arrows.setdefault(arrow.target, []).append(arrow)
        return arrows

    def plain(self) -> dict[str, Any]:
        """Give all of it as JSON knows it."""
        return asdict(self)


def outline(app: App) -> Outline:
    """Look at an app."""
    loops = tuple(
        LoopOutline(loop.path, loop.uid, loop.level.uid, tuple(_element(element) for element in loop)) for loop in app
    )
    return Outline(loops, tuple(_arrows(app)))


def operator_names(operators: Iterable[Any]) -> tuple[str, ...]:
    """Name operators; those of mape.flow.routing are closures, called after the function that made them."""
    return tuple(
        operator.__qualname__.partition(".")[0]
        if getattr(operator, "__module__", "") == "mape.flow.routing" and hasattr(operator, "__qualname__")
        else operator_name(operator)
        for operator in operators
    )


def _element(element: Any) -> ElementOutline:
    takes, gives = name_of(element.input_type), name_of(element.output_type)
    return ElementOutline(element.path, element.uid, element.role, element.begins.value, takes, gives)


def _arrows(app: App) -> Iterator[Arrow]:
    """Put the operators at the ends of an edge to those on its way."""
    links = (link for element in app.elements for link in element.port_out.links)
    for edge, link in zip(app.edges(), links, strict=True):
        after = app[edge.target].port_in.operators if edge.is_element else ()
        operators = operator_names((*app[edge.source].port_out.operators, *link.operators, *after))
        yield Arrow(edge.source, edge.target, operators, edge.is_element)
    for element in app.elements:
        names = operator_names(element.port_out.operators)
        if "router" in names and not element.port_out.links:
            yield Arrow(element.path, ANYWHERE, names, is_element=False)
