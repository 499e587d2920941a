"""Collectors keep what came, in order, with its time."""

from __future__ import annotations

import asyncio

import pytest
from reactivex import Subject

from mape.errors import StateError
from mape.testing import collect, run_virtual


def test_a_collector_equals_the_list_of_what_came() -> None:
    source: Subject[int] = Subject()
    seen = collect(source)

    for item in (1, 2, 3):
        source.on_next(item)

    assert seen == [1, 2, 3]
    assert (seen.errors, seen.completed) == ([], False)


def test_errors_and_completion_are_kept_apart_from_items() -> None:
    failing: Subject[int] = Subject()
    ending: Subject[int] = Subject()
    failed, ended = collect(failing), collect(ending)
    error = ValueError("sensor")

    failing.on_next(1)
    failing.on_error(error)
    ending.on_completed()

    assert (failed, failed.errors, failed.completed) == ([1], [error], False)
    assert (ended, ended.errors, ended.completed) == ([], [], True)


def test_a_disposed_collector_collects_no_more() -> None:
    source: Subject[int] = Subject()
    seen = collect(source)

    source.on_next(1)
    seen.dispose()
    source.on_next(2)

    assert seen == [1]


def test_times_count_from_when_the_collector_was_made() -> None:
    async def main() -> list[float]:
        source: Subject[str] = Subject()
        await asyncio.sleep(10)
        seen = collect(source)
        await asyncio.sleep(0.25)
        source.on_next("a")
        await asyncio.sleep(0.5)
        source.on_next("b")
        return seen.times

    assert run_virtual(main) == [0.25, 0.75]


def test_waiting_for_items_returns_as_soon_as_they_are_there() -> None:
    async def main() -> tuple[list[int], float]:
        loop, source = asyncio.get_running_loop(), Subject[int]()
        seen = collect(source)
        for second in (1, 2, 3):
            loop.call_later(second, source.on_next, second)
        return await seen.wait_for(2, timeout=60), loop.time()

    assert run_virtual(main) == ([1, 2], 2.0)


def test_waiting_for_what_is_there_already_does_not_wait() -> None:
    async def main() -> list[int]:
        source: Subject[int] = Subject()
        seen = collect(source)
        for item in (1, 2):
            source.on_next(item)
        source.on_completed()
        return await seen.wait_for(1)

    assert run_virtual(main) == [1]


def test_two_may_wait_at_one_collector() -> None:
    async def main() -> tuple[list[int], list[int]]:
        loop, source = asyncio.get_running_loop(), Subject[int]()
        seen = collect(source)
        for second in (1, 2, 3):
            loop.call_later(second, source.on_next, second)
        three, one = await asyncio.gather(seen.wait_for(3), seen.wait_for(1))
        return three, one

    assert run_virtual(main) == ([1, 2, 3], [1])


def test_too_few_items_in_time_say_how_many_came_and_which() -> None:
    async def main() -> None:
        source: Subject[int] = Subject()
        seen = collect(source)
        asyncio.get_running_loop().call_later(1, source.on_next, 41)
        await seen.wait_for(2, timeout=5)

    with pytest.raises(TimeoutError, match=r"saw 1 of 2 items within 5 s: \[41\]"):
        run_virtual(main)


@pytest.mark.parametrize(
    ("event", "sentence"), [("on_completed", "completed"), ("on_error", r"failed with ValueError")]
)
def test_a_stream_that_ends_early_ends_the_wait(event: str, sentence: str) -> None:
    async def main() -> None:
        source: Subject[int] = Subject()
        seen = collect(source)
        arguments = [ValueError("sensor")] if event == "on_error" else []
        asyncio.get_running_loop().call_later(1, getattr(source, event), *arguments)
        await seen.wait_for(2, timeout=5)

    with pytest.raises(StateError, match=f"the stream {sentence}.* after 0 of 2 items"):
        run_virtual(main)
