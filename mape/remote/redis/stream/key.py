"""What a stream is called in Redis, and which partition an item belongs to; pure.

Wire:
    A stream ``orders`` of one partition is the Redis stream ``orders``; of four, ``orders.0`` to ``orders.3``, so
    that a cluster spreads them over its nodes. What is kept beside a partition has its name in braces,
    ``{orders.0}:marks``, so that it is on the same node. A name with braces of its own keeps all on the node that
    these choose.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from zlib import crc32

from mape.errors import WiringError

__all__ = ["PARTITIONS", "Keys", "check_name", "dead_key", "members_key", "partition_name", "partition_of", "shape_key"]

PARTITIONS = 1024
"""As many as a stream may have."""
_NAME = re.compile(r"(?=.{1,200}\Z)[^\s/{}]*(\{[^\s/{}]+\})?[^\s/{}]*")


def check_name(name: object, what: str) -> str:
    """Return the name of a stream, a group or a consumer.

    Raises:
        WiringError: It is empty or too long, or has a space, a slash, or braces other than one pair around something.
    """
    if isinstance(name, str) and _NAME.fullmatch(name):
        return name
    raise WiringError(f"{name!r:.80} is no name for a {what}: take 1 to 200 characters without spaces, '/' and braces")


def partition_name(stream: str, number: int, partitions: int) -> str:
    """Return the Redis stream of a partition."""
    return stream if partitions == 1 else f"{stream}.{number}"


def partition_of(key: object, partitions: int) -> int:
    """Return the partition of a key: the same in every process and on every machine."""
    return crc32(str(key).encode(errors="surrogatepass")) % partitions


def dead_key(stream: str) -> str:
    """Return the stream where the stream's dead letters are."""
    return f"{stream}.dead"


def shape_key(stream: str) -> str:
    """Return the key that holds the number of partitions."""
    return f"{_slot(stream)}:shape"


def members_key(stream: str, group: str) -> str:
    """Return the hash of a group's consumers."""
    return f"{_slot(stream)}:members:{group}"


@dataclass(frozen=True)
class Keys:
    """The keys of a partition.

    Args:
        stream: The Redis stream itself.
        group: Which group's; "" for a sink, which knows of none.
    """

    stream: str
    group: str = ""

    @cached_property
    def sent(self) -> str:
        """Hash: source to the number that it will send next."""
        return f"{_slot(self.stream)}:sent"

    @cached_property
    def seen(self) -> str:
        """Sorted set: sources by the time of their last entry."""
        return f"{_slot(self.stream)}:seen"

    @cached_property
    def marks(self) -> str:
        """Hash: ``group/source`` to the number that the group will deal with next."""
        return f"{_slot(self.stream)}:marks"

    @cached_property
    def lease(self) -> str:
        """String with an expiry: who reads the partition for the group."""
        return f"{_slot(self.stream)}:lease:{self.group}"

    @cached_property
    def state(self) -> str:
        """Hash: the group's last fencing token, and what it stumbled over."""
        return f"{_slot(self.stream)}:state:{self.group}"


def _slot(stream: str) -> str:
    return stream if "{" in stream else f"{{{stream}}}"
