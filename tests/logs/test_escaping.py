"""Texts of strangers: nothing in them can end a line, paint, or turn the direction of writing."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mape.logs.escaping import plain, printable

ANY = st.text(st.characters(codec=None, exclude_categories=()))
FORBIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


@given(ANY)
def test_nothing_that_does_not_print_is_left(text: str) -> None:
    assert not {unicodedata.category(letter) for letter in printable(text)} & FORBIDDEN
    printable(text).encode()  # no lone surrogate, which has no form as bytes


@given(st.text(st.characters(categories=["L", "N", "P", "S"])))
def test_letters_of_all_languages_stay_as_they_are(text: str) -> None:
    assert printable(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\nb\r\tc", r"a\nb\r\tc"),
        ("\x1b[31mred\x9b0m", r"\x1b[31mred\x9b0m"),
        ("\u202eabc\u2066", r"\u202eabc\u2066"),
        ("\u2028\u2029\x85", r"\u2028\u2029\x85"),
        ("\ud800", r"\ud800"),
        ("\U000e0041\x7f\x00", r"\U000e0041\x7f\x00"),
        ("Öl 東京\u3000駅\u00a0😀", "Öl 東京\u3000駅\u00a0😀"),
    ],
)
def test_what_is_written_out_can_be_read(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_a_long_text_is_cut_and_says_by_how_much() -> None:
    assert printable("x" * 1_100, 100) == "x" * 100 + "… and 1,000 more characters"


class Shy:
    def __repr__(self) -> str:
        raise OSError


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, None),
        (True, True),
        (3, 3),
        (0.5, 0.5),
        (float("nan"), "nan"),
        (float("-inf"), "-inf"),
        (2**70, str(2**70)),
        (["a\n"], r"['a\n']"),
        (Shy(), "<Shy that cannot be shown>"),
    ],
)
def test_a_value_becomes_what_every_reader_of_json_knows(value: object, shown: object) -> None:
    assert plain(value) == shown


def test_a_number_that_python_will_not_write_out_is_named() -> None:
    assert plain(10**5_000) == "<int that cannot be shown>"


@given(st.recursive(st.none() | st.floats() | st.integers() | ANY | st.binary(), st.lists))
def test_any_value_has_a_form(value: object) -> None:
    shown = plain(value)

    assert not isinstance(shown, str) or len(shown) < 600
