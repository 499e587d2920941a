"""REST: an HTTP server over an app, and the observers and sources that talk to one.

``RestServer`` shows an app's loops and takes items for its elements; ``POSTObserver`` sends items to an element of
another process, ``PostObservable`` takes items that others send; ``SocketObserver`` and ``SocketObservable`` do both by
WebSocket. All of it needs the extra ``rest``.

The server, in reading order: `routes` (the table), `guard` (who gets in), `api` (dispatch), `intake` (bodies to items),
`watching` (streams), `server` (uvicorn, in the app's own event loop).
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mape.remote.rest.observer import POSTObserver
    from mape.remote.rest.server import RestServer
    from mape.remote.rest.socket import SocketObservable, SocketObserver
    from mape.remote.rest.source import PostObservable

__all__ = ["POSTObserver", "PostObservable", "RestServer", "SocketObservable", "SocketObserver"]

_HOMES = {
    "POSTObserver": "observer",
    "PostObservable": "source",
    "RestServer": "server",
    "SocketObservable": "socket",
    "SocketObserver": "socket",
}


def __getattr__(name: str) -> Any:
    """Import what is asked for; sending needs no server, and a server nothing that sends."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)  # one of the names above, no wire
