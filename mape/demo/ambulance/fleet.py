"""The vehicles as processes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from mape.demo.ambulance.scene import AMBULANCE, PLACES
from mape.demo.process.crew import BEGINNING, SETTLING, Crew

__all__ = ["Fleet"]

MODULE = "mape.demo.ambulance.vehicle"
POLL = 0.05


class Fleet(Crew):
    """Starts the vehicles, introduces them to each other, and ends them.

    Args:
        transport: ``redis``: they share an embedded server. ``rest``: they need none.
        hear: Called with who says what.
        has_pages: Whether each serves a live page.
    """

    def __init__(self, transport: str, hear: Callable[[str, dict[str, Any]], None], *, has_pages: bool = False) -> None:
        page = ["--page"] if has_pages else []
        members = {name: ["--name", name, "--position", f"{place:g}", *page] for name, place in PLACES.items()}
        super().__init__(MODULE, members, hear, has_server=transport == "redis")
        self.urls: dict[str, str] = {}

    async def introduce(self) -> None:
        """Tell each where the others are."""
        self.urls = await self.gather("up", BEGINNING)
        self.say(peers=self.urls)

    @property
    def address(self) -> tuple[str, str]:
        """How another program reaches the ambulance: the option of ``mape send``, and its value."""
        return ("--redis", self.redis_url) if self.redis_url else ("--url", self.urls.get(AMBULANCE, ""))

    def set_emergency(self, *, is_on: bool) -> None:
        """Press a button in the ambulance."""
        self.say(AMBULANCE, emergency=is_on)

    async def finals(self, is_settled: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Let nothing new be sent, and return what each has counted, when everything has arrived or time is up."""
        now = asyncio.get_running_loop().time
        end = now() + SETTLING
        await self.ask_all("quiet", SETTLING)
        while True:
            finals = await self.ask_all("final", SETTLING)
            if is_settled(finals) or now() > end:
                return finals
            await asyncio.sleep(POLL)
