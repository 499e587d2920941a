"""Who hears what of shared knowledge: all watchers of a process listen on one connection.

Knowledge is a level, not an edge: what matters is what it says now, not each change on the way. Redis forgets the
events that happen while a connection is down, so a watcher is told ``resync`` after each (re)connect, the first
included, and after it was too slow to hear everything: read again.
"""

from __future__ import annotations

import asyncio
import inspect
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from redis.exceptions import ResponseError

from mape.errors import ConfigError
from mape.flow.chain import Operator
from mape.flow.link import Link
from mape.port import Port
from mape.remote.redis.knowledge.name import APP_SCOPE, INNER_SCOPES
from mape.remote.redis.knowledge.wire import Wire

__all__ = ["RESYNC", "Changes", "Notification", "Watch", "Watcher", "missing_letters"]

RESYNC = "resync"
SIZE = 4096
"""Notifications that wait for one handler at most; beyond that it is told to read again."""

ALL_KINDS = "g$lshzxetd"
"""What "A" stands for in ``notify-keyspace-events``."""

SETTING = "notify-keyspace-events"


@dataclass(frozen=True)
class Notification:
    """A command changed a key, or it is time to read again; ``message["key"]`` is ``message.key``.

    Args:
        key: The whole key; of a `resync`, what is watched, which may be a pattern.
        name: The same without the scope: ``cars`` for ``k.loop.bridge.cars``.
        command: In lower case as the server tells it: ``set``, ``sadd``, ``del``, ``expired``, ...; or ``resync``.
    """

    key: str
    name: str
    command: str

    @property
    def is_resync(self) -> bool:
        """Whether changes may have been missed: read again."""
        return self.command == RESYNC

    def __getitem__(self, field: str) -> str:
        return {"key": self.key, "name": self.name, "command": self.command, "data": self.command}[field]


