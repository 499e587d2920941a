"""The REST server's footprint, and how long one item takes, against FastAPI on uvicorn."""

from __future__ import annotations

import asyncio
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import aiohttp

from benchmarks.measure import ROUNDS, Row

READY = """
async def main():
    server = next(service for service in app.services if service.path == "rest")
    print(server.url, flush=True)

mape.run(main)
"""
MAPE = f"""
import mape

app = mape.init(rest_host_port="127.0.0.1:0")

@app.loop("car").execute
def drive(item: dict): ...
{READY}"""
FASTAPI = """
import uvicorn
from fastapi import Depends, FastAPI

api = FastAPI()
taken = []

def place(loop: str, element: str):
    return loop, element

@api.post("/loops/{loop}/elements/{element}", status_code=202)
async def post(item: dict, where = Depends(place)):
    taken.append(item)
    return {"accepted": 1}

class Server(uvicorn.Server):
    async def startup(self, sockets=None):
        await super().startup(sockets)
        print("http://127.0.0.1:%d" % self.servers[0].sockets[0].getsockname()[1], flush=True)

Server(uvicorn.Config(api, port=0, log_config=None, access_log=False)).run()
"""
POST = "/loops/car/elements/drive"
ITEMS, RATE = 600, 200


class Program:
    """A server in a process of its own."""

    def __init__(self, text: str) -> None:
        start = time.perf_counter()
        self.process = subprocess.Popen(
            [sys.executable, "-c", text], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        assert self.process.stdout is not None
        self.url = self.process.stdout.readline().strip()
        self.seconds = time.perf_counter() - start
        assert self.url

    @property
    def megabytes(self) -> float:
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6

    def end(self) -> None:
        self.process.terminate()
        self.process.wait(15)
        assert self.process.stdout is not None
        self.process.stdout.close()


def footprint(text: str) -> tuple[float, float]:
    """Seconds from the command to listening, and megabytes then."""
    program = Program(text)
    try:
        return program.seconds, program.megabytes
    finally:
        program.end()


async def latencies(url: str) -> list[float]:
    """Post one item every 1 / `RATE` s over a kept connection; how long each took [s]."""
    took = []
    async with aiohttp.ClientSession() as session:
        start = time.perf_counter()
        for number in range(ITEMS):
            await asyncio.sleep(max(0.0, start + number / RATE - time.perf_counter()))
            before = time.perf_counter()
            async with session.post(url + POST, json={"kmh": number}) as reply:
                await reply.read()
                assert reply.status == 202
            took.append(time.perf_counter() - before)
    return took


def p50(text: str) -> float:
    program = Program(text)
    try:
        return statistics.median(asyncio.run(latencies(program.url)))
    finally:
        program.end()


def rows() -> Iterator[Row]:
    pairs = [(footprint(MAPE), footprint(FASTAPI)) for _ in range(ROUNDS)]
    for index, what, unit, factor in ((0, "start", "ms", 1e3), (1, "memory", "MB", 1.0)):
        ours, theirs = (statistics.median(pair[side][index] for pair in pairs) for side in (0, 1))
        against = f"bare uvicorn + FastAPI, {theirs * factor:.0f} {unit}"
        name = f"process with REST listening, {what}"
        yield Row(name, f"{ours * factor:.0f} {unit}", against, ours / theirs, 1.3, lower_is_better=True)
    timed = [(p50(MAPE), p50(FASTAPI)) for _ in range(3)]
    ours, theirs = (statistics.median(pair[side] for pair in timed) for side in (0, 1))
    against = f"FastAPI route with a sync dependency, {theirs * 1e6:.0f} us"
    yield Row("REST, one item, p50 at 200/s", f"{ours * 1e6:.0f} us", against, ours / theirs, 0.7, lower_is_better=True)
