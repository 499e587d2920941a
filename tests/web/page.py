"""A page that looks at an app: no browser and no socket, but the server's own routes."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import mape
from mape.remote.rest import RestServer
from mape.settings.schema import Rest
from mape.web import add_page
from tests.remote.rest.wire import Headers, Line, Reply, call, line


class Page:
    """Reads what the stream tells, as a browser would."""

    def __init__(self, asgi: Any, held: Line) -> None:
        self._asgi, self._line = asgi, held

    @property
    def events(self) -> list[tuple[str, Any]]:
        blocks = self._line.body.decode().split("\n\n")
        blocks = [block for block in blocks if block and not block.startswith(":")]
        return [(block.split("\n")[0][7:], json.loads(block.split("data: ", 1)[1])) for block in blocks]

    def all(self, name: str) -> list[Any]:
        return [told for each, told in self.events if each == name]

    async def until(self, name: str, /, *fields: str, **values: Any) -> Any:
        """Return the first event of that name which has these fields (not empty) and values."""

        def found(_: Line) -> Any:
            fitting = (
                (each,)
                for each in self.all(name)
                if all(each[field] for field in fields) and all(each[key] == value for key, value in values.items())
            )
            return next(fitting, None)

        return (await self._line.until(found))[0]

    @property
    def client(self) -> str:
        name: str = self.all("hello")[0]["client"]
        return name

    async def ask(self, method: str, target: str, body: Any = b"", headers: Headers = ()) -> Reply:
        return await call(self._asgi, method, target, body, [*headers, ("x-mape-client", self.client)])

    async def watch(self, *paths: str, peer: str = "") -> Reply:
        places = [{"peer": peer, "path": path} for path in paths]
        return await self.ask("POST", "/live/watch", {"client": self.client, "paths": places})

    def log(self) -> list[Any]:
        return [entry for told in self.all("log") for entry in told["entries"]]

    def items(self, path: str, port: str) -> list[Any]:
        told = [each for each in self.all("items") if (each["path"], each["port"]) == (path, port)]
        return [item for each in told for item in each["items"]]

    def row(self, path: str) -> list[Any]:
        """Return the newest counters of an element."""
        rows: dict[str, Any] = {}
        for told in self.all("pulse"):
            rows.update(told["e"])
        row: list[Any] = rows[path]
        return row


def serve(app: mape.App, **settings: Any) -> RestServer:
    """Return a server that is called in this process, and never listens."""
    server = add_page(RestServer(app, Rest(host_port="127.0.0.1:8000", **settings)))
    app.services.remove(server)
    return server


@asynccontextmanager
async def looking(server: RestServer, query: str = "", headers: Headers = ()) -> AsyncIterator[Page]:
    """Open the page; it is closed in the end."""
    async with line(server.asgi, f"/live/stream{query}", headers) as held:
        page = Page(server.asgi, held)
        await page.until("graph")
        yield page
