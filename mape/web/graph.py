"""An app as a graph: levels, loops, elements, edges and what lies behind them, as the page draws it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, Final

import msgspec

from mape.errors import UnknownPathError
from mape.flow.chain import operator_name
from mape.flow.link import Link
from mape.port import OutPort
from mape.web.knowledge import scopes_of
from mape.web.outside import End, counts, end_of_sink, end_of_source, is_hidden
from mape.web.tree import clean

if TYPE_CHECKING:
    from mape.application import App

__all__ = [
    "EdgeShape",
    "ElementShape",
    "GraphShape",
    "LoopShape",
    "Shape",
    "draw",
    "name_of_type",
    "routers",
    "state_of",
]

ROLES: Final = frozenset({"monitor", "analyze", "plan", "execute"})


class ElementShape(msgspec.Struct):
    """An element; `takes` and `gives` are the short names of its types."""

    path: str
    uid: str
    loop: str
    role: str
    type: str
    starts: str
    ops_in: list[str]
    ops_out: list[str]
    takes: str | None
    gives: str | None
    state: str


class LoopShape(msgspec.Struct):
    """A loop."""

    path: str
    uid: str
    level: str
    elements: list[str]


class EdgeShape(msgspec.Struct):
    """An edge; where `source` or `target` is None, `end` says what is there.

    Args:
        kind: ``local``, ``routed``, ``remote``, ``sink`` or ``source``.
        peer_target: Where it goes on in another process, if that is known: the first of `peer_targets`.
    """

    id: str
    source: str | None
    target: str | None
    operators: list[str]
    kind: str
    title: str
    end: End | None = None
    peer_target: dict[str, str] | None = None
    peer_targets: list[dict[str, str]] = []


class GraphShape(msgspec.Struct):
    """What the event ``graph`` holds."""

    peer: str
    version: int
    levels: list[dict[str, str]]
    loops: list[LoopShape]
    elements: list[ElementShape]
    edges: list[EdgeShape]
    knowledge: list[dict[str, Any]]


class Shape:
    """What an app is built of just now, to be compared with what it was; and what counts behind its edges."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._parts: list[Any] = []
        self.counters: dict[str, Any] = {}
        """Sinks, sources and routers' counts, by the ids of their edges; filled by `draw`."""

    def has_changed(self) -> bool:
        """Whether the app is built otherwise than at the last call."""
        before, self._parts = self._parts, list(self._walk())
        return len(before) != len(self._parts) or any(
            one is not other and not (type(one) is int and one == other)
            for one, other in zip(before, self._parts, strict=True)
        )

    def _walk(self) -> Iterator[Any]:
        """Iterate over all parts; the objects are compared by identity, and held so that no id comes twice."""
        for loop in self._app:
            yield loop
            for element in loop:
                yield element
                yield element.operators_in
                yield element.operators_out
                for link in element.port_out.links:
                    if not is_hidden(link):
                        yield link
                yield from element.port_in.incoming
        for router in self._routers():
            yield len(router.routes)

    def _routers(self) -> Iterator[Any]:
        for element in self._app.elements:
            yield from (operator for _, operator in routers(element))

    def counts(self) -> Iterator[tuple[str, tuple[int, ...]]]:
        """Iterate over what was counted behind the edges, by their ids."""
        for edge, counter in self.counters.items():
            try:
                found = (counter[0].get(counter[1], 0), 0, 0, 0) if isinstance(counter, tuple) else counts(counter)
            except Exception:  # the wall around somebody's own sink: its counters are not there just now  # noqa: S112
                continue
            if found is not None:
                yield edge, found


def routers(element: Any) -> Iterator[tuple[str, Any]]:
    """Iterate over the operators at an element that send items elsewhere, each with its name."""
    chains = [element.operators_in, element.operators_out, *(link.operators for link in element.port_out.links)]
    for operator in (operator for chain in chains for operator in chain):
        if isinstance(getattr(operator, "routes", None), dict):
            yield operator_name(operator), operator


