"""What an answer to a POST means for the items that were sent; pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import Enum

import msgspec

from mape.remote.rest.view import Counts

__all__ = ["Response", "Verdict", "judge"]

MOST_PATIENT = 60.0
"""However long a peer asks to be left alone, it is asked again after this time [s]."""
PATIENT = 1.0
"""After an answer that only a person or a start of something there can change [s]."""
SHOWN = 160
ADVICE = {
    401: "it wants a token, or another one: give token=",
    403: "the token may not do this, or the server does not know its name: see rest.tokens and rest.hosts there",
    404: "nothing is there at that path, or not yet",
    405: "that path takes no POST: is it a mape server?",
    413: "too large for the server: see rest.max_body_bytes there",
    415: "the server does not know frames: give plain=True for one plain JSON item a request",
    422: "the server can make nothing of it: if it is no mape server, give plain=True",
    429: "it has too many requests",
    503: "it takes nothing just now",
}
LATER = frozenset({401, 403, 404, 405, 407, 408, 421, 425, 429})
"""What does not speak about the items themselves: they wait, and are sent again."""
PATIENTLY = frozenset({401, 403, 404, 405, 407, 421})
PERHAPS_POISON = 500


class Verdict(Enum):
    """What to do next."""

    TAKEN = "the items arrived"
    LATER = "send them again"
    SMALLER = "send fewer at a time"
    REFUSED = "they will never be taken"


@dataclass(frozen=True)
class Response:
    """An answer: what there is of it that matters.

    Args:
        body: Its beginning.
        retry_after: The header of that name.
    """

    status: int
    body: bytes = b""
    retry_after: str | None = None

    @property
    def text(self) -> str:
        """The status and what it may mean; at most the first words of a server's own sentence."""
        advice = ADVICE.get(self.status) or ("redirects are not followed" if self.is_redirect else "")
        said = _sentence(self.body)
        return " ".join(filter(None, (f"the answer is {self.status}", advice and f"({advice})", said)))

    @property
    def is_redirect(self) -> bool:
        """Whether it says to go elsewhere, where the token and the items are not meant for."""
        return 300 <= self.status < 400  # noqa: PLR2004 - RFC 9110

    def pause(self, now: float) -> float:
        """Return the least time until the next try [s].

        Args:
            now: Since the Unix epoch [s].
        """
        asked = _seconds(self.retry_after, now) if self.retry_after else 0.0
        slow = PATIENT if self.status in PATIENTLY or self.is_redirect else 0.0
        return max(slow, min(asked, MOST_PATIENT))

    def counts(self) -> Counts | None:
        """Return what became of each item, if the server says so."""
        try:
            return msgspec.json.decode(self.body, type=Counts)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return None


def judge(response: Response, count: int) -> Verdict:
    """Say what an answer means for a batch of `count` items."""
    status = response.status
    if 200 <= status < 300:  # noqa: PLR2004 - RFC 9110
        return Verdict.TAKEN
    if status in LATER or status >= PERHAPS_POISON or response.is_redirect or status < 200:  # noqa: PLR2004
        return Verdict.LATER
    return Verdict.SMALLER if status == 413 and count > 1 else Verdict.REFUSED  # noqa: PLR2004


def _seconds(text: str, now: float) -> float:
    """Read a ``Retry-After``: seconds, or a date; 0 if it is neither."""
    if text.strip().isascii() and text.strip().isdigit():
        return float(text)
    try:
        when = parsedate_to_datetime(text)
    except ValueError:
        return 0.0
    if when.tzinfo is None:
        when = when.replace(tzinfo=UTC)
    return max(0.0, when.timestamp() - datetime.fromtimestamp(now, UTC).timestamp())


class _Refusal(msgspec.Struct):
    error: str = ""


def _sentence(body: bytes) -> str:
    """Return what a mape server says, escaped and short; "" for anything else."""
    try:
        said = msgspec.json.decode(body, type=_Refusal).error
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return ""
    return f"and the server says {said[:SHOWN]!r}" if said else ""
