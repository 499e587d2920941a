"""Causal ids, and what hangs on them."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from mape.flow.cause import Causes, TracedCause, cause_text, traced

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
WIRE = f"00-{TRACE}-{SPAN}-01"


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        (WIRE, WIRE),
        (f"00-{TRACE}-{SPAN}-00", f"00-{TRACE}-{SPAN}-00"),
        (f"cc-{TRACE}-{SPAN}-01-what-is-to-come", WIRE),
        (f"cc-{TRACE}-{SPAN}-01", WIRE),
    ],
)
def test_a_traceparent_hangs_on_an_id(text: str, kept: str) -> None:
    cause = traced(7, text)
    assert cause == 7
    assert isinstance(cause, TracedCause)
    assert cause.traceparent == kept


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "00",
        f"00-{TRACE}-{SPAN}-01-more",
        f"00-{TRACE}-{SPAN}-01\n",
        f"00-{TRACE}-{SPAN}-1",
        f"ff-{TRACE}-{SPAN}-01",
        f"cc-{TRACE}-{SPAN}-01.",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        WIRE.upper(),
        f" {WIRE}",
        f"00-{'٣' * 32}-{SPAN}-01",
    ],
)
def test_a_malformed_traceparent_is_left_out(text: str | None) -> None:
    cause = traced(7, text)
    assert cause == 7
    assert type(cause) is int


def test_an_id_is_the_same_number_with_a_trace_or_without() -> None:
    cause = TracedCause(2**52 + 1, WIRE)
    assert (cause, hash(cause)) == (2**52 + 1, hash(2**52 + 1))
    assert cause_text(cause) == cause_text(2**52 + 1)
    assert json.dumps([cause]) == json.dumps([2**52 + 1])


def odd(new: Callable[[], int]) -> Callable[[], int]:
    def choose() -> int:
        cause = new()
        return TracedCause(cause) if cause % 2 else cause

    return choose


def test_each_new_id_is_chosen_or_not_also_after_a_restart() -> None:
    causes = Causes(10)
    causes.choose_by(odd)
    first = [causes.new() for _ in range(4)]
    causes.restart(100)
    causes.follow_tasks()
    later = [causes.new() for _ in range(4)]

    assert first == [10, 11, 12, 13]
    assert [type(cause) for cause in first] == [int, TracedCause] * 2
    assert [type(cause) is TracedCause for cause in later] == [cause % 2 == 1 for cause in later]


def test_ids_are_plain_where_nobody_chooses() -> None:
    assert [type(Causes(5).new()) for _ in range(2)] == [int, int]
