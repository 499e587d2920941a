"""How much each logger says."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from mape.errors import ConfigError

if TYPE_CHECKING:
    from mape.settings.schema import Log

__all__ = ["levels_of", "set_levels"]

LEVELS = ("debug", "info", "warning", "error", "critical")
TALKATIVE = ("aiohttp", "asyncio", "opentelemetry", "urllib3", "uvicorn", "watchfiles", "websockets")
"""Libraries below mape, whose everyday news is no news to its users; their warnings are."""


def levels_of(setting: str | tuple[str, ...]) -> dict[str, int]:
    """Return the levels of loggers that ``log.levels`` names.

    Raises:
        ConfigError: An entry is not of the form ``name=level``.
    """
    found = {}
    for entry in setting.replace(",", " ").split() if isinstance(setting, str) else setting:
        name, _, level = entry.partition("=")
        if level.strip().lower() not in LEVELS or not name.strip():
            raise ConfigError(f"log.levels: {entry!r:.80} is not 'logger=level', with one of {', '.join(LEVELS)}")
        found[name.strip()] = logging.getLevelNamesMapping()[level.strip().upper()]
    return found


def set_levels(settings: Log, *, debug: bool, for_all: bool = False) -> None:
    """Have mape, and the loggers that are named, say as much as the settings want.

    Args:
        for_all: The person's own loggers, too: nobody else has set logging up.

    Raises:
        ConfigError: See `levels_of`.
    """
    named = levels_of(settings.levels)
    logging.getLogger("mape").setLevel("DEBUG" if debug else settings.level.upper())
    if for_all:
        logging.getLogger().setLevel(settings.level.upper())
        for each in TALKATIVE:
            if logging.getLogger(each).level == logging.NOTSET:
                logging.getLogger(each).setLevel(max(logging.WARNING, logging.getLogger().level))
    for name, level in named.items():
        logging.getLogger(name).setLevel(level)
