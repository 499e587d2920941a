"""The connection that publishes, against a server that says what a test wants it to say."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from mape.application import App
from mape.errors import ConnectError, PeerError, SendError
from mape.remote.redis.connection import connection_of
from mape.remote.redis.line import Line, line_of

Answer = Callable[[list[bytes]], bytes]
"""What the server says to a PUBLISH; nothing at all hangs up."""


@asynccontextmanager
async def scripted(path: Path, answer: Answer) -> AsyncIterator[list[list[bytes]]]:
    published: list[list[bytes]] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readline():
                words = []
                for _ in range(int(head[1:])):
                    length = int((await reader.readline())[1:])
                    words.append((await reader.readexactly(length + 2))[:-2])
                if words[0] == b"PUBLISH":
                    published.append(words)
                reply = answer(words) if words[0] == b"PUBLISH" else b"+PONG\r\n" if words[0] == b"PING" else b"+OK\r\n"
                if not reply:
                    break
                writer.write(reply)
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_unix_server(serve, path)
    try:
        yield published
    finally:
        server.close()
        await server.wait_closed()


@asynccontextmanager
async def a_line(path: Path) -> AsyncIterator[Line]:
    app = App()
    connection = connection_of(app, f"unix://{path}")
    line = line_of(app, connection)
    async with app:
        yield line


async def test_several_messages_are_published_in_order_and_the_listeners_counted(tmp_path: Path) -> None:
    async with scripted(tmp_path / "s", lambda _: b":3\r\n") as published, a_line(tmp_path / "s") as line:
        assert await line.publish(b"c d", [b"1", b"", b"\r\n\x00"], 1) == 3
        assert await line.publish(b"c", [b"2"], 1) == 3
    assert published == [
        [b"PUBLISH", b"c d", b"1"],
        [b"PUBLISH", b"c d", b""],
        [b"PUBLISH", b"c d", b"\r\n\x00"],
        [b"PUBLISH", b"c", b"2"],
    ]


async def test_a_refusal_leaves_no_answer_behind_for_the_next_message(tmp_path: Path) -> None:
    def answer(words: list[bytes]) -> bytes:
        return b"-NOPERM no permission\r\n" if words[2] == b"bad" else b":7\r\n" if words[2] == b"after" else b":1\r\n"

    async with scripted(tmp_path / "s", answer), a_line(tmp_path / "s") as line:
        with pytest.raises(PeerError, match="no permission"):
            await line.publish(b"c", [b"bad", b"good", b"good"], 1)
        assert await line.publish(b"c", [b"after"], 1) == 7


async def test_a_connection_that_breaks_before_the_answer_leaves_nobody_knowing(tmp_path: Path) -> None:
    def answer(words: list[bytes]) -> bytes:
        return b"" if words[2] == b"last words" else b":1\r\n"

    async with scripted(tmp_path / "s", answer), a_line(tmp_path / "s") as line:
        with pytest.raises(SendError):
            await line.publish(b"c", [b"last words"], 1)
        assert await line.publish(b"c", [b"again"], 2) == 1


async def test_without_a_server_it_is_certain_that_nothing_was_sent(tmp_path: Path) -> None:
    async with a_line(tmp_path / "s") as line:
        with pytest.raises(ConnectError):
            await line.publish(b"c", [b"1"], 0.05)


async def test_giving_up_on_an_answer_gives_it_to_nobody_else(tmp_path: Path) -> None:
    def answer(words: list[bytes]) -> bytes:
        return b":9" if words[2] == b"slow" else b":1\r\n"  # half an answer

    async with scripted(tmp_path / "s", answer), a_line(tmp_path / "s") as line:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await line.publish(b"c", [b"slow"], 1)
        assert await line.publish(b"c", [b"next"], 2) == 1
