"""What every transport does, whatever is between its two ends; run it against your own."""
# ruff: noqa: S101, PLR2004 - a contract is checked by asserts, and the numbers are what is expected

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from mape.application import App, current_cause
from mape.codecs import register
from mape.element import Element
from mape.item import Message
from mape.settings import load
from mape.testing.collector import Collected

__all__ = ["Car", "Ends", "check_transport"]

PATIENCE = 10.0
"""How long anything may take to arrive [s]."""
PROBE_EVERY = 0.02
"""How often the way is tried until it is there [s]."""
QUIET = 0.2
"""How long nothing must come where nothing may [s]."""
MANY = 2_000
WAITING = 8_000
"""What waits when an app closes: more than leaves in a turn or two, less than the bound of a sink."""

Ends = tuple[Any, Any]
"""A sink, an observer; and a source, an observable. What goes into the one comes out of the other."""


@register(tag="mape.testing.Car")
@dataclass
class Car:
    """An item with a type, for the checks."""

    uid: str
    speed: float
    lanes: list[int]


@dataclass
class _Way:
    """Two apps and what lies between them.

    Args:
        detect: An element of the sending app, whose items go to the sink.
        watch: An element of the receiving app, which hears the source.
        seen: What came out of it, without the probes.
    """

    sender: App
    receiver: App
    detect: Element[Any, Any]
    watch: Element[Any, Any]
    sink: Any
    source: Any
    seen: Collected[Any]
    probes: Collected[Any]
    subscription: Any

    async def ready(self) -> None:
        """Send probes until one arrives: who subscribes needs a moment, and what was sent before may be missed."""
        async with asyncio.timeout(PATIENCE):
            while not self.probes:
                self.detect("a probe")
                await asyncio.sleep(PROBE_EVERY)
        await self.settle()

    async def settle(self) -> None:
        """Wait until all that is on its way has arrived: nothing comes for a while."""
        count = -1
        while count != len(self.probes) + len(self.seen):
            count = len(self.probes) + len(self.seen)
            await asyncio.sleep(QUIET)


async def check_transport(
    make: Callable[[App, App], Ends],
    *,
    inject: Callable[[bytes], Awaitable[None]] | None = None,
    down: Callable[[], Awaitable[None]] | None = None,
    up: Callable[[], Awaitable[None]] | None = None,
) -> None:
    """Check that a transport does what `mape.remote` promises of all of them.

    Args:
        make: Makes the two ends, of a sending and a receiving app that are not open yet; new ones each time.
        inject: Sends raw bytes to the source that `make` made last, as a stranger would.
        down, up: Make the peer (the server) unreachable, and reachable again.

    Raises:
        AssertionError: It does not; says in a sentence what is wrong.
    """
    checks: list[Callable[[_Way], Awaitable[None]]] = [_order, _types, _events, _unsendable, _causes, _ends]
    for check in checks:
        async with asyncio.timeout(6 * PATIENCE), _way(make) as way:
            await way.ready()
            await check(way)
            _balance(way)
    await _flushes(make)
    if inject is not None:
        async with _way(make) as way:
            await way.ready()
            await _poison(way, inject)
    if down is not None and up is not None:
        await _wired_before(make, down, up)


@asynccontextmanager
async def _way(make: Callable[[App, App], Ends], *, is_receiver_first: bool = True) -> AsyncIterator[_Way]:
    way = _make_way(make)
    first, second = (way.receiver, way.sender) if is_receiver_first else (way.sender, way.receiver)
    async with first, second:
        yield way


def _make_way(make: Callable[[App, App], Ends]) -> _Way:
    sender, receiver = App(load(None, {})), App(load(None, {}))
    sink, source = make(sender, receiver)
    detect = sender.loop("car").monitor(lambda item: item, uid="detect")
    watch = receiver.loop("traffic").execute(lambda item: item, uid="watch")
    seen, probes = Collected[Any](), Collected[Any]()
    watch.subscribe(
        lambda item: (probes if item == "a probe" else seen).on_next(item), seen.on_error, seen.on_completed
    )
    subscription = source.subscribe(watch)
    detect.subscribe(sink)
    return _Way(sender, receiver, detect, watch, sink, source, seen, probes, subscription)


async def _order(way: _Way) -> None:
    for number in range(MANY):
        way.detect(number)
        if number % 100 == 0:
            await asyncio.sleep(0)
    seen = await way.seen.wait_for(MANY, timeout=PATIENCE)
    assert seen == list(range(MANY)), "items arrive in the order in which they were sent, each once"


