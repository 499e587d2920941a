"""The app: all loops and levels of a process, what they share, and their one life.

``async with app:`` opens services, then starts execute, plan, analyze and monitor elements, listeners before speakers,
and closes in reverse with time to drain. This module holds the default app, the only module state there is.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator
from random import Random
from threading import get_ident
from typing import TYPE_CHECKING, Any, Self

from mape import loop as loops
from mape.clock import Clock, SystemClock, of_loop, system_random
from mape.errors import StateError, UidError, UnknownPathError
from mape.flow.cause import Causes, Scope, Tracing, cause_text, task_cause
from mape.flow.defaults import Defaults
from mape.flow.graph import Edge, edges, listeners_first
from mape.flow.posts import Posts
from mape.flow.scheduler import AppScheduler
from mape.flow.services import LEAVING, Services, Stage
from mape.flow.tasks import Tasks
from mape.flow.wiring import Guard
from mape.item import Event, Failure
from mape.knowledge import Knowledge
from mape.level import Level
from mape.path import Children, check_uid, nearest
from mape.port import Port

if TYPE_CHECKING:
    from mape.element import Element

__all__ = ["App", "Loop", "cause_at_hand", "current_cause", "default_app", "prepare_apps", "set_default_app"]

logger = logging.getLogger("mape")
FIRST_CAUSE = 52
"""Bits of the first causal id, which is drawn: all that follow stay exact in JSON."""
GOOD_NEWS = ("connected", "listening", "subscribed")
"""Kinds of events that nobody has to wake up for."""


class App(Children[loops.Loop]):
    """All loops of a process; ``app["loop"]``, ``app["loop.element"]``, ``app["level.loop.element"]``.

    Args:
        settings: What ``mape.settings.load`` returns; without it nothing is read and defaults hold.
        clock: Where time comes from; by default the running loop's own, if it has one as virtual time does.
        rng: Where chance comes from; by default seeded by ``settings.seed``, else the running loop's own, as above.
    """

    child_kind = "loop"

    def __init__(self, settings: Any = None, *, clock: Clock | None = None, rng: Random | None = None) -> None:
        super().__init__()
        self.is_configured = settings is not None
        self.settings = settings or Defaults()
        self.clock: Clock = clock or of_loop("clock") or SystemClock()
        self.rng = rng or self._chance()
        self.scope = _scopes.setdefault(get_ident(), Scope())
        self.causes = Causes(self.rng.getrandbits(FIRST_CAUSE) + 1)
        self.scheduler = AppScheduler(lambda: self.clock, self.__getitem__)
        self.guard = Guard()
        self.failures = Port(self, "failures")
        self.events = Port(self, "events")
        """What happened to connections and streams, see `tell`."""
        self.services = Services(self.report)
        self.store: Any = None
        """Where shared knowledge is kept; `mape.runtime.equip` sets it."""
        self.tracing: Tracing | None = None  # who follows items; `mape.runtime.equip` sets it
        self.k = Knowledge(self, "the app", "k.")
        self.asyncio_loop: asyncio.AbstractEventLoop | None = None
        self.is_open = False
        self._has_own_clock = clock is not None
        self._levels: dict[str, Level] = {}
        self._is_reporting = self._is_closing = False
        self._tasks = Tasks(self.report)
        self.spawn = self._tasks.spawn
        self._loop: asyncio.AbstractEventLoop | None = None
        self._posts = Posts()
        self.post = self._posts.door(self.__getitem__)
        """``post(target, item, timeout=5.0)``: the door for other threads, see `mape.flow.posts.Posts.door`."""
        self._stopping: asyncio.Event | None = None
        self._stop_is_due = False

    def _chance(self) -> Random:
        loops_own = of_loop("rng") if self.settings.seed is None else None
        return loops_own or system_random(self.settings.seed)

    def configure(self, settings: Any, asyncio_loop: asyncio.AbstractEventLoop | None = None) -> None:
        """Take settings over into an app that appeared without any, and the loop that it will run on."""
        self.settings, self.is_configured = settings, True
        self.asyncio_loop = asyncio_loop
        if settings.seed is not None:
            self.rng.seed(settings.seed)
            self.causes.restart(self.rng.getrandbits(FIRST_CAUSE) + 1)

    # -- loops, levels, paths --------------------------------------------------------------------------------------

    def loop(self, uid: str, level: str = "") -> Loop:
        """Return the loop `uid`, made if there is none.

        Raises:
            UidError: The uid is malformed or reserved.
        """
        known = self._children.get(uid)
        return known if isinstance(known, Loop) else Loop(uid, level, self)

    def level(self, uid: str = "") -> Level:
        """Return the level `uid`, made if there is none; "" is the default level.

        Raises:
            UidError: The uid is malformed.
        """
        if uid not in self._levels:
            self._levels[uid] = Level(check_uid(uid, "level") if uid else "", self)
        return self._levels[uid]

    @property
    def levels(self) -> tuple[Level, ...]:
        """The levels, in the order they were made."""
        return tuple(self._levels.values())

    @property
    def elements(self) -> Iterator[Element[Any, Any]]:
        """All elements of all loops."""
        return (element for loop in self for element in loop)

    def add(self, loop: loops.Loop, uid: str) -> str:
        """Take a loop in; loops do that themselves. Returns its uid."""
        self.adopt(uid, loop)
        try:
            return loop.level.adopt(uid, loop)
        except UidError:
            self.disown(uid)
            raise

    def remove(self, loop: loops.Loop | str) -> None:
        """Take a loop and its elements out, for good.

        Raises:
            UnknownPathError: It is not in this app.
        """
        gone = self.own(loop)
        for element in gone:
            gone.remove(element)
        self.disown(gone.uid)
        gone.level.disown(gone.uid)

    def __getitem__(self, path: str) -> Any:
        names = str(path).split(".")
        loop, level = self._children.get(names[0]), self._levels.get(names[0]) if names[0] else None
        if level and names[1:] and names[1] in level and (names[2:] or loop is None or names[1] not in loop):
            loop, names = level[names[1]], names[1:]
        if loop is None or names[2:]:
            raise UnknownPathError(f"nothing is at {path!r:.200} in the app: {nearest(str(path), self._paths())}")
        return loop[names[1]] if names[1:] else loop

    def __contains__(self, child: object) -> bool:
        if not isinstance(child, str):
            return super().__contains__(child)
        try:
            return self[child] is not None
        except UnknownPathError:
            return False

    def _paths(self) -> list[str]:
        return [*self._children, *(element.path for element in self.elements)]

    def edges(self) -> list[Edge]:
        """Return who listens to whom."""
        return edges(self.elements)

    # -- life ------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Start all elements, listeners before speakers."""
        for element in listeners_first(self.elements):
            element.start()

    def stop(self) -> None:
        """Stop all elements, speakers before listeners; the app stays open."""
        for element in reversed(listeners_first(self.elements)):
            element.stop()

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def open(self) -> None:
        """Attach to the running event loop and start all elements.

        Raises:
            StateError: It is open already.
        """
        if self.is_open:
            raise StateError("the app is open already: close it first")
        for prepare in _preparing:
            prepare(self)
        self._loop = loop = asyncio.get_running_loop()
        self.clock = self.clock if self._has_own_clock else of_loop("clock") or self.clock
        _scopes[get_ident()] = self.scope
        self.is_open = True
        self.scheduler.attach(loop)
        try:
            await self.services.open(Stage.CONNECTION, Stage.SINK)
            self.start()
            for element in self.elements:
                element.wake()
            self._posts.attach(loop)
            await self.services.open(Stage.SOURCE)
        except BaseException:  # no wall: raised again, when what was opened is closed
            await self.close()
            raise

    async def close(self) -> None:
        """Take no more, finish what is at work, send what waits, report the rest, stop.

        All within ``settings.shutdown.deadline``; where there are services, three tenths of it are theirs to let go.
        """
        if not self.is_open or self._is_closing:
            return
        self._is_closing = True
        try:
            share = 0.7 if any(self.services) else 1.0
            await self._close(self.clock.monotonic() + share * self.settings.shutdown.deadline)
        finally:
            self.is_open = self._is_closing = False

    async def _close(self, end: float) -> None:
        services = self.services

        def left() -> float:
            return end - self.clock.monotonic()

        await services.drain(Stage.SOURCE, seconds=min(left(), LEAVING))  # a deadline of its own
        for element in self.elements:
            if element.role == "monitor":
                element.drain()
        try:
            async with asyncio.timeout(left()):
                await self._quiet()
        except TimeoutError:
            logger.warning("not everything was finished within %.1f s", self.settings.shutdown.deadline)
        for element in reversed(listeners_first(self.elements)):
            for item in await element.close():
                self.report(element.path, item, StateError("the app closed before the item was worked on"))
        await services.drain(Stage.SINK, seconds=max(left(), LEAVING))  # a deadline of its own
        for stage in reversed(Stage):
            await services.close(stage)
        await self._tasks.cancel()
        self._loop = None
        self.scheduler.detach()
        self._posts.detach()

    async def _quiet(self) -> None:
        """Wait until nothing waits or is at work anywhere."""
        while busy := [element for element in self.elements if element.is_busy]:
            for element in busy:
                await element.idle()
        await self._tasks.finish()

    # -- what happens ----------------------------------------------------------------------------------------------

    def report(self, path: str, item: Any, error: BaseException) -> None:
        """Log a failure and publish it on `failures`; one that happens meanwhile is only logged."""
        cause = cause_text(self.scope.current())
        told = {"path": path, "kind": "failed", "cause": cause}
        logger.error("%s failed on %.200r (cause %s)", path, item, cause, exc_info=error, extra=told)
        if self._is_reporting:
            return
        self._is_reporting = True
        try:
            self.failures.send(Failure(path, item, error, cause, self.clock.now()))
        finally:
            self._is_reporting = False

    def tell(self, kind: str, path: str, text: str) -> None:
        """Log what happened to a connection or a stream, and publish it on `events`."""
        level = logging.INFO if kind in GOOD_NEWS else logging.WARNING
        logger.log(level, "%s: %s", path, text, extra={"path": path, "kind": kind})
        self.events.send(Event(kind, path, text, self.clock.now()))

    def request_stop(self) -> None:
        """Ask whoever runs the app to close it; from any thread."""
        self._stop_is_due = True
        if self._stopping is not None and self._loop is not None:
            self._loop.call_soon_threadsafe(self._stopping.set)

    async def stop_requested(self) -> None:
        """Wait until `request_stop` is called."""
        self._stopping = asyncio.Event()
        if self._stop_is_due:
            self._stopping.set()
        await self._stopping.wait()
        self._stop_is_due = False

    def __str__(self) -> str:
        return "the app"

    def __repr__(self) -> str:
        return f"<App, {len(self)} loops, {'open' if self.is_open else 'closed'}>"


