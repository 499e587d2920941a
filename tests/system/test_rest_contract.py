"""REST and WebSocket, with real servers on loopback, pass the checks of every transport."""

from __future__ import annotations

import socket

import pytest
from aiohttp import ClientSession

from mape.application import App
from mape.remote.rest import PostObservable, POSTObserver, RestServer, SocketObserver
from mape.settings import load
from mape.testing import check_transport
from mape.testing.contracts.transport import Ends

pytestmark = pytest.mark.system

PATH = "sources.cars"


class Town:
    """The receiving side of one check after the other: a server at one address."""

    def __init__(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"

    def source(self, receiver: App) -> PostObservable:
        """Serve a source at `PATH` of `receiver`."""
        overrides = {"rest.host_port": f"127.0.0.1:{self.port}"}
        receiver.configure(load(overrides=overrides, environ={}))
        receiver.services.add(RestServer(receiver))
        return PostObservable("cars", app=receiver)

    async def inject(self, payload: bytes) -> None:
        """Post bytes as a stranger does."""
        place = f"{self.url}/loops/sources/elements/cars"
        headers = {"Content-Type": "application/x-ndjson"}
        async with ClientSession() as session, session.post(place, data=payload, headers=headers) as answer:
            await answer.read()


@pytest.mark.parametrize("sink", [POSTObserver, SocketObserver])
async def test_rest_is_a_transport(sink: type[POSTObserver | SocketObserver]) -> None:
    town = Town()

    def make(_: App, receiver: App) -> Ends:
        return sink(town.url, PATH), town.source(receiver)

    await check_transport(make, inject=town.inject)
