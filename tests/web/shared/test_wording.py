from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mape.errors import CodecError
from mape.remote.redis.knowledge.form import Form
from mape.web.shared.wording import Wording, beginning, type_of


@dataclasses.dataclass
class Goal:
    kmh: float
    name: str = "x"


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        (b"alice", "alice"),
        (b"5", 5),
        (b"2.5", 2.5),
        (b"null", None),
        (b'"in quotes"', '"in quotes"'),
        (b'{"a": [1]}', {"a": [1]}),
        (b"{not json", "{not json"),
        (b"\xff\x00", b"\xff\x00"),
        (b"", ""),
    ],
)
def test_what_nobody_here_made_is_shown_as_what_it_looks_like(raw: bytes, value: Any) -> None:
    assert Wording().read(raw) == value


def test_what_was_made_here_is_of_its_type_and_the_rest_is_shown_all_the_same() -> None:
    assert Wording(Form(str)).read(b"5") == "5"
    assert Wording(Form(Goal)).read(b'{"kmh": 1, "name": "y"}') == Goal(1.0, "y")
    assert Wording(Form(int)).read(b"many") == "many"
    assert Wording(Form(str)).read(b"\xff") == b"\xff"


@given(st.binary(max_size=80))
def test_reading_raises_nothing_whatever_the_bytes(raw: bytes) -> None:
    forms: list[Form[Any] | None] = [None, Form(str), Form(int), Form(Goal), Form(bytes), Form(Any)]
    for form in forms:
        Wording(form).read(raw)


@pytest.mark.parametrize(
    ("kind", "value", "raw"),
    [
        (str, "5", b"5"),
        (int, 5, b"5"),
        (float, 5, b"5.0"),
        (Goal, {"kmh": 7, "name": "x"}, b'{"kmh":7.0,"name":"x"}'),
        (list[int], [1, 2], b"[1,2]"),
    ],
)
def test_what_is_typed_becomes_bytes_of_the_type(kind: Any, value: Any, raw: bytes) -> None:
    assert Wording(Form(kind)).write(value, None) == raw


@pytest.mark.parametrize(
    ("form", "value", "present"),
    [
        (Form(str), 5, None),
        (Form(int), "5", None),
        (Form(int), True, None),
        (Form(Goal), {"kmh": "fast"}, None),
        (Form(bytes), "x", None),
        (Form(Any), 5, b'"text"'),
        (None, 5, b"alice"),
        (None, "five", b"5"),
        (None, "x", b"\xff"),
        (None, True, b"5"),
        (None, 5, b"null"),
        (None, "half a pair \ud800", b"alice"),
        (Form(int), "six", b"5"),
        (Form(int), 6, b"not an int, so somebody else's"),
    ],
)
def test_what_does_not_fit_is_refused(form: Form[Any] | None, value: Any, present: bytes | None) -> None:
    with pytest.raises(CodecError):
        Wording(form).write(value, present)


@pytest.mark.parametrize(
    ("value", "present", "raw"),
    [
        ("bob", b"alice", b"bob"),
        (6, b"5", b"6"),
        (6, b"5.5", b"6.0"),
        (5.5, b"5", b"5.5"),
        ("x", None, b"x"),
        ([1], None, b"[1]"),
    ],
)
def test_where_nobody_knows_the_type_a_new_value_looks_like_what_is_there(
    value: Any, present: bytes | None, raw: bytes
) -> None:
    assert Wording().write(value, present) == raw


@given(st.text(max_size=50))
def test_a_text_is_stored_as_it_was_typed(text: str) -> None:
    assert Wording(Form(str)).read(Wording(Form(str)).write(text, None)) == text


def test_of_a_long_value_the_beginning_is_shown_and_counted() -> None:
    shown = beginning(b"x" * 1000, 1_000_000)
    assert shown == {"…": 999_744, "text": "x" * 256}


def test_types_are_called_by_their_names() -> None:
    assert [type_of(each) for each in (int, Goal, list[int], Any)] == ["int", "Goal", "list[int]", ""]
