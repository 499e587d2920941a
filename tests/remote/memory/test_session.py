"""MemorySession: what an ASGI application gets, and what the caller gets back."""

from __future__ import annotations

from typing import Any

import pytest

from mape.remote.memory import MemorySession


class Recorder:
    """Answers with what it was asked."""

    def __init__(self) -> None:
        self.scope: dict[str, Any] = {}
        self.body = b""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.scope = scope
        message = await receive()
        self.body = message["body"]
        await send({"type": "http.response.start", "status": 202, "headers": [(b"Retry-After", b"3")]})
        await send({"type": "http.response.body", "body": b"tak", "more_body": True})
        await send({"type": "http.response.body", "body": b"en"})


async def test_a_post_reaches_the_application_and_its_answer_comes_back() -> None:
    recorder = Recorder()
    session = MemorySession(recorder)
    url = "http://car:6060/loops/a%20b/elements/c?port=in"
    async with session.post(url, data=b"[1]", headers={"Content-Type": "application/json"}, timeout=3) as response:
        assert response.status == 202
        assert response.headers["retry-after"] == "3"
        assert await response.read() == b"taken"
    headers = dict(recorder.scope["headers"])
    assert recorder.body == b"[1]"
    assert (recorder.scope["method"], recorder.scope["path"]) == ("POST", "/loops/a b/elements/c")
    assert (recorder.scope["query_string"], recorder.scope["server"]) == (b"port=in", ("car", 6060))
    assert headers[b"host"] == b"car:6060"
    assert headers[b"content-type"] == b"application/json"
    assert headers[b"content-length"] == b"3"


async def test_it_answers_as_a_framework_does() -> None:
    fastapi = pytest.importorskip("fastapi")
    app = fastapi.FastAPI()

    @app.post("/double")  # type: ignore[untyped-decorator] # importorskip knows no types
    async def double(number: int) -> int:
        return number * 2

    async with MemorySession(app).post("http://x/double?number=21") as response:
        assert (response.status, await response.text()) == (200, "42")
    async with MemorySession(app).get("http://x/nowhere") as response:
        assert response.status == 404


async def test_an_application_that_raises_looks_like_a_broken_connection() -> None:
    async def broken(*_: Any) -> None:
        raise ValueError

    with pytest.raises(ConnectionResetError):
        async with MemorySession(broken).post("http://x/"):
            pass


async def test_an_application_without_an_answer_looks_like_a_broken_connection() -> None:
    async def mute(*_: Any) -> None:
        return

    with pytest.raises(ConnectionResetError):
        async with MemorySession(mute).post("http://x/"):
            pass


async def test_a_session_can_play_a_server_that_is_not_there() -> None:
    session = MemorySession(Recorder())
    session.is_reachable = False
    with pytest.raises(ConnectionRefusedError, match="x:1 is not reachable"):
        async with session.post("http://x:1/"):
            pass
    session.is_reachable = True
    async with session.post("http://x:1/") as response:
        assert response.status == 202
    assert session.requests == 1
    assert not session.closed
    await session.close()
    assert session.closed
