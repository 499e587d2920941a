"""The live page of a demo: served as any app's is, and named in one line."""

from __future__ import annotations

import threading
import webbrowser
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.text import Text

from mape.errors import ConfigError
from mape.runtime import equip

if TYPE_CHECKING:
    import mape

__all__ = ["PageWish", "page_settings", "page_url", "with_page"]

HOST_PORT = "127.0.0.1:8000+"
"""Where people look first; beside it where another program has the port."""


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
