"""Where lines go: a stream that may be full, closed, broken or read by nobody, none of which is the loop's trouble."""

from __future__ import annotations

import io
import os
import select
import sys
import time
from typing import TextIO

__all__ = ["Output"]

ATOM = 4096
"""What a pipe that takes anything takes without a wait [bytes] (PIPE_BUF of Linux)."""
PATIENCE = 0.1
"""How long a reader that does not read is waited for, once until it reads again [s]."""


class Output:
    """Writes lines, or loses them; never raises, and never waits for longer than `PATIENCE`.

    A pipe whose other end does not read would stop the whole process at the first line that it has no room for. So
    each piece is written only when there is room, and lines that find none are lost.

    Args:
        stream: A text stream; None is what ``sys.stderr`` is when a line comes.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream
        self._is_stuck = self._is_torn = False

    @property
    def stream(self) -> TextIO | None:
        """Where it writes now."""
        return sys.stderr if self._stream is None else self._stream

    @property
    def is_terminal(self) -> bool:
        """Whether a person looks."""
        try:
            return self.stream is not None and self.stream.isatty()
        except (ValueError, AttributeError):  # closed, or no real stream
            return False

    def write(self, text: str) -> bool:
        """Write one line, or several; return whether they went out."""
        stream = self.stream
        try:
            if stream is None:
                return False
            if type(stream) is not io.TextIOWrapper:  # a notebook, a test, or what draws around the log
                stream.write(text + "\n")
                stream.flush()
                return True
            stream.flush()
            return self._pour(stream.fileno(), f"{text}\n".encode(stream.encoding, "backslashreplace"))
        except Exception:  # the wall around the terminal: no room on the disk, closed, the reader is gone
            return False

    def _pour(self, place: int, left: bytes) -> bool:
        if self._is_torn:
            left = b"\n" + left
        end = time.monotonic() + (0.0 if self._is_stuck else PATIENCE)
        whole = len(left)
        while left:
            if not _takes(place, max(end - time.monotonic(), 0.0)):
                self._is_stuck = True
                self._is_torn = self._is_torn or len(left) < whole
                return False
            left = left[os.write(place, left[:ATOM]) :]
        self._is_stuck = self._is_torn = False
        return True


def _takes(place: int, seconds: float) -> bool:
    """Whether there is room for `ATOM` bytes, at the latest in so many seconds."""
    try:
        return bool(select.select([], [place], [], seconds)[1])
    except (ValueError, OSError):  # more open files than select can count, or a system whose select knows sockets only
        return True
