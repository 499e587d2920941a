"""Single keys from a terminal, without Enter; the terminal is left as it was."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from types import MappingProxyType, TracebackType
from typing import Any, Self

__all__ = ["F1", "F2", "KEYS", "Keyboard", "keys_in"]

F1, F2 = "F1", "F2"
KEYS: Mapping[bytes, str] = MappingProxyType(
    {
        **dict.fromkeys((b"\x1bOP", b"\x1b[11~", b"\x1b[[A"), F1),
        **dict.fromkeys((b"\x1bOQ", b"\x1b[12~", b"\x1b[[B"), F2),
    }
)
"""What terminals send for function keys: xterm and most others, older ones, and the Linux console."""
READ = 1024


def keys_in(sent: bytes) -> list[str]:
    """Return the keys that make these bytes; of keys that nobody knows, nothing."""
    keys, rest = [], sent
    while rest:
        known = next((code for code in KEYS if rest.startswith(code)), None)
        if known is not None:
            keys.append(KEYS[known])
            rest = rest[len(known) :]
        elif rest.startswith(b"\x1b"):
            rest = _behind_sequence(rest)
        else:
            keys += [chr(rest[0])] if rest[:1].isalnum() else []
            rest = rest[1:]
    return keys


def _behind_sequence(sent: bytes) -> bytes:
    """Return what follows an escape sequence: ESC, perhaps [ or O, digits and semicolons, and one character."""
    rest = sent[1:]
    if rest[:1] in (b"[", b"O"):
        rest = rest[1:].lstrip(b"0123456789;[")[1:]
    return rest


class Keyboard:
    """Calls `heed` with each key while it is open; does nothing where standard input is no terminal of ours.

    Signals by Ctrl-C and Ctrl-Z work as ever.
    """

    def __init__(self, heed: Callable[[str], None]) -> None:
        self._heed = heed
        self._before: list[Any] | None = None
        self._number = -1
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def is_open(self) -> bool:
        """Whether keys are heard."""
        return self._before is not None

    def __enter__(self) -> Self:
        number = _terminal()
        if number is None:
            return self
        import termios
        import tty

        self._number = number
        self._before = termios.tcgetattr(number)
        tty.setcbreak(number, termios.TCSANOW)
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(number, self._read)
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _: TracebackType | None
    ) -> None:
        self.restore()

    def restore(self) -> None:
        """Leave the terminal as it was; may be called again."""
        before, self._before = self._before, None
        if before is None:
            return
        import termios

        if self._loop is not None and not self._loop.is_closed():
            self._loop.remove_reader(self._number)
        with suppress(termios.error, OSError):  # the terminal is gone
            termios.tcsetattr(self._number, termios.TCSANOW, before)

    def _read(self) -> None:
        try:
            sent = os.read(self._number, READ)
        except OSError:
            sent = b""
        if not sent:  # the terminal is gone
            self.restore()
        for key in keys_in(sent):
            self._heed(key)


def _terminal() -> int | None:
    """Return the number of standard input if it is a terminal, and this program is the one it talks to."""
    with suppress(OSError, ValueError, AttributeError):
        number = sys.stdin.fileno()
        if os.isatty(number) and os.tcgetpgrp(number) == os.getpgrp():
            return number
    return None
