"""An element is a function between two ports: monitor, analyze, plan, execute, or your own.

Items come in at `port_in`, pass ``ops_in``, the function, and ``ops_out``, and leave at `port_out`. Read `door` for
the way into the function and `port` for the way to whoever listens; here stands what decides which way is open.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import Enum, Flag, StrEnum
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from reactivex import abc
from reactivex.disposable import Disposable

from mape.errors import StateError, WiringError
from mape.flow.chain import Operator, operator_tuple
from mape.flow.door import Call
from mape.flow.function import Function
from mape.flow.link import Link
from mape.flow.station import Station
from mape.flow.stream import Stream
from mape.flow.tap import LogObserver
from mape.flow.worker import Retry, Worker
from mape.path import UID
from mape.port import InPort, OutPort

if TYPE_CHECKING:
    from mape.loop import Loop

__all__ = ["Analyze", "Begins", "Element", "Execute", "Monitor", "OnError", "Plan"]

In = TypeVar("In")
Out = TypeVar("Out")


class Begins(Enum):
    """When an element starts of its own accord; `App.start` starts all of them."""

    MANUAL = "by start()"
    ON_SUBSCRIBE = "when somebody subscribes"
    ON_INIT = "at once"


class OnError(StrEnum):
    """What an exception in an element's function leads to, beside the failure that is reported."""

    SKIP = "skip"
    RETRY = "retry"
    STOP = "stop"


