"""Which edge of one process goes on in another: by the channel, the stream or the address that both name; pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

from mape.remote.redis.pattern import Glob
from mape.remote.rest.address import is_loopback
from mape.web.graph import EdgeShape, GraphShape
from mape.web.outside import Wire

__all__ = ["join", "place_of"]

PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}


def place_of(url: str) -> str:
    """Return ``host:port`` of a URL, the same for all names of this machine's own address; "" of what is none."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or PORTS.get(parts.scheme, 0)
    except ValueError:
        return ""
    return f"{'localhost' if is_loopback(host) else host}:{port}" if host else ""


def join(graphs: Mapping[str, GraphShape], urls: Mapping[str, str]) -> set[str]:
    """Find for each edge that leaves a process where it goes on; return the names of the graphs that changed by that.

    Args:
        graphs: By the names of the processes.
        urls: Where their servers are.
    """
    places = {name: place_of(url) for name, url in urls.items()}
    changed = set()
    for name, graph in graphs.items():
        for edge in graph.edges:
            targets = list(_targets(name, edge, graphs, places)) if edge.end is not None and edge.end.wire else []
            if targets != edge.peer_targets:
                edge.peer_targets, edge.peer_target = targets, targets[0] if targets else None
                changed.add(name)
    return changed


def _targets(
    own: str, edge: EdgeShape, graphs: Mapping[str, GraphShape], places: Mapping[str, str]
) -> Iterator[dict[str, str]]:
    wire = edge.end.wire if edge.end is not None else None
    if wire is None:
        return
    for name, graph in graphs.items():
        if name == own:
            continue
        if wire.by == "rest":
            paths = _at_address(wire, graph) if wire.origin and place_of(wire.origin) == places.get(name) else ()
        else:
            paths = _at_channel(wire, graph) if wire.way == "out" else ()
        yield from ({"peer": name, "path": path} for path in dict.fromkeys(paths))


def _at_address(wire: Wire, graph: GraphShape) -> Iterator[str]:
    """Find what takes posts for a path: an element, or whoever listens to a source there."""
    for element in graph.elements:
        if element.path == wire.names[0]:
            yield element.path
    for edge in graph.edges:
        other = edge.end.wire if edge.end is not None else None
        if other is not None and edge.target and other.by == "rest" and not other.origin and other.names == wire.names:
            yield edge.target


def _at_channel(wire: Wire, graph: GraphShape) -> Iterator[str]:
    """Find who listens to a channel or stream."""
    for edge in graph.edges:
        other = edge.end.wire if edge.end is not None else None
        if other is None or other.way != "in" or other.by != wire.by or not edge.target:
            continue
        if wire.by == "stream":
            is_heard = other.names == wire.names
        else:
            is_heard = any(Glob(pattern).matches(wire.names[0].encode()) for pattern in other.names)
        if is_heard:
            yield edge.target
