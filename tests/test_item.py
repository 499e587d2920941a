"""Messages and method calls: what they carry, and what an element does with them."""

from __future__ import annotations

import copy
from dataclasses import FrozenInstanceError, dataclass
from typing import Any

import pytest

import mape
from mape import operators as ops
from mape.item import SPECIAL, Special, exposed_methods
from mape.testing import EPOCH, collect

pytestmark = pytest.mark.virtual_time


@pytest.fixture
def loop(app: mape.App) -> mape.Loop:
    return app.loop("main")


def passing(loop: mape.Loop, uid: str, **options: Any) -> Any:
    return loop.execute(uid=uid, **options)(lambda item: item)


# -- messages --------------------------------------------------------------------------------------------------------


async def test_a_message_is_made_of_a_value_and_of_elements_or_paths(loop: mape.Loop) -> None:
    source = passing(loop, "source")
    async with loop.app:
        made = mape.Message.create(5, src=source, dst="other.target")
        assert made == mape.Message(5, "main.source", "other.target", (), EPOCH)
        assert mape.Message.create(5, dst=loop).dst == "main"
        assert mape.Message.create(5, src=source, timestamp=1.0).timestamp == 1.0
        assert mape.Message.create(5, src=source, hops=("a.b",)).hops == ("a.b",)
        assert mape.Message.create(None) == mape.Message(None)


async def test_each_element_adds_a_hop_and_the_first_a_missing_time(loop: mape.Loop) -> None:
    elements = [passing(loop, uid) for uid in "abc"]
    mape.connect(*elements)
    seen = collect(elements[-1])
    async with loop.app:
        elements[0](sent := mape.Message("value"))
    assert seen == [mape.Message("value", hops=("main.a", "main.b", "main.c"), timestamp=EPOCH)]
    assert sent == mape.Message("value")


def test_a_message_of_a_class_of_its_own_passes_with_all_it_has() -> None:
    @dataclass
    class Urgent(mape.Message):
        level: int = 0

    sent = Urgent(5, "a.b", level=3)
    sent.note = "by hand"  # type: ignore[attr-defined]
    passed = sent.passed("a.b", 1.0)
    assert passed == Urgent(5, "a.b", hops=("a.b",), timestamp=1.0, level=3)
    assert passed.note == "by hand"  # type: ignore[attr-defined]
    assert sent == Urgent(5, "a.b", level=3)


def test_a_misspelt_field_of_a_message_is_an_error() -> None:
    message = mape.Message(5)
    with pytest.raises(AttributeError, match="dest"):
        message.dest = "main.target"  # type: ignore[attr-defined]


@pytest.mark.parametrize("operators", [(), ops.map(lambda item: item)], ids=["plain", "operators"])
@pytest.mark.parametrize("listeners", [1, 3])
def test_a_message_gets_one_hop_an_element_by_whatever_way(loop: mape.Loop, operators: Any, listeners: int) -> None:
    source, target = passing(loop, "source"), passing(loop, "target", ops_in=operators, ops_out=operators)
    source.subscribe(target)
    for _ in range(listeners - 1):
        collect(source)
    collect(target.port_in)
    seen = collect(target.pipe(*[operators] if operators else []))
    source(mape.Message(1))
    assert [message.hops for message in seen] == [("main.source", "main.target")]
    assert source.stats.received == target.stats.received == 1


async def test_a_message_gets_its_hop_in_an_async_element_too(loop: mape.Loop) -> None:
    @loop.execute(concurrency=2)
    async def target(item: Any) -> Any:
        return item

    seen = collect(target)
    async with loop.app:
        target(mape.Message(1))
    assert [message.hops for message in seen] == [("main.target",)]


def test_a_refused_message_is_counted_and_gets_no_further(loop: mape.Loop) -> None:
    element = passing(loop, "element")
    element.stop()
    element(mape.Message(1))
    assert element.stats.dropped == {"stopped": 1}


@dataclass
class Speed(mape.Message):
    """A message with more to say."""

    unit: str = "km/h"


def test_a_kind_of_message_stays_what_it_is(loop: mape.Loop) -> None:
    element = passing(loop, "element")
    seen = collect(element)
    element(Speed.create(50, dst="main.element", unit="mph"))
    assert type(seen[0]) is Speed
    assert (seen[0].value, seen[0].unit, seen[0].hops) == (50, "mph", ("main.element",))


def test_a_class_that_elements_look_at_is_known_from_its_statement_on() -> None:
    assert {mape.Message, mape.CallMethod, Speed} <= SPECIAL
    assert Special not in SPECIAL


# -- method calls ----------------------------------------------------------------------------------------------------


class Valve(mape.Execute[Any, Any]):
    """An element with methods of every kind."""

    public = "not a method"

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.calls: list[Any] = []

    def turn(self, *args: Any, **kwargs: Any) -> str:
        self.calls.append((args, kwargs))
        return "what a method returns goes nowhere"

    @mape.exposed
    def shut(self) -> None:
        self.calls.append("shut")

    @mape.exposed
    async def drain_slowly(self, litres: float) -> None:
        self.calls.append(litres)

    def _secret(self) -> None:
        self.calls.append("secret")


