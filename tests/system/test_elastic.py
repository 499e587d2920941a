"""The elastic demo as a person runs it: a short real run, and every way to end it early."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.system, pytest.mark.needs("ps", "procps")]

PS = ["ps", "-A", "-ww", "-o", "pid=,ppid=,stat=,command="]
PROGRAM = "import json, sys; from mape.demo import find; sys.exit(find().run(**json.loads(sys.argv[1])))"


def start(folder: Path, **options: object) -> subprocess.Popen[str]:
    """Start a demo in `folder`, in a process group of its own, so that signals reach no more than it."""
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, json.dumps({"seed": 1, **options})],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        process_group=0,
    )


def finish(demo: subprocess.Popen[str]) -> tuple[str, str]:
    """Return what the demo printed: standard output and standard error."""
    return demo.communicate(timeout=60)


def processes() -> dict[int, tuple[int, str]]:
    """Return the living processes of this machine: their parents and command lines by number."""
    rows = subprocess.run(PS, capture_output=True, text=True, check=True)
    parts = [row.split(None, 3) for row in rows.stdout.splitlines()]
    return {int(row[0]): (int(row[1]), row[3]) for row in parts if len(row) == 4 and not row[2].startswith("Z")}


def children(parent: int) -> set[int]:
    return {pid for pid, (ppid, command) in processes().items() if ppid == parent and "demo/elastic" in command}


@contextmanager
def running(folder: Path, **options: object) -> Iterator[tuple[subprocess.Popen[str], set[int]]]:
    """Run a demo that goes on for a minute until all of it works; yield it and its child processes."""
    demo = start(folder, seconds=60, **options)
    try:
        until(lambda: len(children(demo.pid)) >= 9, "the load generator and eight workers")
        time.sleep(2.0)
        yield demo, children(demo.pid)
    finally:
        demo.kill()
        demo.wait()
        for stream in (demo.stdout, demo.stderr):
            if stream:
                stream.close()


def until(condition: Callable[[], bool], what: str, seconds: float = 10.0) -> float:
    """Wait for `condition`; return how long that took [s]."""
    begun = time.monotonic()
    while not condition():
        assert time.monotonic() - begun < seconds, f"waited {seconds} s in vain for {what}"
        time.sleep(0.02)
    return time.monotonic() - begun


def worker_of_the_loop(parent: int) -> int:
    """Return a worker of the first service: it has the listener with the lowest file descriptor."""
    alive = processes()
    listeners = {
        pid: int(found[1]) for pid in children(parent) if (found := re.search(r"--listener-fd=(\d+)", alive[pid][1]))
    }
    return min(listeners, key=listeners.__getitem__)


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], str]:
    """Run the demo for eight seconds; return its result and what it printed meanwhile."""
    folder = tmp_path_factory.mktemp("demo")
    demo = start(folder, seconds=8, json=True)
    out, err = finish(demo)
    assert demo.returncode == 0, err
    return json.loads(out), err


def test_all_arms_get_the_same_requests(result: tuple[dict[str, Any], str]) -> None:
    loop, few, many = result[0]["arms"]
    assert loop["requests"] == few["requests"] == many["requests"] > 400


def test_the_loop_beats_too_few_workers_and_costs_clearly_less_than_too_many(
    result: tuple[dict[str, Any], str],
) -> None:
    loop, few, many = result[0]["arms"]  # by how much shows in longer runs on a quiet machine
    assert loop["within_goal"] > few["within_goal"]
    assert loop["worker_seconds"] < 0.85 * many["worker_seconds"]


def test_a_fixed_number_of_workers_costs_that_number_times_the_time_of_the_load(
    result: tuple[dict[str, Any], str],
) -> None:
    _loop, few, many = result[0]["arms"]
    assert few["worker_seconds"] == pytest.approx(1 * 8, abs=0.8)
    assert many["worker_seconds"] == pytest.approx(6 * 8, abs=4.8)


def test_no_request_is_lost_when_the_loop_changes_the_workers(result: tuple[dict[str, Any], str]) -> None:
    loop, _few, _many = result[0]["arms"]
    assert loop["changes"] >= 2
    assert loop["errors"] == 0


def test_every_decision_has_a_reason(result: tuple[dict[str, Any], str]) -> None:
    assert all("p95" in decision["reason"] for decision in result[0]["decisions"])


def test_without_a_terminal_it_prints_a_line_a_second(result: tuple[dict[str, Any], str]) -> None:
    seconds = [int(found[1]) for found in re.finditer(r"^ *(\d+) s  load ", result[1], re.MULTILINE)]
    assert seconds == sorted(set(seconds))
    assert len(seconds) >= 7


def test_it_prints_the_comparison_and_where_the_report_is(result: tuple[dict[str, Any], str]) -> None:
    assert re.search(r"^the loop +\d+%", result[1], re.MULTILINE)
    report = Path(result[0]["report"])
    assert f"Report: {report}" in result[1]
    assert report.parent.name == "mape-report"
    assert "data:image/png" in report.read_text()


def test_without_the_loop_there_is_one_arm_with_as_many_workers_as_asked_for(tmp_path: Path) -> None:
    out, err = finish(start(tmp_path, seconds=3, adapt=False, workers=2, load="steady", json=True))
    (fixed,) = json.loads(out)["arms"]
    assert fixed["worker_seconds"] == pytest.approx(2 * 3, abs=1.0), err
    assert fixed["changes"] == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_everything_within_two_seconds_and_prints_what_was_measured(
    number: signal.Signals, tmp_path: Path
) -> None:
    with running(tmp_path) as (demo, parts):
        os.killpg(demo.pid, number)  # as Ctrl-C in a terminal: to the whole group
        begun = time.monotonic()
        out, err = finish(demo)
        assert time.monotonic() - begun < 2.0
        assert not parts & processes().keys()
        assert demo.returncode == 128 + number
        assert f"Ended early by {number.name}" in out
        assert re.search(r"^too many +100%", out, re.MULTILINE), out
        assert err == ""


def test_ctrl_c_while_the_workers_start_leaves_no_process(tmp_path: Path) -> None:
    demo = start(tmp_path, seconds=60)
    until(lambda: bool(children(demo.pid)), "the first worker")
    parts = children(demo.pid)
    os.killpg(demo.pid, signal.SIGINT)
    out, err = finish(demo)
    # a race inside asyncio, when a process is closed while it starts: both of its waiters ask for the exit code
    said = [line for line in err.splitlines() if not line.startswith("Unknown child process pid")]
    assert (demo.returncode, said) == (130, [])
    assert "Nothing was measured" in out
    until(lambda: not parts & processes().keys(), "its processes to end", 2.0)


def test_ctrl_c_in_a_terminal_reaches_the_demo_alone(tmp_path: Path) -> None:
    with running(tmp_path) as (demo, parts):
        assert all(os.getpgid(pid) == pid for pid in parts)
        assert os.getpgid(demo.pid) not in parts


def test_a_worker_that_hangs_does_not_outlive_ctrl_c(tmp_path: Path) -> None:
    with running(tmp_path) as (demo, parts):
        os.kill(worker_of_the_loop(demo.pid), signal.SIGSTOP)
        os.killpg(demo.pid, signal.SIGINT)
        begun = time.monotonic()
        out, _err = finish(demo)
        assert time.monotonic() - begun < 2.0
        assert not parts & processes().keys()
        assert "Ended early by SIGINT" in out


def test_a_second_ctrl_c_waits_for_nobody(tmp_path: Path) -> None:
    with running(tmp_path) as (demo, parts):
        hung = worker_of_the_loop(demo.pid)
        os.kill(hung, signal.SIGSTOP)
        os.killpg(demo.pid, signal.SIGINT)
        time.sleep(0.2)
        os.killpg(demo.pid, signal.SIGINT)
        assert demo.wait(0.5) == 130
        os.kill(hung, signal.SIGCONT)
        until(lambda: not parts & processes().keys(), "its processes to end", 2.0)


def test_its_death_by_kill_9_leaves_no_process(tmp_path: Path) -> None:
    with running(tmp_path) as (demo, parts):
        assert len(parts) >= 9
        os.kill(demo.pid, signal.SIGKILL)
        demo.wait()
        until(lambda: not parts & processes().keys(), "its processes to end", 2.0)


def test_the_loop_replaces_a_worker_that_is_killed(tmp_path: Path) -> None:
    with running(tmp_path, workers=3, load="steady") as (demo, _parts):
        os.kill(worker_of_the_loop(demo.pid), signal.SIGKILL)
        time.sleep(3.0)
        os.kill(demo.pid, signal.SIGINT)
        out, _err = finish(demo)
        assert "1 missing, started anew" in out
