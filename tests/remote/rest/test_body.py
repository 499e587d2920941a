from __future__ import annotations

from typing import Any

import pytest

from mape.remote.rest.answer import Answer
from mape.remote.rest.body import content_type, linger, read_body
from tests.remote.rest.wire import Headers, scope

pytestmark = pytest.mark.virtual_time


class FakeClient:
    """Sends chunks, and then says nothing more."""

    def __init__(self, *chunks: bytes, ends: bool = True, leaves: bool = False) -> None:
        self.chunks, self.ends, self.leaves = list(chunks), ends, leaves
        self.taken = 0

    async def __call__(self) -> dict[str, Any]:
        if self.chunks:
            chunk = self.chunks.pop(0)
            self.taken += len(chunk)
            return {"type": "http.request", "body": chunk, "more_body": bool(self.chunks) or not self.ends}
        if self.leaves:
            return {"type": "http.disconnect"}
        import asyncio

        return await asyncio.Future()


async def read(client: FakeClient, headers: Headers = (), most: int = 10) -> Any:
    found = await read_body(scope("POST", "/", headers), client, most, 30.0)
    return found.status if isinstance(found, Answer) else found


async def test_a_body_is_read_to_its_end() -> None:
    assert await read(FakeClient(b"")) == b""
    assert await read(FakeClient(b"abc", b"", b"def")) == b"abcdef"
    assert await read(FakeClient(b"0123456789")) == b"0123456789"


async def test_a_body_that_announces_too_much_is_not_read() -> None:
    client = FakeClient(b"0" * 11)

    assert await read(client, [("content-length", "11")]) == 413
    assert client.taken == 0


async def test_a_body_that_turns_out_too_large_is_read_no_further() -> None:
    client = FakeClient(*[b"0123"] * 100)

    assert await read(client, [("content-length", "x")]) == 413
    assert client.taken == 12


async def test_a_body_that_does_not_come_is_not_waited_for() -> None:
    assert await read(FakeClient(b"abc", ends=False)) == 408


async def test_a_client_that_leaves_gets_no_answer() -> None:
    assert await read(FakeClient(b"abc", ends=False, leaves=True)) is None


async def test_lingering_ends_with_the_client_or_soon() -> None:
    await linger(FakeClient(b"abc", ends=False, leaves=True))
    await linger(FakeClient(b"abc", ends=False))


def test_the_content_type_is_read_without_its_parameters() -> None:
    assert (
        content_type(scope("POST", "/", [("content-type", "Application/JSON ; charset=utf-8")])) == "application/json"
    )
    assert content_type(scope("POST", "/")) == ""
