"""One subscription, from a port through operators to whoever listens."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from reactivex import abc

from mape.errors import WiringError
from mape.flow.cause import Causes, Scope, Tracing
from mape.flow.chain import Chain, Operator, operator_name
from mape.flow.door import Call, Door, counting, plain
from mape.flow.scheduler import AppScheduler
from mape.item import HANDLED, SPECIAL

__all__ = ["FanOut", "Host", "Link", "Outside", "Source", "Target", "drop"]


class Host(Protocol):
    """What a port needs of its app."""

    scope: Scope
    scheduler: AppScheduler
    causes: Causes
    tracing: Tracing | None

    def report(self, path: str, item: Any, error: BaseException) -> None:
        """Publish a failure."""


class Source(Protocol):
    """Where a link begins: a port."""

    host: Host
    path: str

    def unlink(self, link: Link) -> None:
        """Drop the link."""

    def forward(self, item: Any, *_: Any) -> None:
        """Take an item from a way that was replaced since somebody captured it."""


class Target(Protocol):
    """Where a link ends: a port, or an `Outside` observer."""

    listens: bool

    def attach(self, link: Link) -> None:
        """Be listening through `link`."""

    def detach(self, link: Link) -> None:
        """No longer listen through `link`."""

    def door(self, counter: Callable[[], int] | None = None) -> Door | None:
        """Return a door of its own, open, where there is a direct way in; a lean one where somebody else counts."""

    def special(self, item: Any) -> Any:
        """Deal with a special item before a lean door; return what goes on, or `HANDLED`."""

    def reopen(self, door: Door) -> None:
        """Open a door of its own again."""

    def accept(self, item: Any) -> None:
        """Take an item where there is no door; never raises."""

    def take_event(self, error: Exception | None) -> None:
        """Take ``on_error`` or, with None, ``on_completed``."""


class Link(abc.DisposableBase):
    """One subscription.

    It has up to two doors. The direct one is the way out of the port while this is its only link, and goes on to
    work for whoever captured it when that changes; the shared one stands in the port's fan-out.
    """

    __slots__ = ("_chain", "_direct", "_shared", "is_open", "operators", "source", "target")

    def __init__(self, source: Source, target: Target, operators: tuple[Operator, ...]) -> None:
        self.source, self.target, self.operators = source, target, operators
        self.is_open = True
        self._direct: Door | None = None
        self._shared: Door | None = None
        self._chain: Chain | None = None
        if operators:
            self._shared = self._door()
            self._chain = Chain(
                operators,
                where=source.path,
                out=self._shared.call if self._shared else self._accept(),
                out_event=target.take_event,
                fail=lambda item, error: source.host.report(source.path, item, error),
                scheduler=source.host.scheduler,
                scope=source.host.scope,
            )
            self._chain.connect()

    def direct(self) -> Call | None:
        """Return the way for the only listener of a port; None where there is no shortcut."""
        if self.operators:
            return None
        if self._direct is None:
            self._direct = self._door()
        elif not self._direct.is_open:
            self.target.reopen(self._direct)
        return self._direct.call if self._direct else None

    def leave_direct(self) -> None:
        """Send what still comes the direct way to all listeners of the port."""
        if self._direct is not None and self._direct.is_open:
            self._direct.close(self.source.forward)

    def calls(self, counter: Callable[[], int]) -> tuple[Call, ...]:
        """Return what a fan-out calls, which counts by `counter`; nothing for a listener that only counts."""
        if self._chain:
            return (self._chain.send,)
        if not self.target.listens:
            return ()
        if self._shared is None:
            self._shared = self._door(counter)
        return (self._shared.call if self._shared else self._accept(),)

    def _door(self, counter: Callable[[], int] | None = None) -> Door | None:
        """Return a new door; none from a port of no element to an element: nobody sees a circle that goes there."""
        is_seen = hasattr(self.source, "element") or isinstance(self.target, Outside)
        return self.target.door(counter) if is_seen else None

    def _accept(self) -> Call:
        """Return the way where there is no door; it ends with the link."""
        return self.target.accept if isinstance(self.target, Outside) else self._give

    def _give(self, item: Any) -> None:
        if self.is_open:
            self.target.accept(item)

    def take_special(self, item: Any) -> None:
        """Take a special item from a fan-out."""
        if not self.is_open:
            return
        if self._chain:
            self._chain.send(item)
        elif self._shared is None:
            self._accept()(item)
        elif (item := self.target.special(item)) is not HANDLED:
            self._shared.call(item)

    def event(self, error: Exception | None) -> None:
        """Pass an event along."""
        if self.is_open:
            self._chain.send_event(error) if self._chain else self.target.take_event(error)

    def doors(self) -> list[Door]:
        """Return the doors that are open."""
        return [door for door in (self._direct, self._shared) if door is not None and door.is_open]

    @property
    def reached(self) -> int:
        """How many items came to the target's function with nothing in between."""
        return sum(door.reached for door in (self._direct, self._shared) if door is not None)

    @property
    def sent(self) -> int:
        """How many items left the port by the direct way."""
        return self._direct.arrived if self._direct else 0

    @property
    def operator_names(self) -> tuple[str, ...]:
        """The operators on the way, for graphs."""
        return tuple(map(operator_name, self.operators))

    def dispose(self) -> None:
        """End the subscription; a second time does nothing."""
        if not self.is_open:
            return
        self.is_open = False
        if self._chain:
            self._chain.disconnect()
        self.source.unlink(self)
        self.leave_direct()
        if self._shared is not None:
            self._shared.close(drop)
        self.target.detach(self)


