"""Values against hints: what fits, and what is said when it does not."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Literal

import pytest

from mape.settings.kind import AtLeast, AtMost, describe, fit, fit_text

Level = Literal["debug", "info"]
Size = Annotated[int, AtLeast(1)]
Share = Annotated[float, AtLeast(0)]


@pytest.mark.parametrize(
    ("value", "hint", "fitted"),
    [
        (True, bool, True),
        ("yes", bool, True),
        ("Off", bool, False),
        (5, int, 5),
        (5, float, 5.0),
        (0, Share, 0.0),
        (1, Size, 1),
        (None, int | None, None),
        ("INFO", Level, "info"),
        (["a", "b"], tuple[str, ...], ("a", "b")),
        (10**30, int, 10**30),
    ],
)
def test_a_value_that_fits_comes_back_as_its_type(value: object, hint: Any, fitted: object) -> None:
    assert fit(value, hint) == fitted
    assert type(fit(value, hint)) is type(fitted)


@pytest.mark.parametrize(
    ("value", "hint"),
    [
        (1, bool),
        ("maybe", bool),
        (True, int),
        (1.0, int),
        ("1", int),
        (None, int),
        (True, float),
        (float("nan"), float),
        (float("inf"), float | None),
        (10**400, float),
        (0, Size),
        (-0.1, Share),
        (5, str),
        ("loud", Level),
        (["a", 1], tuple[str, ...]),
        ({"a": 1}, str),
        (object(), str),
    ],
)
def test_a_value_that_does_not_fit_is_refused(value: object, hint: Any) -> None:
    with pytest.raises(ValueError, match=r"."):
        fit(value, hint)


def test_a_member_of_a_policy_is_its_text() -> None:
    class Policy(StrEnum):
        LOUD = "debug"

    assert fit(Policy.LOUD, Level) == "debug"
    assert fit(Policy.LOUD, str) == "debug"


@pytest.mark.parametrize(
    ("text", "hint", "value"),
    [
        ("1", bool, True),
        ("0", bool, False),
        ("off", bool, False),
        ("7", int, 7),
        ("null", int | None, None),
        ("7", str, "7"),
        ("true", str | None, "true"),
        ("null", str | None, None),
        ("null", str, "null"),
        ("2.5", float, 2.5),
        ("2", float, 2.0),
        ("Info", Level, "info"),
    ],
)
def test_text_is_read_as_in_the_file_and_stays_text_where_text_is_wanted(text: str, hint: Any, value: object) -> None:
    assert fit_text(text, hint) == value
    assert type(fit_text(text, hint)) is type(value)


@pytest.mark.parametrize(("text", "hint"), [("many", int), ("2", bool), ("1.5", int), ("9" * 401, int), ("", int)])
def test_text_that_does_not_fit_is_refused(text: str, hint: Any) -> None:
    with pytest.raises(ValueError, match=r"."):
        fit_text(text, hint)


@pytest.mark.parametrize(
    ("hint", "words"),
    [
        (bool, "true or false"),
        (Size, "a whole number, at least 1"),
        (Annotated[float, AtLeast(0.5)], "a number, at least 0.5"),
        (Annotated[float | None, AtLeast(0), AtMost(1)], "a number or nothing (null), at least 0, at most 1"),
        (str | None, "text or nothing (null)"),
        (Level, "one of debug, info"),
        (tuple[str, ...], "a list of text"),
    ],
)
def test_a_hint_is_described_in_words(hint: Any, words: str) -> None:
    assert describe(hint) == words
