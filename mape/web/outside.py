"""What lies behind an app's edges: sinks, sources, other processes; by which channel, and what was counted there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from mape.flow.link import Link, Outside
from mape.flow.tap import LogObserver
from mape.remote.rest.stream import Feed
from mape.settings.masking import masked
from mape.web.tap import Tap
from mape.web.tree import clean

__all__ = ["End", "Wire", "counts", "end_of_sink", "end_of_source", "is_hidden"]

TITLE: Final = 200
KINDS: Final[Mapping[str, str]] = {
    "POSTObserver": "post",
    "PostObservable": "post",
    "SocketObserver": "socket",
    "SocketObservable": "socket",
    "PubObserver": "publish",
    "SubObservable": "subscribe",
    "StreamObserver": "stream",
    "StreamObservable": "stream",
    "InfluxObserver": "influx",
    "Sender": "remote",
    "RemoteSource": "remote",
}
"""What leads to another process, by the name of its class, so that nothing is imported that the app does not use."""


class Wire(msgspec.Struct, omit_defaults=True):
    """By what the other end of an edge can be found in another process.

    Args:
        way: ``out`` or ``in``.
        by: ``channel``, ``stream`` or ``rest``.
        names: Of the channel or stream; of a subscription its patterns; of REST the path of the element.
        origin: Of REST the server.
    """

    way: str
    by: str
    names: list[str]
    origin: str = ""


class End(msgspec.Struct, omit_defaults=True):
    """The end of an edge that is no element of this app.

    Args:
        id: The same for all edges that end there.
        kind: One of `KINDS`, or ``function``, ``source``.
    """

    id: str
    title: str
    kind: str
    wire: Wire | None = None

    @property
    def is_remote(self) -> bool:
        """Whether another process is behind it."""
        return self.kind not in {"function", "source"}


def is_hidden(link: Link) -> bool:
    """Whether a listener only looks: it is no part of what the app does."""
    target = link.target
    return isinstance(target, Outside) and isinstance(target.observer, Tap | Feed | LogObserver)


def end_of_sink(link: Link) -> End:
    """Describe what listens at the end of a link, and is no element."""
    target = link.target
    if not isinstance(target, Outside):  # a port of no element
        title = _title(getattr(target, "path", type(target).__name__))
        return End(f"function:{title}", title, "function")
    if target.observer is None:
        return End("function:", "(counted only)", "function")
    return _end(target.observer, "out", target.title, "function")


def end_of_source(source: object) -> End:
    """Describe what feeds an element, and is no element."""
    return _end(source, "in", type(source).__name__, "source")


def _end(there: Any, way: str, name: str, otherwise: str) -> End:
    kind = _kind(type(there)) or otherwise
    title = _title(getattr(there, "path", None) or (f"stream {_stream(there)}" if kind == "stream" else name))
    return End(f"{kind}:{way}:{title}", title, kind, _wire(there, kind, way))


def _stream(there: Any) -> str:
    """Return the name of the stream that a sink or source is at."""
    return str(getattr(there, "stream", None) or there.terms.stream)


def _kind(kind: type) -> str | None:
    return next((KINDS[each.__name__] for each in kind.__mro__ if each.__name__ in KINDS), None)


def _title(text: object) -> str:
    return clean(str(masked("", str(text))))[:TITLE]


def _wire(there: Any, kind: str, way: str) -> Wire | None:
    if kind == "publish" and there.channel is not None:
        return Wire(way, "channel", [clean(str(there.channel))])
    if kind == "subscribe":
        return Wire(way, "channel", [topic.name.decode(errors="backslashreplace") for topic in there.topics])
    if kind == "stream":
        return Wire(way, "stream", [clean(_stream(there))])
    target = getattr(there, "target", None)
    if kind in {"post", "socket"} and target is not None:
        return Wire(way, "rest", [f"{target.loop}.{target.element}"], target.origin)
    if kind == "post" and way == "in":
        return Wire(way, "rest", [there.path])
    return None


def counts(there: Any) -> tuple[int, int, int, int] | None:
    """Return what a sink or source has counted: passed, lost, retries, queued; None if nothing."""
    stats = getattr(there, "stats", None)
    if stats is None and not hasattr(there, "passed"):
        return None
    passed = getattr(stats, "sent", getattr(stats, "accepted", getattr(there, "passed", 0)))
    dropped = getattr(stats, "dropped", None)
    lost = sum(dropped.values()) if isinstance(dropped, dict) else 0
    queued = getattr(stats, "queued", 0)
    return int(passed), lost + getattr(stats, "gaps", 0), getattr(stats, "retries", 0), int(queued)
