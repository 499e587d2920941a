"""Real Redis servers for system tests: started on free ports, killed on command, gone at the end."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from mape.remote.redis.embedded import find_server


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on, a cluster's second port included."""
    found: list[int] = []
    while len(found) < count:
        with socket.socket() as door:
            door.bind(("127.0.0.1", 0))
            port = door.getsockname()[1]
        with socket.socket() as bus, suppress(OSError, OverflowError):
            bus.bind(("127.0.0.1", port + 10_000))
            if port not in found:
                found.append(port)
    return found


def settled(condition: Callable[[], object], within: float = 5.0) -> float:
    """Wait until `condition` holds; how long that took [s]."""
    begin = time.monotonic()
    while not condition():
        assert time.monotonic() - begin < within, f"not within {within} s"
        time.sleep(0.005)
    return time.monotonic() - begin


class RedisServer:
    """A server process on a port of this machine.

    `config` is the text of a configuration file, for what command lines cannot say; then it says everything.
    """

    def __init__(self, folder: Path, port: int, *options: str, config: str = "") -> None:
        self.folder, self.port = folder, port
        folder.mkdir(parents=True, exist_ok=True)
        plain = ("--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder), "--save", "")
        if config:
            (folder / "conf").write_text(config)
        self._command = [str(find_server()), *((str(folder / "conf"),) if config else plain), *options]
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}"

    def start(self) -> None:
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(self._command, stdout=log, stderr=log)
        settled(self.answers)

    def answers(self) -> bool:
        assert self._process is None or self._process.poll() is None, (self.folder / "log").read_text()[-500:]
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1) as door:
            door.sendall(b"PING\r\n")
            return door.recv(10).startswith((b"+PONG", b"-NOAUTH"))
        return False

    def kill(self, number: signal.Signals = signal.SIGKILL) -> None:
        if self._process is not None:
            self._process.send_signal(number)
            if number is signal.SIGKILL:
                self._process.wait()
                self._process = None


@contextmanager
def running(*servers: RedisServer) -> Iterator[None]:
    """Start them all, and kill them in the end."""
    try:
        for server in servers:
            server.start()
        yield
    finally:
        for server in servers:
            server.kill()


def processes_with(text: str) -> dict[int, str]:
    """The processes whose command line has `text`, by id; never this one."""
    listed = subprocess.run(["/bin/ps", "-axwwo", "pid=,command="], capture_output=True, text=True, check=True).stdout
    lines = (line.strip().partition(" ") for line in listed.splitlines())
    return {int(pid): command for pid, _, command in lines if text in command and int(pid) != os.getpid()}
