"""Bare words: the core schema of YAML 1.2."""

from __future__ import annotations

import math

import pytest

from mape.settings.scalar import construct, resolve


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("", None),
        ("~", None),
        ("null", None),
        ("true", True),
        ("FALSE", False),
        ("0", 0),
        ("-12", -12),
        ("+7", 7),
        ("010", 10),
        ("0o17", 15),
        ("0xfF", 255),
        ("1.", 1.0),
        (".5", 0.5),
        ("-1e3", -1000.0),
        ("1E-3", 0.001),
        ("-.inf", -math.inf),
        (".Inf", math.inf),
    ],
)
def test_a_bare_word_has_a_value(word: str, value: object) -> None:
    assert resolve(word) == value
    assert type(resolve(word)) is type(value)


def test_not_a_number_is_a_number() -> None:
    value = resolve(".NaN")

    assert isinstance(value, float)
    assert math.isnan(value)


@pytest.mark.parametrize(
    "word", ["no", "on", "tRUE", "12:30", "1_000", "2026-01-01", "1.2.3", "0b1", "1\n", " 1", "inf", "٣", "0x", "."]
)
def test_all_else_is_text(word: str) -> None:
    assert resolve(word) == word


@pytest.mark.parametrize("word", ["9" * 401, "0x" + "f" * 5000, "9" * 401 + ".0"])
def test_a_number_without_end_is_refused(word: str) -> None:
    with pytest.raises(ValueError, match="digits is too long"):
        resolve(word)


def test_a_word_that_is_not_of_the_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="'many' is no int"):
        construct("int", "many")
