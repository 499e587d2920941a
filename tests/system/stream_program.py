"""The processes of the stream tests: a producer and a consumer that are killed, and leave journals that survive them.

``python stream_program.py producer URL FOLDER LIFE RATE [option=value ...]`` journals which items were confirmed;
``python stream_program.py consumer URL FOLDER NAME 0 [option=value ...]`` appends what it has done with items.

The consumer's store is a file for each partition. A takeover appends ``F token``, an item appends
``I token source epoch seq life number begun ended again``. An item with a token below that of a fence before it is
void: that is how a store refuses a consumer that was stopped meanwhile.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import time
from pathlib import Path
from typing import Any

import mape
from mape.errors import RemoteError
from mape.remote.redis.streams import StreamObservable, StreamObserver

KEYS = 8
CHUNK = 50
OUTSTANDING = 64
"""Chunks that a producer has given and nobody has confirmed yet, at most."""


def effects(file: Path) -> list[tuple[str, ...]]:
    """What counts in a store: fences, and items that are not void; a line that is cut off does not."""
    token, counted = 0, []
    for line in file.read_text().splitlines() if file.exists() else []:
        fields = tuple(line.split())
        if fields[0] == "F":
            token = max(token, int(fields[1]))
        elif len(fields) == 10 and int(fields[1]) >= token:
            counted.append(fields)
    return counted


def marks(file: Path) -> dict[tuple[str, int], int]:
    """Up to which number the store has the items of each source."""
    return {(each[2], int(each[3])): int(each[4]) + 1 for each in effects(file)}


async def produce(url: str, folder: Path, life: int, rate: float, options: dict[str, Any]) -> None:
    app, number, chunks = mape.App(), 0, asyncio.Semaphore(OUTSTANDING)
    partitions = options.pop("partitions", 4)
    most = options.pop("most", 1 << 60)
    sink = StreamObserver(
        "work", url, key=lambda item: item["n"] % KEYS, partitions=partitions, app=app, size=100_000, **options
    )
    journal = os.open(folder / f"confirmed.{life}", os.O_CREAT | os.O_APPEND | os.O_WRONLY)
    confirming: set[asyncio.Task[None]] = set()

    async def confirm(upto: int) -> None:
        try:
            await sink.confirmed()
        except RemoteError:
            return
        os.write(journal, f"{upto}\n".encode())
        chunks.release()

    async with app:
        print("ready", flush=True)
        stop = asyncio.get_running_loop().connect_read_pipe  # the test says when to stop by closing our input
        reader = asyncio.StreamReader()
        await stop(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
        stopped = asyncio.ensure_future(reader.read())
        while not stopped.done() and number < most:
            await chunks.acquire()
            for _ in range(CHUNK):
                sink.on_next({"life": life, "n": number, "t": time.monotonic()})
                number += 1
            task = asyncio.ensure_future(confirm(number))
            confirming.add(task)
            task.add_done_callback(confirming.discard)
            await asyncio.sleep(CHUNK / rate)
        if options.get("keep_bytes", 1):
            await asyncio.gather(*confirming)
    print(f"done {number} {sink.window} {sink.stats.retries}", flush=True)


async def consume(url: str, folder: Path, options: dict[str, Any]) -> None:
    app, files = mape.App(), {}
    work = options.pop("work_us", 0) / 1e6

    def file_of(partition: str) -> int:
        if partition not in files:
            files[partition] = os.open(folder / f"effects.{partition}", os.O_CREAT | os.O_APPEND | os.O_WRONLY)
        return int(files[partition])

    def processed(partition: str, token: int) -> dict[tuple[str, int], int]:
        os.write(file_of(partition), f"F {token}\n".encode())
        return marks(folder / f"effects.{partition}")

    store: Any = None if options.pop("careless", 0) else processed
    fatal = options.pop("fatal", -1)
    source = StreamObservable("work", url, group="workers", app=app, processed=store, **options)

    def handle(item: Any) -> None:
        got = source.delivery
        assert got is not None
        if item["n"] == fatal:
            os.kill(os.getpid(), 9)
        if work:
            time.sleep(work)
        line = f"I {got.token} {got.source} {got.epoch} {got.seq} {item['life']} {item['n']} {item['t']:.4f} "
        os.write(file_of(got.stream), f"{line}{time.monotonic():.4f} {int(got.redelivered)}\n".encode())

    source.subscribe(handle)
    async with app:
        print("ready", flush=True)
        reader = asyncio.StreamReader()
        await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
        await reader.read()
    print(f"done {source.stats}", flush=True)


def main() -> None:
    role, url, folder, life, rate, *rest = sys.argv[1:]
    logging.basicConfig(filename=Path(folder) / f"log.{role}.{life}", level="INFO", format="%(asctime)s %(message)s")
    options: dict[str, Any] = {name: int(value) for name, _, value in (each.partition("=") for each in rest)}
    if role == "producer":
        asyncio.run(produce(url, Path(folder), int(life), float(rate), options))
    else:
        asyncio.run(consume(url, Path(folder), options))


if __name__ == "__main__":
    main()
