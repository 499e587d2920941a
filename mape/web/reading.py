"""Server-sent events back from bytes, however they were torn apart on their way; pure."""

from __future__ import annotations

from typing import Final

__all__ = ["EVENT_BYTES", "EventReader"]

EVENT_BYTES: Final = 8 * 2**20
END: Final = b"\n\n"


class EventReader:
    """Collects bytes until they are events.

    Wire: as `mape.web.client.event` writes them; comments and what has no name or no content are left out.
    """

    def __init__(self) -> None:
        self._held = bytearray()

    def feed(self, piece: bytes) -> list[tuple[str, bytes]]:
        """Take bytes in; return the events that are complete: name and content.

        Raises:
            ValueError: An event is too long, or its name is no text.
        """
        found: list[tuple[str, bytes]] = []
        start = max(0, len(self._held) - 1)  # the pair that ends an event may be torn apart
        self._held += piece
        while (end := self._held.find(END, start)) >= 0:
            block = bytes(self._held[:end])
            del self._held[: end + len(END)]
            start = 0
            fields = {name: value for name, _, value in (line.partition(b": ") for line in block.split(b"\n"))}
            if b"event" in fields and b"data" in fields:
                found.append((fields[b"event"].decode(), fields[b"data"]))
        if len(self._held) > EVENT_BYTES:
            raise ValueError("an event is too long")
        return found
