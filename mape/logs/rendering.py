"""How lines look: processors of structlog that make a text for people, or a JSON object for machines, of a record."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, MutableMapping
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, TypeAlias

from structlog.processors import JSONRenderer
from structlog.stdlib import ProcessorFormatter

from mape import flow
from mape.errors import CodecError, RemoteError
from mape.logs.escaping import plain, printable

__all__ = ["Place", "formatter"]

Place: TypeAlias = "Callable[[str], tuple[str, str] | None]"
"""Returns loop and element of a path, if there are any."""
Fields: TypeAlias = "MutableMapping[str, Any]"

LINE = 4_000
"""How much of a message is shown [characters]."""
TRACE = 16_000
"""How much of a traceback is shown, its end first [characters]."""
OWN = (
    *("time", "level", "logger", "event", "path", "loop", "element", "kind", "cause", "trace_id", "span_id"),
    *("error", "reason", "traceback"),
)
"""The fields of a line, in their order; a person's own, given as ``extra=``, come behind."""
SHOWN = frozenset({*OWN, "count"})
"""What stands in the text of a line anyway."""
EXPECTED = (CodecError, RemoteError)
"""Errors of others, whose message says all: a terminal shows no traceback of them."""
USUAL = frozenset({*vars(logging.makeLogRecord({})), "message", "asctime", "taskName"})
"""What every record has."""
INSIDE = str(Path(flow.__file__).parent)
"""Where items move: the way to a person's function, which no traceback needs to show."""
COLOURS = {"debug": "2", "info": "36", "warning": "33", "error": "31", "critical": "1;31"}


def formatter(place: Place, *, as_json: bool, colours: bool = False) -> logging.Formatter:
    """Return what makes lines of records, the standard library's and structlog's.

    Args:
        place: Finds the element that a line is about.
        as_json: One object a line; else text.
        colours: Whether text is coloured.
    """
    last = [JSONRenderer(ensure_ascii=False)] if as_json else [_Text(colours=colours)]
    return ProcessorFormatter(
        foreign_pre_chain=[_add_extras],
        pass_foreign_args=True,
        use_get_message=False,  # which fails on what cannot be shown
        processors=[_Gather(place, for_machines=as_json), *last],
    )


def _add_extras(_: Any, __: str, fields: Fields) -> Fields:
    """Add what a person gave as ``extra=``; it takes the place of nothing."""
    for name, value in vars(fields["_record"]).items():
        if name not in USUAL:
            fields[f"{name}_" if name in fields else name] = value
    return fields


class _Gather:
    """Puts the fields of a line together; what comes out is printable, and short."""

    def __init__(self, place: Place, *, for_machines: bool) -> None:
        self._place, self._for_machines = place, for_machines

    def __call__(self, _: Any, __: str, given: Fields) -> Fields:
        record = given.pop("_record")
        given.pop("_from_structlog", None)
        error, exc_info = given.pop("error", None), given.pop("exc_info", None) or record.exc_info
        found: dict[str, Any] = {
            "time": self._time(record.created),
            "level": record.levelname.lower(),
            "logger": None if record.name == "mape" else record.name,
            "event": _message(given.pop("event", ""), given.pop("positional_args", ()), given.get("cause")),
            "path": given.pop("path", None),
            "loop": given.pop("loop", None),
            "element": given.pop("element", None),
            "kind": given.pop("kind", None),
            "cause": given.pop("cause", None),
            "trace_id": given.pop("trace_id", None),
            "span_id": given.pop("span_id", None),
            "error": error,
        }
        if isinstance(found["path"], str) and (place := self._place(found["path"])):
            found["loop"], found["element"] = place
        fields = {name: plain(value) for name, value in found.items() if value is not None}
        fields["event"] = printable(found["event"], LINE)
        fields |= self._error(exc_info)
        for name, value in given.items():
            key = printable(str(name), 80)
            fields[f"{key}_" if key in OWN else key] = plain(value)
        return fields

    def _time(self, created: float) -> str:
        if self._for_machines:
            return datetime.fromtimestamp(created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return f"{datetime.fromtimestamp(created):%H:%M:%S}"  # noqa: DTZ006 - a person's own time

    def _error(self, exc_info: Any) -> dict[str, Any]:
        error = exc_info[1] if isinstance(exc_info, tuple) else exc_info
        if not isinstance(error, BaseException):
            return {}
        try:
            reason = str(error)
        except Exception:  # the wall around a person's __str__
            reason = "its text cannot be shown"
        fields = {"error": printable(type(error).__name__, 80), "reason": printable(reason, LINE)}
        if self._for_machines or not isinstance(error, EXPECTED):
            fields["traceback"] = _trace(error)
        return fields


class _Text:
    """Makes a text of fields: one line, and a traceback below it, further in than any line begins."""

    def __init__(self, *, colours: bool) -> None:
        self._colours = colours

    def __call__(self, _: Any, __: str, fields: Fields) -> str:
        level, logger = fields["level"], fields.get("logger", "")
        event, path = fields["event"], str(fields.get("path", ""))
        if path and event.startswith(path):
            event = self._paint(path, "1") + event[len(path) :]
        elif path:
            event = f"{self._paint(path, '1')}: {event}"
        elif logger and not logger.startswith("mape"):
            event = f"{self._paint(logger, '1')}: {event}"
        words = [self._paint(fields["time"], "2"), self._paint(f"{level:<7}", COLOURS.get(level, "0")), event]
        if "error" in fields and "reason" in fields:
            words[-1] += f": {fields['error']}: {fields['reason']}" if fields["reason"] else f": {fields['error']}"
        elif "error" in fields:
            words[-1] += f" ({fields['error']})"
        words += [f"{name}={value}" for name, value in fields.items() if name not in SHOWN]
        if "cause" in fields:
            words.append(self._paint(str(fields["cause"]), "2"))
        trace = fields.get("traceback", "")
        return "\n    ".join([" ".join(words), *trace.split("\n")] if trace else [" ".join(words)])

    def _paint(self, text: str, colour: str) -> str:
        return f"\x1b[{colour}m{text}\x1b[0m" if self._colours else text


def _message(event: Any, arguments: Any, cause: Any) -> str:
    """Return what a record says, without the cause, which is a field of its own."""
    text = event if isinstance(event, str) else str(plain(event))
    if arguments:
        try:
            text = text % arguments
        except Exception:  # the wall around what a person logs: something in it cannot be shown, or does not fit
            text = _patched(text, arguments)
    return text.removesuffix(f" (cause {cause})")


def _patched(text: str, arguments: Any) -> str:
    shown = tuple(plain(each) for each in arguments) if isinstance(arguments, tuple) else (plain(arguments),)
    try:
        return text % shown
    except (TypeError, ValueError):
        return f"{text} {shown}"


def _trace(error: BaseException) -> str:
    try:
        text = "".join(traceback.format_exception(type(error), error, _persons_part(error.__traceback__)))
    except Exception:  # the wall around a person's exceptions, as above
        return "the traceback cannot be shown"
    cut = len(text) - TRACE
    text = f"… {cut:,} characters before\n{text[cut:]}" if cut > 0 else text
    return "\n".join(map(printable, text.rstrip("\n").split("\n")))


def _persons_part(trace: TracebackType | None) -> TracebackType | None:
    """Return a traceback from the first function on that does not move items; all of it where there is none."""
    part = trace
    while part is not None and part.tb_frame.f_code.co_filename.startswith(INSIDE):
        part = part.tb_next
    return part or trace
