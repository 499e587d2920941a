"""Posts lines to a server over HTTP."""

from __future__ import annotations

import asyncio
import gzip
from typing import Protocol

import aiohttp

from mape.errors import ConnectError, SendError
from mape.remote.influxdb.answer import Answer
from mape.remote.influxdb.target import Target

__all__ = ["HttpTransport", "Transport"]

_MOST_BYTES_OF_ANSWER = 64 * 1024
_FAST = 1  # gzip's level: half the time of the default, a few percent more bytes


class Transport(Protocol):
    """Takes lines to a server; `mape.remote.influxdb.MemoryInflux` is one without a server."""

    async def post(self, lines: bytes) -> Answer:
        """Post lines and return the answer, whatever its status.

        Raises:
            ConnectError: The server cannot be reached.
            SendError: There was no answer, or not in time.
        """

    async def close(self) -> None:
        """Let go of all connections."""


class HttpTransport:
    """Posts lines to a bucket.

    Args:
        target: Which bucket.
        timeout: How long a request may take, connecting included [s].
        compresses: Whether bodies are sent as gzip, which is done beside the event loop.

    Wire:
        ``POST /api/v2/write?org=...&bucket=...&precision=ns`` with one point a line. Redirects are not followed:
        they would take the token elsewhere.
    """

    def __init__(self, target: Target, *, timeout: float = 10.0, compresses: bool = False) -> None:
        self._target, self._timeout, self._compresses = target, timeout, compresses
        self._url = target.write_url
        headers = {"Content-Type": "text/plain; charset=utf-8", "Accept": "application/json", "User-Agent": "mape"}
        if target.authorization:
            headers["Authorization"] = target.authorization
        if compresses:
            headers["Content-Encoding"] = "gzip"
        self._headers = headers
        self._session: aiohttp.ClientSession | None = None

    async def post(self, lines: bytes) -> Answer:
        """Post lines and return the answer, whatever its status.

        Raises:
            ConnectError: The server cannot be reached.
            SendError: There was no answer, or not in time.
        """
        body = await asyncio.to_thread(gzip.compress, lines, _FAST) if self._compresses else lines
        try:
            async with asyncio.timeout(self._timeout):
                return await self._post(body)
        except TimeoutError as error:
            raise SendError(f"{self._target.url} gave no answer within {self._timeout:g} s") from error
        except aiohttp.ClientConnectionError as error:
            kind = ConnectError if isinstance(error, aiohttp.ClientConnectorError) else SendError
            raise kind(f"{self._target.url} is not reached: {error!s:.200}") from error
        except aiohttp.ClientError as error:
            raise SendError(f"{self._target.url} does not speak HTTP as it should: {error!s:.200}") from error

    async def _post(self, body: bytes) -> Answer:
        if self._session is None:
            self._session = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar())
        async with self._session.post(self._url, data=body, headers=self._headers, allow_redirects=False) as answer:
            text = await answer.content.read(_MOST_BYTES_OF_ANSWER)  # deadline: post's
            return Answer(
                answer.status,
                text.decode(errors="replace"),
                answer.headers.get("Retry-After"),
                answer.headers.get("Date"),
            )

    async def close(self) -> None:
        """Let go of all connections."""
        session, self._session = self._session, None
        if session is not None:
            async with asyncio.timeout(self._timeout):
                await session.close()
