"""SIGTERM when everything is bad at once: clients that never leave, a server that is gone, full queues."""

from __future__ import annotations

import asyncio
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from aiohttp import ClientSession

from tests.system.lateness import machine

pytestmark = pytest.mark.system

PROGRAM = """
import asyncio
import mape
from mape.remote.influxdb import InfluxObserver
from mape.remote.redis import PubObserver, StreamObserver, SubObservable
from mape.remote.rest import POSTObserver

mape.init(rest_host_port="127.0.0.1:0", redis_url="redis://127.0.0.1:1",
          influxdb__url="http://127.0.0.1:1", influxdb__bucket="b", influxdb__org="o", influxdb__token="t")
loop = mape.Loop("car")

@loop.monitor
def speed(item):
    return item

for sink in (PubObserver("c"), StreamObserver("s"), POSTObserver("http://127.0.0.1:1", "a.b"), InfluxObserver()):
    {planted}
    speed.subscribe(sink)
SubObservable("x_*").subscribe(print)

async def main():
    for number in range(20_000):
        speed(number)
        if number % 1000 == 0:
            await asyncio.sleep(0)
    print("full", flush=True)
"""
DEADLINE = 10.0
CLIENTS = 5


async def sigterm(folder: Path, planted: str = "pass") -> tuple[int, float, str]:
    """Run the program, open streams to it, send SIGTERM.

    Returns:
        Its exit code, how long it took, less what a busy machine held it up [s], and what it said.
    """
    (folder / "car.py").write_text(PROGRAM.format(planted=planted))
    command = [sys.executable, "-m", "mape", "run", "car.py"]
    with subprocess.Popen(  # noqa: ASYNC220 - starts at once
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        try:
            assert process.stdout is not None
            url, said = "", ""
            while "full" not in said:
                said += (line := await asyncio.to_thread(process.stdout.readline))
                assert line, said
                url = found[1] if (found := re.search(r"(http://[\d.:]+),", line)) else url
            place = f"{url}/loops/car/elements/speed"
            async with ClientSession() as session:
                for _ in range(CLIENTS):
                    await session.get(f"{place}/stream")
                    await session.ws_connect(f"{place}?give=out")
                with machine() as late:
                    begin = time.monotonic()
                    process.send_signal(signal.SIGTERM)
                    rest, _ = await asyncio.to_thread(process.communicate, None, 60)
                    took = time.monotonic() - begin
        finally:
            process.kill()
    print(f"\n{took:.2f} s, of which the machine was late by {late.seconds:.2f} s")
    return process.returncode, took - late.seconds, said + rest


async def test_sigterm_ends_in_ten_seconds_whatever_is_down_open_or_full(tmp_path: Path) -> None:
    code, took, said = await sigterm(tmp_path)

    lost = re.findall(r"(\d+) items were not sent", said)
    streams = f"{CLIENTS} event streams, {CLIENTS} WebSockets"
    print(f"\nSIGTERM: {streams}, all servers down, {', '.join(lost)} items wait: exit {code} after {took:.2f} s")
    assert code == 0, said
    assert took < DEADLINE
    assert len(lost) >= 3, said


async def test_the_check_finds_a_sink_that_flushes_for_as_long_as_it_likes(tmp_path: Path) -> None:
    code, took, _ = await sigterm(tmp_path, "sink.close = sink.drain = lambda: __import__('time').sleep(2.5)")

    assert code != 0 or took >= DEADLINE
