"""The embedded server, with real processes: it is gone however its parent ends, and not one moment before."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import redis

from mape.application import App
from mape.remote.redis import connection_of
from mape.remote.redis.embedded import EmbeddedServer
from mape.testing import collect
from tests.system.redis_server import RedisServer, free_ports, processes_with, settled

pytestmark = [pytest.mark.system, pytest.mark.skipif(sys.platform == "win32", reason="unix sockets")]

PROGRAM = """
import asyncio, os, subprocess, sys, time
import mape
from mape.remote.redis import connection_of
from mape.remote.redis.embedded import EmbeddedServer

plant = sys.argv[2]
if plant:  # the bugs that the tests must find: a server without the shell that watches, one in the same session
    def bare(self, command, reader, lock):
        quiet = dict.fromkeys(["stdin", "stdout", "stderr"], subprocess.DEVNULL)
        own = plant == "no shell"
        self._process = subprocess.Popen(command[2:], start_new_session=own, pass_fds=(lock,), **quiet)
    EmbeddedServer._run = bare

app = mape.init(redis_url=sys.argv[1], log__level="error")
connection = connection_of(app)
loop = mape.Loop("work")

@loop.execute
async def slow(item):
    await asyncio.sleep(0.5)
    try:
        await connection.client.set("last", item)
        print("drained", flush=True)
    except Exception as error:
        print("server lost before the app had drained", error, flush=True)

async def main():
    await connection.wait_up(10)
    information = await connection.client.info("server")
    print(information["process_id"], connection._server.socket, flush=True)
    slow(1)
    await asyncio.sleep(float(sys.argv[3]))
    if sys.argv[4:]:
        os.abort()
    mape.stop()

mape.run(main)
"""


class Parent:
    """A program with an embedded server."""

    def __init__(self, tmp_path: Path, url: str, plant: str = "", seconds: float = 60, *more: str) -> None:
        program = tmp_path / "program.py"
        program.write_text(PROGRAM)
        self.process = subprocess.Popen(
            [sys.executable, str(program), url, plant, str(seconds), *more],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env={**os.environ, "TMPDIR": str(tmp_path)},
            start_new_session=True,
        )
        assert self.process.stdout is not None
        first = self.process.stdout.readline().split()
        assert first, "the program did not start"
        self.server, self.socket = int(first[0]), first[1]

    def end(self) -> str:
        out, _ = self.process.communicate(timeout=20)
        return str(out)

    @property
    def left(self) -> dict[int, str]:
        """What is left of the server and the shells that watch it."""
        return processes_with(self.socket) | processes_with(str(Path(self.socket).parent) + " ")


@contextmanager
def parent(tmp_path: Path, url: str = "embedded", plant: str = "", seconds: float = 60, *more: str) -> Iterator[Parent]:
    it = Parent(tmp_path, url, plant, seconds, *more)
    try:
        yield it
    finally:
        if it.process.poll() is None:
            it.process.kill()
            it.end()
        time.sleep(0.05)
        for pid in it.left:  # whatever a planted bug left behind
            os.kill(pid, signal.SIGKILL)


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """A folder with a short name: a socket's path has 100 characters."""
    import tempfile

    with tempfile.TemporaryDirectory(prefix="me-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


def test_it_is_gone_after_kill_9_of_its_parent(tmp_path: Path) -> None:
    with parent(tmp_path) as it:
        assert len(it.left) == 3
        it.process.kill()
        it.end()
        took = settled(lambda: not it.left, 2)
        print(f"kill -9: server gone after {took * 1000:.0f} ms")
        assert not Path(it.socket).parent.exists()


def test_it_is_gone_after_a_crash_of_its_parent(tmp_path: Path) -> None:
    with parent(tmp_path, "embedded", "", 0.1, "abort") as it:
        it.end()
        assert it.process.returncode == -signal.SIGABRT
        took = settled(lambda: not it.left, 2)
        print(f"abort(): server gone after {took * 1000:.0f} ms")
        assert not Path(it.socket).parent.exists()


def test_it_serves_until_the_app_has_drained_after_sigterm_and_is_gone_then(tmp_path: Path) -> None:
    with parent(tmp_path) as it:
        it.process.terminate()
        assert it.end() == "drained\n"
        assert it.process.returncode == 0
        took = settled(lambda: not it.left, 2)
        print(f"SIGTERM: drained, server gone {took * 1000:.0f} ms after its parent")


def test_it_serves_until_the_app_has_drained_after_ctrl_c_and_is_gone_then(tmp_path: Path) -> None:
    with parent(tmp_path) as it:
        os.killpg(it.process.pid, signal.SIGINT)  # as a terminal does: to the whole group
        assert it.end() == "drained\n"
        took = settled(lambda: not it.left, 2)
        print(f"Ctrl-C: drained, server gone {took * 1000:.0f} ms after its parent")


def test_a_launcher_without_a_shell_that_watches_is_found(tmp_path: Path) -> None:
    with parent(tmp_path, "embedded", "no shell") as it:
        it.process.kill()
        it.end()
        time.sleep(0.5)
        assert it.left, "the checker does not see an orphan"


def test_a_launcher_in_the_terminals_session_is_found(tmp_path: Path) -> None:
    with parent(tmp_path, "embedded", "same session") as it:
        os.killpg(it.process.pid, signal.SIGINT)
        assert it.end() != "drained\n"


def crowd(tmp_path: Path, url: str, seconds: float) -> set[tuple[str, str]]:
    """Run eight programs at once; which servers they had, by process and socket."""
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    command = [sys.executable, str(program), url, "", str(seconds)]
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    started = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)
        for _ in range(8)
    ]
    try:
        outs = [process.communicate(timeout=60) for process in started]
    finally:
        for process in started:
            process.kill()
            process.communicate()
    assert [process.returncode for process in started] == [0] * 8, outs
    found = [out.split("\n")[0].split() for out, _ in outs]
    return {(pid, socket) for pid, socket in found}


