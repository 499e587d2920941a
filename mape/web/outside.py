"""What lies behind an app's edges: sinks, sources, other processes; by which channel, and what was counted there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from mape.flow.link import Link, Outside
from mape.flow.services import Channel
from mape.flow.tap import LogObserver
from mape.remote.rest.stream import Feed
from mape.settings.masking import masked
from mape.web.tap import Tap
from mape.web.tree import clean

__all__ = ["End", "Wire", "counts", "end_of_sink", "end_of_source", "is_hidden"]

TITLE: Final = 200
KINDS: Final[Mapping[str, str]] = {"http": "post", "ws": "socket", "influxdb": "influx"}
"""What a sink or source is, by what it speaks; in Redis it depends on the form, too."""


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
        kind: ``post``, ``socket``, ``publish``, ``subscribe``, ``stream``, ``influx``, ``remote`` for another way to
            other processes, ``function`` or ``source`` for what is in this one.
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
    channels = _channels(there)
    if channels is None:
        kind, wire = otherwise, None
    elif not channels:
        kind, wire = "remote", None
    else:
        kind, wire = _kind(channels[0]), _wire(channels, way)
    stream = f"stream {channels[0].address}" if channels and kind == "stream" else name
    title = _title(getattr(there, "path", None) or stream)
    return End(f"{kind}:{way}:{title}", title, kind, wire)


def _title(text: object) -> str:
    return clean(str(masked("", str(text))))[:TITLE]


def _channels(there: Any) -> Sequence[Channel] | None:
    """Return the ways to other processes that a sink or source says it has; None if it is none of these."""
    told = getattr(there, "channels", None)
    return [each for each in told() if isinstance(each, Channel)] if callable(told) else None


def _kind(channel: Channel) -> str:
    if channel.protocol != "redis":
        return KINDS.get(channel.protocol, "remote")
    if channel.form == "stream":
        return "stream"
    return "publish" if channel.sends else "subscribe"


def _wire(channels: Sequence[Channel], way: str) -> Wire | None:
    first = channels[0]
    if first.form == "element":
        _, _, loop, _, element = first.address.split("/")
        return Wire(way, "rest", [f"{loop}.{element}"], first.server)
    if first.form in {"channel", "pattern", "stream"}:
        by = "stream" if first.form == "stream" else "channel"
        return Wire(way, by, [clean(each.address) for each in channels])
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
