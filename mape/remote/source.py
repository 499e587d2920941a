"""The common half of all sources: a port whose items come from a peer while somebody listens."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from mape.application import default_app
from mape.flow.chain import Operator
from mape.flow.door import Call
from mape.flow.link import Link
from mape.flow.services import Channel, Stage, figures_of
from mape.port import InPort, Port

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
    _given = 0
    _element_in: Call | None = None

    def __init__(self, path: str, app: App | None = None) -> None:
        self.links = {}
        self.path = path
        if app is not None:
            self.host = app

    def channels(self) -> Sequence[Channel]:
        """Say where items come from."""
        return ()

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
        self._aim()
        self.host.services.add(self)
        return link

    def unlink(self, link: Link) -> None:
        """Drop a listener; without any the source closes."""
        super().unlink(link)
        self._aim()
        if not self.links:
            self.host.services.remove(self)

    @cached_property
    def on_next(self) -> Call:
        """Take an item from outside; where one element is all that listens, it takes it without a step."""
        port_on_next = super().on_next

        def on_next(item: Any) -> None:
            if self._element_in is None:
                port_on_next(item)
            else:
                self._given += 1
                self._element_in(item)

        return on_next

    @property
    def passed(self) -> int:
        """How many items the source has passed on."""
        return super().passed + self._given

    def figures(self) -> dict[str, float]:
        """Return all counts, for ``/metrics``."""
        stats = getattr(self, "stats", None)  # what a subclass counts
        return {"passed": self.passed} | ({} if stats is None else figures_of(stats))

    def _aim(self) -> None:
        """Find out whether an element is all that listens, because the listeners have changed."""
        only = next(iter(self.links)) if len(self.links) == 1 else None
        target = only.target if only is not None and not only.operators else None
        self._element_in = target.on_next if isinstance(target, InPort) else None

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
