"""Which way is open into an element's function: the part of an element that is no API.

An element is in one of four states for an item that arrives, and each is a different function behind its doors:
the function itself; its mailbox, if it may wait; `enter`, when taps, operators or a guard stand before it; and
`_refuse`, when it is stopped. `rewire` puts the right one in place whenever something changes.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Protocol

from mape.clock import Clock
from mape.errors import MailboxFullError, WiringError
from mape.flow import door as doors
from mape.flow.cause import Weaver
from mape.flow.chain import Chain, Operator
from mape.flow.door import Call, Door
from mape.flow.function import Function
from mape.flow.ledger import TIMED_AT_START, Ledger
from mape.flow.link import Host
from mape.flow.wiring import Guard
from mape.flow.worker import Retry
from mape.item import HANDLED, SPECIAL, CallMethod, Message, Passing
from mape.mailbox import Mailbox

__all__ = ["App", "Station"]


class App(Host, Protocol):
    """What an element needs of its app."""

    clock: Clock
    guard: Guard

    def spawn(self, awaitable: Any, path: str, item: Any) -> None:
        """See an awaitable through, behind a wall."""


class Station(Ledger):
    """See the module."""

    host: App
    path: str
    is_running = False
    is_removed = False
    is_isolated = True
    is_draining = is_resuming = False
    guarded = False
    hops = 0
    operators_in: tuple[Operator, ...] = ()
    operators_out: tuple[Operator, ...] = ()

    _function: Function
    _retry: Retry | None = None
    _stops_on_error = False
    _mailbox_size: int
    _overflow: str
    _chain_in: Chain | None = None
    _is_close = _is_passing = False

    def settle_in(self) -> None:
        """Set what will change: attributes that come after the first instances cost each a dict of its own."""
        self.is_running = self.is_draining = self._is_close = False
        self.is_isolated, self.hops = True, 0
        self._samples, self._timed_items, self._last_time, self._total_time = TIMED_AT_START, 0, None, 0.0

    # -- the ways in -----------------------------------------------------------------------------------------------

    def open_ways(self) -> None:
        """Connect the function to both ports, the listeners' side first."""
        self.is_isolated = False
        for chain in (self._chain_out, self._chain_in):
            if chain:
                chain.connect()
        self.port_out.compile()
        if self._worker:
            self._worker.wake()

    def close_ways(self) -> None:
        """Cut the function off both ports; from the out port only when nothing is at work any more."""
        if self._chain_in:
            self._chain_in.disconnect()
        self.rewire()
        if not self.is_busy:
            self._isolate()

    def make_door(self, counter: Callable[[], int] | None = None) -> Door:
        """Return a new door to the function, open; a lean one for a fan-out that counts by `counter`."""
        emits = self._function.emits
        if counter is None:
            door = Door((doors.emitting if emits else doors.returning)(self))
        else:
            door = Door((doors.lean_emitting if emits else doors.lean_returning)(self, counter))
        self.open(door)
        return door

    def open(self, door: Door) -> None:
        """Open a door the way that is right now."""
        way = self._way()
        door.open(way, self._out(), reaches=self._is_reached(way))

    def rewire(self) -> None:
        """Open all doors the way that is right now."""
        way, out = self._way(), self._out()
        reaches = self._is_reached(way)
        for link in self.port_in.incoming:
            for door in link.doors():
                door.open(way, out, reaches=reaches)
        if self._front and self._inner:
            self._front.open(way, out, reaches=reaches)
            self._inner.open(way, out, reaches=reaches)
        if self._core:
            self._core.open(self._function_way(), out, reaches=True)
        if self._worker:
            self._worker.out, self._worker.is_active = out, self.is_running or self.is_draining

    def front(self) -> Call:
        """Return the way in from outside."""
        self._waiting = self.make_mailbox()
        host, waiting = self.host, self._waiting.items
        self._front = Door(doors.front(self, host.scope, host.causes, waiting, emits=self._function.emits))
        self._inner = self.make_door()
        self.open(self._front)
        return self._front.call

    def make_mailbox(self) -> Mailbox[Any]:
        """Return a new mailbox of the size and policy that were asked for.

        Raises:
            WiringError: There is no such mailbox.
        """
        try:
            return Mailbox(self._mailbox_size, self._overflow)
        except WiringError as error:
            raise WiringError(f"{self.path}: {error}") from None

    def nest(self, item: Any) -> None:
        """Have an item from outside wait that came up during the element's own work."""
        try:
            dropped = self._waiting.put_nowait((item, self.host.scope.cause))  # type: ignore[union-attr] # see front
        except MailboxFullError as error:
            self.refuse(item, "overflow")
            self.fail(item, error)
            return
        for lost, _ in dropped:
            self.refuse(lost, "overflow")

    def resume(self) -> None:
        """Go on with the items that wait, each with its own cause."""
        scope, waiting = self.host.scope, self._waiting.items  # type: ignore[union-attr] # see front
        before, self.is_resuming = scope.cause, True
        try:
            while waiting:
                item, scope.cause = waiting.popleft()
                self._inner.call(item)  # type: ignore[union-attr] # see front
        finally:
            self.is_resuming, scope.cause = False, before

    def admit(self, item: Any) -> None:
        """Take an item past the guard: to the taps, through the operators, into the function."""
        if self.port_in.links:
            self.port_in.send(item)
        if not self.is_running:
            self.refuse(item, "stopped")
        elif type(item) not in SPECIAL or (item := self.handle(item)) is not HANDLED:
            self._chain_in.send(item) if self._chain_in else self._core_door().call(item)

    def _way(self) -> Callable[..., Any]:
        if self.guarded or self.port_in.links:
            return self._enter
        if not self.is_running:
            return self._refuse
        return self._chain_in.send if self._chain_in else self._function_way()

    def _function_way(self) -> Callable[..., Any]:
        if self._worker:
            return self._worker.offer
        return self._timed if self._samples else self._call

    def _is_reached(self, way: Callable[..., Any]) -> bool:
        """Whether `way` is the function itself, or as good as."""
        self._is_close = way not in (self._enter, self._refuse)
        return way in (self._call, self._timed, self._refuse)

    def _out(self) -> Call:
        return self._chain_out.send if self._chain_out else self.port_out.way_out()

    def weave(self, weaver: Weaver) -> None:
        """Have what `weaver` returns called in place of the function, whatever way leads there."""
        if self._worker:
            self._worker.weave(weaver)
        else:
            around = partial(weaver.direct, emits=self._function.emits)
            self._bare = self._call
            self._call, self._timed = around(self._call), around(self._timed)  # type: ignore[method-assign]
        self.rewire()

    def _core_door(self) -> Door:
        if self._core is None:
            self._core = Door((doors.inner_emitting if self._function.emits else doors.inner_returning)(self))
            self._core.open(self._function_way(), self._out(), reaches=True)
        return self._core

    def _enter(self, item: Any, *_: Any) -> None:
        if self.guarded:
            self.host.guard.run(self, item)
        else:
            self.admit(item)

    def _refuse(self, item: Any, *_: Any) -> None:
        self.drop(item, "stopped")

    # -- special items ---------------------------------------------------------------------------------------------

    def special(self, item: Any) -> Any:
        """Deal with a message or a method call at a door; `admit` and the worker do it where those come first."""
        return self.handle(item) if self._is_close else item

    def handle(self, item: Any) -> Any:
        """Add a hop to a message; make a method call, which passes by operators, or have the worker make it in turn."""
        if isinstance(item, Message):
            return item.passed(self.path, self.host.clock.now())
        if not isinstance(item, CallMethod):
            return item
        if self._worker:
            self._worker.offer(item)
            return HANDLED
        try:
            result = item.call(self)
            if inspect.isawaitable(result):
                self.host.spawn(result, self.path, item)
        except Exception as error:  # the wall around an element's method
            self.fail(item, error)
        return HANDLED

    def take_event(self, error: Exception | None) -> None:
        """Pass ``on_error`` or ``on_completed`` through the element; a circle ends where it began."""
        if not self.is_running or self._is_passing:
            return
        self._is_passing = True
        try:
            self._chain_in.send_event(error) if self._chain_in else self._event_through(error)
        finally:
            self._is_passing = False

    def _event_through(self, error: Exception | None) -> None:
        """Pass an event where the function stands; it does not overtake the items that wait."""
        if self._worker and self._worker.queued:
            self._worker.offer(Passing(error))
        else:
            self.event_out(error)

    def event_out(self, error: Exception | None) -> None:
        """Pass an event on, behind the function."""
        self._chain_out.send_event(error) if self._chain_out else self.port_out.take_event(error)

    # -- operators -------------------------------------------------------------------------------------------------

    def set_operators_in(self, operators: tuple[Operator, ...]) -> None:
        """Put `operators` before the function."""
        chain = self._make_chain(operators, self._core_door().call, self._event_through)
        if self._chain_in:
            self._chain_in.disconnect()
        self.operators_in, self._chain_in = operators, chain
        self.rewire()

    def set_operators_out(self, operators: tuple[Operator, ...]) -> None:
        """Put `operators` behind the function."""
        chain = self._make_chain(operators, self.port_out.accept, self.port_out.take_event)
        if self._chain_out:
            self._chain_out.disconnect(self.emit)
        self.settle_emitted()
        self.operators_out, self._chain_out = operators, chain
        self.rewire()

    def _make_chain(
        self, operators: tuple[Operator, ...], out: Call, out_event: Callable[[Exception | None], None]
    ) -> Chain | None:
        if not operators:
            return None
        host, ends = self.host, {"out": out, "out_event": out_event, "fail": self.fail}
        chain = Chain(operators, where=self.path, scheduler=host.scheduler, scope=host.scope, **ends)
        if self.is_running:
            chain.connect()
        return chain

    # -- what happened ---------------------------------------------------------------------------------------------

    def fail(self, item: Any, error: BaseException) -> None:
        """Take note that the function or an operator raised."""
        self._errors += 1
        self.host.report(self.path, item, error)
        if self._stops_on_error:
            self.stop()

    def settle(self, reached: int, *, alone: bool) -> None:
        """Keep the count of an edge that is gone; without any, the element is in no circle."""
        self._settled += reached
        if alone and (self.guarded or self.hops):
            self.guarded, self.hops = False, 0
            self.rewire()

    def rested(self) -> None:
        """Hear from the worker that nothing is at work: the last item may leave before a stopped element is cut off."""
        if not self.is_running and not self.is_isolated and not self.is_busy:
            self._isolate()

    def read_terms(self) -> dict[str, int | str]:
        """Tell how items are worked on, for people who look."""
        policy = "stop" if self._stops_on_error else "retry" if self._retry else "skip"
        at_once = self._worker.concurrency if self._worker else 1
        return {"concurrency": at_once, "mailbox": self._mailbox_size, "overflow": self._overflow, "on_error": policy}

    @property
    def is_busy(self) -> bool:
        """Whether an item is at work, or waits and will be."""
        worker = self._worker
        return worker is not None and bool(worker.at_work or (worker.is_active and worker.mailbox.items))

    @property
    def is_cut(self) -> bool:
        """Whether the call stack ends here."""
        return self.guarded or self._worker is not None

    def downstream(self) -> Iterator[tuple[Any, int]]:
        """Iterate over the elements this one calls, with the weight of the way there."""
        yield from self.port_out.downstream()
        for link in self.port_in.links:
            if (element := getattr(link.target, "element", None)) is not None:
                yield element, 1

    def stop(self) -> None:
        """See `Element.stop`."""
        raise NotImplementedError

    def _isolate(self) -> None:
        self.is_isolated = True
        if self._chain_out:
            self._chain_out.disconnect(self.withhold_behind)
        self.port_out.compile()

    def emit(self, item: Any) -> None:
        """Pass on what a function emits that may wait."""
        self._out()(item)
