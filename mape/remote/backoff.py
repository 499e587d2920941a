"""How long to wait before the next try: longer each time, never the same for all who wait."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

__all__ = ["Backoff"]


class Backoff(Iterator[float]):
    """Endless delays [s]: `first`, then `factor` times as much each time, at most `most`, each less a random part.

    Pure: it waits for nothing, ``await asyncio.sleep(next(backoff))`` does.

    Args:
        first: The longest that the first delay may be [s]; above 0.
        factor: How much longer the next one is; at least 1.
        most: The longest delay of all [s].
        jitter: Which part of a delay is random, 0 to 1: it keeps a thousand clients that lost the same server at the
            same moment from coming back at the same moment. A delay only ever gets shorter by it.
        rng: Where chance comes from, as ``app.rng``; without one there is no jitter.

    Raises:
        ValueError: An argument is out of its range.

    Example:
        >>> backoff = Backoff(first=0.1, most=0.5, jitter=0)
        >>> [next(backoff) for _ in range(4)]
        [0.1, 0.2, 0.4, 0.5]
    """

    __slots__ = ("_delay", "_factor", "_first", "_jitter", "_most", "_rng")

    def __init__(
        self,
        first: float = 0.05,
        factor: float = 2.0,
        most: float = 1.0,
        jitter: float = 0.3,
        rng: Random | None = None,
    ) -> None:
        if not 0 < first <= most or factor < 1 or not 0 <= jitter <= 1:
            raise ValueError(
                f"a back-off needs 0 < first <= most, factor >= 1 and 0 <= jitter <= 1, not {first=}, {most=}, "
                f"{factor=}, {jitter=}"
            )
        self._first = first
        self._factor = factor
        self._most = most
        self._jitter = jitter
        self._rng = rng
        self._delay = first

    def __next__(self) -> float:
        delay = self._delay
        self._delay = min(delay * self._factor, self._most)
        return delay if self._rng is None else delay * (1 - self._jitter * self._rng.random())

    def reset(self) -> None:
        """Begin again with `first`: something worked."""
        self._delay = self._first
