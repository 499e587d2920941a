"""Dead letters: what could not be decoded or dealt with, why, and where it came from; pure."""

from __future__ import annotations

from mape.remote.redis.stream.log import Entry, Letter

__all__ = ["PAYLOAD", "letter_for", "part_of"]

PAYLOAD = 64 * 1024
"""How much of a payload a dead letter keeps [bytes]."""
REASON = 500


def part_of(payload: bytes, index: int, count: int) -> bytes:
    """Return the item at `index` of a frame of `count`; the whole payload where items are not one a line."""
    lines = payload.split(b"\n")
    if lines and not lines[-1]:
        lines.pop()
    return lines[index - count] if count <= len(lines) <= count + 1 and index < count else payload


def letter_for(
    group: str, stream: str, entry: Entry, source: str | None, number: int | None, why: Exception, payload: bytes
) -> Letter:
    """Return the letter about an item, or about a whole entry where `number` is None."""
    fields: dict[str, str | bytes] = {
        "reason": str(why)[:REASON],
        "group": group,
        "stream": stream,
        "entry": entry.id,
        "payload": payload[:PAYLOAD],
    }
    if source is not None and number is not None:
        fields |= {"source": source, "seq": str(number)}
    if len(payload) > PAYLOAD:
        fields["cut"] = str(len(payload))
    return Letter(fields)
