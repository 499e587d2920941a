"""Ready points, for ``is_raw``: dicts, points of influxdb_client, and lines, which are read and built anew."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, NoReturn

from mape.errors import EncodeError
from mape.remote.influxdb.line import Tags

__all__ = ["Point", "parse_line", "point_of", "tag_pairs"]

_UNITS: Final = {"ns": 1, "us": 1_000, "ms": 1_000_000, "s": 1_000_000_000}
_KEYS: Final = frozenset({"measurement", "tags", "fields", "time"})
_PAIR: Final = 2
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_INTEGER: Final = re.compile(r"[+-]?\d+[iu]", re.ASCII)
_FLOAT: Final = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_BOOLEANS: Final = dict.fromkeys(("t", "T", "true", "True", "TRUE"), True) | dict.fromkeys(
    ("f", "F", "false", "False", "FALSE"), False
)
_NAME: Final = re.compile(r"(?:\\[,= ]|[^,= \n])+")
_MEASUREMENT: Final = re.compile(r"(?:\\[,= ]|[^, \n])+")
_TIMESTAMP: Final = re.compile(r"-?\d{1,19}", re.ASCII)
_STRING: Final = re.compile(r'"((?:\\.|[^"\\])*)"', re.DOTALL)
_BARE: Final = re.compile(r'[^,= "\n]+')


@dataclass(frozen=True)
class Point:
    """A point as a person thinks of it; `nanoseconds` since the Unix epoch, None is now."""

    measurement: str
    tags: Tags
    fields: dict[str, Any] = field(default_factory=dict)
    nanoseconds: int | None = None


def point_of(item: Any) -> Point:
    """Return the point that a raw item is: a dict, a line, or a ``Point`` of influxdb_client.

    Raises:
        EncodeError: It is none.
    """
    if isinstance(item, Point):
        return item
    if isinstance(item, dict):
        return _from_dict(item)
    if isinstance(item, str):
        return parse_line(item)
    if hasattr(item, "to_line_protocol"):
        precision = str(getattr(item, "write_precision", "ns"))
        line = item.to_line_protocol()
        if not line:
            raise EncodeError("a point without a field that can be written")
        return parse_line(line, _UNITS.get(precision, 1))
    kind = type(item).__name__
    raise EncodeError(f"{kind} is no point: with is_raw give a dict, a line, or an influxdb_client.Point")


def tag_pairs(tags: object) -> Tags:
    """Return tags as pairs of text: from a dict, a pair, or several pairs; None values are left out.

    Raises:
        EncodeError: They are something else.
    """
    if not tags:
        return ()
    if isinstance(tags, dict):
        tags = tuple(tags.items())
    if isinstance(tags, tuple | list):
        pairs = (tags,) if len(tags) == _PAIR and isinstance(tags[0], str) else tags
        if all(isinstance(pair, tuple | list) and len(pair) == _PAIR for pair in pairs):
            return tuple((str(key), str(value)) for key, value in pairs if value is not None)
    raise EncodeError('tags are a pair ("lane", "left"), several pairs, or a dict')


def _from_dict(item: dict[str, Any]) -> Point:
    if unknown := set(item) - _KEYS:
        raise EncodeError(f"a raw point has {', '.join(sorted(_KEYS))}; not {sorted(map(str, unknown))!s:.80}")
    fields = item.get("fields")
    if not isinstance(fields, dict):
        raise EncodeError("a raw point has a dict of fields")
    time = _nanoseconds(item.get("time"))
    return Point(str(item.get("measurement") or ""), tag_pairs(item.get("tags")), fields, time)


def _nanoseconds(time: object) -> int | None:
    """Return a time as whole nanoseconds: an int is that already, a float is seconds, text is ISO 8601."""
    if time is None or type(time) is int:
        return time
    if isinstance(time, float):
        return round(time * 1e6) * 1000
    try:
        moment = datetime.fromisoformat(time) if isinstance(time, str) else time
        if isinstance(moment, datetime):
            since = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - _EPOCH
            return (since.days * 86_400 + since.seconds) * 1_000_000_000 + since.microseconds * 1000
    except (ValueError, OverflowError):
        pass
    raise EncodeError(
        f"{time!r:.80} is no time: give whole nanoseconds, seconds as float, a datetime, or text in ISO 8601"
    )


def parse_line(line: str, unit: int = 1) -> Point:
    """Read one line of line protocol.

    Args:
        line: One point; newlines only inside a string.
        unit: What its timestamp counts [ns].

    Raises:
        EncodeError: It is not exactly one point.
    """
    reader = _Reader(line.strip(" \n"))
    measurement = reader.name(_MEASUREMENT)
    tags = []
    while reader.skip(","):
        key = reader.name()
        reader.expect("=")
        tags.append((key, reader.name()))
    reader.expect(" ")
    fields = dict(reader.fields())
    time = None
    if reader.skip(" "):
        time = int(reader.match(_TIMESTAMP, "a timestamp")) * unit
    if reader.rest:
        reader.fail("the end of the line")
    return Point(measurement, tuple(tags), fields, time)


class _Reader:
    """Reads a line from left to right."""

    def __init__(self, line: str) -> None:
        self._line, self._at = line, 0
        if line.startswith("#"):
            self.fail("a point, not a comment")

    @property
    def rest(self) -> bool:
        return self._at < len(self._line)

    def fail(self, wanted: str) -> NoReturn:
        raise EncodeError(f"a raw line is not one point: {wanted} must stand at character {self._at + 1}")

    def skip(self, character: str) -> bool:
        """Go past `character` if it comes next."""
        if self._line.startswith(character, self._at):
            self._at += 1
            return True
        return False

    def expect(self, character: str) -> None:
        if not self.skip(character):
            self.fail(repr(character))

    def match(self, pattern: re.Pattern[str], wanted: str) -> str:
        found = pattern.match(self._line, self._at)
        if found is None:
            self.fail(wanted)
        self._at = found.end()
        return found[found.lastindex or 0]

    def name(self, pattern: re.Pattern[str] = _NAME) -> str:
        return re.sub(r"\\([,= ])", r"\1", self.match(pattern, "a name"))

    def fields(self) -> Iterator[tuple[str, Any]]:
        while True:
            key = self.name()
            self.expect("=")
            yield key, self._value()
            if not self.skip(","):
                return

    def _value(self) -> Any:
        if self._line.startswith('"', self._at):
            return re.sub(r'\\(["\\])', r"\1", self.match(_STRING, "a closed string"))
        text = self.match(_BARE, "a value")
        if text in _BOOLEANS:
            return _BOOLEANS[text]
        if _INTEGER.fullmatch(text):
            return int(text[:-1])
        if not _FLOAT.fullmatch(text):
            self.fail("a number, true, false or a string before")
        return float(text)
