"""What kinds of shared knowledge there are, how long each is, and which of them people leave alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from mape.web.shared.names import LOCK
from mape.web.shared.wording import Wording

if TYPE_CHECKING:
    from mape.remote.redis.knowledge.form import Form

__all__ = ["FIXED", "LENGTHS", "Kind", "kind_of", "spoken"]

KINDS: Final = {"string": "value", "hash": "hash", "set": "set", "list": "list", "zset": "sortedset"}
LENGTHS: Final = {"string": "STRLEN", "hash": "HLEN", "set": "SCARD", "list": "LLEN", "zset": "ZCARD"}
STORED: Final = {"queue": "list", "lifoqueue": "list", "priorityqueue": "zset", "sortedset": "zset"}
"""How the server keeps a kind that is not called the same there."""
QUEUED: Final = "What is in a queue belongs to whoever takes it next: it is only shown here."
FIXED: Final = {
    "queue": QUEUED,
    "lifoqueue": QUEUED,
    "priorityqueue": QUEUED,
    "lock": "A lock belongs to whoever holds it, and ends by itself when its holder dies.",
    "other": "Knowledge has no collection of this kind: it is somebody else's, and not shown here.",
}
"""Why a kind cannot be changed from the page."""
SPOKEN: Final = {
    "lifoqueue": "stack",
    "priorityqueue": "priority queue",
    "sortedset": "sorted set",
}


@dataclass(frozen=True)
class Kind:
    """The kind of one collection, and how its values are read.

    Args:
        stored: What the server calls it.
    """

    name: str
    stored: str
    wording: Wording


def kind_of(declared: dict[str, tuple[str, Form[Any]]], key: str, id_: str, stored: str) -> Kind:
    """Return the kind of what is under a key.

    Args:
        declared: What this process made itself: it knows a queue from a list, and the types of values.
        stored: What the server calls it.
    """
    if id_.endswith(LOCK):
        return Kind("lock", "string", Wording())
    name, form = declared.get(key, ("", None))
    if id_.endswith("."):
        return Kind("keyspace", "string", Wording(form))
    if name and STORED.get(name, name) == stored:
        return Kind(name, stored, Wording(form))
    return Kind(KINDS.get(stored, "other"), stored, Wording())


def spoken(kind: str) -> str:
    """Return what people call a kind."""
    return SPOKEN.get(kind, kind)
