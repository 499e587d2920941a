"""Marbles: what is drawn is what is sent, and what differs is shown."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from reactivex import Subject

import mape
from mape import operators as ops
from mape.testing import Collected, assert_marbles, collect, feed, run_virtual, to_marbles


def fed(diagram: str, **options: Any) -> Collected[Any]:
    """Send `diagram` through a subject in virtual time and return what came out."""

    async def main() -> Collected[Any]:
        source: Subject[Any] = Subject()
        seen = collect(source)
        await feed(source, diagram, **options)
        return seen

    return run_virtual(main)


def test_items_and_the_end_are_sent_at_the_time_of_their_character() -> None:
    seen = fed("--a-b|")

    assert seen == ["a", "b"]
    assert [time for time, _ in seen.events] == pytest.approx([0.2, 0.4, 0.5])
    assert seen.completed


def test_names_stand_for_values_and_numbers_for_themselves() -> None:
    assert fed("a-12-c", lookup={"a": True}) == [True, 12, "c"]


def test_a_group_is_sent_at_the_time_of_its_bracket() -> None:
    seen = fed("-(a,b)-c", timespan=1)

    assert list(zip(seen, seen.times, strict=True)) == [("a", 1.0), ("b", 1.0), ("c", 7.0)]


def test_an_error_is_sent_where_the_hash_stands() -> None:
    error = ValueError("sensor")

    assert fed("a-#", error=error).errors == [error]


def test_feeding_takes_as_long_as_the_diagram() -> None:
    async def main() -> float:
        await feed(Subject(), "--a- ---", timespan=60)
        return asyncio.get_running_loop().time()

    assert run_virtual(main) == 7 * 60.0


@pytest.mark.parametrize("diagram", ["", "|", "a", "--a-b|", "a--#", "1-2---3", "-(a,b)--c|", "(a,|)"])
def test_what_was_fed_is_what_is_drawn(diagram: str) -> None:
    seen = fed(diagram)

    assert to_marbles(seen) == diagram
    assert_marbles(seen, diagram)


def test_values_are_drawn_by_their_names() -> None:
    lookup = {"t": True, "f": False}

    assert to_marbles(fed("t-f|", lookup=lookup), lookup) == "t-f|"


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ("--a", "-a"),  # too late
        ("--a", "--b"),  # another item
        ("--a", "--a-b"),  # too few
        ("--a-b", "--a"),  # too many
        ("--a|", "--a"),  # an end that was not asked for
        ("--a|", "--a#"),  # an end for an error
        ("--1", "--(1,1)"),  # one for two
    ],
)
def test_a_difference_is_shown_as_two_diagrams(sent: str, expected: str) -> None:
    with pytest.raises(AssertionError) as caught:
        assert_marbles(fed(sent), expected)

    message = str(caught.value)
    assert f"expected {expected}\n" in message
    assert f"seen     {sent}\n" in message


def test_an_item_between_two_characters_is_a_difference() -> None:
    seen = fed("---a", timespan=0.05)

    with pytest.raises(AssertionError, match=r"seen +0\.15 s 'a'"):
        assert_marbles(seen, "--a")


def test_values_are_compared_as_values_and_not_by_their_text() -> None:
    with pytest.raises(AssertionError):
        assert_marbles(fed("a", lookup={"a": "1.0"}), "1")
    assert_marbles(fed("a", lookup={"a": 1.0}), "1")


def test_any_error_matches_a_hash_unless_one_is_named() -> None:
    seen = fed("#", error=ValueError("sensor"))

    assert_marbles(seen, "#")
    assert_marbles(seen, "#", error=ValueError("sensor"))
    with pytest.raises(AssertionError, match="error ValueError"):
        assert_marbles(seen, "#", error=ValueError("actuator"))


def test_time_operators_at_the_ports_of_an_element_follow_virtual_time() -> None:
    app = mape.App()
    loop = app.loop("ambulance")

    @loop.analyze(ops_in=ops.debounce(0.3))
    def settled(item: str) -> str:
        return item

    @loop.analyze(ops_in=ops.delay(0.2), ops_out=ops.throttle_first(0.25))
    def late(item: str) -> str:
        return item

    async def main() -> None:
        before, after, last = collect(settled.port_in), collect(settled), collect(late)
        settled.subscribe(late)
        async with app:
            await feed(settled, "a-b-c----d----")
            await asyncio.sleep(1)
        assert_marbles(before, "a-b-c----d----")
        assert_marbles(after, "-------c----d")
        assert_marbles(last, "---------c----d")

    run_virtual(main)


def test_a_chain_of_async_elements_keeps_the_time_it_needs() -> None:
    app = mape.App()

    @app.loop("ambulance").analyze
    async def think(item: str) -> str:
        await asyncio.sleep(0.3)
        return item.upper()

    async def main() -> None:
        seen = collect(think)
        async with app:
            await feed(think, "-a-b------c")
            await asyncio.sleep(1)
        assert_marbles(seen, "----A--B-----C")

    run_virtual(main)
