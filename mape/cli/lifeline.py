"""What ties a program to the process that started it: a pipe whose other end closes when that process is gone."""

from __future__ import annotations

import os
import signal
import threading
import time

__all__ = ["end_with_parent"]

PATIENCE = 15.0
"""How long this process may then take to end [s]."""


def end_with_parent(pipe: int) -> None:
    """End this process as SIGTERM would, when the other end of `pipe` closes: however the parent died, on any system.

    Args:
        pipe: The file descriptor to read from; nothing is ever written there.
    """
    os.set_inheritable(pipe, False)
    threading.Thread(target=_wait, args=(pipe,), name="lifeline", daemon=True).start()


def _wait(pipe: int) -> None:
    while os.read(pipe, 1):
        continue
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(PATIENCE)
    os.kill(os.getpid(), signal.SIGKILL)  # it hangs, and nobody is there to see it