class Loop(loops.Loop):
    """A loop of the app of the process, unless it is told otherwise; see `mape.loop`."""

    def __init__(self, uid: str | None = None, level: str = "", app: App | None = None) -> None:
        super().__init__(uid, level, app or default_app())


_scopes: dict[int, Scope] = {}
_default: list[App] = []
_preparing: list[Callable[[App], object]] = []


def default_app() -> App:
    """Return the app of the process; one with defaults appears when there is none."""
    if not _default:
        _default.append(App())
    return _default[0]


def set_default_app(app: App | None) -> None:
    """Make `app` the one that `mape.app` is; None forgets it."""
    _default[:] = [app] if app else []


def prepare_apps(prepare: Callable[[App], object] | None) -> None:
    """Have `prepare` called with each app of the process just before it opens; None ends that."""
    _preparing[:] = [prepare] if prepare else []


def current_cause() -> str | None:
    """Return the causal id of the item from outside that the work in hand goes back to; None if there is none.

    It follows an item through elements, operators, async functions and mailboxes: 16 hexadecimal digits.
    """
    return cause_text(cause_at_hand())


def cause_at_hand() -> int | None:
    """Return what `current_cause` returns as a number, with the trace that hangs on it."""
    scope = _scopes.get(get_ident())
    return scope.current() if scope else task_cause.get()  # asyncio.to_thread takes the latter along
