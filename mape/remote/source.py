"""The common half of all sources: a port whose items come from a peer while somebody listens."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from mape.application import default_app
from mape.flow.chain import Operator
from mape.flow.link import Link
from mape.flow.services import Stage
from mape.port import Port

if TYPE_CHECKING:
    from mape.application import App

__all__ = ["RemoteSource"]


class RemoteSource(Port):
    """A source: subscribe an element, a function or an observer, or put operators in between with ``pipe``.

    It is a service of the app: it opens when somebody listens and the app is open, and closes when nobody does.

    Args:
        path: What it is called in failures, events and statistics.
        app: Whose source it is; by default the app of the element that first listens, else `mape.app`.
    """

    stage = Stage.SOURCE
    host: App

    def __init__(self, path: str, app: App | None = None) -> None:
        self.links = {}
        self.path = path
        if app is not None:
            self.host = app

    async def open(self) -> None:
        """Begin to receive; the peer need not be there yet."""
        raise NotImplementedError

    async def drain(self) -> None:
        """Take no more in."""
        raise NotImplementedError

    async def close(self) -> None:
        """Let go of everything."""
        raise NotImplementedError

    def link(
        self,
        observer: Any,
        on_error: Callable[[Exception], None] | None = None,
        on_completed: Callable[[], None] | None = None,
        operators: tuple[Operator, ...] = (),
    ) -> Link:
        """Add a listener, as `Port.link`; the first one makes the source open."""
        if "host" not in vars(self):
            port = getattr(observer, "port_in", observer)
            self.host = port.host if isinstance(port, Port) else default_app()  # type: ignore[assignment] # the app
        link = super().link(observer, on_error, on_completed, operators)
        self.host.services.add(self)
        return link

    def unlink(self, link: Link) -> None:
        """Drop a listener; without any the source closes."""
        super().unlink(link)
        if not self.links:
            self.host.services.remove(self)

    @property
    def kind(self) -> Any:
        """What the items are, if the elements that listen agree on it; else None."""
        kinds = [
            getattr(getattr(link.target, "element", None), "input_type", None)
            for link in self.links
            if not link.operators
        ]
        agreed = bool(kinds) and len(kinds) == len(self.links) and all(kind == kinds[0] for kind in kinds)
        return kinds[0] if agreed else None
