"""Values nested too deep, and numbers that are none."""

from __future__ import annotations

import math
from typing import Any

import msgspec
import pytest

from mape.codecs.soundness import check_depth, has_marks, has_nonfinite


def nested(depth: int) -> Any:
    value: Any = 1
    for level in range(depth):
        value = [value] if level % 2 else {"a": value}
    return value


@pytest.mark.parametrize("depth", [0, 1, 5, 64])
def test_values_may_be_as_deep_as_the_limit_and_no_deeper(depth: int) -> None:
    check_depth(nested(depth), depth)

    with pytest.raises(ValueError, match=f"deeper than {depth} levels"):
        check_depth(nested(depth + 1), depth)


def test_keys_count_as_deep_as_values() -> None:
    with pytest.raises(ValueError, match="deeper than 2 levels"):
        check_depth({((1,),): 2}, 2)


def test_a_million_levels_do_not_break_the_check() -> None:
    with pytest.raises(ValueError, match="deeper"):
        check_depth(nested(1_000_000), 64)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_a_number_that_is_none_is_found_wherever_it_is(bad: float) -> None:
    for value in (bad, [1, bad], {"a": {"b": (1, [bad])}}, {bad: 1}):
        assert has_nonfinite(value)
        assert has_marks(msgspec.msgpack.encode(value))
    assert not has_nonfinite([1.5, "nan", {"a": None, "b": 10**400}])


def test_ordinary_numbers_have_no_marks() -> None:
    assert not has_marks(msgspec.msgpack.encode([0.0, 1.5, -1e300, 2**40, "text"]))
