"""The parent of a process, seen by the child: it says lines of JSON, hears ours, and when it is gone so are we."""

from __future__ import annotations

import asyncio
import os
import stat
import sys
from collections.abc import AsyncIterator
from typing import Any

import msgspec

__all__ = ["Parent"]

WAITING_BYTES = 256 * 1024
"""What may wait for a parent that does not read; beyond that words are lost, and counted."""


class Parent:
    """Standard input and output, as lines of JSON."""

    def __init__(self) -> None:
        self.unheard = 0
        """Words that were dropped, because the parent does not read."""
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.WriteTransport | None = None

    async def open(self) -> None:
        """Begin to listen."""
        loop = asyncio.get_running_loop()
        self._reader = reader = asyncio.StreamReader()
        if _can_speak(sys.stdin.fileno()):
            await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)  # deadline: local
        else:
            reader.feed_eof()  # a file or /dev/null: nobody is there, and asyncio would never say so
        self._writer, _ = await loop.connect_write_pipe(asyncio.BaseProtocol, sys.stdout)  # deadline: local

    def tell(self, **word: Any) -> None:
        """Say a line; never waits."""
        writer = self._writer
        if writer is None or writer.is_closing() or writer.get_write_buffer_size() > WAITING_BYTES:
            self.unheard += 1
        else:
            writer.write(msgspec.json.encode(word) + b"\n")

    async def words(self) -> AsyncIterator[dict[str, Any]]:
        """Yield what the parent says, until it is gone or wants us to go."""
        reader = self._reader
        while reader is not None and (line := await reader.readline()):  # deadline: it ends when the parent does
            yield msgspec.json.decode(line, type=dict[str, Any])

    async def close(self) -> None:
        """Let what was said last get through."""
        if self._writer is not None:
            self._writer.close()
            await asyncio.sleep(0)


def _can_speak(number: int) -> bool:
    """Whether a file descriptor is a pipe, a socket or a terminal."""
    mode = os.fstat(number).st_mode
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode) or os.isatty(number)
