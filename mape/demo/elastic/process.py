"""Child processes that write lines, and that cannot outlive this process."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Awaitable, Sequence
from contextlib import suppress
from pathlib import Path

__all__ = ["end_process", "finish_all", "start_process"]


async def start_process(program: Path, arguments: Sequence[str], inherited: Sequence[int] = ()) -> Process:
    """Start a Python file of the standard library's kind: no site packages, nothing from the environment.

    Its standard input is a pipe that we hold and never write to. It ends when this process does, however that
    happens and on any system, which tells the child to exit. The child is in a process group of its own, so that
    Ctrl-C in a terminal reaches this process alone, which then stops its children in order.

    Args:
        program: The file.
        arguments: Its command line.
        inherited: File descriptors that it gets besides the standard ones.
    """
    command = (sys.executable, "-I", "-S", str(program), *arguments)
    return await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE, pass_fds=inherited, process_group=0)


async def end_process(process: Process, patience: float) -> int:
    """Ask `process` to end with SIGTERM, kill it after `patience` [s], and return its exit code."""
    _send(process, signal.SIGTERM)
    try:
        async with asyncio.timeout(patience):
            return await process.wait()
    except TimeoutError:
        _send(process, signal.SIGKILL)
        return await process.wait()


async def finish_all(*awaitables: Awaitable[None]) -> None:
    """Wait until all are done or, if this is cancelled, have cleaned up behind them; raise the first error.

    ``asyncio.gather`` alone returns at the first error or cancelled one and leaves the others at work.
    """
    for result in await asyncio.gather(*awaitables, return_exceptions=True):
        if isinstance(result, BaseException):
            raise result


def _send(process: Process, number: signal.Signals) -> None:
    """Signal a process; ``process.terminate()`` would take its exit code away from asyncio if it has just ended."""
    if process.returncode is None:
        with suppress(ProcessLookupError):
            os.kill(process.pid, number)
