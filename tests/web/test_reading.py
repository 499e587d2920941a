from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mape.web.client import event
from mape.web.reading import EVENT_BYTES, EventReader


@given(st.lists(st.tuples(st.sampled_from(["log", "graph"]), st.text(st.characters(codec="utf-8")))), st.integers(1, 9))
def test_events_come_back_as_they_were_sent_however_they_are_torn_apart(events: list[Any], size: int) -> None:
    sent = b":\n\n".join(event(name, [text]) for name, text in events) + b"retry: 1000\n\n"
    reader = EventReader()
    found = []
    for start in range(0, len(sent), size):
        found += reader.feed(sent[start : start + size])

    assert found == [(name, event(name, [text]).split(b"data: ", 1)[1][:-2]) for name, text in events]


def test_a_stream_that_never_ends_an_event_is_given_up() -> None:
    reader = EventReader()
    reader.feed(b"x" * EVENT_BYTES)
    with pytest.raises(ValueError, match="too long"):
        reader.feed(b"x")


@given(st.binary())
def test_other_bytes_are_no_events(noise: bytes) -> None:
    try:
        assert EventReader().feed(noise + b"\n\n") == [] or b"event: " in noise
    except UnicodeDecodeError:
        assert b"event: " in noise
