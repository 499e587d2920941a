"""The common half of the sinks that talk to a mape server: what it answers, counted and told."""

from __future__ import annotations

from typing import Any, NoReturn

from yarl import URL

from mape.errors import PeerError, SendError, WiringError
from mape.remote.outgoing import Batch
from mape.remote.rest.target import Target
from mape.remote.rest.verdict import PERHAPS_POISON, Response, Verdict, judge
from mape.remote.rest.view import Counts
from mape.remote.sender import Sender

__all__ = ["PeerSender", "bearer", "checked_url"]

TRIES = 5
"""How often items are sent to a server that each time fails on them with status 500."""


class PeerSender(Sender):
    """A sink whose peer is an element behind a REST server.

    Args:
        target: Which element.
        path: What the sink is called.
        options: As `Sender` takes them.
    """

    def __init__(self, target: Target, path: str, **options: Any) -> None:
        self.target = target
        self._status = 0
        self._tries = (-1, 0)
        self._peer_drops = False
        super().__init__(path, **options)

    def settle(self, response: Response, batch: Batch) -> int | None:
        """Draw the conclusions from an answer.

        Returns:
            How many of the items will not be taken; None if they may be, in smaller batches.

        Raises:
            SendError: They must be sent again.
        """
        verdict = judge(response, len(batch))
        if verdict is Verdict.TAKEN:
            self._status = 0
            return self.count(response.counts())
        if verdict is Verdict.SMALLER:
            return None
        if verdict is Verdict.LATER and not self._is_poison(response, batch):
            self.put_off(response)
        self._refuse(len(batch), response.text)
        return len(batch)

    def put_off(self, response: Response) -> NoReturn:
        """Have the batch sent again, after the pause that the server asks for.

        Raises:
            SendError: Always.
        """
        self.pause = response.pause(self.app.clock.now())
        if response.status != self._status and not self.is_up:  # nothing got through before either, but not for this
            self.app.tell("refused", self.path, f"{response.text}; it goes on trying")
        self._status = response.status
        raise SendError(response.text)

    async def send_halves(self, batch: Batch) -> int:
        """Send a batch that is too large in two, and batches to come no larger; what arrived twice is removed there."""
        self.frame_bytes = max(1, batch.size_bytes // 2)
        one, other = _halves(batch)
        return (await self.transmit(one) or 0) + (await self.transmit(other) or 0)

    def count(self, counts: Counts | None) -> int:
        """Take note of what became of the items of a batch; return how many were rejected."""
        if counts is None:
            return 0
        if counts.dropped and not self._peer_drops:
            lost = ", ".join(f"{count} ({reason[:40]!r})" for reason, count in list(counts.dropped.items())[:4])
            self.app.tell("overflow", self.path, f"the element there drops items: {lost}; it is too slow, or stopped")
        self._peer_drops = bool(counts.dropped)
        if counts.rejected:
            reasons = "; ".join(f"{each.index}: {each.reason:.120}" for each in counts.errors[:3])
            self._refuse(counts.rejected, f"by index, {reasons}")
        return counts.rejected

    def _refuse(self, count: int, why: str) -> None:
        self.app.report(self.path, None, PeerError(f"the peer did not take {count} items: {why}"))

    def _is_poison(self, response: Response, batch: Batch) -> bool:
        """Whether a server failed on the same items often enough to go on without them."""
        if response.status != PERHAPS_POISON:
            return False
        seq, tries = self._tries
        self._tries = batch.seq, tries + 1 if seq == batch.seq else 1
        return self._tries[1] >= TRIES


def bearer(token: str | None) -> dict[str, str]:
    """Return the header that a token is sent in.

    Raises:
        WiringError: It cannot stand in a header; the message does not show it.
    """
    if token is None:
        return {}
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        raise WiringError("the token must be printable ASCII without spaces; it is not shown here")
    return {"Authorization": f"Bearer {token}"}


def checked_url(text: str, target: Target) -> URL:
    """Return a URL as it will be requested.

    Raises:
        WiringError: It would lead to another host, or another path, than `target` says.
    """
    url = URL(text, encoded=True)
    if url.raw_path != target.path or url.host is None or url.host.lower() != target.host:
        raise WiringError(f"{target.origin!r:.120} does not lead to the host that it seems to name")
    return url


def _halves(batch: Batch) -> tuple[Batch, Batch]:
    middle = len(batch) // 2
    size = sum(map(len, batch.parts[:middle]))
    return (
        Batch(batch.seq, batch.parts[:middle], batch.causes[:middle], size),
        Batch(batch.seq + middle, batch.parts[middle:], batch.causes[middle:], batch.size_bytes - size),
    )