class FanOut:
    """Gives each item to every listener of a port; `call` may be captured, it follows the changes.

    After a change the next item finds out who listens, so that many changes cost no more than one.
    """

    __slots__ = ("_links", "_on_its_way", "_switch", "call")

    def __init__(self, links: dict[Link, None]) -> None:
        self._links = links
        self._on_its_way = 0
        count = 0.0
        targets: tuple[Call, ...] = (self._renew,)
        every: tuple[Any, ...] = (self,)

        def call(item: Any) -> None:
            nonlocal count
            count += 1.0
            if type(item) in SPECIAL:
                for link in every:
                    link.take_special(item)
            else:
                for target in targets:
                    target(item)

        def switch(new: tuple[Call, ...] = (), new_every: tuple[Any, ...] = ()) -> int:
            nonlocal targets, every
            if new_every:
                targets, every = new, new_every
            return int(count)

        self.call, self._switch = call, switch

    @property
    def count(self) -> int:
        """How many items came."""
        return self._switch() - self._on_its_way

    def change(self) -> None:
        """Hear that there are other listeners."""
        self._switch((self._renew,), (self,))

    def take_special(self, item: Any) -> None:
        """Find out who listens, and give them a special item."""
        for link in self._aim():
            link.take_special(item)

    def _renew(self, item: Any) -> None:
        links = self._aim()
        for link in links:
            for call in link.calls(self._counter):
                call(item)

    def _aim(self) -> tuple[Link, ...]:
        links = tuple(self._links)
        if links:
            self._on_its_way = 1  # the item in hand is counted already, but no new door has seen it
            self._switch(tuple(call for link in links for call in link.calls(self._counter)), links)
            self._on_its_way = 0
        return links

    def _counter(self) -> int:
        return self.count


class Outside:
    """A listener that is no port: a function or an Rx observer, behind a wall; None only counts.

    An observer with a method ``join_app(app, path)``, as a sink has, hears whose port it listens to.
    """

    def __init__(self, port: Source, observer: Any, on_error: Any = None, on_completed: Any = None) -> None:
        self.listens = observer is not None
        self.observer = observer
        """What listens, for graphs."""
        on_next = getattr(observer, "on_next", observer)
        if on_next is not observer:
            on_error = getattr(observer, "on_error", on_error)
            on_completed = getattr(observer, "on_completed", on_completed)
        if self.listens and not callable(on_next):
            raise WiringError(
                f"{port.path}: {observer!r:.80} cannot listen: give an element, a function or an observer"
            )
        self.title = str(getattr(observer, "__qualname__", type(observer).__name__)) if self.listens else ""
        self._on_error, self._on_completed = on_error, on_completed
        self._port = port
        self.accept: Call = drop
        self._on_next = on_next
        self._shut: Callable[[], None] | None = None
        if (join := getattr(observer, "join_app", None)) and on_next is not observer:
            join(port.host, port.path)
            on_next = self._on_next = observer.on_next
        if self.listens:
            self.accept, self._shut = plain(self._fail, on_next)

    def take_event(self, error: Exception | None) -> None:
        """Tell the observer, if it wants to know."""
        try:
            if error is None and self._on_completed:
                self._on_completed()
            elif error is not None and self._on_error:
                self._on_error(error)
        except Exception as raised:  # the wall around an observer
            self._fail(error, raised)

    def _fail(self, item: Any, error: BaseException) -> None:
        self._port.host.report(f"{self._port.path} > {self.title}", item, error)

    def attach(self, link: Link) -> None:
        """Nothing to do."""

    def detach(self, _: Link) -> None:
        """Hear of nothing any more, not even of the item that is on its way to the listeners now."""
        self._on_error = self._on_completed = None
        if self._shut:
            self._shut()

    def door(self, counter: object = None) -> Door | None:
        """Return a door of its own, which counts; where somebody else does, `accept` is enough."""
        if counter is not None or not self.listens:
            return None
        door = Door(counting(self._fail))
        self.reopen(door)
        return door

    def special(self, item: Any) -> Any:
        """Messages and calls are items like others here."""
        return item

    def reopen(self, door: Door) -> None:
        """Open one again."""
        door.open(self._on_next, drop, reaches=False)


def drop(_: object, *__: object) -> None:
    """Take what nobody wants."""
