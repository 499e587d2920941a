"""Gives the items of entries to whoever listens to a source, no faster than they are dealt with.

A synchronous element has dealt with an item when ``on_next`` returns. For elements that may wait, anywhere behind the
source, a tray waits: for room in the mailbox of the only listener, and in any case before items count as dealt with.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from mape.flow.cause import task_cause
from mape.item import Passing
from mape.remote.source import RemoteSource

if TYPE_CHECKING:
    from mape.element import Element

__all__ = ["Tray"]


class Tray:
    """See the module.

    Args:
        port: The source.
    """

    def __init__(self, port: RemoteSource) -> None:
        self._port = port
        self._scope = port.host.scope
        self._elements: list[Element[Any, Any]] = []
        self._only: Element[Any, Any] | None = None
        self.waits = False
        """Whether an element behind the source may wait."""

    def look(self) -> None:
        """Find out who listens now."""
        links = tuple(self._port.links)
        found: dict[Any, None] = {}
        waiting = [element for link in links if (element := getattr(link.target, "element", None)) is not None]
        while waiting:
            element = waiting.pop()
            if element not in found:
                found[element] = None
                waiting += [each for each, _ in element.downstream()]
        self._elements = list(found)
        self.waits = any(element.is_cut for element in found)
        first = getattr(links[0].target, "element", None) if len(links) == 1 and not links[0].operators else None
        self._only = first if first is not None and first.is_cut else None

    def give(self, value: Any, cause: int | None) -> None:
        """Give an item to listeners that do not wait."""
        self._scope.cause = cause
        try:
            if type(value) is Passing:
                self._port.take_event(value.error)
            else:
                self._port.on_next(value)
        finally:
            self._scope.cause = None

    async def give_when_possible(self, value: Any, cause: int | None) -> None:
        """Give an item when there is room for it."""
        if self._only is not None and type(value) is not Passing:
            task_cause.set(cause)
            await self._only.put(value)  # deadline: none, a slow element is what holds the source back
            task_cause.set(None)
            return
        self.give(value, cause)
        await self.idle()

    async def idle(self) -> None:
        """Wait until everybody has dealt with what was given."""
        while busy := [element for element in self._elements if element.is_busy]:
            for element in busy:
                await element.idle()

    @property
    def on_next(self) -> Callable[[Any], None]:
        """The shortest way for plain items; the caller sets and clears the cause."""
        call: Callable[[Any], None] = self._port.on_next
        return call
