"""One worker of the managed service: a process that serves HTTP on a socket it inherits.

It runs as a file of its own, not as ``-m mape...``: it needs the standard library alone, starts in a third of the
time and takes half the memory.

Several workers accept from the same listening socket; what none of them takes yet waits in the kernel's backlog,
so that overload is a real queue. Each worker has a few threads, each serving one request at a time.

Wire:
    ``GET /?work=0.04`` works for 40 ms and answers with a ``Server-Timing`` header that says for how long it worked.
    On standard output the worker writes ``ready`` when it accepts and ``served N`` when it ends.
    SIGTERM: it accepts no more, finishes what it has, and exits with 0. End of standard input, which is what the
    death of its parent looks like on any system: it exits at once.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import select
import signal
import socket
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qs, urlsplit

__all__ = ["WorkHandler", "Worker", "main"]

WORK_LIMIT = 1.0
"""The longest work a request may ask for [s]."""

DRAIN_LIMIT = 3.0
"""How long a thread that was told to stop may take to finish its request [s]."""

HASH_ROUNDS = 300
"""The part of the work that takes the processor: about 0.1 ms; the rest is waiting, as on a database."""


class WorkHandler(BaseHTTPRequestHandler):
    """Answers one request after the work it asks for."""

    timeout = 2.0  # a client that connects and says nothing does not keep a worker from stopping

    def do_GET(self) -> None:
        """Work, and say for how long."""
        begun = time.perf_counter()
        try:
            seconds = float(parse_qs(urlsplit(self.path).query)["work"][0])
        except (KeyError, ValueError):
            self.send_error(400, "say how long to work [s]: /?work=0.04")
            return
        if not 0.0 <= seconds <= WORK_LIMIT:
            self.send_error(400, f"work must be between 0 and {WORK_LIMIT} s")
            return
        if _has_gone(self.connection):  # nobody waits for the answer: a queue of those must not hold up the living
            return
        hashlib.pbkdf2_hmac("sha256", b"work", b"", HASH_ROUNDS)
        time.sleep(max(0.0, begun + seconds - time.perf_counter()))
        self.answer(time.perf_counter() - begun)

    def answer(self, worked: float) -> None:
        """Send the answer to a request that took `worked` [s]."""
        self.send_response(200)
        self.send_header("Server-Timing", f"work;dur={worked * 1000:.2f}")
        self.send_header("Content-Length", "3")
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(b"ok\n")

    def log_message(self, *_args: object) -> None:
        """Stay silent: the load generator keeps the record."""


def _has_gone(connection: socket.socket) -> bool:
    """Return whether the client at the other end has hung up; it sends nothing after its request."""
    if not select.select([connection], [], [], 0)[0]:
        return False
    try:
        return connection.recv(1, socket.MSG_PEEK) == b""
    except OSError:
        return True


class Worker:
    """Threads that accept from one listening socket until told to stop.

    Args:
        listener: A listening socket, which is made non-blocking; other processes accept from it, too.
        capacity: How many requests are served at a time; at least 1.
    """

    def __init__(self, listener: socket.socket, capacity: int) -> None:
        listener.setblocking(False)
        self._listener = listener
        self._stop_read, self._stop_write = os.pipe()
        self._threads = [threading.Thread(target=self._serve, daemon=True) for _ in range(capacity)]
        self._served = [0] * capacity

    def stop(self) -> None:
        """Accept no more; safe to call from a signal handler."""
        os.write(self._stop_write, b".")  # never read, so that every thread sees it

    def run(self, parent_fd: int) -> int:
        """Serve until `stop`; return how many requests were served. Exits at once when `parent_fd` ends."""
        for thread in self._threads:
            thread.start()
        while self._stop_read not in self._wait(parent_fd):
            if not os.read(parent_fd, 1024):
                os._exit(1)
        for thread in self._threads:
            thread.join(DRAIN_LIMIT)
        return sum(self._served)

    def _wait(self, fd: int) -> list[int]:
        return select.select([fd, self._stop_read], [], [])[0]

    def _serve(self) -> None:
        me = self._threads.index(threading.current_thread())
        while self._stop_read not in self._wait(self._listener.fileno()):
            try:
                connection, peer = self._listener.accept()
            except OSError:  # another worker was faster, or the client has gone
                continue
            self._served[me] += _serve_one(connection, peer)


def _serve_one(connection: socket.socket, peer: tuple[str, int]) -> bool:
    """Answer the one request of `connection`; return whether its client got an answer."""
    try:
        connection.setblocking(True)
        WorkHandler(connection, peer, None)  # type: ignore[arg-type]  # it asks its server for nothing
        connection.shutdown(socket.SHUT_WR)
    except OSError:  # the client has gone
        return False
    finally:
        connection.close()
    return True


def main() -> None:
    """Serve the socket whose file descriptor the parent passed."""
    parser = argparse.ArgumentParser(description="a worker of the elastic demo; started by mape")
    parser.add_argument("--listener-fd", type=int, required=True)
    parser.add_argument("--capacity", type=int, default=2, help="requests served at a time")
    options = parser.parse_args()
    worker = Worker(socket.socket(fileno=options.listener_fd), options.capacity)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which then stops its workers in order
    signal.signal(signal.SIGTERM, lambda *_: worker.stop())
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    served = worker.run(sys.stdin.fileno())
    sys.stdout.write(f"served {served}\n")


if __name__ == "__main__":
    main()
