"""What is measured of a service: batches from the load generator, samples of the monitor, health by the analysis.

Times are seconds since the load began, latencies and work are seconds, rates are requests per second.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import msgspec

from mape.errors import PeerError

__all__ = ["Batch", "Health", "Outcome", "Sample", "parse_batch", "percentile"]


class Outcome(msgspec.Struct, frozen=True, array_like=True):
    """How one request went; a failed one counts with the time limit as its latency."""

    sent_at: float
    latency: float
    work: float
    ok: bool


class Batch(msgspec.Struct, frozen=True):
    """What the load generator saw of one target since its previous report.

    Attributes:
        oldest: How long the request that waits the longest has been waiting [s].
        done: The requests that were answered or failed meanwhile.
    """

    target: str
    at: float
    sent: int
    waiting: int
    oldest: float
    done: tuple[Outcome, ...]
    last: bool = False


class Sample(msgspec.Struct, frozen=True):
    """A batch, and the workers that served meanwhile."""

    batch: Batch
    workers: int


class Health(msgspec.Struct, frozen=True):
    """How the service does over the last second or so.

    Attributes:
        p95: 95 of 100 requests were answered within it [s].
        pressure: p95 as a share of the goal; the goal is missed above 1.
        busy: Share of the workers' capacity in use, 0 to 1.
        errors: Failed requests.
    """

    at: float
    rate: float
    p95: float
    pressure: float
    busy: float
    errors: int
    waiting: int
    workers: int

    @classmethod
    def of(cls, samples: Sequence[Sample], *, goal: float, period: float, capacity: int) -> Health:
        """Sum up samples.

        Args:
            samples: At least one, oldest first.
            goal: What p95 is compared with [s].
            period: How long each sample is [s].
            capacity: How many requests a worker serves at a time.
        """
        newest = samples[-1]
        done = [outcome for sample in samples for outcome in sample.batch.done]
        # No answer at all is not health: then the longest wait is the best that is known.
        p95 = percentile([outcome.latency for outcome in done], 95) if done else newest.batch.oldest
        slots = capacity * period * sum(sample.workers for sample in samples)
        return cls(
            at=newest.batch.at,
            rate=sum(sample.batch.sent for sample in samples) / (period * len(samples)),
            p95=p95,
            pressure=p95 / goal,
            busy=min(1.0, sum(outcome.work for outcome in done) / slots) if slots else 1.0,
            errors=sum(not outcome.ok for outcome in done),
            waiting=newest.batch.waiting,
            workers=newest.workers,
        )


def percentile(values: Iterable[float], percent: float) -> float:
    """Return the smallest of `values` that `percent` of them do not exceed (nearest rank).

    Raises:
        ValueError: There are no values, or `percent` is not above 0 and at most 100.
    """
    ranked = sorted(values)
    if not ranked:
        raise ValueError("no values to take a percentile of")
    if not 0 < percent <= 100:  # noqa: PLR2004 - percent
        raise ValueError(f"percent must be above 0 and at most 100, not {percent}")
    return ranked[math.ceil(len(ranked) * percent / 100) - 1]


def parse_batch(line: bytes) -> Batch:
    """Read a line of the load generator.

    Raises:
        PeerError: The line is not a batch.
    """
    try:
        return msgspec.json.decode(line, type=Batch)
    except msgspec.MsgspecError as error:
        raise PeerError(f"load generator wrote something else than a batch: {line[:80]!r}: {error}") from error
