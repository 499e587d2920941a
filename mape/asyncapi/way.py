"""The ways that items take in and out of an app, and of what type they are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mape.flow.link import Outside
from mape.flow.services import Channel
from mape.remote.source import RemoteSource

if TYPE_CHECKING:
    from mape.application import App

__all__ = ["Way", "ways"]

SERIES = "series"
"""What is written into a time series is no message: nobody can listen to it."""


@dataclass(frozen=True)
class Way:
    """One way in or out.

    Args:
        channel: Where it leads.
        kinds: What the items are, as annotations; None where nobody knows.
        text: What it is to the app, one sentence.
        doc: The docstring of the element behind it.
    """

    channel: Channel
    kinds: tuple[Any, ...]
    text: str
    doc: str = ""


def ways(app: App) -> Iterator[Way]:
    """Return all ways of an app: its elements behind the REST server, then its sinks and sources."""
    for element in app.elements:
        yield from _ways_of(element)
    emitters = _emitters(app)
    for service in app.services:
        for channel in service.channels() if hasattr(service, "channels") else ():
            if channel.form == SERIES:
                continue
            if channel.sends:
                elements = emitters.get(id(service), [])
                names = ", ".join(dict.fromkeys(path for path, _ in elements)) or "the app"
                yield Way(channel, tuple(kind for _, kind in elements) or (None,), f"What {names} emits.")
            else:
                listeners = ", ".join(_listeners(service)) or "nobody yet"
                yield Way(channel, (getattr(service, "kind", None),), f"Taken by {listeners}.")


def _ways_of(element: Any) -> Iterator[Way]:
    path = f"/loops/{element.loop.uid}/elements/{element.uid}"
    doc = element.__doc__ if element.__doc__ and element.__doc__ is not type(element).__doc__ else ""
    taken = Channel(path, "http", "", sends=False, form="element", content_type="application/json")
    given = Channel(path, "ws", "", sends=True, form="element", content_type="application/x-ndjson")
    yield Way(taken, (element.input_type,), f"Taken by {element.path}.", doc)
    if element.output_type is not None or element.role != "execute":
        yield Way(given, (element.output_type,), f"What {element.path} emits, for those who watch it.")


def _emitters(app: App) -> dict[int, list[tuple[str, Any]]]:
    """Return who emits into each sink, by the sink's id: path and annotation, None behind operators."""
    found: dict[int, list[tuple[str, Any]]] = {}
    for element in app.elements:
        for port, kind in ((element.port_out, element.output_type), (element.port_in, element.input_type)):
            for link in port.links:
                if isinstance(link.target, Outside):
                    known = None if link.operators or port.operators else kind
                    for sink in getattr(link.target.observer, "lanes", (link.target.observer,)):
                        found.setdefault(id(sink), []).append((element.path, known))
    return found


def _listeners(source: Any) -> list[str]:
    links = source.links if isinstance(source, RemoteSource) else ()
    return [
        str(getattr(link.target, "path", "") or getattr(link.target, "title", "") or "a listener") for link in links
    ]
