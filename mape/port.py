"""Who listens: a port passes each item that reaches it to all its listeners, in the order they subscribed.

A port is what a Subject is in reactivex, with three differences: a listener that raises costs nobody else the item;
``on_error`` and ``on_completed`` are events that are passed on and end nothing; and a port with exactly one
listener, an element, is no step at all, since its `send` is that element's door (see `mape.flow.door`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from threading import RLock
from typing import TYPE_CHECKING, Any

from reactivex import Observable, abc

from mape.flow.chain import Operator, operator_tuple
from mape.flow.door import Call, Door
from mape.flow.link import FanOut, Host, Link, Outside
from mape.flow.stream import Stream
from mape.flow.wiring import keep_shallow

if TYPE_CHECKING:
    from mape.flow.station import Station

__all__ = ["InPort", "OutPort", "Port"]


class Port(Observable[Any]):
    """Takes items and passes them on; see the module.

    Args:
        host: The app.
        path: Where it is, for failures.

    Order:
        Each listener gets the items in the order in which they reached the port.
    """

    listens = allows_direct = True
    _fan_out: FanOut | None = None
    _only: Link | None = None
    _gone = 0

    def __init__(self, host: Host, path: str) -> None:
        self.host = host
        self.path = path
        self.links: dict[Link, None] = {}
        """The subscriptions, oldest first."""

    def send(self, item: Any) -> None:
        """Pass an item to the listeners, without a look at where it comes from; replaced by `compile`.

        This one is in place until there are listeners and an item for them, and for whoever captured it then.
        """
        if not self.links:
            self._gone += 1
            return
        own = vars(self)
        if "send" not in own:  # also after an attempt that an exception ended, as at the limit of recursion
            self._fan_out = self._fan_out or FanOut(self.links)
            self.compile()
        own["send"](item)

    @cached_property
    def lock(self) -> Any:  # type: ignore[override]
        """What operators of reactivex lock their source by."""
        return RLock()

    @cached_property
    def on_next(self) -> Call:
        """Take an item from outside: it gets a causal id, unless the work in hand has one."""
        scope, causes, call = self.host.scope, self.host.causes, self.accept

        def on_next(item: Any) -> None:
            if scope.cause is not None:
                call(item)
                return
            scope.cause = causes.new()
            try:
                call(item)
            finally:
                scope.cause = None

        return on_next

    def on_error(self, error: Exception) -> None:
        """Pass an error on as an event; the next item still flows."""
        for link in tuple(self.links):
            link.event(error)

    def on_completed(self) -> None:
        """Pass completion on as an event; the next item still flows."""
        for link in tuple(self.links):
            link.event(None)

    def subscribe(  # type: ignore[override]
        self,
        observer: Any = None,
        on_error: Callable[[Exception], None] | None = None,
        on_completed: Callable[[], None] | None = None,
        on_next: Call | None = None,
        *,
        scheduler: abc.SchedulerBase | None = None,  # noqa: ARG002 - reactivex passes one
    ) -> abc.DisposableBase:
        """Add a listener: an element, a port, an Rx observer, or a function; without one the items are only counted.

        Returns:
            What ends the subscription, by ``dispose()``.

        Raises:
            WiringError: `observer` cannot take items.
        """
        return self.link(on_next if observer is None else observer, on_error, on_completed)

    def link(
        self,
        observer: Any,
        on_error: Callable[[Exception], None] | None = None,
        on_completed: Callable[[], None] | None = None,
        operators: tuple[Operator, ...] = (),
    ) -> Link:
        """Add a listener behind `operators`; as `subscribe`."""
        target = getattr(observer, "port_in", observer)
        if not isinstance(target, Port):
            target = Outside(self, target, on_error, on_completed)
        link = Link(self, target, operators)
        self.links[link] = None
        target.attach(link)
        self.compile()
        return link

    def unlink(self, link: Link) -> None:
        """Drop a listener."""
        self._gone += link.sent
        self.links.pop(link, None)
        self.compile()

    def pipe(self, *operators: Operator) -> Any:
        """Return the stream behind `operators`, to subscribe to; operators that fail on an item do not end it."""
        return Stream(self, operator_tuple(operators, self.path))

    def beside(self, path: str) -> Port:
        """Return another port of the same app, for what a foreign Subject on the way emits."""
        return Port(self.host, path)

    @property
    def passed(self) -> int:
        """How many items the port has passed on."""
        return self._gone + (self._fan_out.count if self._fan_out else 0) + sum(link.sent for link in self.links)

    def forward(self, item: Any, *_: Any) -> None:
        """Take an item from a way that was replaced since somebody captured it."""
        self.send(item)

    def compile(self) -> None:
        """Choose the shortest way to the listeners there are now."""
        only = next(iter(self.links)) if len(self.links) == 1 and self.allows_direct else None
        direct = only.direct() if only else None
        if self._only is not None and (direct is None or self._only is not only):
            self._only.leave_direct()
        self._only, was_direct = only if direct else None, self._only is not None
        if self._fan_out:
            self._fan_out.change()
        if direct:
            self.send = direct  # type: ignore[method-assign,assignment]
        elif self._fan_out:
            self.send = self._fan_out.call  # type: ignore[method-assign]
        elif was_direct:
            del self.send

    @property
    def is_direct(self) -> bool:
        """Whether the only listener is called without a step."""
        return self._only is not None

    def attach(self, link: Link) -> None:
        """Be listening through `link`."""

    def detach(self, link: Link) -> None:
        """No longer listen through `link`."""

    def door(self, counter: Callable[[], int] | None = None) -> Door | None:  # noqa: ARG002 - see InPort
        """There is no way in but `accept`; elements have doors."""
        return None

    def special(self, item: Any) -> Any:
        """Messages and calls are items like others here."""
        return item

    def reopen(self, door: Door) -> None:
        """There is none."""

    def accept(self, item: Any) -> None:
        """Take an item; never raises."""
        self.send(item)

    def take_event(self, error: Exception | None) -> None:
        """Take ``on_error`` or, with None, ``on_completed``."""
        self.on_completed() if error is None else self.on_error(error)


class InPort(Port):
    """Where items come in: the listeners are taps, and behind them lies the element's function."""

    def __init__(self, element: Station) -> None:
        self.element = element
        self.incoming: dict[Link, None] = {}
        self.links = {}
        self.host = element.host

    @property
    def path(self) -> str:  # type: ignore[override]
        """The element's."""
        return self.element.path

    @property
    def operators(self) -> tuple[Operator, ...]:
        """What items pass before the function; may be set, a running element takes the new ones at once."""
        return self.element.operators_in

    @operators.setter
    def operators(self, operators: Operator | Sequence[Operator]) -> None:
        self.element.set_operators_in(operator_tuple(operators, self.path))

    @cached_property
    def on_next(self) -> Call:
        """Take an item from outside, with a causal id; one that comes while the element is at work waits."""
        return self.element.front()

    def on_error(self, error: Exception) -> None:
        """Pass an error on as an event, also through the element, which lives on."""
        super().on_error(error)
        self.element.take_event(error)

    def on_completed(self) -> None:
        """Pass completion on as an event, also through the element, which lives on."""
        super().on_completed()
        self.element.take_event(None)

    def compile(self) -> None:
        """Choose the shortest way to the taps, and with it the way past them into the element."""
        super().compile()
        self.element.rewire()

    def attach(self, link: Link) -> None:
        """Know who feeds the element, and see to it that no circle recurses."""
        self.incoming[link] = None
        if (element := getattr(link.source, "element", None)) is not None:
            keep_shallow(element, self.element, 1 + 2 * len(link.operators))

    def detach(self, link: Link) -> None:
        """Forget who fed the element, but not how many items came."""
        self.incoming.pop(link, None)
        self.element.settle(link.reached, alone=not self.incoming)

    def door(self, counter: Callable[[], int] | None = None) -> Door:
        """Return a door of its own for an edge; a lean one where `counter` counts."""
        return self.element.make_door(counter)

    def special(self, item: Any) -> Any:
        """Have the element deal with it."""
        return self.element.special(item)

    def reopen(self, door: Door) -> None:
        """Open one again."""
        self.element.open(door)

    def accept(self, item: Any) -> None:
        """Take an item that has a cause already."""
        self.on_next(item)