class Element(Station, Generic[In, Out]):
    """A function between two ports; see the module.

    Args:
        loop: The loop it belongs to.
        uid: Its name in the loop; `UID.DEF` takes the name of the class, None makes a random one.
        ops_in, ops_out: An operator or several, before and behind the function.
        concurrency: Items an async function works on at once.
        ordered: Whether their results leave in the order of the items.
        mailbox: Items that wait at most, for an async function or while the element is at work.
        overflow: What happens to the next one: see `mailbox.Overflow`.
        on_error: ``"skip"``, ``"retry"`` (or a `Retry`) or ``"stop"``.
        function: What to call; else the method ``process(item, on_next)`` of the class.

    Raises:
        WiringError: Something of this does not fit; `UidError` for the uid.
    """

    prefix: ClassVar[str] = "el_"
    role: ClassVar[str] = "element"
    begins: ClassVar[Begins] = Begins.MANUAL
    uid: str
    loop: Loop

    if TYPE_CHECKING:  # attributes may be set from outside, and read as self.x in the function

        def __getattr__(self, name: str) -> Any: ...
        def __setattr__(self, name: str, value: Any, /) -> None: ...

    class Debug(Flag):
        """Which ports `debug` logs."""

        DISABLE = 0
        IN = 2
        OUT = 4

    _taps: tuple[abc.DisposableBase, ...] = ()

    def __init__(
        self,
        loop: Loop,
        uid: str | UID | None = UID.DEF,
        ops_in: Operator | Sequence[Operator] = (),
        ops_out: Operator | Sequence[Operator] = (),
        *,
        concurrency: int = 1,
        ordered: bool = True,
        mailbox: int | None = None,
        overflow: str | None = None,
        on_error: str | Retry = OnError.SKIP,
        function: Function | None = None,
    ) -> None:
        where = f"element {getattr(uid, 'name', uid)!r} of loop {loop}"
        self._function = function or Function(getattr(self, "_on_next", self.process), where)
        self._call = self._function.bind(self)
        self._stops_on_error, self._retry = _policy(on_error, where)
        before, after = operator_tuple(ops_in, where), operator_tuple(ops_out, where)
        settings = loop.app.settings.mailbox
        self._mailbox_size = settings.size if mailbox is None else mailbox
        self._overflow = settings.overflow if overflow is None else overflow
        self.loop, self.host = loop, loop.app
        self.settle_in()
        self.port_in, self.port_out = InPort(self), OutPort(self)
        self.uid = loop.add(self, type(self).__name__ if uid is UID.DEF else uid)
        try:
            if self._function.waits or concurrency != 1 or self._retry:
                self._worker = self._make_worker(concurrency, ordered=ordered)
            elif mailbox is not None or overflow is not None:
                self.make_mailbox()  # which is needed later if ever; a mistake shows now
            if loop.app.tracing is not None:
                loop.app.tracing.weave(self)
            if before:
                self.set_operators_in(before)
            if after:
                self.set_operators_out(after)
        except WiringError:
            loop.remove(self)
            raise
        if self.begins is Begins.ON_INIT:
            self.start()

    def process(self, item: In, on_next: Callable[[Out], None]) -> Any:
        """What the element does with an item; override it. This one passes everything on."""
        on_next(item)  # type: ignore[arg-type]

    def __call__(self, item: In) -> None:
        """Give the element an item, as ``port_in.on_next`` does."""
        self.port_in.on_next(item)

    @cached_property
    def on_next(self) -> Call:
        """Give the element an item, as ``port_in.on_next`` does, which this is."""
        call: Call = self.port_in.on_next
        return call

    def on_error(self, error: Exception) -> None:
        """Pass an error on as an event; the element lives on."""
        self.port_in.on_error(error)

    def on_completed(self) -> None:
        """Pass completion on as an event; the element lives on."""
        self.port_in.on_completed()

    async def put(self, item: In) -> None:
        """Give the element an item when its mailbox has room."""
        if self._worker:
            await self._worker.room()
        self.port_in.on_next(item)

    def subscribe(  # type: ignore[override]
        self,
        observer: Any = None,
        on_error: Callable[[Exception], None] | None = None,
        on_completed: Callable[[], None] | None = None,
        on_next: Call | None = None,
        *,
        scheduler: abc.SchedulerBase | None = None,  # noqa: ARG002 - reactivex passes one
    ) -> abc.DisposableBase:
        """Add a listener to the out port, as `Port.subscribe`; analyze and plan elements start by that."""
        return self.link(on_next if observer is None else observer, on_error, on_completed)

    def link(self, observer: Any, *events: Any, operators: tuple[Operator, ...] = ()) -> Link:
        """Add a listener behind `operators`."""
        link: Link = self.port_out.link(observer, *events, operators=operators)
        if self.begins is Begins.ON_SUBSCRIBE and not self.is_removed:
            self.start()
        return link

    def pipe(self, *operators: Operator) -> Any:
        """Return what the element emits, behind `operators`."""
        return Stream(self, operator_tuple(operators, self.path))

    def start(self, scheduler: abc.SchedulerBase | None = None) -> abc.DisposableBase:  # noqa: ARG002 - as documented
        """Connect the function to its ports; returns what stops it again.

        Raises:
            StateError: The element was removed from its loop.
        """
        if self.is_removed:
            raise StateError(f"{self.path} was removed and cannot start: make it anew")
        if not self.is_running:
            self.is_running, self.is_draining = True, False
            self.open_ways()
        return Disposable(self.stop)

    def stop(self) -> None:
        """Cut the function off both ports, which still pass items between others.

        What waits in a mailbox stays for the next start; what is at work is finished and leaves.
        """
        if self.is_running:
            self.is_running = False
            self.close_ways()

    def debug(self, level: Element.Debug = Debug.DISABLE) -> None:
        """Log what passes the ports that `level` names; without one, stop that."""
        for tap in self._taps:
            tap.dispose()
        ports = (
            (Element.Debug.IN, self.port_in, f"in > [{self.path}]"),
            (Element.Debug.OUT, self.port_out, f"[{self.path}] > out"),
        )
        self._taps = tuple(port.subscribe(LogObserver(label)) for flag, port, label in ports if flag in level)

    @property
    def path(self) -> str:  # type: ignore[override] # the station only knows that there is one
        """``loop.element``."""
        return f"{self.loop.uid}.{self.uid}"

    @property
    def input_type(self) -> Any:
        """The annotation of the item; None where there is none."""
        return self._function.types[0]

    @property
    def output_type(self) -> Any:
        """The annotation of what is emitted; None where there is none."""
        return self._function.types[1]

    p_in = source = property(lambda self: self.port_in, doc="Alias of `port_in`.")
    p_out = sink = property(lambda self: self.port_out, doc="Alias of `port_out`.")

    def wake(self) -> None:
        """Have what waits in the mailbox worked on, now that a loop runs."""
        if self._worker:
            self._worker.wake()

    def drain(self) -> None:
        """Stop taking items, and work on those that wait."""
        self.is_draining = True
        self.stop()

    async def idle(self) -> None:
        """Wait until nothing waits in the mailbox and nothing is at work."""
        if self._worker:
            await self._worker.idle()

    async def close(self) -> list[Any]:
        """Stop, give up what is at work (reported) and return what waited (counted as ``closed``)."""
        self.stop()
        self.is_draining = False
        self.rewire()
        lost = await self._worker.close() if self._worker else []
        for item in lost:
            self.drop(item, "closed")
        return lost

    def leave(self) -> None:
        """Be removed from the loop: stop, cut all edges, drop what waits; for good."""
        self.stop()
        self.is_removed = True
        for item in self._worker.cancel() if self._worker else ():
            self.drop(item, "removed")
        for link in (*self.port_in.incoming, *self.port_in.links, *self.port_out.links):
            link.dispose()

    def _make_worker(self, concurrency: int, *, ordered: bool) -> Worker:
        if not (isinstance(concurrency, int) and concurrency >= 1):  # type: ignore[redundant-expr] # people pass anything
            raise WiringError(f"{self.path}: concurrency {concurrency!r} leaves nobody at work: give a number from 1")
        self.host.causes.follow_tasks()
        return Worker(
            self,
            self._call,
            self.make_mailbox(),
            emits=self._function.emits,
            concurrency=concurrency,
            ordered=ordered,
            retry=self._retry or Retry(times=0),
            scope=self.host.scope,
            waits=self._function.waits,
            clock=lambda: self.host.clock,
        )

    def __str__(self) -> str:
        return self.uid

    def __repr__(self) -> str:
        state = "running" if self.is_running else "removed" if self.is_removed else "stopped"
        return f"<{self.role} {self.path}, {state}>"


class Monitor(Element[In, Out]):
    """Observes the managed system; starts by ``start()`` or with the app."""

    prefix = "m_"
    role = "monitor"


class Analyze(Element[In, Out]):
    """Finds symptoms in what monitors saw; starts when somebody subscribes."""

    prefix = "a_"
    role = "analyze"
    begins = Begins.ON_SUBSCRIBE


class Plan(Element[In, Out]):
    """Decides what to change; starts when somebody subscribes."""

    prefix = "p_"
    role = "plan"
    begins = Begins.ON_SUBSCRIBE


class Execute(Element[In, Out]):
    """Changes the managed system; starts at once."""

    prefix = "e_"
    role = "execute"
    begins = Begins.ON_INIT


def _policy(on_error: str | Retry, where: str) -> tuple[bool, Retry | None]:
    """Return whether an error stops the element, and how it retries."""
    if on_error == OnError.SKIP:
        return False, None
    if isinstance(on_error, Retry):
        return False, on_error
    if on_error not in list(OnError):
        raise WiringError(f"{where}: {on_error!r} is no policy for errors: take one of {', '.join(OnError)} or a Retry")
    return on_error == OnError.STOP, Retry() if on_error == OnError.RETRY else None
