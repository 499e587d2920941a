"""How long a demo of several processes may last."""

from __future__ import annotations

from mape.errors import ConfigError

__all__ = ["check_seconds"]

LEAST, MOST = 2.0, 3600.0


def check_seconds(seconds: float) -> None:
    """Check how long a demo is to last [s].

    Raises:
        ConfigError: That is too short, too long, or no number.
    """
    if not LEAST <= seconds <= MOST:  # not a number is in no range, either
        raise ConfigError(f"seconds must be from {LEAST:g} to {MOST:g}, not {seconds:g}: choose another value")
