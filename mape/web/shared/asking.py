"""One command of the many that a look takes."""

from __future__ import annotations

from typing import Any

__all__ = ["ask"]


async def ask(redis: Any, *command: Any) -> Any:
    """Do a command; who asks for the page has a deadline for all of it, and the client one for each."""
    return await redis.execute_command(*command)  # deadline: as above
