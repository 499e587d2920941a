"""Bytes of a terminal as keys."""

from __future__ import annotations

import pytest

from mape.demo.process.keyboard import F1, F2, Keyboard, keys_in


@pytest.mark.parametrize(
    ("sent", "keys"),
    [
        (b"\x1bOP", [F1]),
        (b"\x1b[11~", [F1]),
        (b"\x1b[[A", [F1]),
        (b"\x1bOQ\x1bOP", [F2, F1]),
        (b"e", ["e"]),
        (b"\x1b[A", []),
        (b"\x1b[15~c", ["c"]),
        (b"\x1b[1;5Pe", ["e"]),
        (b"\x1b", []),
        (b"\xff\n e", ["e"]),
    ],
)
def test_function_keys_of_all_terminals_are_known_and_others_are_passed_over(sent: bytes, keys: list[str]) -> None:
    assert keys_in(sent) == keys


def test_without_a_terminal_it_does_nothing() -> None:
    with Keyboard(print) as keyboard:  # pytest's standard input is none
        assert not keyboard.is_open
    keyboard.restore()
