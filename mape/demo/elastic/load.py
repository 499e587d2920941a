"""The load generator: a process that sends requests at a changing rate and reports how each one went.

It runs as a file of its own with the standard library alone, as `worker.py` does.

The load is open loop: a request is sent when it is due, whether or not earlier ones have been answered, so that a
service which falls behind is not spared. All targets get the same requests at the same moments, each asking for the
same work, which makes their answers comparable. Rate, time and concurrency are bounded and nothing but this
machine's loopback is ever a target.

Wire:
    On standard output one JSON line per target every `BATCH_PERIOD`, the last one with ``"last": true``; see `Batch`
    in `measurement.py`, which reads them. End of standard input, the death of the parent: it exits at once.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import os
import random
import re
import resource
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

__all__ = [
    "BATCH_PERIOD",
    "PROFILES",
    "WORK",
    "LoadGenerator",
    "Profile",
    "Request",
    "Target",
    "main",
    "parse_options",
    "requests",
]

HOST = "127.0.0.1"
BATCH_PERIOD = 0.25
"""How often every target is reported on [s]."""

SECONDS_LIMIT = 3600.0
RATE_LIMIT = 400.0
"""The highest rate a run may ask for [requests/s per target]."""

WAITING_LIMIT = 240
"""How many requests may wait for one target; one more fails at once, as at a full connection pool."""

WORK = 0.04
"""The mean time a worker needs for a request [s]; drawn evenly between half and one and a half of it."""

SERVER_TIMING = re.compile(rb"Server-Timing: work;dur=([0-9.]+)")

Profile = Callable[[float], float]
"""From the share of the run that has passed (0 to 1) to how heavy the load is (0 light, 1 heavy)."""

STEP_UP, STEP_DOWN = 0.3, 0.7
SPIKE, SPIKE_WIDTH = 0.4, 0.1
"""When in a run the load changes, as a share of it."""

PROFILES: Mapping[str, Profile] = MappingProxyType(
    {
        "wave": lambda x: (1.0 - math.cos(2.0 * math.pi * x)) / 2.0,
        "step": lambda x: 1.0 if STEP_UP <= x < STEP_DOWN else 0.0,
        "spike": lambda x: max(0.0, 1.0 - abs(x - SPIKE) / SPIKE_WIDTH),
        "steady": lambda _x: 0.5,
    }
)
"""The courses a load can take; all but the steady one go from light to heavy and back."""


@dataclass(frozen=True, slots=True)
class Request:
    """When a request is sent, in seconds since the start, and the work it asks for [s]."""

    at: float
    work: float


def requests(rng: random.Random, profile: Profile, light: float, heavy: float, seconds: float) -> Iterator[Request]:
    """Draw Poisson arrivals whose rate follows `profile` between `light` and `heavy` [requests/s].

    Source: P. A. W. Lewis and G. S. Shedler, Simulation of nonhomogeneous Poisson processes by thinning, 1979.
    """
    at = 0.0
    while (at := at + rng.expovariate(heavy)) < seconds:
        rate = light + (heavy - light) * profile(at / seconds)
        if rng.random() * heavy < rate:
            yield Request(at, WORK * rng.uniform(0.5, 1.5))


class Target:
    """Sends requests to one port and keeps the record of them.

    Args:
        name: What the target is called in the reports.
        port: Where it listens, on loopback.
        timeout: How long a request may take before it counts as failed [s].
    """

    def __init__(self, name: str, port: int, timeout: float) -> None:
        self._name = name
        self._port = port
        self._timeout = timeout
        self._waiting: dict[asyncio.Task[None], float] = {}
        self._sent = 0
        self._done: list[tuple[float, float, float, bool]] = []

    def send(self, request: Request, now: float) -> None:
        """Send `request` without waiting for its answer."""
        self._sent += 1
        if len(self._waiting) >= WAITING_LIMIT:
            self._done.append((now, self._timeout, 0.0, False))
            return
        task = asyncio.ensure_future(self._ask(request, now))
        self._waiting[task] = now
        task.add_done_callback(self._waiting.pop)

    async def _ask(self, request: Request, sent_at: float) -> None:
        clock = asyncio.get_running_loop().time
        begun = clock()
        try:
            reply = await _fetch(self._port, f"/?work={request.work:.6f}", self._timeout)
        except (OSError, TimeoutError):
            reply = b""
        worked = SERVER_TIMING.search(reply)
        ok = worked is not None and reply.endswith(b"ok\n")
        latency = clock() - begun if ok else self._timeout
        self._done.append((sent_at, latency, float(worked[1]) / 1000 if worked else 0.0, ok))

    def report(self, now: float, *, last: bool) -> str:
        """Return the JSON line for what happened since the previous one."""
        line = {
            "target": self._name,
            "at": round(now, 4),
            "sent": self._sent,
            "waiting": len(self._waiting),
            "oldest": round(now - min(self._waiting.values(), default=now), 4),
            "done": [(round(at, 4), round(latency, 5), round(work, 5), ok) for at, latency, work, ok in self._done],
            "last": last,
        }
        self._sent = 0
        self._done.clear()
        return json.dumps(line)

    async def finish(self) -> None:
        """Wait for the answers that are still due; their timeouts bound it."""
        if self._waiting:
            await asyncio.wait(list(self._waiting))


async def _fetch(port: int, path: str, deadline: float) -> bytes:
    """Return the whole reply to ``GET path``.

    Raises:
        TimeoutError: There was none within `deadline` [s].
        OSError: The connection was refused or broke.
    """
    async with asyncio.timeout(deadline):
        reader, writer = await asyncio.open_connection(HOST, port)
        try:
            writer.write(f"GET {path} HTTP/1.0\r\nHost: {HOST}\r\n\r\n".encode())
            return await reader.read()
        finally:
            writer.close()


class LoadGenerator:
    """Sends the same requests to all targets and writes reports."""

    def __init__(self, targets: list[Target], write: Callable[[str], object]) -> None:
        self._targets = targets
        self._write = write

    async def run(self, plan: Iterator[Request], seconds: float) -> None:
        """Send `plan`, for `seconds`, then wait for the last answers."""
        loop = asyncio.get_running_loop()
        start = loop.time()
        reports = asyncio.ensure_future(self._report_for_ever(start))
        for request in plan:
            await asyncio.sleep(start + request.at - loop.time())
            for target in self._targets:
                target.send(request, loop.time() - start)
        await asyncio.sleep(start + seconds - loop.time())
        await asyncio.gather(*(target.finish() for target in self._targets))
        reports.cancel()
        self._report(loop.time() - start, last=True)

    async def _report_for_ever(self, start: float) -> None:
        loop = asyncio.get_running_loop()
        due = start
        while True:
            due += BATCH_PERIOD
            await asyncio.sleep(due - loop.time())
            self._report(loop.time() - start, last=False)

    def _report(self, now: float, *, last: bool) -> None:
        self._write("".join(target.report(now, last=last) + "\n" for target in self._targets))


def _exit_with_parent() -> None:
    """Exit at once when standard input ends; to be run in a thread."""
    while os.read(sys.stdin.fileno(), 1024):
        pass
    os._exit(1)


def _write_now(text: str) -> None:
    """Write `text` to standard output without delay."""
    sys.stdout.write(text)
    sys.stdout.flush()


def _allow_many_files() -> None:
    """Raise the limit of open files as far as it goes without asking: macOS starts at 256."""
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 4096 if hard == resource.RLIM_INFINITY else min(4096, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(wanted, _soft), hard))


def parse_options(arguments: list[str] | None = None) -> argparse.Namespace:
    """Read and bound the options of the process."""
    parser = argparse.ArgumentParser(description="the load generator of the elastic demo; started by mape")
    parser.add_argument("--target", action="append", required=True, metavar="NAME=PORT", help="may be repeated")
    parser.add_argument("--profile", choices=sorted(PROFILES), default="wave")
    parser.add_argument("--light", type=float, default=20.0, help="lowest rate [requests/s]")
    parser.add_argument("--heavy", type=float, default=150.0, help="highest rate [requests/s]")
    parser.add_argument("--seconds", type=float, default=40.0)
    parser.add_argument("--timeout", type=float, default=2.0, help="when a request counts as failed [s]")
    parser.add_argument("--seed", type=int, default=None)
    options = parser.parse_args(arguments)
    if not (0.0 < options.light <= options.heavy <= RATE_LIMIT and 0.0 < options.seconds <= SECONDS_LIMIT):
        parser.error(f"rates must rise from above 0 to at most {RATE_LIMIT}, seconds be at most {SECONDS_LIMIT}")
    return options


def main() -> None:
    """Send what the options ask for."""
    options = parse_options()
    threading.Thread(target=_exit_with_parent, daemon=True).start()
    _allow_many_files()
    named = (target.split("=") for target in options.target)
    targets = [Target(name, int(port), options.timeout) for name, port in named]
    profile = PROFILES[options.profile]
    plan = requests(random.Random(options.seed), profile, options.light, options.heavy, options.seconds)
    asyncio.run(LoadGenerator(targets, _write_now).run(plan, options.seconds))


if __name__ == "__main__":
    main()
