"""What an app opens and closes beside its elements: connections, sinks, sources, servers."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, Protocol

__all__ = ["LEAVING", "Channel", "Counting", "Service", "Services", "Stage", "figures_of"]

logger = logging.getLogger("mape")
LEAVING = 1.0
"""How long a service may take to close, whatever was left of the app's deadline [s]."""


class Stage(IntEnum):
    """When a service opens; it closes in reverse."""

    CONNECTION = 0
    """First: others use it."""
    SINK = 1
    """Before the elements, which feed it; it flushes after them."""
    SOURCE = 2
    """After the elements, which it feeds; it falls silent before them."""


class Service(Protocol):
    """A part of an app that lives as long as it does; `path` names it in failures and events."""

    stage: Stage
    path: str

    async def open(self) -> None:
        """Begin, quickly: a peer that is not there yet is no error, a setting that is wrong is."""

    async def drain(self) -> None:
        """Take no more in (a source), or send what waits (a sink); may be cancelled at the app's deadline."""

    async def close(self) -> None:
        """Let go of everything, at once; called once, also after a `drain` that was cancelled."""


@dataclass(frozen=True)
class Channel:
    """A way of items to or from other processes, as the sink or source that uses it knows it.

    Nothing in it is a credential, so that documents and traces may show it.

    Args:
        address: The name of the channel or stream, the pattern, or the path of the URL.
        protocol: What is spoken there: ``redis``, ``http``, ``ws``, ``influxdb``.
        server: Its address; "" is this process' own.
        sends: Whether items leave by it.
        form: ``channel``, ``pattern``, ``stream``, ``element`` (of a REST server) or ``series``.
        content_type: Of what travels.
        options: What else there is to say: ``port``, ``group``, ``partitions``.
    """

    address: str
    protocol: str
    server: str
    sends: bool
    form: str
    content_type: str = ""
    options: Mapping[str, object] = field(default_factory=dict)


class Counting(Protocol):
    """A service that counts; ``/metrics`` shows it under its path."""

    def figures(self) -> dict[str, float]:
        """Return what it has counted so far, by name; ``dropped.overflow`` is what was dropped by that reason."""


def figures_of(stats: Any) -> dict[str, float]:
    """Return the numbers among the fields of some statistics; a truth, as ``is_up``, is ``up``, 0 or 1."""
    found: dict[str, float] = {}
    for name, value in vars(stats).items():
        if isinstance(value, bool):
            found[name.removeprefix("is_")] = int(value)
        elif isinstance(value, int | float):
            found[name] = value
        elif isinstance(value, dict):
            found |= {f"{name}.{reason}": count for reason, count in value.items()}
    return found


class Services:
    """The services of an app, oldest first.

    Args:
        report: Hears what a service could not do: its path, None, and the error.
    """

    def __init__(self, report: Callable[[str, Any, BaseException], None]) -> None:
        self._report = report
        self._known: dict[Service, Stage] = {}
        self._shared: dict[str, Any] = {}
        self._open: list[Service] = []
        self._stages: set[Stage] = set()
        self._opening: set[asyncio.Task[None]] = set()
        self._leaving: set[asyncio.Task[None]] = set()

    def add(self, service: Service) -> None:
        """Take a service in; one that comes late is opened now, in a task."""
        if service not in self._known:
            self._known[service] = service.stage
            if service.stage in self._stages:
                _spawn(self._open_late(service), self._opening)

    def remove(self, service: Service) -> None:
        """Let a service go; one that is open is closed now, in a task. Whoever asks for its key gets a new one."""
        self._known.pop(service, None)
        self._shared = {key: each for key, each in self._shared.items() if each is not service}
        if service in self._open:
            self._open.remove(service)
            _spawn(self._end(service), self._leaving)

    def shared(self, key: str, make: Callable[[], Any]) -> Any:
        """Return the service that is known as `key`, made and taken in when it is first asked for."""
        if key not in self._shared:
            self._shared[key] = service = make()
            self.add(service)
        return self._shared[key]

    def __iter__(self) -> Iterator[Service]:
        return iter(tuple(self._known))

    async def open(self, *stages: Stage) -> None:
        """Open the services of these stages, in order.

        Raises:
            Exception: Whatever the first service that cannot open raises.
        """
        for stage in sorted(stages):
            self._stages.add(stage)
            for service in [each for each, place in self._known.items() if place is stage]:
                if service not in self._open:
                    self._open.append(service)
                    await service.open()

    async def drain(self, *stages: Stage, seconds: float) -> None:
        """Drain the services of these stages together, within `seconds`."""
        await self._all(stages, self._drain, seconds)

    async def close(self, *stages: Stage) -> None:
        """Close the services of these stages together, newest first; each has `LEAVING` seconds for it."""
        self._stages -= set(stages)
        for task in tuple(self._opening):
            task.cancel()
        if self._leaving:
            await asyncio.wait(tuple(self._leaving), timeout=LEAVING * 1.5)
        await self._all(stages, self._end, LEAVING * 1.5)
        self._open = [each for each in self._open if each.stage not in stages]

    async def _all(self, stages: Iterable[Stage], act: Callable[[Service], Awaitable[None]], seconds: float) -> None:
        concerned = [each for each in reversed(self._open) if each.stage in stages]
        if not concerned:
            return
        tasks = {asyncio.ensure_future(act(service)): service for service in concerned}
        _, late = await asyncio.wait(tasks, timeout=max(seconds, 0.0))
        for task in late:
            task.cancel()
            logger.warning("%s was not done within %.1f s", tasks[task].path, seconds)
        if late:
            await asyncio.wait(late, timeout=LEAVING)  # one that will not be cancelled is left behind

    async def _drain(self, service: Service) -> None:
        await self._guarded(service, service.drain())

    async def _end(self, service: Service) -> None:
        try:
            async with asyncio.timeout(LEAVING):
                await self._guarded(service, service.close())
        except TimeoutError:
            logger.warning("%s did not close within %.1f s", service.path, LEAVING)

    async def _open_late(self, service: Service) -> None:
        self._open.append(service)
        await self._guarded(service, service.open())

    async def _guarded(self, service: Service, step: Awaitable[None]) -> None:
        try:
            await step
        except Exception as error:  # the wall around a service
            self._report(service.path, None, error)


def _spawn(step: Coroutine[Any, Any, None], tasks: set[asyncio.Task[None]]) -> None:
    task = asyncio.get_running_loop().create_task(step)
    tasks.add(task)
    task.add_done_callback(tasks.discard)
