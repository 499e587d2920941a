"""What a real process writes to its terminal, and that a terminal which fails does not stop its loops."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.system

PROGRAM = """
import asyncio, logging, os, sys
import mape

if os.environ.get("PLAIN"):
    logging.basicConfig(level="INFO")
mape.init()
log = logging.getLogger("traffic")
loop = mape.Loop("car")

@loop.execute(on_error="skip")
def drive(speed: float) -> float:
    log.info("drives at %s, %s", speed, "x" * 400)
    return 1 / speed

async def main():
    if os.environ.get("CLOSED"):
        os.close(2)
    for number in range(int(os.environ.get("ITEMS", "3"))):
        drive(number % 2)
    print("worked on", drive.stats.processed, "failed", drive.stats.errors, flush=True)
    mape.stop()

mape.run(main)
"""


def start(folder: Path, stderr: int, **environment: str) -> subprocess.Popen[str]:
    (folder / "program.py").write_text(PROGRAM)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MAPE_")}
    return subprocess.Popen(
        [sys.executable, "program.py"],
        stdout=subprocess.PIPE, stderr=stderr, text=True, cwd=folder, env={**kept, **environment},
    )  # fmt: skip


def test_what_is_no_terminal_gets_one_json_object_a_line(tmp_path: Path) -> None:
    with start(tmp_path, subprocess.PIPE) as process:
        out, errors = process.communicate(timeout=60)
    lines = [json.loads(line) for line in errors.splitlines()]

    assert out == "worked on 3 failed 2\n"
    assert [line["event"] for line in lines if line.get("path")] == ["car.drive failed on 0"] * 2
    assert [line["logger"] for line in lines if not line.get("path")] == ["traffic"] * 3
    assert lines[0]["cause"] == lines[1]["cause"]


def test_a_program_that_sets_up_logging_itself_is_left_alone(tmp_path: Path) -> None:
    with start(tmp_path, subprocess.PIPE, PLAIN="1") as process:
        _, errors = process.communicate(timeout=60)

    assert "{" not in errors
    assert errors.count("INFO:traffic:") == 3
    assert errors.count("ERROR:mape:car.drive failed on 0 (cause ") == 2


def test_a_terminal_that_is_closed_stops_no_loop(tmp_path: Path) -> None:
    with start(tmp_path, subprocess.PIPE, CLOSED="1", ITEMS="500") as process:
        out, _ = process.communicate(timeout=60)

    assert out == "worked on 500 failed 250\n"
    assert process.returncode == 0


def test_a_reader_that_is_gone_stops_no_loop(tmp_path: Path) -> None:
    out_end, into = os.pipe()
    os.close(out_end)
    with start(tmp_path, into, ITEMS="500") as process:
        os.close(into)
        out, _ = process.communicate(timeout=60)

    assert out == "worked on 500 failed 250\n"
    assert process.returncode == 0


def test_a_disk_without_room_stops_no_loop(tmp_path: Path) -> None:
    full = os.open("/dev/full" if Path("/dev/full").exists() else os.devnull, os.O_WRONLY)
    with start(tmp_path, full, ITEMS="500") as process:
        os.close(full)
        out, _ = process.communicate(timeout=60)

    assert out == "worked on 500 failed 250\n"
    assert process.returncode == 0


def test_a_pipe_that_nobody_reads_stops_no_loop_while_a_plain_handler_would(tmp_path: Path) -> None:
    """The second process is the planted bug: the standard library's handler waits for room without end."""
    unread, into = os.pipe()
    with start(tmp_path, into, ITEMS="2000") as process:
        out, _ = process.communicate(timeout=60)
    assert out == "worked on 2000 failed 1000\n"

    with start(tmp_path, into, ITEMS="2000", PLAIN="1") as process:
        with pytest.raises(subprocess.TimeoutExpired):
            process.communicate(timeout=3)
        process.kill()
    os.close(into)
    os.close(unread)
