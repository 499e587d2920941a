"""How long this process has been there, from the command on."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["process_age"]

STARTED_FIELD = 19
"""Of ``/proc/self/stat``, counted behind the name of the program, which may have spaces."""


def process_age(proc: Path = Path("/proc")) -> float | None:
    """Return the age of this process [s], to a hundredth; None where the system does not tell.

    Source: proc_pid_stat(5).
    """
    try:
        fields = (proc / "self/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
        uptime = float((proc / "uptime").read_text(encoding="ascii").split()[0])
        return uptime - int(fields[STARTED_FIELD]) / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError):
        return None
