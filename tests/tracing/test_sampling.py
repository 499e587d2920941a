"""Which items are followed, and what hangs on their ids."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.trace import SpanContext, TraceFlags

from mape.flow.cause import TracedCause, traced
from mape.tracing.sampling import Choice, context_of, is_followed

WIRE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@given(start=st.integers(0, 2**52), step=st.integers(1, 7), fraction=st.sampled_from([0.01, 0.1, 0.5]))
def test_a_fraction_of_consecutive_ids_is_chosen_evenly(start: int, step: int, fraction: float) -> None:
    choose = Choice(fraction).of
    chosen = sum(type(choose(start + step * number)) is TracedCause for number in range(2_000))
    assert chosen == pytest.approx(2_000 * fraction, abs=20)


@given(st.integers(0, 2**53))
def test_all_or_none_are_chosen_at_the_ends(cause: int) -> None:
    assert type(Choice(1.0).of(cause)) is TracedCause
    assert Choice(1.0).of(cause) == cause
    assert type(Choice(0.0).of(cause)) is int


@given(st.integers(0, 2**53), st.floats(0, 1))
def test_two_processes_choose_alike(cause: int, fraction: float) -> None:
    assert type(Choice(fraction).of(cause)) is type(Choice(fraction).among(lambda: cause)())


def test_what_stood_in_a_frame_is_a_span_of_elsewhere() -> None:
    cause = traced(5, WIRE)
    assert isinstance(cause, TracedCause)
    context = context_of(cause)
    assert context == SpanContext(
        0x0AF7651916CD43DD8448EB211C80319C, 0xB7AD6B7169203331, is_remote=True, trace_flags=TraceFlags(1)
    )
    assert TracedCause(5, context).traceparent == WIRE


@pytest.mark.parametrize(
    ("cause", "expected"),
    [
        (TracedCause(1), True),
        (TracedCause(1, WIRE), True),
        (TracedCause(1, f"{WIRE[:-2]}00"), False),
        (TracedCause(1, SpanContext(1, 1, is_remote=False, trace_flags=TraceFlags(0))), False),
        (TracedCause(1, SpanContext(1, 1, is_remote=False, trace_flags=TraceFlags(1))), True),
    ],
)
def test_whoever_decided_about_a_trace_decided_for_all(cause: TracedCause, expected: bool) -> None:
    assert is_followed(cause) is expected
