"""Who hears of changes in the store, while somebody looks; and gives way where there are too many of them.

A page does not change a server's settings: changes are heard where the server tells of them already, because somebody
set it so or some program watches. Elsewhere the page looks again and again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from mape.remote.redis.knowledge.client import ClusterClient
from mape.remote.redis.knowledge.watch import Notification, Watch, Watcher

if TYPE_CHECKING:
    from random import Random

    from mape.application import App
    from mape.remote.redis.knowledge.store import RedisStore

__all__ = ["Ear"]

PATTERNS: Final = ("k.*", "{k.*")
"""All knowledge, and the locks."""
FLOOD: Final = 500
"""Changes in a second; to hear each of more would cost the loops more than to look now and then."""
CALM: Final = 30.0
"""How long nothing is heard after a flood [s]."""


class _Quiet:
    """An app for a connection whose coming and going is nobody's business."""

    def __init__(self, app: App) -> None:
        self._app = app
        self.rng: Random = app.rng

    def tell(self, kind: str, path: str, text: str) -> None:
        """Keep it to oneself."""

    def report(self, path: str, item: Any, error: Exception) -> None:
        """Report what should not happen."""
        self._app.report(path, item, error)


class Ear:
    """See the module.

    Args:
        changed: Called with a key and whether it is gone.
        missed: Called when anything may have changed.
    """

    def __init__(
        self, app: App, store: RedisStore, changed: Callable[[str, bool], None], missed: Callable[[], None]
    ) -> None:
        self._app, self._store = app, store
        self._changed, self._missed = changed, missed
        self._watch: Watch | None = None
        self._watchers: list[Watcher] = []
        self._confirmed: set[str] = set()
        self._second, self._heard, self._quiet_until = 0, 0, 0.0

    @property
    def is_told(self) -> bool:
        """Whether each change is heard of just now."""
        return self._watch is not None and self._watch.is_up and len(self._confirmed) == len(PATTERNS)

    async def open(self) -> None:
        """Begin to listen, if that can be."""
        is_calm = asyncio.get_running_loop().time() >= self._quiet_until
        if self._watch is None and is_calm and not isinstance(self._store.client, ClusterClient):
            path = "knowledge on the live page"
            self._watch = Watch(_Quiet(self._app), self._store.connection, path, is_guest=True)
            for key in PATTERNS:
                hear = self._hear
                self._watchers.append(self._watch.add(key, is_pattern=True, scope="", commands=None, handler=hear))
            await self._watch.open()

    async def close(self) -> None:
        """Listen no more."""
        watch, self._watch = self._watch, None
        self._watchers.clear()
        self._confirmed.clear()
        if watch is not None:
            await watch.close()

    async def tend(self) -> None:
        """Give up what cannot be heard, or is too much; try again when it is calm."""
        if self._watch is not None and asyncio.get_running_loop().time() < self._quiet_until:
            await self.close()
            self._missed()
        elif self._watch is None and self._quiet_until:
            await self.open()

    def _hear(self, notification: Notification) -> None:
        if notification.is_resync:
            self._confirmed.add(notification.key)
            self._missed()
            return
        now = asyncio.get_running_loop().time()
        if int(now) != self._second:
            self._second, self._heard = int(now), 0
        self._heard += 1
        if self._heard > FLOOD:
            self._quiet_until = now + CALM
            for watcher in self._watchers:
                watcher.dispose()
            self._confirmed.clear()
        else:
            self._changed(notification.key, notification.command in {"del", "expired", "evicted", "rename_from"})
