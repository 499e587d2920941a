"""SIGTERM and Ctrl-C, to a real process: what is at work is finished or reported, and the exit is clean and in time."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = [pytest.mark.system, pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")]

PROGRAM = """
import asyncio, sys, time
import mape

app = mape.init(log__level="critical", shutdown__deadline=float(sys.argv[2]))
loop = mape.Loop("work")
done = []

@loop.execute(concurrency=10)
async def slow(item: int) -> None:
    await asyncio.sleep(0.1 if item < 25 or sys.argv[2] != "1.0" else 60)
    done.append(item)

failed = []
app.failures.subscribe(lambda failure: failed.append(failure.item))

async def main() -> None:
    for item in range(50):
        slow(item)
    print("ready", flush=True)
    if sys.argv[1] == "for ever":
        await asyncio.Event().wait()
    if sys.argv[1] == "stubborn":
        while True:
            try:
                await asyncio.sleep(0.1)
            except asyncio.CancelledError:
                pass
    if sys.argv[1] == "blocking":
        time.sleep(60)

mape.run(main())
lost = set(range(50)) - set(done) - set(failed)
print(f"done {len(done)} failed {len(failed)} lost {len(lost)}", flush=True)
"""


@pytest.fixture
def program(tmp_path: Path) -> list[str]:
    file = tmp_path / "program.py"
    file.write_text(PROGRAM)
    return [sys.executable, str(file)]


def start(command: list[str]) -> subprocess.Popen[str]:
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("entry", ["returns", "for ever", "stubborn"])
def test_fifty_items_at_work_are_finished_and_the_exit_is_clean(
    program: list[str], entry: str, number: signal.Signals
) -> None:
    process = start([*program, entry, "10.0"])
    begin = time.monotonic()
    process.send_signal(number)
    out, err = process.communicate(timeout=20)
    print(f"{number.name} {entry}: {out.strip()}, {time.monotonic() - begin:.1f} s")
    assert (process.returncode, out) == (0, "done 50 failed 0 lost 0\n")
    assert err == "" or entry == "stubborn"  # asyncio names the task that would not go
    assert time.monotonic() - begin < 10


def test_what_cannot_be_finished_by_the_deadline_is_reported(program: list[str]) -> None:
    process = start([*program, "for ever", "1.0"])
    begin = time.monotonic()
    process.send_signal(signal.SIGTERM)
    out, _ = process.communicate(timeout=20)
    print(f"deadline: {out.strip()}, {time.monotonic() - begin:.1f} s")
    assert process.returncode == 0
    assert out == "done 25 failed 25 lost 0\n"
    assert time.monotonic() - begin < 4


@pytest.mark.parametrize("entry", ["for ever", "blocking"])
def test_a_second_signal_ends_at_once(program: list[str], entry: str) -> None:
    process = start([*program, entry, "1.0"])
    process.send_signal(signal.SIGTERM)
    time.sleep(0.3)
    begin = time.monotonic()
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=20)
    assert process.returncode == -signal.SIGTERM
    assert time.monotonic() - begin < 1


def test_a_run_that_ignores_the_drain_is_found(program: list[str]) -> None:
    file = Path(program[-1])
    file.write_text(
        file.read_text().replace("mape.run(main())", "app._quiet = lambda: asyncio.sleep(0)\nmape.run(main())")
    )
    process = start([*program, "returns", "10.0"])
    process.send_signal(signal.SIGTERM)
    out, _ = process.communicate(timeout=20)
    assert "done 50" not in out


def test_an_entry_point_that_raises_closes_the_app_and_passes_its_error_on(tmp_path: Path) -> None:
    file = tmp_path / "raises.py"
    file.write_text("import mape\nasync def main():\n    raise SystemError('on purpose')\nmape.run(main)\n")
    done = subprocess.run(
        [sys.executable, str(file)], capture_output=True, text=True, timeout=20, env=dict(os.environ), check=False
    )
    assert done.returncode == 1
    assert done.stderr.endswith("SystemError: on purpose\n")
