"""Items per second from one process to an element of another over REST; order and count asserted in each."""

from __future__ import annotations

import asyncio
import logging
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiohttp
import msgspec

import mape
from benchmarks.measure import Row, millions, no_gc, ratio
from mape.remote.rest.observer import POSTObserver
from mape.remote.rest.socket import SocketObserver
from mape.remote.sender import Sender

PATH = "/loops/cars/elements/speed"
ITEMS = 200_000
SINGLE_POSTS = 1_500
SINGLE_MESSAGES = 30_000
PREDECESSOR = "the predecessor 0.5-0.7 k/s, out of order"

PEER = """
import dataclasses, signal
import mape
from mape.remote.rest import RestServer

@dataclasses.dataclass
class Reading:
    n: int
    car: str
    kmh: float

app = mape.init(rest_host_port="127.0.0.1:0", rest__rate=0.0, log__level="critical")
expected = 0

@mape.Loop("cars").execute
def speed(reading: Reading) -> None:
    global expected
    if type(reading) is not Reading or reading.n != expected:
        raise SystemExit(f"{reading} came instead of {expected}")
    expected += 1

async def main():
    print(app.services.shared("rest", None).url, flush=True)

mape.run(main())
print(expected, flush=True)
"""


@dataclass
class Reading:
    n: int
    car: str
    kmh: float


Work = Callable[[str, int], Awaitable[float]]


@asynccontextmanager
async def peer(expected: int) -> AsyncIterator[str]:
    """Another process with a server and an element, which is asked in the end how many items it got in order."""
    command = [sys.executable, "-c", PEER]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: ASYNC220 - nothing else runs
        assert process.stdout is not None
        yield process.stdout.readline().strip()
        process.terminate()
        count = await asyncio.to_thread(process.stdout.read)
        assert count.strip() == str(expected), f"{count!r} of {expected} items arrived in order"


def measure(work: Work, count: int) -> float:
    """Items a second, from the first item to the last confirmation."""

    async def main() -> float:
        async with peer(count) as url:
            with no_gc():
                return count / await work(url, count)

    return asyncio.run(main())


def reading(number: int) -> Reading:
    return Reading(number, "car_1", 51.5)


async def through(sink: Sender, app: mape.App, count: int) -> float:
    """Send items through an element into a sink, as fast as it takes them."""
    element = app.loop("here").monitor(uid="m")(lambda item: item)
    element.subscribe(sink)
    async with app:
        push = element.port_in.on_next
        start = time.perf_counter()
        for number in range(count):
            push(reading(number))
            if number % 256 == 0:
                await asyncio.sleep(0)
                while sink.outgoing.queued > 8_192:  # noqa: ASYNC110 - an event would cost the sink
                    await asyncio.sleep(0)
        await sink.flush()
        took = time.perf_counter() - start
    assert sink.stats.sent == count
    assert sink.stats.retries == 0
    return took


async def posted(url: str, count: int) -> float:
    return await through(POSTObserver(url, "cars.speed", size=20_000), mape.App(), count)


async def streamed(url: str, count: int) -> float:
    return await through(SocketObserver(url, "cars.speed", size=20_000), mape.App(), count)


async def one_post_an_item(url: str, count: int) -> float:
    async with aiohttp.ClientSession() as session:
        start = time.perf_counter()
        for number in range(count):
            body, kind = msgspec.json.encode(reading(number)), {"content-type": "application/json"}
            async with session.post(url + PATH, data=body, headers=kind) as answer:
                await answer.read()
                assert answer.status == 202
        return time.perf_counter() - start


async def one_message_an_item(url: str, count: int) -> float:
    async with aiohttp.ClientSession() as session, session.ws_connect(url + PATH) as socket:
        start = time.perf_counter()
        for number in range(count):
            await socket.send_bytes(msgspec.json.encode(reading(number)))
        while True:
            async with session.get(url + PATH) as answer:
                if (await answer.json())["stats"]["received"] == count:
                    return time.perf_counter() - start
            await asyncio.sleep(0.002)


def rows() -> Iterator[Row]:
    logging.disable(logging.CRITICAL)
    for what, ours, base, single, name, goal in (
        ("REST, POSTObserver to element, ordered", posted, one_post_an_item, SINGLE_POSTS, "one POST an item", 60),
        ("WebSocket frames", streamed, one_message_an_item, SINGLE_MESSAGES, "one item a message", 4),
    ):
        fast, slow, against = ratio(
            lambda ours=ours: measure(ours, ITEMS),  # type: ignore[misc]
            lambda base=base, single=single: measure(base, single),  # type: ignore[misc]
        )
        note = f"; {PREDECESSOR}" if base is one_post_an_item else ""
        yield Row(what, millions(fast), f"{name} {millions(slow)}{note}", against, goal)


if __name__ == "__main__":
    for row in rows():
        print(" | ".join(row.cells()))
