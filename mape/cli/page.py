"""The live page of a program that `mape run` runs: a service that sees to it that somebody serves it.

A program that says where its REST server listens has the page there. For any other one a server listens at the first
free port of this machine from 8000 on; programs that start together do not fight for one, since each takes its
port by listening there.
"""

from __future__ import annotations

import dataclasses
import sys
import threading
import webbrowser
from contextlib import closing
from typing import TYPE_CHECKING, Any

from mape import logs
from mape.clock import of_loop
from mape.flow.services import Stage
from mape.runtime import equip
from mape.settings import load

if TYPE_CHECKING:
    from mape.application import App
    from mape.item import Event

__all__ = ["HOST", "PORT", "Page", "equipped", "first_free", "give_page"]

HOST, PORT = "127.0.0.1", 8000
"""Where the page is looked for by people: at this port, or one of the next, or any that is free."""
EVERYWHERE = {"0.0.0.0": HOST, "::": "[::1]"}  # noqa: S104 - the names are replaced, nothing listens there


class Page:
    """Has an app's live page served, and prints where as soon as it is there.

    It opens before all else, when the settings are known and the server is not there yet.

    Args:
        app: Whose page.
        is_shown: Whether the page is wanted; without it the app gets what its settings ask for, and no more.
        opens_browser: Whether to show it to the person at once.
        port: The lowest that will do, where the settings name none.
    """

    stage = Stage.CONNECTION
    path = "live page"

    def __init__(self, app: App, *, is_shown: bool = True, opens_browser: bool = False, port: int = PORT) -> None:
        self._app = app
        self._is_shown = is_shown
        self._opens_browser = opens_browser
        self._port = port
        self._listening: Any = None

    async def open(self) -> None:
        """Have a server made, unless there is one, and listen for the news that it listens.

        Raises:
            ConfigError: The settings are wrong.
        """
        app = equipped(self._app)
        if self._is_shown and _is_installed():
            self._listening = app.events.subscribe(self._hear)
            _serve(app, self._port)

    async def drain(self) -> None:
        """Nothing waits here."""

    async def close(self) -> None:
        """Listen no more."""
        if self._listening is not None:
            self._listening.dispose()
            self._listening = None

    def _hear(self, event: Event) -> None:
        """Print the address when the server has it; the event's words begin with what it listens at."""
        server = next((each for each in self._app.services if each.path == event.path), None)
        url = getattr(server, "url", None)
        if event.kind != "listening" or url is None:
            return
        address = _reachable(url)
        _say(f"live page: {address}")
        if self._opens_browser and sys.stdout.isatty():
            threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()


def give_page(app: App, *, is_shown: bool, opens_browser: bool, port: int) -> None:
    """Have an app that is about to open served a `Page`, unless it has one, or runs in virtual time.

    Args:
        is_shown, opens_browser, port: As of `Page`.
    """
    if of_loop("clock") is None and not any(isinstance(service, Page) for service in app.services):
        app.services.add(Page(app, is_shown=is_shown, opens_browser=opens_browser, port=port))


def equipped(app: App) -> App:
    """Give an app that was left without settings those of the folder and the environment, and what they ask for.

    Raises:
        ConfigError: They are wrong.
    """
    if not app.is_configured:
        app.configure(load(), app.asyncio_loop)
        logs.show(app)
        equip(app)
    return app


def first_free() -> int:
    """Return the port that a page would now get, so that a program that is started anew can have it again."""
    from mape.remote.rest.address import Address

    with closing(Address(HOST, PORT, is_lowest=True).bind()) as listener:
        port: int = listener.getsockname()[1]
        return port


def _serve(app: App, port: int) -> None:
    """Have a server made, unless there is one: where the settings say, else at the first free port."""
    from mape.remote.rest.server import RestServer
    from mape.web import add_page

    if any(isinstance(service, RestServer) for service in app.services):
        return
    if app.settings.rest.host_port is None:
        rest = dataclasses.replace(app.settings.rest, host_port=f"{HOST}:{port}+")
        app.settings = dataclasses.replace(app.settings, rest=rest)
    app.services.shared("rest", lambda: add_page(RestServer(app)))


def _is_installed() -> bool:
    """Whether there is what serves the page; says what to do where there is not."""
    try:
        import mape.remote.rest.server  # noqa: F401 - only whether it can be
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] == "mape":
            raise
        _say("no live page: pip install 'mape-toolkit[rest]' brings it; --no-page leaves it out")
        return False
    return True


def _reachable(url: str) -> str:
    """Name an address that a browser on this machine can open, for a server that listens at all of them."""
    scheme, _, place = url.partition("://")
    host, _, port = place.rpartition(":")
    return f"{scheme}://{EVERYWHERE.get(host.strip('[]'), host)}:{port}/"


def _say(sentence: str) -> None:
    """Print beside what the program prints, which may be piped on."""
    sys.stderr.write(f"{sentence}\n")
    sys.stderr.flush()
