"""What is in an app, as the REST server shows it. The types are the answers' schemas in the OpenAPI document."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import msgspec

from mape.errors import UnknownPathError
from mape.path import nearest
from mape.remote.source import RemoteSource

if TYPE_CHECKING:
    from mape.application import App
    from mape.port import Port

__all__ = [
    "Counts",
    "EdgeView",
    "ElementView",
    "GraphView",
    "Health",
    "LevelView",
    "LoopView",
    "Place",
    "Refusal",
    "Rejected",
    "StatsView",
    "describe",
    "describe_source",
    "elements",
    "find",
    "graph",
    "levels",
    "loop",
    "loops",
    "show",
]


class Refusal(msgspec.Struct):
    """Why a request was refused, and what to do about it."""

    error: str


class Rejected(msgspec.Struct):
    """An item that was not taken: its place in the body, from 0, and why."""

    index: int
    reason: str


class Counts(msgspec.Struct):
    """What became of the items of a request.

    ``dropped`` are items that the element lost meanwhile, by reason, as its statistics count them: ``overflow`` when
    its mailbox was full, ``stopped`` when it does not run.
    """

    accepted: int
    rejected: int = 0
    duplicates: int = 0
    dropped: dict[str, int] = {}
    errors: list[Rejected] = []


class StatsView(msgspec.Struct):
    """What an element has counted; times in seconds."""

    received: int
    processed: int
    emitted: int
    dropped: dict[str, int]
    errors: int
    queued: int
    withheld: int
    last_time: float | None
    mean_time: float | None


class ElementView(msgspec.Struct):
    """An element: its role, its state, what it counted, and the JSON schemas of what it takes and gives."""

    path: str
    uid: str
    type: str
    state: str
    starts: str
    stats: StatsView | None
    takes: dict[str, Any] | None
    gives: dict[str, Any] | None


class LoopView(msgspec.Struct):
    """A loop and the uids of its elements."""

    path: str
    uid: str
    level: str
    elements: list[str]


class LevelView(msgspec.Struct):
    """A level and the uids of its loops; "" is the default level."""

    uid: str
    loops: list[str]


class EdgeView(msgspec.Struct):
    """That one element listens to another, or something else does."""

    source: str
    target: str
    operators: list[str]
    is_element: bool


class GraphView(msgspec.Struct):
    """All loops, elements and edges."""

    loops: list[LoopView]
    elements: list[ElementView]
    edges: list[EdgeView]


class Health(msgspec.Struct):
    """How the process is: ``live``, ``ready``, or why it is not ready."""

    status: str


class Place(msgspec.Struct, frozen=True):
    """Where items can be sent and watched: an element, or a source with an address of its own (`element` is None)."""

    path: str
    port_in: Any
    port_out: Any
    element: Any = None

    def port(self, name: str) -> Port:
        """Return the port called ``in`` or ``out``."""
        port: Port = self.port_in if name == "in" else self.port_out
        return port

    @property
    def kind(self) -> Any:
        """What it takes, as an annotation."""
        return self.element.input_type if self.element is not None else self.port_in.kind


def find(app: App, names: Mapping[str, str]) -> Place:
    """Return what stands at ``loop`` and ``element``: an element, or a source that takes posts.

    Raises:
        UnknownPathError: There is nothing; the text says what is near, and not what was asked for.
    """
    path = f"{names['loop']}.{names['element']}"
    for service in app.services:
        if isinstance(service, RemoteSource) and service.path == path and getattr(service, "takes_posts", False):
            return Place(path, service, service)
    owner = loop(app, names)
    element = owner.elements.get(names["element"])
    if element is None:
        hint = nearest(names["element"], owner.elements)
        raise UnknownPathError(f"loop {owner.uid!r} has no element of that name: {hint}")
    return Place(element.path, element.port_in, element.port_out, element)


def loop(app: App, names: Mapping[str, str]) -> Any:
    """Return the loop of that name.

    Raises:
        UnknownPathError: There is none; as `find`.
    """
    known = {each.uid: each for each in app}
    if names["loop"] not in known:
        raise UnknownPathError(f"the app has no loop of that name: {nearest(names['loop'], known)}")
    return known[names["loop"]]


def levels(app: App) -> list[LevelView]:
    """Show the levels."""
    return [LevelView(level.uid, [each.uid for each in level]) for level in app.levels]


def loops(app: App) -> list[LoopView]:
    """Show the loops."""
    return [show(each) for each in app]


def show(each: Any) -> LoopView:
    """Show a loop."""
    return LoopView(each.path, each.uid, each.level.uid, list(each.elements))


def elements(owner: Any) -> list[ElementView]:
    """Show the elements of a loop, without schemas."""
    return [describe(element) for element in owner]


def describe(element: Any, takes: dict[str, Any] | None = None, gives: dict[str, Any] | None = None) -> ElementView:
    """Show an element."""
    stats = msgspec.convert(asdict(element.stats), StatsView)
    uid, role, starts = element.uid, element.role, element.begins.value
    return ElementView(element.path, uid, role, _state(element), starts, stats, takes, gives)


def describe_source(place: Place, takes: dict[str, Any] | None) -> ElementView:
    """Show a source that takes posts."""
    state = "running" if place.port_in.links else "stopped"
    return ElementView(
        place.path, place.path.rpartition(".")[2], "source", state, "when somebody subscribes", None, takes, None
    )


def _state(element: Any) -> str:
    if element.is_removed:
        return "removed"
    if element.is_draining:
        return "draining"
    return "running" if element.is_running else "stopped"


def graph(app: App) -> GraphView:
    """Show everything."""
    arrows = [EdgeView(edge.source, edge.target, list(edge.operators), edge.is_element) for edge in app.edges()]
    return GraphView(loops(app), [describe(element) for element in app.elements], arrows)
