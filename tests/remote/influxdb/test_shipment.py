"""A batch gets through but for the points that the server will never take."""

from __future__ import annotations

import asyncio

import pytest

from mape.errors import ConnectError, SendError
from mape.remote.influxdb.answer import Answer
from mape.remote.influxdb.shipment import IN_FLIGHT, MOST_POSTS, Shipment


class FakeServer:
    """Rejects a post that holds a line that begins with ``bad``."""

    def __init__(self) -> None:
        self.written: list[bytes] = []
        self.posts = self.at_once = self.most_at_once = 0
        self.failures: list[Exception | Answer] = []
        self.heard: list[tuple[int, bytes | None]] = []

    async def post(self, lines: bytes) -> Answer:
        self.posts += 1
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        await asyncio.sleep(0)
        self.at_once -= 1
        if self.failures:
            failure = self.failures.pop(0)
            if isinstance(failure, Exception):
                raise failure
            return failure
        if any(line.startswith(b"bad") for line in lines.split(b"\n")):
            return Answer(400, "bad line")
        self.written += lines.split(b"\n")
        return Answer(204)

    def ship(self, lines: list[bytes], size: int = 5000) -> Shipment:
        return Shipment(lines, size, self.post, lambda _, count, line: self.heard.append((count, line)))


def numbered(count: int, bad: tuple[int, ...] = ()) -> list[bytes]:
    return [(b"bad%d" if number in bad else b"ok%d") % number for number in range(count)]


async def test_a_batch_goes_in_posts_two_at_a_time() -> None:
    server = FakeServer()
    lines = numbered(20_000)
    await server.ship(lines).send()

    assert sorted(server.written) == sorted(lines)
    assert (server.posts, server.most_at_once) == (4, IN_FLIGHT)


async def test_one_bad_point_costs_one() -> None:
    server = FakeServer()
    shipment = server.ship(numbered(5000, bad=(1234,)))
    await shipment.send()

    assert len(server.written) == 4999
    assert (shipment.lost, server.heard) == (1, [(1, b"bad1234")])
    assert server.posts < 30


async def test_many_bad_points_cost_as_many() -> None:
    server = FakeServer()
    shipment = server.ship(numbered(1000, bad=tuple(range(0, 1000, 50))))
    await shipment.send()

    assert (len(server.written), shipment.lost) == (980, 20)
    assert len(set(server.written)) == 980


async def test_a_batch_of_bad_points_ends() -> None:
    server = FakeServer()
    shipment = server.ship(numbered(5000, bad=tuple(range(5000))))
    await shipment.send()

    assert (server.written, shipment.lost) == ([], 5000)
    assert server.posts < 2 * MOST_POSTS


async def test_what_the_server_left_out_by_itself_is_counted() -> None:
    server = FakeServer()
    server.failures = [Answer(422, "partial write: field type conflict dropped=3")]
    shipment = server.ship(numbered(10))
    await shipment.send()

    assert (shipment.lost, server.heard, server.posts) == (3, [(3, None)], 1)


@pytest.mark.parametrize("failure", [ConnectError("down"), Answer(503, "busy"), Answer(401)])
async def test_a_send_that_failed_goes_on_from_there(failure: Exception | Answer) -> None:
    server = FakeServer()
    lines = numbered(40)
    shipment = server.ship(lines, size=10)
    server.failures = [Answer(204), failure, failure]
    with pytest.raises(SendError if isinstance(failure, Answer) else ConnectError):
        await shipment.send()
    assert (shipment.refusal is None) == isinstance(failure, Exception)
    assert len(shipment.left) == 30
    await shipment.send()

    assert len(server.written) == 30  # the first ten went to the answer that was made up
    assert len(set(server.written)) == 30
    assert (shipment.lost, shipment.refusal) == (0, None)


async def test_a_send_that_is_cancelled_loses_nothing() -> None:
    server = FakeServer()
    lines = numbered(40)
    shipment = server.ship(lines, size=10)
    task = asyncio.create_task(shipment.send())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert set(shipment.left) == set(lines)
    await shipment.send()

    assert shipment.left == []
    assert set(server.written) == set(lines)