def draw(app: App, shape: Shape, version: int) -> GraphShape:
    """Return an app as a graph."""
    loops = [LoopShape(loop.path, loop.uid, loop.level.uid, [each.path for each in loop]) for loop in app]
    known = [{"scope": scope, "keys": len(knowledge)} for scope, _, knowledge in scopes_of(app) if len(knowledge)]
    edges = _Edges(app)
    for element in app.elements:
        edges.add_all(element)
    shape.counters = edges.counters
    elements = [_element(element) for element in app.elements]
    return GraphShape("", version, [{"uid": level.uid} for level in app.levels], loops, elements, edges.found, known)


def _element(element: Any) -> ElementShape:
    kind = type(element).__name__
    return ElementShape(
        element.path,
        element.uid,
        element.loop.uid,
        element.role if element.role in ROLES else "element",
        "" if kind.lower() in ROLES else kind,
        element.begins.value,
        [clean(operator_name(each)) for each in element.operators_in],
        [clean(operator_name(each)) for each in element.operators_out],
        name_of_type(element.input_type),
        name_of_type(element.output_type),
        state_of(element),
    )


class _Edges:
    """Collects the edges of an app."""

    def __init__(self, app: App) -> None:
        self._app = app
        self.found: list[EdgeShape] = []
        self.counters: dict[str, Any] = {}
        self._ids: set[str] = set()

    def add_all(self, element: Any) -> None:
        for link in (*element.port_out.links, *element.port_in.links):
            if not is_hidden(link):
                self._add_link(element.path, link)
        for link in element.port_in.incoming:
            if not isinstance(link.source, OutPort) and not hasattr(link.source, "element"):
                self._add_source(link, element.path)
        for name, router in routers(element):
            for place in tuple(router.routes):
                self._add_routed(element.path, name, router.routes, place)

    def _add_link(self, source: str, link: Link) -> None:
        target = getattr(getattr(link.target, "element", None), "path", None)
        if target is not None:
            self._add(source, target, link.operator_names, "local")
            return
        end = end_of_sink(link)
        edge = self._add(source, None, link.operator_names, "remote" if end.is_remote else "sink", end)
        self.counters[edge] = getattr(link.target, "observer", None)

    def _add_source(self, link: Link, target: str) -> None:
        end = end_of_source(link.source)
        edge = self._add(None, target, link.operator_names, "remote" if end.is_remote else "source", end)
        self.counters[edge] = link.source

    def _add_routed(self, source: str, name: str, routes: dict[str, int], place: str) -> None:
        try:
            target = self._app[place].path
        except (UnknownPathError, AttributeError):
            return
        edge = self._add(source, target, (name,), "routed")
        self.counters[edge] = (routes, place)

    def _add(
        self, source: str | None, target: str | None, operators: Iterable[str], kind: str, end: End | None = None
    ) -> str:
        """Add an edge and return its id, which stays the same as long as what it joins does."""
        name = f"{kind}|{source or (end and end.id)}|{target or (end and end.id)}"
        edge, number = name, 1
        while edge in self._ids:
            number += 1
            edge = f"{name}|{number}"
        self._ids.add(edge)
        title = end.title if end is not None else ""
        self.found.append(EdgeShape(edge, source, target, [clean(each) for each in operators], kind, title, end))
        return edge


def state_of(element: Any) -> str:
    """Return ``running``, ``draining``, ``stopped`` or ``removed``."""
    if element.is_removed:
        return "removed"
    if element.is_draining:
        return "draining"
    return "running" if element.is_running else "stopped"


def name_of_type(kind: Any) -> str | None:
    """Return an annotation as people write it, short; None where there is none."""
    if kind is None or kind is Any:
        return None
    name = kind.__name__ if isinstance(kind, type) and not getattr(kind, "__args__", None) else str(kind)
    return clean(name.replace("typing.", ""))[:80]
