"""Streams in this process: the methods of `log.Log` without a server, for tests; in virtual time where there is one."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

from mape.errors import ConnectError
from mape.remote.redis.stream.log import NOTHING, Entry, Grant, Holding, Letter, Parcel, Roll, Standing

__all__ = ["MemoryLog"]

POLL = 0.01
"""How long a wait for an entry sleeps at a time, so that it hears of `MemoryLog.is_up` [s]."""


@dataclass
class _Group:
    """What one group knows of one partition."""

    last: int = 0
    pending: dict[int, Entry] = field(default_factory=dict)
    owner: str = ""
    ends: float = 0.0
    token: int = 0
    is_clean: bool = False
    place: str = ""
    tries: int = 0
    claimer: int = 0
    claimed: int = 0


@dataclass
class _Stream:
    """One partition."""

    entries: deque[tuple[int, Entry]] = field(default_factory=deque)  # bound: most, in append
    count: int = 0
    sent: dict[str, int] = field(default_factory=dict)
    marks: dict[tuple[str, str], int] = field(default_factory=dict)
    groups: dict[str, _Group] = field(default_factory=dict)


class MemoryLog:
    """See `log.Log`; give the same one to a `StreamObserver` and a `StreamObservable`.

    A test may set `is_up` to False, so that the server cannot be reached, and call `forget`, so that it comes back
    empty.
    """

    def __init__(self) -> None:
        self.is_up = True
        self.letters: list[Letter] = []
        """The dead letters, of all streams."""
        self.forget()

    def forget(self) -> None:
        """Lose everything, as a server without persistence that dies."""
        self._streams: dict[str, _Stream] = {}
        self._shapes: dict[str, int] = {}
        self._members: dict[tuple[str, str], dict[str, tuple[int, float]]] = {}
        self._born: dict[tuple[str, str], int] = {}

    def entries(self, stream: str) -> list[Entry]:
        """Return what is in a partition."""
        return [entry for _, entry in self._stream(stream).entries]

    def append_foreign(self, stream: str, payload: bytes) -> None:
        """Append an entry as a program would that is none of ours."""
        self._push(self._stream(stream), payload, is_again=False)

    async def shape(self, stream: str, partitions: int) -> int:
        """See `log.Log.shape`."""
        self._answer()
        return self._shapes.setdefault(stream, partitions)

    async def append(self, stream: str, parcel: Parcel, most: int, *, trims: bool) -> Standing:
        """See `log.Log.append`."""
        self._answer()
        here, upto = self._stream(stream), parcel.seq + parcel.items
        stored = here.sent.get(parcel.source, NOTHING)
        if stored < upto and stored == parcel.before:
            if stored == NOTHING:
                for name in here.groups:
                    here.marks.setdefault((name, parcel.source), parcel.seq)
            self._push(here, parcel.payload, is_again=parcel.is_again)
            here.sent[parcel.source] = upto
            self._trim(here, most, trims=trims)
        return Standing(here.sent.get(parcel.source, NOTHING), self._processed(here, parcel.source))

    async def standing(self, stream: str, source: str) -> Standing:
        """See `log.Log.standing`."""
        self._answer()
        here = self._stream(stream)
        stored = here.sent.get(source, NOTHING)
        return Standing(stored, self._processed(here, source, stored))

    async def meet(self, stream: str, group: str, name: str, joined: int, seconds: float) -> Roll:
        """See `log.Log.meet`."""
        self._answer()
        members = self._members.setdefault((stream, group), {})
        born = self._born.setdefault((stream, group), int(_now() * 1000))
        members[name] = (joined, _now() + seconds)
        for each in [each for each, (_, ends) in members.items() if ends < _now()]:
            del members[each]
        shape = self._shapes.get(stream) or (1 if stream in self._streams else None)
        return Roll(tuple(sorted(members, key=lambda each: (members[each][0], each))), shape, born)

    async def leave(self, stream: str, group: str, name: str) -> None:
        """See `log.Log.leave`."""
        self._answer()
        self._members.get((stream, group), {}).pop(name, None)

    async def acquire(self, holding: Holding, seconds: float, start: str, marks: Mapping[str, int]) -> Grant | None:
        """See `log.Log.acquire`."""
        self._answer()
        here = self._stream(holding.stream)
        group = here.groups.setdefault(holding.group, _Group(last=here.count if start == "$" else 0))
        if group.owner not in {"", holding.owner} and group.ends > _now():
            return None
        self._raise(here, holding.group, marks)
        group.owner, group.ends, group.token = holding.owner, _now() + seconds, group.token + 1
        was_clean, group.is_clean = group.is_clean, False
        known = {source: mark for (name, source), mark in here.marks.items() if name == holding.group}
        return Grant(group.token, str(group.last), was_clean, known)

    async def claim(self, holding: Holding, seconds: float, count: int) -> list[Entry] | None:
        """See `log.Log.claim`."""
        group = self._held(holding, seconds)
        if group is None:
            return None
        if group.claimer != holding.token:
            group.claimer, group.claimed = holding.token, 0
        claimed = [number for number in sorted(group.pending) if number > group.claimed][:count]
        group.claimed = claimed[-1] if claimed else group.claimed
        return [group.pending[number] for number in claimed]

    async def step(
        self, holding: Holding, seconds: float, acks: Sequence[str], marks: Mapping[str, int], count: int
    ) -> list[Entry] | None:
        """See `log.Log.step`."""
        group, here = self._held(holding, seconds), self._stream(holding.stream)
        if group is None:
            return None
        for each in acks:
            group.pending.pop(int(each), None)
        self._raise(here, holding.group, marks)
        fresh = list(islice(((number, entry) for number, entry in here.entries if number > group.last), count))
        for number, entry in fresh:
            group.pending[number] = entry
            group.last = number
        return [entry for _, entry in fresh]

    async def remind(self, stream: str, group: str, marks: Mapping[str, int]) -> None:
        """See `log.Log.remind`."""
        self._answer()
        self._raise(self._stream(stream), group, marks)

    async def tries(self, holding: Holding, place: str) -> int:
        """See `log.Log.tries`."""
        self._answer()
        group = self._stream(holding.stream).groups[holding.group]
        group.tries = 0 if not place else group.tries + 1 if group.place == place else 2 if group.place else 1
        group.place = place
        return group.tries

    async def release(self, holding: Holding, *, is_clean: bool) -> None:
        """See `log.Log.release`."""
        self._answer()
        group = self._stream(holding.stream).groups.get(holding.group)
        if group is not None and group.owner == holding.owner:
            group.owner, group.ends, group.is_clean = "", 0.0, is_clean

    async def wait(self, stream: str, after: str, seconds: float) -> None:
        """See `log.Log.wait`."""
        end = _now() + seconds
        while _now() < end:
            self._answer()
            if self._stream(stream).count > int(after.partition("-")[0]):
                return
            await asyncio.sleep(min(POLL, seconds))

    async def bury(self, stream: str, letters: Sequence[Letter]) -> None:
        """See `log.Log.bury`."""
        del stream
        self._answer()
        self.letters += letters

    async def ready(self, seconds: float) -> None:
        """See `log.Log.ready`."""
        await asyncio.sleep(0 if self.is_up else min(seconds, POLL))

    async def close(self) -> None:
        """See `log.Log.close`."""

    def _answer(self) -> None:
        if not self.is_up:
            raise ConnectError("the stand-in for Redis is down, as the test wants it")

    def _stream(self, name: str) -> _Stream:
        return self._streams.setdefault(name, _Stream())

    def _push(self, here: _Stream, payload: bytes, *, is_again: bool) -> None:
        here.count += 1
        here.entries.append((here.count, Entry(str(here.count), payload, is_again)))

    def _trim(self, here: _Stream, most: int, *, trims: bool) -> None:
        least = min((min(group.pending, default=group.last + 1) for group in here.groups.values()), default=0)
        while here.entries and (len(here.entries) > most or (trims and here.entries[0][0] < least)):
            here.entries.popleft()

    def _processed(self, here: _Stream, source: str, stored: int = NOTHING) -> int:
        marks = {name: here.marks.get((name, source), NOTHING) for name in here.groups}
        for name, group in here.groups.items():
            if marks[name] == NOTHING and group.last == here.count and not group.pending:
                marks[name] = stored
        return min(marks.values(), default=NOTHING)

    def _held(self, holding: Holding, seconds: float) -> _Group | None:
        self._answer()
        group = self._stream(holding.stream).groups.get(holding.group)
        if group is None or group.token != holding.token or group.owner not in {"", holding.owner}:
            return None
        group.owner, group.ends = holding.owner, _now() + seconds
        return group

    @staticmethod
    def _raise(here: _Stream, group: str, marks: Mapping[str, int]) -> None:
        for source, mark in marks.items():
            here.marks[group, source] = max(mark, here.marks.get((group, source), NOTHING))


def _now() -> float:
    return asyncio.get_running_loop().time()
