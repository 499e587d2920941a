"""A strict reader of line protocol, written from InfluxDB's documentation and independent of mape's own.

https://docs.influxdata.com/influxdb/v2/reference/syntax/line-protocol/: in names and tags a backslash escapes a comma,
an equals sign (not in measurements) and a space and is itself elsewhere; in strings it escapes quotes and backslashes.
`cut` finds the ends of lines as the servers of version 1 and 2 do, which skip a backslash and what follows in pairs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass
class Parsed:
    measurement: str
    tags: dict[str, str]
    fields: dict[str, Any]
    time: int


def cut(block: str) -> list[str]:
    lines, start, at = [], 0, 0
    is_in_fields = is_quoted = False
    equals = commas = 0
    while at < len(block):
        each = block[at]
        if each == "\\":
            at += 2
            continue
        if each == " ":
            is_in_fields = True
        if is_in_fields and not is_quoted and each == "=":
            equals += 1
        elif is_in_fields and not is_quoted and each == ",":
            commas += 1
        elif is_in_fields and each == '"' and equals > commas:
            is_quoted = not is_quoted
        elif each == "\n" and not is_quoted:
            lines.append(block[start:at])
            start, is_in_fields, equals, commas = at + 1, False, 0, 0
        at += 1
    return [*lines, block[start:]]


def parse(line: str) -> Parsed:
    assert line, "an empty line"
    assert not line.startswith("#"), f"a comment: {line!r}"
    at, measurement = _name(line, 0, ", ", ", ")
    tags: dict[str, str] = {}
    while line[at] == ",":
        at, key = _name(line, at + 1, "=", ",= ")
        at, value = _name(line, at + 1, ", ", ",= ")
        assert key not in tags, "a tag twice"
        tags[key] = value
    assert line[at] == " "
    fields: dict[str, Any] = {}
    while True:
        at, key = _name(line, at + 1, "=", ",= ")
        assert key not in fields, "a field twice"
        at, fields[key] = _value(line, at + 1)
        if line[at] == " ":
            break
        assert line[at] == ","
    return Parsed(measurement, tags, fields, int(line[at + 1 :]))


def _name(line: str, at: int, ends: str, special: str) -> tuple[int, str]:
    name = ""
    while line[at] not in ends:
        assert line[at] not in special, f"unescaped {line[at]!r} at {at} in {line!r}"
        assert line[at] >= " ", f"a control character at {at} in {line!r}"
        if line[at] == "\\" and line[at + 1] in special:
            at += 1
        elif line[at] == "\\" and line[at + 1] == "\\":
            assert line[at + 2] not in special, "servers do not agree what this is"
        name += line[at]
        at += 1
    assert name, f"an empty name at {at} in {line!r}"
    return at, name


def _value(line: str, at: int) -> tuple[int, Any]:
    if line[at] == '"':
        text, at = "", at + 1
        while line[at] != '"':
            if line[at] == "\\":
                at += 1
                assert line[at] in '"\\'
            text += line[at]
            at += 1
        return at + 1, text
    end = min(found for found in (line.find(",", at), line.find(" ", at)) if found > 0)
    word = line[at:end]
    if word in ("true", "false"):
        return end, word == "true"
    if word.endswith("i"):
        number = int(word[:-1])
        assert -(2**63) <= number < 2**63
        return end, number
    assert word.lstrip("-")[0].isdigit(), word
    return end, float(word)
