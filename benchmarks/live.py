"""What it costs a chain at full speed that a page shows it; the page is another process."""

from __future__ import annotations

import asyncio
import statistics
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import mape
from benchmarks.measure import ROUNDS, Row, millions, no_gc
from mape.remote.rest import RestServer
from mape.settings.schema import Rest
from mape.web import add_page
from mape.web.sampling import see

SECONDS = 1.0
SLICE = 2_000
"""Items between two turns of the event loop, about 1 ms."""
LOOKS = 20_000
ROLES = ("monitor", "analyze", "plan", "execute")

CLIENT = """
import asyncio, sys
import aiohttp

async def main():
    async with aiohttp.ClientSession() as session:
        answer = None
        while command := (await asyncio.to_thread(sys.stdin.readline)).split():
            if answer is not None:
                answer.close()
                reader.cancel()
                answer = None
            if command[0] == "look":
                answer = await session.get(command[1])
                first = asyncio.Event()
                async def read(answer=answer, first=first):
                    async for chunk in answer.content.iter_any():
                        if b"event: pulse" in chunk:
                            first.set()
                reader = asyncio.create_task(read())
                await asyncio.wait_for(first.wait(), 10)
            print("done", flush=True)

asyncio.run(main())
"""


@dataclass
class Reading:
    n: int
    car: str
    kmh: float


class Looker:
    """A client in a process of its own."""

    def __init__(self, process: asyncio.subprocess.Process, url: str) -> None:
        self._process, self._url = process, url

    async def look(self, query: str = "") -> None:
        await self._say(f"look {self._url}/live/stream{query}")

    async def leave(self) -> None:
        await self._say("leave")

    async def _say(self, command: str) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{command}\n".encode())
        await self._process.stdin.drain()
        assert await self._process.stdout.readline() == b"done\n"


def chain(app: mape.App) -> Callable[[Any], None]:
    loop = app.loop("bench")
    elements = [getattr(loop, role)(uid=f"my_{role}")(lambda item: item) for role in ROLES[:-1]]
    elements.append(loop.execute(uid="last")(lambda _: None))
    mape.connect(*elements)
    feed: Callable[[Any], None] = elements[0].port_in.on_next
    return feed


@asynccontextmanager
async def serving(*, has_page: bool) -> AsyncIterator[tuple[mape.App, Callable[[Any], None], str]]:
    app = mape.App()
    feed = chain(app)
    server = RestServer(app, Rest(host_port="127.0.0.1:0", rate=0.0))
    if has_page:
        add_page(server)
    async with app:
        yield app, feed, server.url


@asynccontextmanager
async def looker(url: str) -> AsyncIterator[Looker]:
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", CLIENT, stdin=pipe, stdout=pipe)
    try:
        yield Looker(process, url)
    finally:
        process.kill()
        await process.wait()


async def speed(feed: Callable[[Any], None], seconds: float = SECONDS) -> float:
    """Items a second of this thread's CPU time, the event loop's work included."""
    item, count = Reading(1, "car_1", 80.0), 0
    with no_gc():
        end, start = time.monotonic() + seconds, time.thread_time()
        while time.monotonic() < end:
            for _ in range(SLICE):
                feed(item)
            count += SLICE
            await asyncio.sleep(0)
        return count / (time.thread_time() - start)


async def pairs(
    candidate: Callable[[], Awaitable[float]], baseline: Callable[[], Awaitable[float]], rounds: int = ROUNDS
) -> tuple[float, float, float]:
    """Candidate, baseline, and the median of their ratios; who is first changes, so that no drift favours one."""
    found = []
    for number in range(rounds):
        if number % 2:
            ours, base = await candidate(), await baseline()
        else:
            base, ours = await baseline(), await candidate()
        found.append((ours, base))
    return (
        statistics.median(ours for ours, _ in found),
        statistics.median(base for _, base in found),
        statistics.median(ours / base for ours, base in found),
    )


async def idle() -> Row:
    async with serving(has_page=True) as (_, with_page, _), serving(has_page=False) as (_, without, _):
        short = SECONDS / 5  # and many of them: what is looked for is smaller than what a neighbour costs
        ours, base, against = await pairs(lambda: speed(with_page, short), lambda: speed(without, short), 7 * ROUNDS)
    return Row("live page, nobody looks", millions(ours), f"no page {millions(base)}", against, 0.99)


async def watched(what: str, query: str) -> Row:
    async with serving(has_page=True) as (_, feed, url), looker(url) as client:

        async def looking() -> float:
            await client.look(query)
            return await speed(feed)

        async def alone() -> float:
            await client.leave()
            await asyncio.sleep(0.1)
            return await speed(feed)

        ours, base, against = await pairs(looking, alone)
    return Row(what, millions(ours), f"nobody looks {millions(base)}", against, 0.95)


def sampling() -> Row:
    """What one look at an item costs: its tree, its text, its numbers."""
    app = mape.App()
    item = Reading(1, "car_1", 80.0)
    costs = []
    for _ in range(ROUNDS):
        with no_gc():
            start = time.thread_time()
            for _ in range(LOOKS):
                see(app, item)
            costs.append((time.thread_time() - start) / LOOKS * 1e6)
    cost = statistics.median(costs)
    return Row("live page, one item looked at", f"{cost:.1f} us", "at most 200 a second and port", cost, 50.0, True)


def rows() -> Iterator[Row]:
    yield asyncio.run(idle())
    yield asyncio.run(watched("live page, one client looks", ""))
    yield asyncio.run(watched("live page, one client watches two elements", "?watch=bench.my_monitor,bench.last"))
    yield sampling()
