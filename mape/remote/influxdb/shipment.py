"""One batch on its way: two posts at a time, what is rejected is halved until only the culprits are left out."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence

from mape.errors import SendError
from mape.remote.influxdb.answer import Answer, Verdict, judge, reason

__all__ = ["IN_FLIGHT", "MOST_POSTS", "Shipment"]

IN_FLIGHT = 2
"""Posts at a time; points have their own time, so that it does not matter which arrives first."""
MOST_POSTS = 500
"""A batch that takes more posts holds too much that is rejected: the rest of it goes whole or not at all."""

Post = Callable[[bytes], Awaitable[Answer]]
Hear = Callable[[Answer, int, bytes | None], None]


class Shipment:
    """A batch on its way; after a `send` that failed or was cancelled, `left` is what to try again.

    Args:
        lines: The points.
        size: Points in a post, at most.
        post: Posts lines and returns the answer.
        rejected: Hears of points that the server will never take: its answer, how many, and the line if there is one.

    Delivery:
        At least once: posts without an answer are repeated. A point that is written twice is one point.
    """

    def __init__(self, lines: Sequence[bytes], size: int, post: Post, rejected: Hear) -> None:
        self.lost = 0
        """How many points were rejected."""
        self.refusal: Answer | None = None
        """What the server last answered instead of taking anything."""
        self._post, self._rejected = post, rejected
        self._posts = 0
        self._left: deque[Sequence[bytes]] = deque(  # bound: the batch
            lines[start : start + size] for start in range(0, len(lines), size)
        )

    @property
    def left(self) -> list[bytes]:
        """The points of which nobody knows yet that they are written, or that they never will be."""
        return [line for part in self._left for line in part]

    async def send(self) -> None:
        """Post what is left.

        Raises:
            ConnectError, SendError: The server cannot take it now; `refusal` is its answer, if there was one.
        """
        self.refusal = None
        drives = [self._drive() for _ in range(min(len(self._left), IN_FLIGHT))]
        for outcome in await asyncio.gather(*drives, return_exceptions=True):
            if outcome is not None:
                raise outcome

    async def _drive(self) -> None:
        while self._left:
            part = self._left.popleft()
            try:
                answer = await self._post(b"\n".join(part))
                self._settle(part, answer)
            except BaseException:  # no wall: whatever happened, the points are kept for the next try
                self._left.appendleft(part)
                raise

    def _settle(self, part: Sequence[bytes], answer: Answer) -> None:
        self._posts += 1
        verdict, dropped = judge(answer)
        if verdict is Verdict.IN_PART:
            self._lose(min(dropped, len(part)), answer, None)
        elif verdict is Verdict.REJECTED:
            if len(part) == 1 or self._posts >= MOST_POSTS:
                self._lose(len(part), answer, part[0] if len(part) == 1 else None)
            else:
                middle = len(part) // 2
                self._left.extendleft((part[middle:], part[:middle]))
        elif verdict is not Verdict.WRITTEN:
            self.refusal = answer
            raise SendError(reason(answer))

    def _lose(self, count: int, answer: Answer, line: bytes | None) -> None:
        self.lost += count
        self._rejected(answer, count, line)
