"""Time limits for connections, which uvicorn has none of: a head that does not come, an answer that is not taken.

The classes are given to uvicorn as its protocols. They touch what asyncio calls, and two places of uvicorn's: where it
looks at what has come, and where it says that a request is malformed.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

if TYPE_CHECKING:
    _Base = asyncio.Protocol
else:
    _Base = object

__all__ = ["HttpProtocol", "Limits", "SocketProtocol", "Stalling"]

logger = logging.getLogger("mape.rest.wire")
logger.setLevel(logging.ERROR)  # uvicorn warns of each malformed request, and strangers decide how many there are
TOO_LATE = (
    b"HTTP/1.1 408 Request Timeout\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: 50\r\n\r\n"
    b'{"error": "the head of the request came too late"}'
)
TOO_MANY = (
    b"HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\nconnection: close\r\nretry-after: 1\r\n"
    b'content-length: 44\r\n\r\n{"error": "the server has no room for more"}'
)


@dataclass
class Limits:
    """What a connection may take, and what happened to those that took more.

    Args:
        timeout: How long a head may take to come, and an answer to be taken in [s].
        connections: How many there may be.
    """

    timeout: float
    connections: int
    late: int = 0
    stalled: int = 0
    refused: int = 0
    malformed: int = 0


class Stalling(_Base):
    """Ends a connection whose other end takes nothing in, also while it is being closed."""

    limits: Limits
    transport: Any
    _stall: asyncio.TimerHandle | None = None

    def pause_writing(self) -> None:
        """Hear that the other end is behind."""
        super().pause_writing()
        if self._stall is None:
            self._stall = asyncio.get_running_loop().call_later(self.limits.timeout, self._give_up)

    def resume_writing(self) -> None:
        """Hear that it has caught up."""
        super().resume_writing()
        self._calm()

    def connection_lost(self, exc: Exception | None) -> None:
        """Hear that the connection is gone."""
        super().connection_lost(exc)
        self._calm()

    def _give_up(self) -> None:
        self._stall = None
        self.limits.stalled += 1
        self.transport.abort()

    def _calm(self) -> None:
        if self._stall is not None:
            self._stall.cancel()
            self._stall = None


class HttpProtocol(Stalling, H11Protocol):
    """HTTP, with a deadline for each head."""

    def __init__(self, *args: Any, limits: Limits, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.limits = limits
        self.logger = logger
        self._head: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn has it
        """Take a new connection, if there is room."""
        super().connection_made(transport)
        if len(self.connections) > self.limits.connections:
            self.limits.refused += 1
            transport.write(TOO_MANY)
            transport.close()
            return
        self._head = self.loop.call_later(self.limits.timeout, self._late)

    def handle_events(self) -> None:
        """Look at what has come: the first bytes of a head start its deadline, its last ones end it."""
        if self.transport.is_closing():
            return
        super().handle_events()
        if self.conn.their_state is not h11.IDLE:
            self._punctual()
        elif self._head is None and self.conn.trailing_data[0]:
            self._head = self.loop.call_later(self.limits.timeout, self._late)

    def connection_lost(self, exc: Exception | None) -> None:
        """Hear that the connection is gone."""
        super().connection_lost(exc)
        self._punctual()

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP."""
        self.limits.malformed += 1
        super().send_400_response(msg)

    def _late(self) -> None:
        self._head = None
        if not self.transport.is_closing():
            self.limits.late += 1
            self.transport.write(TOO_LATE)
            self.transport.close()

    def _punctual(self) -> None:
        if self._head is not None:
            self._head.cancel()
            self._head = None


class SocketProtocol(Stalling, WebSocketsSansIOProtocol):
    """A WebSocket."""

    def __init__(self, *args: Any, limits: Limits, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.limits = limits
        self.logger = logger
