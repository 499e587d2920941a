"""Several child processes, and the server between them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from mape.demo.process.child import Child, end_all
from mape.errors import RemoteError
from mape.remote.redis.embedded import EmbeddedServer

__all__ = ["BEGINNING", "SETTLING", "Crew"]

BEGINNING = 30.0
"""How long the processes may take until all of them are there [s]."""
SETTLING = 1.5
"""How long what is on its way may take to arrive at the end [s]."""
POLL = 0.01


class Crew:
    """Starts processes of a module, hears them, and ends them.

    Args:
        module: What each of them runs.
        members: Their command lines by name.
        hear: Called with who says what.
        has_server: Whether they share an embedded server, which is ours and ends with us; its URL is given to each
            as ``--redis``.
    """

    def __init__(
        self,
        module: str,
        members: Mapping[str, Sequence[str]],
        hear: Callable[[str, dict[str, Any]], None],
        *,
        has_server: bool = True,
    ) -> None:
        self._module, self._members, self._hear = module, members, hear
        self._server = EmbeddedServer() if has_server else None
        self._children: dict[str, Child] = {}
        self._reading: list[asyncio.Task[None]] = []
        self._words: dict[str, dict[str, Any]] = {}

    @property
    def redis_url(self) -> str:
        """Where the server is; "" without one."""
        return "" if self._server is None else f"unix://{self._server.socket}"

    async def open(self) -> None:
        """Start everything, and return when each has said that it is ready.

        Raises:
            RemoteError: A process failed, or it takes too long.
            ConfigError: There is no server to start on this machine.
        """
        starting = [self._start(name, arguments) for name, arguments in self._members.items()]
        server = [] if self._server is None else [self._server.ensure()]
        await asyncio.gather(*starting, *server)
        await self.introduce()
        if len(await self.gather("ready", BEGINNING)) < len(self._members):
            raise RemoteError(f"the processes were not there within {BEGINNING:g} s: is this machine very busy?")

    async def introduce(self) -> None:
        """Let them know of each other, if they must."""

    async def _start(self, name: str, arguments: Sequence[str]) -> None:
        redis = ["--redis", self.redis_url] if self._server is not None else []
        self._children[name] = child = Child(name, self._module, [*arguments, *redis])
        await child.start()
        self._reading.append(asyncio.create_task(self._read(name, child), name=name))

    async def _read(self, name: str, child: Child) -> None:
        async for word in child.words():
            self._words.setdefault(name, {}).update(word)
            self._hear(name, word)

    def say(self, to: str = "", /, **word: Any) -> None:
        """Say something to one of them, or the same to all."""
        for name, child in self._children.items():
            if to in {"", name}:
                child.say(**word)

    async def gather(self, key: str, patience: float) -> dict[str, Any]:
        """Return what all of them have answered under `key`, or those who did in time.

        Raises:
            RemoteError: A process is gone.
        """
        now = asyncio.get_running_loop().time
        end = now() + patience
        while len(found := self._said(key)) < len(self._members) and now() < end:
            self.check()
            await asyncio.sleep(POLL)
        return found

    def _said(self, key: str) -> dict[str, Any]:
        return {name: words[key] for name, words in self._words.items() if key in words}

    async def ask_all(self, key: str, patience: float) -> dict[str, Any]:
        """Ask all of them for something, and return what they answer now."""
        for words in self._words.values():
            words.pop(key, None)
        self.say(**{key: True})
        return await self.gather(key, patience)

    def check(self) -> None:
        """Raise what became of a process that is gone.

        Raises:
            RemoteError: One is.
        """
        for task in self._reading:
            if task.done():
                task.result()
                raise RemoteError(f"the process {task.get_name()!r} is gone; run the demo again")

    async def close(self) -> None:
        """End everything."""
        await end_all(list(self._children.values()))
        for task in self._reading:
            task.cancel()
        await asyncio.gather(*self._reading, return_exceptions=True)
        if self._server is not None:
            await self._server.close()
