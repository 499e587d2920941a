"""Transcripts: all that passed the ports of an app, as text; two runs are the same if their transcripts are.

A line is the time since the recording began [s], the causal id (``-`` for none), ``>`` for the port in, ``<`` for the
port out or ``!`` for a failure, the path, and the item::

    0.100000 1c2f7a90b3d4e5f6 > ambulance.detect 'emergency'
    0.100000 1c2f7a90b3d4e5f6 < ambulance.detect True
"""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Any

from mape.application import current_cause
from mape.testing.collector import loop_time

if TYPE_CHECKING:
    from reactivex.abc import DisposableBase

    from mape.application import App
    from mape.item import Failure

__all__ = ["Transcript", "record"]

_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")  # in the repr of objects without one of their own


class Transcript:
    """What was recorded; ``str()`` gives the text. Make one with `record`."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.taps: list[DisposableBase] = []
        self._started = loop_time()

    def note(self, sign: str, path: str, text: str) -> None:
        """Add a line for now."""
        shown = _ADDRESS.sub("", text).replace("\n", "\\n")
        self.lines.append(f"{loop_time() - self._started:.6f} {current_cause() or '-'} {sign} {path} {shown}")

    def dispose(self) -> None:
        """Record no more."""
        for tap in self.taps:
            tap.dispose()

    def __str__(self) -> str:
        return "".join(f"{line}\n" for line in self.lines)


def record(app: App) -> Transcript:
    """Write down what passes the ports of the elements that `app` has now, and its failures, until disposed.

    Items are written by their ``repr``, less memory addresses; give your own classes one that says what they are.
    """
    transcript = Transcript()
    for element in app.elements:
        for sign, port in ((">", element.port_in), ("<", element.port_out)):
            note = partial(transcript.note, sign, element.path)
            transcript.taps.append(port.subscribe(*_observers(note)))
    transcript.taps.append(app.failures.subscribe(partial(_note_failure, transcript)))
    return transcript


def _observers(note: Any) -> tuple[Any, Any, Any]:
    """Return what to do with an item, an error event, and the end of a stream."""
    return lambda item: note(repr(item)), lambda error: note(f"error {error!r}"), lambda: note("end")


def _note_failure(transcript: Transcript, failure: Failure) -> None:
    transcript.note("!", failure.path, f"{failure.error!r} on {failure.item!r}")
