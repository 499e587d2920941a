"""Ready points are read, never passed through."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import influxdb_client
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mape.errors import EncodeError
from mape.remote.influxdb.line import Lines
from mape.remote.influxdb.memory import split_lines
from mape.remote.influxdb.point import Point, parse_line, point_of, tag_pairs

their: Any = influxdb_client  # which has no types
TEXT = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=8)
FIELDS = st.dictionaries(TEXT, st.integers(-9, 9) | st.booleans() | st.text(max_size=8), min_size=1, max_size=3)


@given(TEXT, st.dictionaries(TEXT, TEXT, max_size=2), FIELDS)
@example("m", {"a": '"'}, {"v": 1})
@example("m", {}, {'="': "\n"})
def test_what_is_written_can_be_read(measurement: str, tags: dict[str, str], fields: dict[str, Any]) -> None:
    lines = Lines()
    line = lines.line(lines.series(measurement, tuple(tags.items())), fields.items(), 5).decode(errors="replace")
    again = parse_line(line)
    twin = Lines()

    assert twin.line(twin.series(again.measurement, again.tags), again.fields.items(), 5).decode() == line
    assert split_lines(f"{line}\n{line}") == [line, line]


def test_a_line_is_read_as_the_manual_says() -> None:
    line = r'my\ cars,lane=a\=b,dir=N speed=80.5,n=3i,big=7u,ok=t,text="a \"b\" \\ c, d=e",e=-1e3 1600000000000000000'

    assert parse_line(line) == Point(
        "my cars",
        (("lane", "a=b"), ("dir", "N")),
        {"speed": 80.5, "n": 3, "big": 7, "ok": True, "text": 'a "b" \\ c, d=e', "e": -1000.0},
        1_600_000_000_000_000_000,
    )
    assert parse_line("m v=1").nanoseconds is None


@pytest.mark.parametrize(
    "line",
    [
        "",
        "# a comment",
        "#m v=1",
        "m",
        "m v",
        "m v=",
        "m v=nan",
        "m v=1\nm v=2",
        'm v="open',
        "m,t v=1",
        "m,t= v=1",
        "m v=1 2 3",
        "m v=1 soon",
        "m v=1,",
        "m v=0x10",
        "m v=\u0661",
        "m  v=1",
    ],
)
def test_a_line_that_is_not_one_point_is_refused(line: str) -> None:
    with pytest.raises(EncodeError, match="not one point"):
        parse_line(line)


def test_a_hostile_string_in_a_line_is_not_echoed_at_length() -> None:
    with pytest.raises(EncodeError) as caught:
        parse_line("m v=" + "x" * 100_000)
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize(
    ("time", "nanoseconds"),
    [
        (None, None),
        (7, 7),
        (1.5, 1_500_000_000),
        ("1970-01-01T00:00:01Z", 1_000_000_000),
        ("1970-01-01T00:00:01", 1_000_000_000),
        (datetime(1970, 1, 1, 0, 0, 2, 5, tzinfo=UTC), 2_000_005_000),
    ],
)
def test_a_point_is_also_a_dict_with_a_time_of_any_kind(time: object, nanoseconds: int | None) -> None:
    point = point_of({"measurement": "m", "tags": {"a": 1, "b": None}, "fields": {"v": 1}, "time": time})

    assert point == Point("m", (("a", "1"),), {"v": 1}, nanoseconds)
    assert point_of(point) is point


@pytest.mark.parametrize(
    ("item", "words"),
    [
        ({"name": "m", "fields": {"v": 1}}, "not \\['name'\\]"),
        ({"measurement": "m"}, "a dict of fields"),
        ({"fields": {"v": 1}, "time": "yesterday"}, "is no time"),
        ({"fields": {"v": 1}, "time": [1]}, "is no time"),
        (7, "int is no point"),
        (their.Point("m"), "without a field"),
    ],
)
def test_what_is_no_point_is_refused_with_a_reason(item: object, words: str) -> None:
    with pytest.raises(EncodeError, match=words):
        point_of(item)


def test_a_point_of_influxdb_client_keeps_names_values_and_time() -> None:
    theirs = (
        their.Point("my cars")
        .tag("lane,", "a b")
        .field("text", 'a "b"\nc')
        .field("n", 3)
        .time(1_600_000_000, their.WritePrecision.S)
    )

    assert point_of(theirs) == Point(
        "my cars", (("lane,", "a b"),), {"n": 3, "text": 'a "b"\nc'}, 1_600_000_000_000_000_000
    )


@pytest.mark.parametrize("tags", [("k", "v"), (("k", "v"),), [["k", "v"]], {"k": "v"}])
def test_tags_are_a_pair_pairs_or_a_dict(tags: object) -> None:
    assert tag_pairs(tags) == (("k", "v"),)


@pytest.mark.parametrize("tags", [("k",), "kv", 7, (("a", "b", "c"),)])
def test_other_tags_are_refused(tags: object) -> None:
    with pytest.raises(EncodeError, match="tags are"):
        tag_pairs(tags)
