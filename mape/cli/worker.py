"""Makes a worker of an app: it does its share of what stream groups give, and starts nothing of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mape.errors import WiringError

if TYPE_CHECKING:
    from mape.application import App

__all__ = ["leave_monitors_out"]


def leave_monitors_out(app: App, name: str) -> list[str]:
    """Take the monitors out of an app, but for those that a stream group feeds; return the groups.

    Args:
        name: What the program is called, for the error.

    Raises:
        WiringError: No group feeds anything here, so that a worker would have nothing to do.
    """
    try:
        from mape.remote.redis.streams import StreamObservable
    except ModuleNotFoundError:  # the extra is not installed, so nobody here uses it
        sources = []
    else:
        sources = [each for each in app.services if isinstance(each, StreamObservable)]
    if not sources:
        cure = "feed an element by StreamObservable(stream, group=...), or run it without --worker"
        raise WiringError(f"{name}: a worker does what stream groups give, and there is none; {cure}")
    fed = _fed_by(sources)
    for element in list(app.elements):
        if element.role == "monitor" and element not in fed:
            element.loop.remove(element)
    return [source.path.removeprefix("stream ") for source in sources]


def _fed_by(sources: list[Any]) -> set[Any]:
    """Return the elements that what comes from the sources can reach."""
    found: set[Any] = set()
    waiting = [getattr(link.target, "element", None) for source in sources for link in source.links]
    while waiting:
        element = waiting.pop()
        if element is not None and element not in found:
            found.add(element)
            waiting += [each for each, _ in element.downstream()]
    return found
