"""Reasons are short and safe to log."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from mape.codecs.reason import poison, unreadable

ESCAPES = b"\x1b[2J\r\n\x00" * 100


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (RecursionError("maximum recursion depth exceeded"), "nested too deep"),
        (MemoryError(), "no memory for it"),
        (UnicodeDecodeError("utf-8", ESCAPES, 0, 1, "invalid start byte"), "not UTF-8, invalid start byte"),
        (msgspec.ValidationError("Expected `int` - at `$.x`"), "Expected `int` - at `$.x`"),
        (KeyError("name"), "KeyError: "),
        (ValueError("\x1b[2J" * 1000), r"\x1b[2J"),
        (ZeroDivisionError("x" * 1000), "xxx..."),
    ],
)
@pytest.mark.parametrize("payload", [ESCAPES, bytearray(ESCAPES), msgspec.Raw(ESCAPES), "x" * 1000, None])
def test_a_reason_is_short_printable_and_says_what_is_wrong(error: Exception, words: str, payload: Any) -> None:
    for text in (str(unreadable(error, payload)), str(poison(error, 3, payload))):
        assert words in text
        assert text.isprintable()
        assert len(text) < 330


def test_a_reason_shows_how_the_input_begins() -> None:
    assert str(poison(ValueError("why"), 3, b"ab\n")) == "item 3 is unreadable: why, in 'ab\\n'"
    assert str(unreadable(ValueError("why"), b"a" * 1000)).endswith("aaa...")
    assert str(unreadable(ValueError("why"), b"a" * 1000)).count("a") < 90