class Tap(Valve):
    """Overrides what Valve exposes."""

    def shut(self) -> None:
        self.calls.append("unmarked")

    def turn(self, *args: Any, **kwargs: Any) -> str:
        self.calls.append("turned")
        return super().turn(*args, **kwargs)


async def test_a_call_reaches_the_method_with_its_arguments_and_emits_nothing(loop: mape.Loop) -> None:
    valve = Valve(loop, "valve")
    seen = collect(valve)
    async with loop.app:
        valve(mape.CallMethod.create("turn", 1, 2, by="hand"))
        valve(mape.CallMethod.create("drain_slowly", 3.5))
    assert valve.calls == [((1, 2), {"by": "hand"}), 3.5]
    assert seen == []
    assert valve.stats.received == valve.stats.processed == 2


async def test_a_call_waits_its_turn_in_an_async_element(loop: mape.Loop) -> None:
    class Slow(Valve):
        async def process(self, item: Any, on_next: Any) -> None:
            self.calls.append(item)
            on_next(item)

    slow = Slow(loop, "slow")
    seen = collect(slow)
    async with loop.app:
        slow(1)
        slow(mape.CallMethod.create("turn"))
        slow(mape.CallMethod.create("drain_slowly", 0.5))
        slow(2)
        assert slow.calls == []
    assert slow.calls == [1, ((), {}), 0.5, 2]
    assert seen == [1, 2]


@pytest.mark.parametrize("method", ["nothing_there", "_secret", "__init__", "public", "", "turn ", "calls"])
def test_what_is_no_public_method_is_a_failure_that_says_so(loop: mape.Loop, method: str) -> None:
    valve, failures = Valve(loop, "valve"), collect(loop.app.failures)
    valve(mape.CallMethod.create(method))
    assert valve.calls == []
    assert [type(failure.error) for failure in failures] == [AttributeError]
    assert f"<execute main.valve, running> has no method {method!r}" in str(failures[0].error)


@pytest.mark.parametrize("method", ["turn", "stop", "_secret", "__init__", "on_next", "public", "shut.__func__"])
def test_a_wire_reaches_no_method_that_is_not_exposed(loop: mape.Loop, method: str) -> None:
    valve, failures = Valve(loop, "valve"), collect(loop.app.failures)
    valve(mape.CallMethod(method, remote=True))
    assert valve.calls == []
    assert valve.is_running
    assert "mark it with @mape.exposed" in str(failures[0].error)


async def test_a_wire_reaches_what_is_exposed_and_an_override_only_if_it_is_marked_again(loop: mape.Loop) -> None:
    valve, tap = Valve(loop, "valve"), Tap(loop, "tap")
    failures = collect(loop.app.failures)
    async with loop.app:
        for element in (valve, tap):
            element(mape.CallMethod("shut", remote=True))
            element(mape.CallMethod("drain_slowly", (2.0,), remote=True))
    assert valve.calls == ["shut", 2.0]
    assert tap.calls == [2.0]
    assert [failure.path for failure in failures] == ["main.tap"]
    assert sorted(exposed_methods(Tap)) == ["drain_slowly"]


def test_an_attribute_set_from_outside_exposes_nothing(loop: mape.Loop) -> None:
    valve, failures = Valve(loop, "valve"), collect(loop.app.failures)
    valve.later = mape.exposed(lambda *_: valve.calls.append("later"))
    valve(mape.CallMethod("later", remote=True))
    assert valve.calls == []
    assert len(failures) == 1
    valve(mape.CallMethod.create("later"))
    assert valve.calls == ["later"]


def test_wrong_arguments_are_a_failure_of_that_call(loop: mape.Loop) -> None:
    valve, failures = Valve(loop, "valve"), collect(loop.app.failures)
    valve(mape.CallMethod.create("shut", 1))
    valve(mape.CallMethod.create("shut"))
    assert valve.calls == ["shut"]
    assert [type(failure.error) for failure in failures] == [TypeError]


def test_a_call_is_the_same_for_all_who_get_it() -> None:
    call = mape.CallMethod.create("turn", [1], by="hand")
    assert call == mape.CallMethod("turn", ([1],), {"by": "hand"})
    assert copy.copy(call) == call
    with pytest.raises(FrozenInstanceError):
        call.method = "stop"  # type: ignore[misc]


# -- failures --------------------------------------------------------------------------------------------------------


async def test_a_failure_tells_where_what_why_and_when(loop: mape.Loop) -> None:
    element = loop.execute(uid="element")(lambda item: 1 / item)
    failures = collect(loop.app.failures)
    async with loop.app:
        element(0)
    (failure,) = failures
    assert (failure.path, failure.item, failure.timestamp) == ("main.element", 0, EPOCH)
    assert isinstance(failure.error, ZeroDivisionError)
    assert failure.cause is not None
    assert int(failure.cause, 16) > 0