def test_eight_start_in_parallel(tmp_path: Path) -> None:
    begin = time.monotonic()
    servers = crowd(tmp_path, "embedded", 0.1)
    print(f"eight programs in parallel, begin to end: {time.monotonic() - begin:.1f} s")
    assert len(servers) == 8
    settled(lambda: not any(processes_with(socket) for _, socket in servers), 2)


async def test_it_answers_within_150_ms_and_weighs_little(tmp_path: Path) -> None:
    took = []
    for _ in range(5):
        server = EmbeddedServer(base=tmp_path)
        begin = time.perf_counter()
        assert await server.ensure()
        took.append((time.perf_counter() - begin) * 1000)
        shells = [pid for pid, text in processes_with(str(server.socket.parent)).items() if text.startswith("/bin/sh")]
        weight = sum(_resident_kb(pid) for pid in shells)
        begin = time.perf_counter()
        await server.close()
        print(f"ready in {took[-1]:.0f} ms, gone in {(time.perf_counter() - begin) * 1000:.0f} ms, shells {weight} kB")
        assert len(shells) == 2
        assert weight < 6000
    assert min(took) < 150


def _resident_kb(pid: int) -> int:
    command = ["/bin/ps", "-o", "rss=", "-p", str(pid)]
    return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


# -- embedded:NAME -------------------------------------------------------------------------------------------------


def test_who_joins_finds_the_same_server_which_outlives_who_started_it(tmp_path: Path) -> None:
    url = "embedded:joint"
    with parent(tmp_path, url) as first, parent(tmp_path, url) as second, parent(tmp_path, url) as third:
        assert first.server == second.server == third.server
        assert first.socket == second.socket == third.socket
        client = redis.Redis(unix_socket_path=first.socket)
        client.set("kept", "yes")
        first.process.kill()
        first.end()
        time.sleep(0.3)
        assert client.get("kept") == b"yes"
        second.process.terminate()
        assert second.end() == "drained\n"
        time.sleep(0.3)
        assert client.get("kept") == b"yes"
        client.close()
        third.process.kill()
        third.end()
        took = settled(lambda: not third.left, 2)
        print(f"embedded:NAME gone {took * 1000:.0f} ms after the last of three")


def test_eight_that_start_one_name_at_once_get_one_server(tmp_path: Path) -> None:
    [(_, socket)] = crowd(tmp_path, "embedded:crowd", 3)
    settled(lambda: not processes_with(socket), 2)


async def test_when_the_server_itself_is_killed_somebody_starts_the_next_one_and_tells(tmp_path: Path) -> None:
    servers = [EmbeddedServer("phoenix", base=tmp_path) for _ in range(3)]
    assert [await server.ensure() for server in servers] == [True, False, False]
    with redis.Redis(unix_socket_path=str(servers[0].socket)) as client:
        old = client.info("server")["process_id"]
    os.kill(old, signal.SIGKILL)
    begin = time.monotonic()
    started = await asyncio.gather(*(server.ensure() for server in servers))
    print(f"a killed server was replaced within {(time.monotonic() - begin) * 1000:.0f} ms")
    assert sorted(started) == [False, False, True]
    with redis.Redis(unix_socket_path=str(servers[0].socket)) as client:
        assert client.info("server")["process_id"] != old
    for server in servers:
        await server.close()
    settled(lambda: not processes_with(str(servers[0].socket)), 2)


@pytest.mark.parametrize("url", ["embedded", "embedded:lazarus"])
async def test_an_app_gets_a_new_server_when_its_own_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    app = App()
    connection = connection_of(app, url)
    events = collect(app.events)
    async with app:
        pid = (await connection.client.info("server"))["process_id"]
        os.kill(pid, signal.SIGKILL)
        begin = time.monotonic()
        connection.suspect()
        await connection.wait_up(3)
        print(f"{url}: a new server after {(time.monotonic() - begin) * 1000:.0f} ms")
        assert (await connection.client.info("server"))["process_id"] != pid
    assert [event.kind for event in events] == ["connected", "disconnected", "restarted", "connected"]
    settled(lambda: not processes_with(str(tmp_path)), 2)


# -- wired before it is up -----------------------------------------------------------------------------------------


async def test_what_was_wired_before_the_server_came_up_works_when_it_does(tmp_path: Path) -> None:
    server = RedisServer(tmp_path / "late", free_ports(1)[0])
    app = App()
    connection = connection_of(app, server.url)
    async with app:
        assert not connection.is_up
        await asyncio.sleep(1)
        await asyncio.to_thread(server.start)
        begin = time.monotonic()
        await connection.wait_up(2)
        print(f"up {(time.monotonic() - begin) * 1000:.0f} ms after the server")
        assert await connection.client.set("a", 1)
    server.kill()
