"""Where the programs of the tests come from: one process has imported all that they need, and forks for each of them.

So a program is there after 50 ms instead of a second, and still is a process of its own that no other test has touched.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import traceback
from pathlib import Path

ROOT = Path(__file__).parents[2]
if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))

from tests.browser import plant  # noqa: E402 - after the path is set
from tests.browser.plant import Plant  # noqa: E402

__all__ = ["Nursery"]

NEEDED = ("mape.asyncapi", "mape.remote.redis", "mape.remote.rest", "mape.web.live", "mape.web.peers")
"""What a program would import when it starts."""
LONGEST = 1 << 16
"""An order's, at most [bytes]."""


class Nursery:
    """The test's side."""

    def __init__(self) -> None:
        self._way, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, __file__, str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                cwd=ROOT,
                env={name: value for name, value in os.environ.items() if not name.startswith("MAPE_")},
            )

    def start(self, *words: str) -> Plant:
        """Start a program as ``python plant.py WORDS`` would, and wait until it serves."""
        (orders, ours), (answers, theirs) = os.pipe(), os.pipe()
        errors = tempfile.TemporaryFile("w+", errors="replace")  # noqa: SIM115 - closed with the program
        socket.send_fds(self._way, [json.dumps(words).encode()], [orders, theirs, errors.fileno()])
        os.close(orders)
        os.close(theirs)
        pid = self._way.recv(32)
        assert pid, "the process that starts the programs has ended; what it says stands above"
        started = Plant(int(pid), os.fdopen(ours, "w"), os.fdopen(answers), errors)
        try:
            started.ready()
        except BaseException:
            started.close()
            raise
        return started

    def close(self) -> None:
        """End it."""
        self._way.close()
        self._process.wait(15)


def bear(words: list[str], files: list[int]) -> None:
    """Be a program from now on, with these files as input, output, and for errors."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for standard, file in enumerate(files):
        os.dup2(file, standard)
        os.close(file)
    status = 1
    try:
        plant.main(words)
        status = 0
    except BaseException:
        traceback.print_exc()
        raise
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def main() -> None:
    """Fork a program for each order, until there is nobody who could give one."""
    for name in NEEDED:
        importlib.import_module(name)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody asks how a program has ended: none stays as a zombie
    with socket.socket(fileno=int(sys.argv[1])) as way:
        while True:
            order, files, _, _ = socket.recv_fds(way, LONGEST, 3)
            if not order:
                return
            pid = os.fork()
            if not pid:
                way.detach()
                os.close(int(sys.argv[1]))
                bear(json.loads(order), files)
            for file in files:
                os.close(file)
            way.sendall(str(pid).encode())


if __name__ == "__main__":
    main()
