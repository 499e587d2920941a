"""PostObservable: a source with an address of its own on this app's REST server, for others to POST to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from mape.errors import WiringError
from mape.flow.link import Link
from mape.flow.services import Channel
from mape.remote.rest.target import address
from mape.remote.source import RemoteSource

if TYPE_CHECKING:
    from mape.application import App

__all__ = ["PostObservable"]


class PostObservable(RemoteSource):
    """Items that others POST to a path of its own: ``PostObservable("cars.speed").subscribe(detect)``.

    An element takes posts at its own path without one of these. This is for a path that stays the same whatever
    elements there are, for several elements that take the same items, and for operators in between.

    Args:
        path: ``loop.element``, for POSTs to ``/loops/{loop}/elements/{element}``; nothing else needs to be at it. One
            name alone is an element of the loop ``sources``.
        app: Whose server it is; by default the app of the element that first listens, else `mape.app`.

    Delivery:
        Items that are posted while nobody listens, or the app is not open, are refused (404), and so wait at their
        sender. An element with the same path is hidden.

    Raises:
        WiringError: The path is malformed, or another source listens at it.
    """

    takes_posts = False
    """Whether the server gives it what comes for its path."""

    def __init__(self, path: str, app: App | None = None) -> None:
        super().__init__(".".join(address(path)), app)

    def link(self, *arguments: Any, **options: Any) -> Link:
        """Add a listener, as `RemoteSource.link`."""
        link = super().link(*arguments, **options)
        for other in self.host.services:
            if isinstance(other, PostObservable) and other.path == self.path and other is not self:
                link.dispose()
                raise WiringError(f"another PostObservable listens at {self.path!r}: subscribe to that one instead")
        return link

    def channels(self) -> Sequence[Channel]:
        """Say where items come from."""
        loop, element = self.path.split(".")
        path = f"/loops/{loop}/elements/{element}"
        return (Channel(path, "http", "", False, "element", "application/json", {"port": "in"}),)

    async def open(self) -> None:
        """Take what comes."""
        self.takes_posts = True
        if self.host.settings.rest.host_port is None:
            self.host.tell("unreachable", self.path, "no REST server listens: set rest.host_port to get any posts")

    async def drain(self) -> None:
        """Take no more."""
        self.takes_posts = False

    async def close(self) -> None:
        """Take no more."""
        self.takes_posts = False
