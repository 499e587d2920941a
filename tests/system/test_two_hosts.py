"""Two programs on two hosts, with one line of configuration each, and a cable that is pulled out between them.

The hosts are network namespaces of this machine: each has an address and a network card of its own.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = [pytest.mark.system, pytest.mark.slow, pytest.mark.needs("ip", "iproute2")]

ITEMS = 1_500
EVERY = 0.01
CUT = 6.0
REDIS, TOWN = "10.77.0.1", "10.77.0.2"
PASSWORD = "of-this-test"  # noqa: S105 - nobody else can reach these hosts

CAR = f"""
import asyncio, mape
from mape.remote.redis import PubObserver, StreamObserver
from mape.remote.rest import POSTObserver

mape.init()

@mape.Loop("panda").monitor
def detect(number: int) -> int:
    return number

detect.subscribe(PubObserver("car_panda.detect"))
detect.subscribe(stream := StreamObserver("town"))
detect.subscribe(post := POSTObserver("http://{TOWN}:8000", "town.posted", token="{PASSWORD}"))

async def main():
    for number in range({ITEMS}):
        detect(number)
        await asyncio.sleep({EVERY})
    await asyncio.wait_for(post.flush(), 10)
    await asyncio.sleep(2)
    mape.stop()
"""

TOWN_PROGRAM = """
import json, mape
from mape.remote.redis import StreamObservable, SubObservable

mape.init()
town = mape.Loop("town")
got = {"heard": [], "posted": [], "read": []}
for name, numbers in got.items():
    town.execute(numbers.append, uid=name)

source = SubObservable("car_*.detect")
source.subscribe(town.heard)
StreamObservable("town", group="watchers").subscribe(town.read)
print("ready", flush=True)
mape.run()
print(json.dumps(got | {"gaps": source.stats.gaps}), flush=True)
"""


def ip(*words: str) -> None:
    subprocess.run(["/usr/bin/env", "ip", *words], check=True, capture_output=True)


class Host:
    """A network namespace with one card."""

    def __init__(self, name: str, address: str, folder: Path) -> None:
        self.name, self.address, self.folder = name, address, folder
        folder.mkdir()

    def plug(self, card: str) -> None:
        ip("link", "set", card, "netns", self.name, "name", "eth0")
        ip("-n", self.name, "addr", "add", f"{self.address}/24", "dev", "eth0")
        for each in ("eth0", "lo"):
            ip("-n", self.name, "link", "set", each, "up")

    def start(self, *command: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            ["/usr/bin/env", "ip", "netns", "exec", self.name, *command],
            cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip

    def mape(self, program: str, configuration: str) -> subprocess.Popen[str]:
        (self.folder / "app.py").write_text(program)
        (self.folder / "mape.yml").write_text(configuration)
        return self.start(sys.executable, "-m", "mape", "run", "app.py")


@pytest.fixture
def hosts(tmp_path: Path) -> Iterator[tuple[Host, Host]]:
    names = [f"mape{os.getpid()}{letter}" for letter in "ab"]
    try:
        for name in names:
            ip("netns", "add", name)
        ip("link", "add", names[0], "type", "veth", "peer", "name", names[1])
        pair = (Host(names[0], REDIS, tmp_path / "car"), Host(names[1], TOWN, tmp_path / "town"))
        for host in pair:
            host.plug(host.name)
        yield pair
    finally:
        for name in names:
            subprocess.run(["/usr/bin/env", "ip", "netns", "del", name], check=False, capture_output=True)


async def until(process: subprocess.Popen[str], word: str) -> str:
    assert process.stdout is not None
    said = ""
    while word not in said:
        line = await asyncio.to_thread(process.stdout.readline)
        assert line, f"it ended without {word!r}: {said}"
        said += line
    return said


async def test_what_two_hosts_tell_each_other_survives_a_cut_cable(hosts: tuple[Host, Host]) -> None:
    car_host, town_host = hosts
    url = f"redis: {{url: 'redis://:{PASSWORD}@{REDIS}:6379'}}\n"
    server = car_host.start("redis-server", "--bind", REDIS, "--requirepass", PASSWORD, "--save", "")
    await until(server, "Ready to accept")
    town = town_host.mape(TOWN_PROGRAM, url + f"rest: {{host_port: '{TOWN}:8000', token: {PASSWORD}}}\n")
    running = [server, town]
    try:
        await until(town, "subscribed to")
        car = car_host.mape(CAR, url)
        running.append(car)
        await asyncio.sleep(4)
        ip("-n", town_host.name, "link", "set", "eth0", "down")
        await asyncio.sleep(CUT)
        ip("-n", town_host.name, "link", "set", "eth0", "up")
        begin = time.monotonic()
        told, _ = await asyncio.to_thread(car.communicate, None, 60)
        town.terminate()
        said, _ = await asyncio.to_thread(town.communicate, None, 20)
    finally:
        for process in reversed(running):
            process.kill()
            process.communicate()
    got = json.loads(next(line for line in said.splitlines() if line.startswith('{"heard"')))
    lost = ITEMS - len(got["heard"])
    print(f"\na cable cut for {CUT} s in {ITEMS} items: POST {len(got['posted'])}, stream {len(got['read'])} arrived; "
          f"pub/sub lost {lost}, gap counted {got['gaps']}; done {time.monotonic() - begin:.1f} s after")  # fmt: skip
    assert got["posted"] == list(range(ITEMS)), told
    assert got["read"] == list(range(ITEMS)), told
    assert got["heard"] == sorted(set(got["heard"]))
    assert lost == got["gaps"]
    assert lost <= (CUT + 3) / EVERY
    assert PASSWORD not in told + said
