r"""Line protocol: a point as one line of text, and nothing that a value holds can make two lines of it; pure.

Names and tags know escapes for the comma, the space and the equals sign only. What they cannot say arrives as the
escape that a programmer would write: a newline as ``\n``, another control character as ``\x00``, a backslash that
would escape what follows it as ``\x5c``, a ``#`` that would begin a comment as ``\#``. Strings in fields arrive as
they were.

Source:
    https://docs.influxdata.com/influxdb/v2/reference/syntax/line-protocol/, and the scanner of InfluxDB 1 and 2
    (models/points.go): it skips backslashes in pairs where it looks for the end of a line, but singly in tags.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from math import isfinite
from typing import Any, Final

from mape.errors import EncodeError
from mape.remote.influxdb.fields import Scalar, bounded, flat, name_of

__all__ = ["Lines", "Series", "Tags", "escaped_key", "escaped_measurement", "escaped_string"]

Tags = tuple[tuple[str, str], ...]

_CONTROL: Final = {code: f"\\x{code:02x}" for code in (*range(32), 127)} | {9: "\\t", 10: "\\n", 13: "\\r"}
_MEASUREMENT: Final = str.maketrans({",": "\\,", " ": "\\ "}) | _CONTROL
_KEY: Final = _MEASUREMENT | str.maketrans({"=": "\\="})
_STRING: Final = str.maketrans({'"': '\\"', "\\": "\\\\"})
_STRING_ON_ONE_LINE: Final = _STRING | str.maketrans({"\n": "\\\\n"})
_LAST_BACKSLASH: Final = re.compile(r"\\(?=[,= ]|\Z)")
_RESERVED: Final = {"time": "time_"}
"""InfluxDB drops a field or tag of this name."""
_PLAIN: Final = frozenset({float, int, bool, str})
_SMALLEST, _LARGEST = -(2**63), 2**63 - 1
_MOST_NAMES = 10_000
"""How many series and field names stay escaped; more of them begin anew."""


def escaped_measurement(name: str) -> str:
    """Return a measurement's name as it stands in a line.

    Raises:
        EncodeError: It is empty.
    """
    if not name:
        raise EncodeError("a point without a measurement cannot be written: give InfluxObserver one")
    text = _LAST_BACKSLASH.sub(r"\\x5c", name).translate(_MEASUREMENT)
    return "\\" + text if text.startswith("#") else text


def escaped_key(name: str) -> str:
    """Return a tag's name or value, or a field's name, as it stands in a line."""
    return _LAST_BACKSLASH.sub(r"\\x5c", name).translate(_KEY)


def escaped_string(text: str, *, keeps_newlines: bool = True) -> str:
    """Return a string field's value as it stands in a line, quotes included."""
    return f'"{text.translate(_STRING if keeps_newlines else _STRING_ON_ONE_LINE)}"'


class Series:
    """A measurement and its tags, escaped, and the time of its latest point [ns]."""

    __slots__ = ("given", "prefix", "written")

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix
        self.given = self.written = 0


class Lines:
    r"""Makes lines, and remembers what it escaped.

    Args:
        keeps_newlines: Whether newlines in strings stay: InfluxDB takes them, but programs that cut at every newline
            would take what follows for a point; False writes them as ``\n``.
    """

    def __init__(self, *, keeps_newlines: bool = True) -> None:
        self.dropped_fields: dict[str, int] = {}
        """Fields that could not be written, by reason: ``not_finite``, ``too_large``, ``no_name``, ``no_form``, ..."""
        self._keeps_newlines = keeps_newlines
        self._series: dict[tuple[str, Tags], Series] = {}
        self._names: dict[str, str] = {}

    def series(self, measurement: str, tags: Tags = ()) -> Series:
        """Return the series of a measurement and tags; of two tags with one name the last one holds.

        Raises:
            EncodeError: The measurement has no name.
        """
        known = self._series.get((measurement, tags))
        if known is None:
            if len(self._series) >= _MOST_NAMES:
                self._series.clear()
            pairs = sorted((_RESERVED.get(key, key), value) for key, value in dict(tags).items() if key and value)
            text = "".join(f",{escaped_key(key)}={escaped_key(value)}" for key, value in pairs)
            known = self._series[measurement, tags] = Series(escaped_measurement(measurement) + text + " ")
        return known

    def line(self, series: Series, fields: Iterable[tuple[Any, Any]], nanoseconds: int) -> bytes:
        """Return a point as a line, without the newline at its end.

        Raises:
            EncodeError: There is no field that can be written.
        """
        text, names = "", self._names
        for name, value in fields:
            kind = type(value)
            if kind is float and value - value == 0.0:  # finite, and faster to ask so
                form = repr(value)
            elif kind is int and _SMALLEST <= value <= _LARGEST:
                form = f"{value}i"
            elif kind in _PLAIN:
                form = self._form(value)
            else:
                text += self._fields_in(name, value)
                continue
            if form and (key := names.get(name) or self._name(name)):
                text += f"{key}{form}"
        if not text:
            raise EncodeError("a point without a field that can be written: numbers must be finite, names not empty")
        if nanoseconds == series.given:  # the server keeps one of two points of a series and a time: make it two times
            series.written += 1
        else:
            series.given = series.written = nanoseconds
        line = f"{series.prefix}{text[1:]} {series.written}"
        try:
            return line.encode()
        except UnicodeEncodeError:  # half a character, as names of files may have
            return line.encode(errors="replace")

    def drop_field(self, reason: str) -> None:
        """Take note of a field that cannot be written."""
        self.dropped_fields[reason] = self.dropped_fields.get(reason, 0) + 1

    def _form(self, value: Scalar) -> str:
        """Return a value as it stands in a line; "" for one that cannot, which is counted."""
        if isinstance(value, str):
            return escaped_string(value, keeps_newlines=self._keeps_newlines)
        if isinstance(value, bool):
            return "true" if value else "false"
        is_float = isinstance(value, float)
        if isfinite(value) if is_float else _SMALLEST <= value <= _LARGEST:
            return repr(value) if is_float else f"{value}i"
        self.drop_field("not_finite" if is_float else "too_large")
        return ""

    def _fields_in(self, name: object, value: object) -> str:
        """Return the fields of an object in a point."""
        inner = bounded(flat(((name_of(name), value),), self.drop_field), self.drop_field)
        parts = [(self._name(path), self._form(plain)) for path, plain in inner]
        return "".join(key + form for key, form in parts if key and form)

    def _name(self, name: object) -> str:
        text = name_of(name)
        if not text:
            self.drop_field("no_name")
            return ""
        known = self._names.get(text)
        if known is None:
            if len(self._names) >= _MOST_NAMES:
                self._names.clear()
            known = self._names[text] = f",{escaped_key(_RESERVED.get(text, text))}="
        return known
