"""What a server's answer to a write means: written, written in part, never, not now, or not until somebody helps.

Source:
    InfluxDB's reference of ``POST /api/v2/write`` for versions 1.8, 2 and 3, and what their servers send.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import Enum
from typing import Final

__all__ = ["Answer", "Verdict", "judge", "kind_of_reason", "reason", "seconds_to_wait"]

LONGEST_WAIT: Final = 300.0
"""What a server may ask for at most [s]."""
SLOW: Final = 30.0
"""How often a write is tried that needs somebody to change a setting [s]."""
_MOST_TEXT: Final = 300
_DROPPED: Final = re.compile(r"dropped=(\d+)")
_PARTICULAR: Final = re.compile(r"'[^']*'|\"[^\"]*\"|\d+")
_REJECTED: Final = frozenset({400, 413, 422})
_CURES: Final = {
    401: "the server does not accept the credentials: set influxdb.token, or .username and .password",
    403: "the token may not write to this bucket: give influxdb.token one that may",
    404: "the server knows no such organization or bucket, or is no InfluxDB: set influxdb.org, .bucket and .url",
}


class Verdict(Enum):
    """What becomes of the points that were sent."""

    WRITTEN = "all are written"
    IN_PART = "some are not written and never will be, the others are"
    REJECTED = "none is written, because of one at least"
    LATER = "none is known to be written, the same may be sent again"
    STUCK = "none is written until somebody changes a setting"


@dataclass(frozen=True)
class Answer:
    """An HTTP answer; `text` its body's beginning, `retry_after` the header, `date` the server's time."""

    status: int
    text: str = ""
    retry_after: str | None = None
    date: str | None = None


def judge(answer: Answer) -> tuple[Verdict, int]:
    """Return what an answer means, and how many points were dropped if some were."""
    status = answer.status
    if 200 <= status < 300:  # noqa: PLR2004 - as RFC 9110 groups them
        return Verdict.WRITTEN, 0
    if status in _REJECTED:
        dropped = _dropped(answer.text)
        return (Verdict.IN_PART, dropped) if dropped is not None else (Verdict.REJECTED, 0)
    if status in {408, 425, 429} or status >= 500:  # noqa: PLR2004
        return Verdict.LATER, 0
    return Verdict.STUCK, 0


def _dropped(text: str) -> int | None:
    """Return how many points the server left out while it wrote the others; None if it wrote none."""
    if "partial write" not in text:
        return None
    try:
        rejected = json.loads(text).get("data")
    except (ValueError, AttributeError, RecursionError):
        rejected = None
    if isinstance(rejected, list):  # version 3 lists them
        return len(rejected)
    counted = sum(map(int, _DROPPED.findall(text)[:1]))
    return max(counted, text.count("unable to parse"))  # version 1 does not count lines that it cannot read


def reason(answer: Answer) -> str:
    """Return in words what is wrong and what to do."""
    said = _said(answer.text)
    if cure := _CURES.get(answer.status):
        return f"{cure} ({answer.status}{said and ': ' + said})"
    if 300 <= answer.status < 400:  # noqa: PLR2004
        return f"the server sends writers elsewhere ({answer.status}): set influxdb.url to where it is"
    return f"the server answered {answer.status}{said and ': ' + said}"


def _said(text: str) -> str:
    try:
        answer = json.loads(text)
        text = str(answer.get("message") or answer.get("error") or text)
    except (ValueError, AttributeError, RecursionError):
        pass
    printable = "".join(each if each.isprintable() else " " for each in text[:_MOST_TEXT])
    return printable.strip() + ("..." if len(text) > _MOST_TEXT else "")


def kind_of_reason(text: str) -> str:
    """Return a reason without what is particular to one point, so that each kind is told once."""
    return _PARTICULAR.sub("?", text)


def seconds_to_wait(answer: Answer, now: float) -> float:
    """Return for how long the server wants no more writes [s]; 0 if it does not say.

    Args:
        answer: Its ``Retry-After`` is a number of seconds or a date, which the server's own date is compared with.
        now: Wall time where it sends none [s].
    """
    wish = (answer.retry_after or "").strip()
    if not wish:
        return 0.0
    try:
        seconds = float(wish) if wish.isascii() and wish.isdigit() else _until(wish, answer.date, now)
    except (ValueError, OverflowError):
        return 0.0
    return min(max(seconds, 0.0), LONGEST_WAIT)


def _until(wish: str, date: str | None, now: float) -> float:
    base = parsedate_to_datetime(date) if date else datetime.fromtimestamp(now, UTC)
    return (_aware(parsedate_to_datetime(wish)) - _aware(base)).total_seconds()


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
