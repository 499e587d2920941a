"""How lines look: short for people, one object each for machines, and never more lines than were logged."""

from __future__ import annotations

import json
import logging
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mape.errors import DecodeError
from mape.logs.rendering import formatter

ANY = st.text(st.characters(codec=None, exclude_categories=()), max_size=50)
FORBIDDEN = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
CAUSE = "00a1b2c3d4e5f607"


def place(path: str) -> tuple[str, str] | None:
    return ("car", "drive") if path.startswith("car.drive") else None


def record(message: str = "%s", *arguments: object, name: str = "mape", **extra: object) -> logging.LogRecord:
    made = logging.LogRecord(name, logging.ERROR, "", 0, message, arguments, None)
    made.created = 1_700_000_000.1234
    vars(made).update(extra)
    return made


def failed(item: object, error: Exception) -> logging.LogRecord:
    made = record("%s failed on %.200r (cause %s)", "car.drive", item, CAUSE, path="car.drive", kind="failed")
    made.cause, made.exc_info = CAUSE, (type(error), error, error.__traceback__)
    return made


def as_json(each: logging.LogRecord) -> dict[str, Any]:
    line = formatter(place, as_json=True).format(each)
    assert "\n" not in line
    assert not FORBIDDEN.search(line)
    decoded: dict[str, Any] = json.loads(line)
    return decoded


def as_text(each: logging.LogRecord, *, colours: bool = False) -> str:
    return formatter(place, as_json=False, colours=colours).format(each)


def raised() -> Exception:
    with pytest.raises(ZeroDivisionError) as caught:
        1 / 0  # noqa: B018 - raising is the point
    return caught.value


def test_a_failure_for_machines_has_all_its_fields() -> None:
    line = as_json(failed(0, raised()))

    trace = line.pop("traceback")
    assert line == {
        "time": "2023-11-14T22:13:20.123Z",
        "level": "error",
        "event": "car.drive failed on 0",
        "path": "car.drive",
        "loop": "car",
        "element": "drive",
        "kind": "failed",
        "cause": CAUSE,
        "error": "ZeroDivisionError",
        "reason": "division by zero",
    }
    assert trace.startswith("Traceback")
    assert trace.endswith("ZeroDivisionError: division by zero")


def test_a_failure_for_people_is_one_line_and_a_traceback_further_in() -> None:
    first, *rest = as_text(failed(0, raised())).split("\n")

    assert re.fullmatch(
        rf"\d\d:\d\d:\d\d error   car\.drive failed on 0: ZeroDivisionError: division by zero {CAUSE}",
        first,
    )
    assert rest
    assert all(line.startswith("    ") for line in rest)


def test_what_a_stranger_sent_is_no_reason_for_a_traceback_on_a_terminal() -> None:
    line = failed(None, DecodeError("the body is no JSON"))

    assert "\n" not in as_text(line)
    assert "traceback" in as_json(line)


def test_colours_are_there_only_when_asked_for() -> None:
    assert "\x1b[31merror  \x1b[0m \x1b[1mcar.drive\x1b[0m failed" in as_text(failed(0, raised()), colours=True)
    assert "\x1b" not in as_text(failed(0, raised()))


def test_a_person_s_own_line_says_which_logger_and_what_else_was_given() -> None:
    line = record("a car at %d", 80, name="traffic", lane="left\n", seen=[1], event="own", path="car.drive")

    assert as_json(line) == {
        "time": "2023-11-14T22:13:20.123Z",
        "level": "error",
        "logger": "traffic",
        "event": "a car at 80",
        "path": "car.drive",
        "loop": "car",
        "element": "drive",
        "event_": "own",
        "lane": r"left\n",
        "seen": "[1]",
    }
    assert as_text(line).endswith(r"error   car.drive: a car at 80 lane=left\n seen=[1] event_=own")
    assert as_text(record("hello", name="traffic")).endswith("error   traffic: hello")


class Shy:
    def __repr__(self) -> str:
        raise OSError


class ShyError(Exception):
    def __str__(self) -> str:
        raise OSError


def test_what_cannot_be_shown_is_named() -> None:
    assert as_json(failed(Shy(), ShyError()))["event"] == "car.drive failed on '<Shy that cannot be shown>'"
    assert as_json(failed(Shy(), ShyError()))["reason"] == "its text cannot be shown"
    assert as_json(record("%d cars", "no"))["event"] == "%d cars ('no',)"


def test_what_goes_before_a_person_s_function_is_left_out_of_a_traceback() -> None:
    import mape
    from mape.testing import collect

    app = mape.App()
    failures = collect(app.failures)

    @app.loop("car").execute
    def drive(speed: int) -> float:
        return 1 / speed

    drive(0)
    trace = as_json(failed(0, failures[0].error))["traceback"]

    assert "in drive" in trace
    assert "door.py" not in trace


def test_a_long_message_and_a_deep_traceback_are_cut() -> None:
    assert len(formatter(place, as_json=True).format(failed("x", ValueError("x" * 1_000_000)))) < 50_000
    assert len(formatter(place, as_json=True).format(record("%s", "x" * 1_000_000))) < 10_000


def test_a_message_of_structlog_s_own_is_rendered_too() -> None:
    import structlog

    made = record(name="traffic")
    made.msg = {"event": "a car", "speed": 80}  # as wrap_for_formatter does
    vars(made).update(_logger=structlog.PrintLogger(), _name="error")

    assert as_json(made)["event"] == "a car"
    assert as_json(made)["speed"] == 80


LINES = st.builds(
    lambda path, item, reason, extra: (path, item, reason, extra),
    st.sampled_from(["car.drive", "redis"]) | ANY,
    ANY | st.binary(max_size=20) | st.floats() | st.lists(ANY, max_size=3),
    ANY,
    st.dictionaries(ANY, ANY | st.integers() | st.floats(), max_size=3),
)


@given(LINES)
def test_no_text_of_a_stranger_makes_a_second_line(parts: tuple[str, object, str, dict[str, Any]]) -> None:
    path, item, reason, extra = parts
    made = record("%s failed on %s", path, item, path=path, kind=reason, cause=reason, extra=extra)
    made.exc_info = (ValueError, ValueError(reason), None)
    vars(made).update({name: value for name, value in extra.items() if name not in vars(made)})

    line = as_json(made)
    text = as_text(made)

    assert line["level"] == "error"
    assert line["time"] == "2023-11-14T22:13:20.123Z"
    assert not any(re.match(r"\S", each) for each in text.split("\n")[1:])
    assert not FORBIDDEN.search(text)


@pytest.mark.parametrize("field", ["time", "level", "logger", "event", "loop", "element", "error", "traceback"])
def test_an_extra_of_a_stranger_takes_the_place_of_no_field(field: str) -> None:
    line = as_json(record("hello", **{field: "forged"}))

    assert line["time"] == "2023-11-14T22:13:20.123Z"
    assert line["level"] == "error"
    assert line["event"] == "hello"
