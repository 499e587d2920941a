"""The REST server as a service of an app: uvicorn in the app's own event loop."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import uvicorn

from mape.errors import ConfigError, StateError
from mape.flow.services import Stage
from mape.remote.rest.address import Address
from mape.remote.rest.api import PATH, Api, Handler
from mape.remote.rest.guard import Guard
from mape.remote.rest.protocol import HttpProtocol, Limits, SocketProtocol
from mape.remote.rest.routes import Route

if TYPE_CHECKING:
    from fastapi import FastAPI

    from mape.application import App
    from mape.settings.schema import Rest

__all__ = ["RestServer"]

KEEP_ALIVE = 30
"""How long a connection without a request is kept [s]; longer than clients keep theirs, so that they close first."""
OPENING = 5.0
"""How long uvicorn may take to listen at a socket that is there [s]."""
LEAVING = 0.5
"""How long connections may take to close after the last answer [s]."""


class RestServer:
    """Serves an app's loops by HTTP and WebSocket; ``/docs`` shows how.

    Args:
        app: What it serves. The server is a service of it, which opens and closes with it.
        settings: Instead of the app's own settings' section ``rest``.

    Raises:
        ConfigError: A setting is wrong; or the server would listen beyond this machine, and no token is set.
    """

    stage = Stage.SOURCE
    path = PATH

    def __init__(self, app: App, settings: Rest | None = None) -> None:
        self._app = app
        self.settings: Rest = settings or app.settings.rest
        if self.settings.host_port is None:
            raise ConfigError("the REST server does not know where to listen: set rest.host_port, as in ':8000'")
        self.address = Address.parse(self.settings.host_port)
        self.limits = Limits(self.settings.timeout, self.settings.connections)
        guard = Guard(self.settings, self.address, lambda: app.clock.monotonic())  # noqa: PLW0108 - an app may get another clock
        self.asgi = Api(app, self.settings, guard, lambda: self.__dict__.get("api"), self._counts)
        """The ASGI application, for who wants to serve it otherwise, or call it in process."""
        self._uvicorn: _Uvicorn | None = None
        self._task: asyncio.Task[None] | None = None
        app.services.add(self)

    @cached_property
    def api(self) -> FastAPI:
        """A FastAPI application of your own beside the server's routes: ``@server.api.get("/x")``.

        Made when it is first asked for, because it takes as long to import as all the rest. Its routes are in the
        OpenAPI document, and the guard stands before them: GET needs the scope ``read``, all else ``write``.
        """
        from fastapi import FastAPI

        return FastAPI(openapi_url=None, docs_url=None, redoc_url=None)

    def mount(
        self, routes: tuple[Route, ...], handlers: Mapping[str, Handler], end: Callable[[], None] | None = None
    ) -> None:
        """Serve more routes, behind the same guard; see `Api.mount`."""
        self.asgi.mount(routes, handlers, end)

    @property
    def url(self) -> str:
        """Where it listens, with the port that it got.

        Raises:
            StateError: It does not listen.
        """
        if self._uvicorn is None:
            raise StateError("the REST server does not listen yet: it opens with the app")
        return f"http://{self.address}"

    async def open(self) -> None:
        """Listen.

        Raises:
            ConfigError: The port is taken, or no address of this machine.
        """
        listener = self.address.bind()
        self.address = Address(self.address.host, listener.getsockname()[1])
        config = uvicorn.Config(
            self.asgi,
            http=partial(HttpProtocol, limits=self.limits),  # type: ignore[arg-type] # any factory does
            ws=partial(SocketProtocol, limits=self.limits),  # type: ignore[arg-type]
            ws_max_size=self.settings.max_body_bytes,
            ws_per_message_deflate=False,  # a kilobyte could become a megabyte
            lifespan="off",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            timeout_keep_alive=KEEP_ALIVE,
        )
        self.asgi.is_draining = False
        self._uvicorn = _Uvicorn(config)
        self._task = asyncio.get_running_loop().create_task(self._uvicorn.serve(sockets=[listener]), name=PATH)
        self._task.add_done_callback(self._ended)
        await asyncio.wait_for(self._uvicorn.listens.wait(), OPENING)
        if self._task.done():
            self._task.result()
        self._app.tell("listening", PATH, f"listens at {self.url}, see {self.url}/docs")

    async def drain(self) -> None:
        """End streams and WebSockets, take no new connections and no more items, and finish what is at work."""
        if self._uvicorn is not None:
            self._uvicorn.refuse()
        await self.asgi.drain()  # deadline: the services' own, see mape.flow.services

    async def close(self) -> None:
        """Close all connections."""
        self.asgi.end_streams()
        if self._uvicorn is None or self._task is None:
            return
        self._uvicorn.should_exit = True
        _, late = await asyncio.wait({self._task}, timeout=LEAVING)
        if late:
            self._uvicorn.abort()
            await asyncio.wait({self._task}, timeout=LEAVING / 2)
            self._task.cancel()
        self._uvicorn = self._task = None

    def _ended(self, task: asyncio.Task[None]) -> None:
        error = None if task.cancelled() else task.exception()
        if error is not None:
            self._app.report(PATH, None, error)
        if self._uvicorn is not None:
            self._uvicorn.listens.set()  # for `open`, which would wait for nothing

    def _counts(self) -> dict[str, float]:
        limits = self.limits
        return {
            "heads_late": limits.late,
            "connections_stalled": limits.stalled,
            "connections_refused": limits.refused,
            "requests_malformed": limits.malformed,
        }

    def __repr__(self) -> str:
        return f"<RestServer at {self.address}, {'open' if self._uvicorn else 'closed'}>"


class _Uvicorn(uvicorn.Server):
    """Leaves signals to the app, says when it listens, and can be ended in steps."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listens = asyncio.Event()
        self.servers: list[asyncio.base_events.Server] = []

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen."""
        await super().startup(sockets)
        self.listens.set()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield

    def refuse(self) -> None:
        """Take no new connections."""
        for server in self.servers:
            server.close()

    def abort(self) -> None:
        """Drop all connections."""
        self.force_exit = True
        for connection in tuple(self.server_state.connections):
            transport: Any = connection.transport
            transport.abort()
