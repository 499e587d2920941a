"""Channel patterns as Redis reads them, and who in this process hears what; pure.

A `Glob` matches what the server would match, byte by byte. A `Directory` knows which names and patterns this process
needs to have at the server, each once, and finds the listeners of a message.

Source: ``stringmatchlen`` in Redis' ``util.c``, with its quirks: ``[a-]`` is a range up to ``]``, a set that is not
closed goes on to the end, and an empty name matches only an empty pattern.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Generic, NamedTuple, TypeVar

from mape.errors import WiringError

__all__ = ["Directory", "Glob", "Topic", "topics_of"]

L = TypeVar("L")

STAR, QUERY, OPEN, CLOSE, BACKSLASH, CARET, DASH = b"*?[]\\^-"
SPECIAL = b"*?["
ANY = frozenset(range(256))
MANY = None
"""Stands for ``*`` among the places of a pattern."""
MEMORY = 4_096
"""Channels whose listeners are remembered; then it begins anew."""


class Topic(NamedTuple):
    """What is subscribed to at the server: a channel's name, or a pattern."""

    name: bytes
    is_glob: bool


class Glob:
    r"""A pattern, read once: ``*``, ``?``, ``[abc]``, ``[^a-z]``, and ``\`` to take the next character as it is.

    Args:
        pattern: As bytes, or as text that becomes UTF-8; then ``?`` is one byte, not one character, as at the server.
    """

    __slots__ = ("_places", "pattern")

    def __init__(self, pattern: str | bytes) -> None:
        self.pattern = pattern.encode() if isinstance(pattern, str) else pattern
        self._places = list(_places(self.pattern))

    @property
    def exact(self) -> bytes | None:
        """The name, without its escapes, if that is all there is; None if it is a pattern to the server."""
        name, index = bytearray(), 0
        while index < len(self.pattern):
            byte = self.pattern[index]
            if byte in SPECIAL:
                return None
            index += byte == BACKSLASH and index + 1 < len(self.pattern)
            name.append(self.pattern[index])
            index += 1
        return bytes(name)

    def matches(self, name: bytes) -> bool:
        """Whether the server would send what is published to `name`."""
        places, end = self._places, len(self._places)
        if not name:
            return end == 0
        place = index = 0
        star, resume = -1, 0
        while index < len(name):
            if place < end and places[place] is MANY:
                star, resume = place, index
                place += 1
            elif place < end and name[index] in (places[place] or ()):
                place += 1
                index += 1
            elif star >= 0:  # let the last star take one more
                resume += 1
                place, index = star + 1, resume
            else:
                return False
        return all(rest is MANY for rest in places[place:])

    def __repr__(self) -> str:
        return f"Glob({self.pattern!r})"


def topics_of(patterns: str | bytes | Iterable[str | bytes]) -> tuple[Topic, ...]:
    """Return what is to be subscribed to for these names and patterns, each once, in their order.

    Raises:
        WiringError: There is none, or one that is no text.
    """
    each = [patterns] if isinstance(patterns, str | bytes) else list(patterns)
    if not each or not all(isinstance(one, str | bytes) for one in each):
        raise WiringError(
            f"{patterns!r:.80} names no channel: give a name, a pattern such as 'car_*', or a list of them"
        )
    return tuple(dict.fromkeys(map(_topic, each)))


class Directory(Generic[L]):
    """Who listens to what.

    Whoever listens to several topics hears a message once, by the first of them that matches, although the server
    sends it once for each; and always by the same one, so that the order stays.
    """

    def __init__(self) -> None:
        self._topics: dict[L, tuple[Topic, ...]] = {}
        self._listeners: dict[Topic, dict[L, None]] = {}
        self._globs: dict[bytes, Glob] = {}
        self._found: dict[tuple[Topic, bytes], tuple[L, ...]] = {}

    def add(self, listener: L, topics: Iterable[Topic]) -> list[Topic]:
        """Take a listener in; return the topics that nobody had asked for."""
        self._found.clear()
        mine = self._topics[listener] = tuple(topics)
        new = [topic for topic in mine if topic not in self._listeners]
        for topic in mine:
            self._listeners.setdefault(topic, {})[listener] = None
            if topic.is_glob:
                self._globs.setdefault(topic.name, Glob(topic.name))
        return new

    def remove(self, listener: L) -> list[Topic]:
        """Let a listener go; return the topics that nobody asks for any more."""
        self._found.clear()
        gone = []
        for topic in self._topics.pop(listener, ()):
            del self._listeners[topic][listener]
            if not self._listeners[topic]:
                del self._listeners[topic]
                self._globs.pop(topic.name, None) if topic.is_glob else None
                gone.append(topic)
        return gone

    def find(self, topic: Topic, channel: bytes) -> tuple[L, ...]:
        """Return who shall have a message that came to `channel` and that the server sent because of `topic`."""
        key = (topic, channel)
        found = self._found.get(key)
        if found is None:
            if len(self._found) >= MEMORY:
                self._found.clear()
            listeners = self._listeners.get(topic, ())
            found = self._found[key] = tuple(each for each in listeners if self._way(each, channel) == topic)
        return found

    def _way(self, listener: L, channel: bytes) -> Topic | None:
        """Return the first topic of a listener that a channel belongs to; a single one goes without saying."""
        topics = self._topics[listener]
        if len(topics) == 1:
            return topics[0]
        return next((topic for topic in topics if self._covers(topic, channel)), None)

    def _covers(self, topic: Topic, channel: bytes) -> bool:
        return self._globs[topic.name].matches(channel) if topic.is_glob else topic.name == channel

    def listening_to(self, topic: Topic) -> tuple[L, ...]:
        """Return who asked for a topic."""
        return tuple(self._listeners.get(topic, ()))

    @property
    def topics(self) -> tuple[Topic, ...]:
        """All that somebody listens to, each once."""
        return tuple(self._listeners)

    @property
    def listeners(self) -> tuple[L, ...]:
        """All who listen."""
        return tuple(self._topics)

    def __len__(self) -> int:
        return len(self._topics)


def _topic(pattern: str | bytes) -> Topic:
    glob = Glob(pattern)
    exact = glob.exact
    return Topic(glob.pattern, is_glob=True) if exact is None else Topic(exact, is_glob=False)


def _places(pattern: bytes) -> Iterator[frozenset[int] | None]:
    """Yield what may stand at each place: a set of bytes, or `MANY`."""
    index, end = 0, len(pattern)
    while index < end:
        byte = pattern[index]
        if byte == STAR:
            yield MANY
        elif byte == QUERY:
            yield ANY
        elif byte == OPEN:
            index, members = _set(pattern, index + 1)
            yield members
        else:
            index += byte == BACKSLASH and index + 1 < end
            yield frozenset((pattern[index],))
        index += 1


def _set(pattern: bytes, index: int) -> tuple[int, frozenset[int]]:
    """Read a set whose bracket stands before `index`; return where it ends and its members."""
    end = len(pattern)
    is_negative = index < end and pattern[index] == CARET
    index += is_negative
    members: set[int] = set()
    while index < end and pattern[index] != CLOSE:
        if pattern[index] == BACKSLASH and index + 1 < end:
            index += 1
            members.add(pattern[index])
        elif index + 2 < end and pattern[index + 1] == DASH:
            first, last = sorted((pattern[index], pattern[index + 2]))
            members.update(range(first, last + 1))
            index += 2
        else:
            members.add(pattern[index])
        index += 1
    return index, ANY - members if is_negative else frozenset(members)