class OutPort(Port):
    """Where items leave: what the function emits passes the operators and then the listeners."""

    def __init__(self, element: Station) -> None:
        self.element = element
        self.links = {}
        self.host = element.host
        self._only = None

    @property
    def path(self) -> str:  # type: ignore[override]
        """The element's."""
        return self.element.path

    @property
    def operators(self) -> tuple[Operator, ...]:
        """What emitted items pass; may be set, a running element takes the new ones at once."""
        return self.element.operators_out

    @operators.setter
    def operators(self, operators: Operator | Sequence[Operator]) -> None:
        self.element.set_operators_out(operator_tuple(operators, self.path))

    @property
    def allows_direct(self) -> bool:  # type: ignore[override]
        """Whether the function may call a listener directly; of a stopped element only what others feed in passes."""
        return not self.element.is_isolated

    def compile(self) -> None:
        """Choose the shortest way to the listeners, and have the function take it."""
        super().compile()
        self.element.rewire()

    def way_out(self) -> Call:
        """Return what the function emits into: the only listener, or what looks whether the element still runs."""
        return self.send if self.is_direct else self.emit

    def emit(self, item: Any, *_: Any) -> None:
        """Pass on what the function emits, unless the element was stopped meanwhile."""
        if self.element.is_isolated:
            self.element.withhold(item)
        else:
            self.send(item)

    forward = emit

    def downstream(self) -> Iterator[tuple[Any, int]]:
        """Iterate over the elements that listen, with the weight of the way there."""
        for link in self.links:
            if (element := getattr(link.target, "element", None)) is not None:
                yield element, 1 + 2 * len(link.operators)