class Watcher:
    """One handler for one key or pattern; ``dispose()`` ends it.

    Order:
        One notification at a time, in the order in which the commands were done.
    """

    def __init__(self, watch: Watch, key: str, scope: str, commands: Iterable[str] | None, handler: Any) -> None:
        self.key, self.scope = key, scope
        self.commands = None if commands is None else frozenset(each.lower() for each in commands)
        self.missed = 0
        """How many notifications were replaced by a `resync`, because the handler was too slow."""
        self._watch, self._handler = watch, handler
        self._waiting: deque[Notification] = deque()  # bound: SIZE, in take
        self._task: asyncio.Task[None] | None = None

    def hear(self, key: str, command: str) -> None:
        """Take what the server tells, if it is wanted."""
        name = key[len(self.scope) :]
        if self.commands is not None and command not in self.commands:
            return
        if self.scope == APP_SCOPE and name.partition(".")[0] in INNER_SCOPES and "." in name:
            return  # a level's or a loop's own
        if len(self._waiting) >= SIZE:
            self.missed += len(self._waiting) + 1
            self._waiting.clear()
            self._watch.app.tell("overflow", self.key, f"its watcher is too slow: after {SIZE} changes it reads again")
            self.resync()
        else:
            self._take(Notification(key, name, command))

    def resync(self) -> None:
        """Tell the handler to read again."""
        if not (self._waiting and self._waiting[-1].is_resync):
            self._take(Notification(self.key, self.key[len(self.scope) :], RESYNC))

    def dispose(self) -> None:
        """Hear no more."""
        self._watch.remove(self)
        self._waiting.clear()

    async def end(self) -> None:
        """Let go of what the handler is at."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def _take(self, notification: Notification) -> None:
        self._waiting.append(notification)
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._work(), name=f"watcher of {self.key}")

    async def _work(self) -> None:
        while self._waiting:
            notification = self._waiting.popleft()
            try:
                result = self._handler(notification)
                if inspect.isawaitable(result):
                    await result
            except Exception as error:  # the wall around a handler
                self._watch.app.report(self.key, notification, error)


class Changes(Port):
    """The stream of what a watcher hears. It watches while somebody listens; whoever does gets the notifications.

    Args:
        watch: Makes the watcher of a handler.
    """

    def __init__(self, app: Any, path: str, watch: Callable[[Callable[[Any], Any]], Watcher]) -> None:
        super().__init__(app, path)
        self._watch = watch
        self._watcher: Watcher | None = None

    def link(
        self,
        observer: Any,
        on_error: Callable[[Exception], None] | None = None,
        on_completed: Callable[[], None] | None = None,
        operators: tuple[Operator, ...] = (),
    ) -> Link:
        """Add a listener, as `Port.link`; the first one is told to read as soon as changes are heard of."""
        link = super().link(observer, on_error, on_completed, operators)
        if self._watcher is None:
            self._watcher = self._watch(self.on_next)
        return link

    def unlink(self, link: Link) -> None:
        """Drop a listener; without any nothing is watched."""
        super().unlink(link)
        if not self.links and self._watcher is not None:
            self._watcher.dispose()
            self._watcher = None


class Watch(Wire):
    """The watchers of a process, and the one connection that they hear through.

    Args:
        is_guest: Whether it leaves the server's setting as it is, and hears nothing where changes are not told.
    """

    def __init__(self, app: Any, connection: Any, path: str, *, is_guest: bool = False) -> None:
        super().__init__(app, connection, path)
        self._is_guest = is_guest
        self._watchers: dict[tuple[str, bool], list[Watcher]] = {}
        self._channel = "__keyspace@0__:"
        self._saying: set[asyncio.Task[None]] = set()

    def add(
        self, key: str, *, is_pattern: bool, scope: str, commands: Iterable[str] | None, handler: Callable[[Any], Any]
    ) -> Watcher:
        """Call `handler` with a `Notification` whenever one of `commands` changes what `key` names."""
        watcher = Watcher(self, key, scope, commands, handler)
        topic = (key, is_pattern)
        is_new = topic not in self._watchers
        self._watchers.setdefault(topic, []).append(watcher)
        if is_new:
            self._soon("PSUBSCRIBE" if is_pattern else "SUBSCRIBE", key)
        elif self.is_up:
            watcher.resync()
        return watcher

    def remove(self, watcher: Watcher) -> None:
        """Let a watcher go, and with the last one the subscription at the server."""
        for topic, watchers in tuple(self._watchers.items()):
            if watcher in watchers:
                watchers.remove(watcher)
                if not watchers:
                    del self._watchers[topic]
                    self._soon("PUNSUBSCRIBE" if topic[1] else "UNSUBSCRIBE", topic[0])

    async def greet(self, connection: Any) -> bool:
        """See to it that the server tells of changes."""
        self._channel = f"__keyspace@{int(connection.db or 0)}__:"
        return await self._switch_on(connection)

    async def begun(self) -> None:
        """Subscribe to everything that is watched; the answers bring the resyncs."""
        for is_pattern, command in ((False, "SUBSCRIBE"), (True, "PSUBSCRIBE")):
            if topics := [self._channel + key for key, kind in self._watchers if kind is is_pattern]:
                await self.say(command, *topics)

    def hear(self, message: list[Any]) -> None:
        """Pass what the server tells on to who watches it; a confirmed subscription has its watchers read again."""
        kind, *parts = (part.decode(errors="replace") if isinstance(part, bytes) else part for part in message)
        if kind in {"subscribe", "psubscribe"}:
            for watcher in self._at(parts[0], is_pattern=kind == "psubscribe"):
                watcher.resync()
        elif kind in {"message", "pmessage"}:
            topic, channel, command = parts[0], parts[-2], parts[-1]
            for watcher in self._at(topic, is_pattern=kind == "pmessage"):
                watcher.hear(channel[len(self._channel) :], command)

    async def close(self) -> None:
        """Disconnect, and let the handlers go."""
        await super().close()
        for task in self._saying:
            task.cancel()
        for watchers in self._watchers.values():
            for watcher in watchers:
                await watcher.end()

    def _at(self, topic: str, *, is_pattern: bool) -> list[Watcher]:
        return list(self._watchers.get((topic[len(self._channel) :], is_pattern), ()))

    def _soon(self, command: str, key: str) -> None:
        if self.is_up:
            task = asyncio.get_running_loop().create_task(self.say(command, self._channel + key))
            self._saying.add(task)
            task.add_done_callback(self._saying.discard)

    async def _switch_on(self, connection: Any) -> bool:
        """Merge what we need into the server's setting; return whether changes are told.

        Raises:
            ConfigError: We may not.
        """
        held: str | None
        try:
            answer = await self.ask(connection, "CONFIG", "GET", SETTING)
            held = {_text(key): _text(value) for key, value in zip(answer[::2], answer[1::2], strict=True)}.get(
                SETTING, ""
            )
        except ResponseError as error:
            held = "" if "unknown command" in str(error) else None
        is_on = held is not None and not missing_letters(held)
        if is_on or self._is_guest:
            return is_on
        try:
            await self.ask(connection, "CONFIG", "SET", SETTING, "".join(sorted({*(held or ""), "A", "K"})))
        except ResponseError as error:
            raise ConfigError(
                f"this redis server does not tell of changes, and does not let us switch that on ({error!s:.80}): set "
                f"'{SETTING} KA' in its configuration (at a cloud provider, in the parameter group), or give the user "
                "of redis.url the right to CONFIG GET and CONFIG SET"
            ) from error
        return True


def _text(raw: Any) -> str:
    return raw.decode(errors="replace") if isinstance(raw, bytes) else str(raw)


def missing_letters(held: str) -> set[str]:
    """Return what has to be added to ``notify-keyspace-events`` so that all changes of keys are told."""
    return {"A", "K"} - {*held, *("A" if set(ALL_KINDS[:-2]) <= set(held) else "")}
