"""The live page at ``/`` of the REST server: see an app, and steer it. ``add_page(server)`` adds it to one.

In reading order: `shell` (the files, for everybody), `routes` (the table), `live` (what the routes do), `hub` (all who
look, and the one tick that serves them), `client` (what waits for one of them), and what is shown: `graph`, `pulse`,
`sampling`, `tree`, `journal`, `trace`, `knowledge`, `peers`.

Nobody looks: nothing runs. No task, no tap, no ring of items; only what failed or happened is kept, the last 500.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mape.remote.rest import RestServer

__all__ = ["add_page"]


def add_page(server: RestServer) -> RestServer:
    """Serve the live page of the server's app at ``/``, and what it needs below ``/live``; return the server."""
    from mape.web.live import Live

    Live(server).mount()
    return server