async def _types(way: _Way) -> None:
    items = [Car("a", 1.5, [1, 2]), {"b": [1, None]}, "text", 2.5, None, True, b"\x00\xff"]
    message = Message.create(Car("b", 2.0, []), src="car.detect", dst="traffic.watch", timestamp=12.5)
    for item in (*items, message):
        way.detect(item)
    seen = await way.seen.wait_for(len(items), timeout=PATIENCE)  # None does not leave an element
    *values, last = seen
    assert values == [item for item in items if item is not None], "items arrive as they left, those with types too"
    assert isinstance(last, Message), "a Message arrives as a Message"
    assert last.value == message.value, "the value of a Message arrives as it left, with its type"
    assert (last.src, last.dst, last.timestamp) == (message.src, message.dst, 12.5), "its address and time arrive"
    assert last.hops == ("car.detect", "traffic.watch"), "its hops are those of both apps"


async def _events(way: _Way) -> None:
    way.detect(1)
    way.detect.port_out.on_error(ValueError("a sensor broke"))
    way.detect(2)
    way.detect.port_out.on_completed()
    way.detect(3)
    async with asyncio.timeout(PATIENCE):
        while len(way.seen) < 3:  # noqa: ASYNC110 - wait_for() ends with the stream, which events do not
            await asyncio.sleep(PROBE_EVERY)
    assert way.seen == [1, 2, 3], "an error or completion ends nothing: the next item still flows"
    kinds = [type(event).__name__ for _, event in way.seen.events]
    assert kinds == ["OnNext", "OnError", "OnNext", "OnCompleted", "OnNext"], "events arrive, in their place"
    assert "a sensor broke" in str(way.seen.errors[0]), "an error arrives with its text"


async def _unsendable(way: _Way) -> None:
    failures: Collected[Any] = Collected()
    way.sender.failures.subscribe(failures.on_next)
    for item in (1, object(), 2):
        way.detect(item)
    seen = await way.seen.wait_for(2, timeout=PATIENCE)
    assert seen == [1, 2], "an item that has no form on the wire costs itself and nothing else"
    assert len(failures) == 1, "it is reported to the app, once"


async def _causes(way: _Way) -> None:
    sent, received = list[str | None](), list[str | None]()
    way.detect.port_out.subscribe(lambda _: sent.append(current_cause()))
    way.watch.subscribe(lambda _: received.append(current_cause()))
    for number in range(3):
        way.detect(number)
    await way.seen.wait_for(3, timeout=PATIENCE)
    assert len(set(sent)) == 3, "each item from outside has a causal id"
    assert received == sent, "an item keeps its causal id on the way"


async def _ends(way: _Way) -> None:
    way.detect(1)
    await way.seen.wait_for(1, timeout=PATIENCE)
    way.subscription.dispose()
    await asyncio.sleep(QUIET)
    way.detect(2)
    await way.settle()
    assert way.seen == [1], "after dispose() nothing arrives"


def _balance(way: _Way) -> None:
    stats = way.sink.stats
    assert stats.offered == stats.sent + sum(stats.dropped.values()) + stats.queued, f"the counts balance: {stats}"


async def _flushes(make: Callable[[App, App], Ends]) -> None:
    way = _make_way(make)
    async with way.receiver:
        async with way.sender:
            await way.ready()
            for number in range(WAITING):
                way.detect(number)
        stats = way.sink.stats
        assert stats.queued == 0, "a sink sends what waits before its app is closed"
        assert not stats.dropped, f"closing loses nothing while the peer is there: {stats}"
        seen = await way.seen.wait_for(WAITING, timeout=PATIENCE)
        assert seen == list(range(WAITING)), "what was sent while closing arrives, in order"


async def _poison(way: _Way, inject: Callable[[bytes], Awaitable[None]]) -> None:
    failures: Collected[Any] = Collected()
    way.receiver.failures.subscribe(failures.on_next)
    way.detect(1)
    await way.seen.wait_for(1, timeout=PATIENCE)
    for payload in (b"\xff\xfe{", b'{"mape":1,', b"[" * 50_000, b"NaN"):
        await inject(payload)
    way.detect(2)
    seen = await way.seen.wait_for(2, timeout=PATIENCE)
    assert seen == [1, 2], "bytes that are no item cost nothing but themselves"
    assert len(failures) == 4, f"each of them is reported to the app: {len(failures)} of 4"


async def _wired_before(
    make: Callable[[App, App], Ends], down: Callable[[], Awaitable[None]], up: Callable[[], Awaitable[None]]
) -> None:
    await down()
    async with _way(make, is_receiver_first=False) as way:
        await asyncio.sleep(QUIET)
        await up()
        await way.ready()
        way.detect("after")
        seen = await way.seen.wait_for(1, timeout=PATIENCE)
        assert seen == ["after"], "ends that were wired before the peer was up begin to work when it is"
        _balance(way)
