"""Whatever names, tags and strings hold, one point stays one point and arrives as it was."""

from __future__ import annotations

import math
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mape.errors import EncodeError
from mape.remote.influxdb.line import Lines, escaped_key, escaped_measurement, escaped_string
from tests.remote.influxdb.protocol import cut, parse

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
NASTY = st.text(st.sampled_from('\\\\,= "#\nab'), max_size=8) | TEXT
NAMES = NASTY.filter(bool)
SCALARS = st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**63), 2**63 - 1) | st.booleans() | NASTY


def spoken(name: str, *, is_measurement: bool = False) -> str:
    """What a name arrives as: what line protocol cannot say is written as an escape."""
    special = ", " if is_measurement else ",= "
    name = re.sub(r"\\(?=[,= ]|\Z)", r"\\x5c", name)
    assert special
    for code in (*range(32), 127):
        name = name.replace(chr(code), {9: r"\t", 10: r"\n", 13: r"\r"}.get(code, f"\\x{code:02x}"))
    if is_measurement and name.startswith("#"):
        return "\\" + name
    return "time_" if name == "time" and not is_measurement else name


@given(NAMES, st.dictionaries(NAMES, NAMES, max_size=3), st.dictionaries(NAMES, SCALARS, min_size=1, max_size=3))
@example("a\\", {"k\\": "v\\", "x,y=z ": "\\, \n"}, {"f\\=": 'say "\\" \n', "g ": -0.0})
@example("#", {"a": "x\\ ", "b": '="'}, {"q": "\n"})
def test_names_tags_and_values_arrive_as_they_were(
    measurement: str, tags: dict[str, str], fields: dict[str, float | bool | str]
) -> None:
    lines = Lines()
    spoken_tags = {spoken(key): spoken(value) for key, value in tags.items()}
    spoken_fields = {spoken(key): value for key, value in fields.items()}
    if len(spoken_tags) < len(tags) or len(spoken_fields) < len(fields):
        return  # two names that line protocol cannot tell apart
    series = lines.series(measurement, tuple(tags.items()))
    first = lines.line(series, fields.items(), 1_600_000_000_123_456_789).decode()
    block = first + "\n" + "next value=1 2"

    assert cut(block) == [first, "next value=1 2"]
    point = parse(first)
    assert point.measurement == spoken(measurement, is_measurement=True)
    assert point.tags == spoken_tags
    assert point.fields == spoken_fields
    assert {key: type(value) for key, value in point.fields.items()} == {
        spoken(key): type(value) for key, value in fields.items()
    }
    assert point.time == 1_600_000_000_123_456_789


@given(NASTY)
def test_on_servers_that_cut_at_every_newline_a_string_stays_on_its_line(text: str) -> None:
    assert "\n" not in escaped_string(text, keeps_newlines=False)
    assert parse(f"m v={escaped_string(text, keeps_newlines=False)} 1").fields == {"v": text.replace("\n", "\\n")}


def test_a_value_cannot_make_a_second_point() -> None:
    lines = Lines()
    attack = 'x"\ncars speed=1 1\n# '
    line = lines.line(lines.series(attack, ((attack, attack),)), [(attack, attack)], 1).decode()

    assert cut(line) == [line]
    assert parse(line).fields[r"x\"\ncars speed=1 1\n# ".replace(r"\"", '"')] == attack


@pytest.mark.parametrize(
    ("measurement", "written"),
    [
        ("road a4", r"road\ a4"),
        ("a=b", "a=b"),
        ("#1", r"\#1"),
        ("a\\", r"a\x5c"),
        ("a\nb", r"a\nb"),
        ("C:\\x", r"C:\x"),
    ],
)
def test_measurements_are_escaped(measurement: str, written: str) -> None:
    assert escaped_measurement(measurement) == written


def test_keys_are_escaped() -> None:
    assert escaped_key("a=b, c") == r"a\=b\,\ c"
    assert escaped_key("\\\\server\\share\\") == r"\\server\share\x5c"


def test_a_point_is_one_line_of_exactly_this_form() -> None:
    lines = Lines()
    series = lines.series("cars", (("lane", "left"), ("empty", ""), ("", "empty"), ("dir", "N")))
    fields = [("speed", 80.5), ("count", 3), ("ok", True), ("name", 'a "b"')]

    assert lines.line(series, fields, 7) == b'cars,dir=N,lane=left speed=80.5,count=3i,ok=true,name="a \\"b\\"" 7'


def test_fields_that_cannot_be_written_are_left_out_and_counted() -> None:
    lines = Lines()
    fields = [("a", math.nan), ("b", math.inf), ("c", 2**63), ("d", -(2**63) - 1), ("", 1), ("e", b"x"), ("f", 1)]

    assert lines.line(lines.series("m"), fields, 1) == b"m f=1i 1"
    assert lines.dropped_fields == {"not_finite": 2, "too_large": 2, "no_name": 1, "no_form": 1}


def test_a_point_without_fields_and_one_without_a_name_are_refused() -> None:
    lines = Lines()
    with pytest.raises(EncodeError, match="without a field"):
        lines.line(lines.series("m"), [("a", math.nan)], 1)
    with pytest.raises(EncodeError, match="without a measurement"):
        lines.series("")


def test_points_of_one_series_at_one_time_do_not_overwrite_each_other() -> None:
    lines = Lines()
    series, other = lines.series("m"), lines.series("n")
    times = [parse(lines.line(series, [("v", 1.0)], 500).decode()).time for _ in range(3)]

    assert times == [500, 501, 502]
    assert parse(lines.line(other, [("v", 1.0)], 500).decode()).time == 500
    assert parse(lines.line(series, [("v", 1.0)], 400).decode()).time == 400


def test_a_name_that_the_server_would_drop_is_changed() -> None:
    lines = Lines()
    point = parse(lines.line(lines.series("time", (("time", "now"),)), [("time", 1.0)], 1).decode())

    assert (point.measurement, point.tags, point.fields) == ("time", {"time_": "now"}, {"time_": 1.0})


def test_a_last_tag_of_a_name_holds_and_half_a_character_becomes_a_question_mark() -> None:
    lines = Lines()
    series = lines.series("m", (("a", "1"), ("a", "2")))

    assert lines.line(series, [("v", "\ud800")], 1) == b'm,a=2 v="?" 1'


def test_the_memory_of_names_is_bounded() -> None:
    lines = Lines()
    for number in range(11_000):
        lines.line(lines.series("m", (("car", str(number)),)), [(f"f{number}", 1.0)], 1)

    assert len(lines._series) <= 10_000  # noqa: SLF001 - a bound that nobody sees from outside
    assert len(lines._names) <= 10_000  # noqa: SLF001
