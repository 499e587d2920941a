"""How many requests one client may make; pure."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

__all__ = ["Rate"]

CLIENTS = 4_096
"""Clients that are remembered; the one that was silent longest is forgotten first."""


class Rate:
    """A bucket of tokens for each client, as large as a second's worth.

    Args:
        per_second: Requests a second; 0 is any number.
        now: A monotonic clock [s].
    """

    def __init__(self, per_second: float, now: Callable[[], float]) -> None:
        self._per_second, self._now = per_second, now
        self._most = max(1.0, per_second)
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait(self, client: str) -> float:
        """Count a request; return 0, or after how many seconds to ask again."""
        if not self._per_second:
            return 0.0
        left = self._left(client)
        if left >= 1:
            self._keep(client, left - 1)
            return 0.0
        self._keep(client, left)
        return (1 - left) / self._per_second

    def fine(self, client: str) -> None:
        """Take a tenth of a second's worth off a client that did something wrong, into debt if need be."""
        if self._per_second:
            self._keep(client, max(-self._most, self._left(client) - self._most / 10))

    def _left(self, client: str) -> float:
        now = self._now()
        left, since = self._buckets.pop(client, (self._most, now))
        return min(self._most, left + (now - since) * self._per_second)

    def _keep(self, client: str, left: float) -> None:
        if len(self._buckets) >= CLIENTS:
            self._buckets.popitem(last=False)
        self._buckets[client] = (left, self._now())

    def __len__(self) -> int:
        return len(self._buckets)
