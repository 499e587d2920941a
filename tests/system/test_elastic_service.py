"""The managed service with real processes: requests survive when workers change, processes do not survive us."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from mape.clock import SystemClock
from mape.demo.elastic.measurement import Batch, Outcome
from mape.demo.elastic.service import WORKER_FILE, Service
from mape.demo.elastic.traffic import Course, Traffic
from mape.errors import ConnectError

pytestmark = pytest.mark.system

REQUESTS_PER_SECOND = 250


async def load(service: Service, seconds: float) -> list[Outcome]:
    """Send steady load, and return how each request went."""
    rate = float(REQUESTS_PER_SECOND)
    course = Course("steady", light=rate, heavy=rate, seconds=seconds, seed=1)
    async with Traffic(course, {"service": service.port}) as traffic:
        return [outcome async for batch in traffic for outcome in batch.done]


async def replace_workers(service: Service, times: int) -> set[int]:
    """Let the oldest worker retire and a new one begin, again and again; return the processes that were there."""
    pids = set(service.pids)
    for _ in range(times):
        await service.scale(9)
        pids.update(service.pids)
        await service.scale(8)
        await asyncio.sleep(0.05)
    return pids


async def errors_while_workers_are_replaced(program: Path) -> tuple[int, int, int]:
    """Return how many requests were sent and failed, and how many processes served them."""
    async with Service(SystemClock(), program=program) as service:
        await service.scale(8)
        outcomes, pids = await asyncio.gather(load(service, 5.0), replace_workers(service, 16))
    return len(outcomes), sum(not outcome.ok for outcome in outcomes), len(pids)


def planted(folder: Path, right: str, wrong: str) -> Path:
    """Write a worker with a bug."""
    source = WORKER_FILE.read_text()
    assert source.count(right) == 1
    program = folder / "worker.py"
    program.write_text(source.replace(right, wrong))
    return program


async def test_a_thousand_requests_survive_while_all_workers_are_replaced() -> None:
    sent, failed, processes = await errors_while_workers_are_replaced(WORKER_FILE)
    assert sent > 1000
    assert processes == 8 + 16
    assert failed == 0


async def test_a_worker_that_drops_what_it_has_when_told_to_stop_is_found(tmp_path: Path) -> None:
    program = planted(tmp_path, "lambda *_: worker.stop()", "lambda *_: os._exit(0)")
    _, failed, _ = await errors_while_workers_are_replaced(program)
    assert failed > 0


async def test_a_worker_that_dies_is_noticed_and_its_cost_ends() -> None:
    async with Service(SystemClock()) as service:
        await service.scale(2)
        os.kill(service.pids[0], signal.SIGKILL)
        await until(lambda: service.workers == 1)
        assert service.lost == 1
        before = service.worker_seconds
        await asyncio.sleep(0.3)
        assert service.worker_seconds - before == pytest.approx(0.3, abs=0.15)


async def test_workers_that_were_told_to_go_are_not_lost() -> None:
    async with Service(SystemClock()) as service:
        await service.scale(3)
        await service.scale(1)
    assert service.lost == 0


async def test_a_worker_that_cannot_start_is_an_error_and_leaves_no_process(tmp_path: Path) -> None:
    program = planted(tmp_path, 'sys.stdout.write("ready\\n")', "sys.exit(3)")
    async with Service(SystemClock(), program=program) as service:
        with pytest.raises(ConnectError, match="ended before it was ready, exit code 3"):
            await service.scale(1)
        assert service.workers == 0


async def test_whenever_a_start_is_cancelled_no_process_is_left(tmp_path: Path) -> None:
    program = planted(
        tmp_path, "def main() -> None:", f"open({str(tmp_path)!r} + f'/{{os.getpid()}}', 'x')\n\n\ndef main() -> None:"
    )
    async with Service(SystemClock(), program=program) as service:
        for milliseconds in (*range(0, 100, 5), 200, 400, 800, 1_600):  # on a busy machine a worker takes its time
            starting = asyncio.ensure_future(service.scale(2))
            await asyncio.sleep(milliseconds / 1000)
            starting.cancel()
            await asyncio.wait([starting])
    started = [int(path.name) for path in tmp_path.iterdir() if path.name.isdigit()]  # noqa: ASYNC240 - a few files
    assert started
    for pid in started:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


async def test_a_worker_that_does_not_heed_the_signal_is_killed(tmp_path: Path) -> None:
    program = planted(tmp_path, "lambda *_: worker.stop()", "lambda *_: None")
    async with Service(SystemClock(), program=program) as service:
        await service.scale(1)
        (pid,) = service.pids
        async with asyncio.timeout(1.9):
            await service.close()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


async def test_a_worker_refuses_work_that_is_none_or_too_much() -> None:
    async with Service(SystemClock()) as service:
        await service.scale(1)
        assert await status(service.port, "/") == 400
        assert await status(service.port, "/?work=nan") == 400
        assert await status(service.port, "/?work=86400") == 400
        assert await status(service.port, "/?work=0.001") == 200


async def test_nobody_works_for_clients_that_have_gone() -> None:
    async with Service(SystemClock(), capacity=1) as service:
        await service.scale(1)
        for _ in range(20):
            _reader, writer = await asyncio.open_connection("127.0.0.1", service.port)
            writer.write(b"GET /?work=0.5 HTTP/1.0\r\n\r\n")
            await writer.drain()
            writer.close()
            await writer.wait_closed()
        async with asyncio.timeout(3):
            assert await status(service.port, "/?work=0.001") == 200


async def test_the_service_listens_on_loopback_only() -> None:
    async with Service(SystemClock()) as service:
        host, _port = service.address
        assert host == "127.0.0.1"


async def test_a_client_that_says_nothing_does_not_keep_a_worker_from_stopping() -> None:
    async with Service(SystemClock()) as service:
        await service.scale(1)
        _reader, writer = await asyncio.open_connection("127.0.0.1", service.port)
        await asyncio.sleep(0.1)
        async with asyncio.timeout(1.9):
            await service.close()
        writer.close()


async def test_a_client_that_says_nothing_is_let_go() -> None:
    async with Service(SystemClock(), capacity=1) as service:
        await service.scale(1)
        reader, writer = await asyncio.open_connection("127.0.0.1", service.port)
        async with asyncio.timeout(4):
            assert await reader.read() == b""
        writer.close()
        assert await status(service.port, "/?work=0.001") == 200


async def test_a_load_generator_that_dies_is_an_error() -> None:
    async with Service(SystemClock()) as service, Traffic(Course(profile="wave"), {"a": service.port}) as traffic:
        reports = aiter(traffic)
        await anext(reports)
        assert traffic.pid
        os.kill(traffic.pid, signal.SIGKILL)
        with pytest.raises(ConnectError, match="ended early"):
            await drain(reports)


async def drain(reports: AsyncIterator[Batch]) -> None:
    """Read `reports` to their end."""
    async for _ in reports:
        pass


async def status(port: int, path: str) -> int:
    """Return the status of the reply to ``GET path``."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"GET {path} HTTP/1.0\r\n\r\n".encode())
    line = await reader.readline()
    writer.close()
    await writer.wait_closed()
    return int(line.split()[1])


async def until(condition: Callable[[], bool]) -> None:
    """Wait until `condition` holds, five seconds at most."""
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 - processes set no events
            await asyncio.sleep(0.02)
