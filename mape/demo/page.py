"""The live page of a demo: served as any app's is, and named in one line.

A demo of several processes has one page for all: each process serves its own at any port, and the parent, an app
without loops, shows them as its peers.
"""

from __future__ import annotations

import threading
import webbrowser
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

import mape
from mape.errors import ConfigError
from mape.runtime import equip
from mape.settings import load

__all__ = ["ANY_PORT", "PageWish", "page_settings", "page_url", "with_page"]

HOST_PORT = "127.0.0.1:8000+"
"""Where people look first; beside it where another program has the port."""
ANY_PORT = "127.0.0.1:0"
"""Where a process has its part of a page."""
CLOSE_LIMIT = 0.5
"""How long a page may take to close [s]."""


def page_settings(title: str, host_port: str = HOST_PORT) -> dict[str, Any]:
    """Return the settings by which an app has a page."""
    return {"rest.host_port": host_port, "rest.title": title}


def with_page(app: mape.App) -> mape.App:
    """Give an app what its settings ask for; a page only if there is what serves it."""
    try:
        equip(app)
    except ConfigError as error:
        if not isinstance(error.__cause__, ModuleNotFoundError):
            raise
    return app


def page_url(app: mape.App) -> str:
    """Return where an open app's page is; "" if it has none."""
    return next((f"{service.url}/" for service in app.services if hasattr(service, "url")), "")


@dataclass(frozen=True)
class PageWish:
    """Whether people want a page, and want to see it at once."""

    is_served: bool = True
    is_opened: bool = False

    def settings(self, title: str) -> dict[str, Any]:
        """Return the settings of the app that has the page."""
        return page_settings(title) if self.is_served else {}

    def announce(self, url: str, console: Console) -> None:
        """Say where the page is, and open it if that is wanted and a person is there."""
        if url:
            console.print(Text(f"live page: {url}"), soft_wrap=True)
        elif self.is_served:
            console.print(Text("No live page: pip install 'mape-toolkit[rest]' brings it."), soft_wrap=True)
        if url and self.is_opened and console.is_terminal:
            threading.Thread(target=webbrowser.open, args=(url,), daemon=True).start()

    @asynccontextmanager
    async def served(self, title: str, urls: Iterable[str], console: Console) -> AsyncIterator[None]:
        """Serve one page for the processes that serve theirs at `urls`, and say where."""
        if not self.is_served:
            yield
            return
        overrides = {**self.settings(title), "rest.peers": " ".join(urls), "shutdown.deadline": CLOSE_LIMIT}
        app = with_page(mape.App(load(overrides=overrides, environ={}, directory=Path(__file__).parent)))
        async with app:
            self.announce(page_url(app), console)
            yield
