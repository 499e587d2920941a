"""The ambulance demo as a person runs it: four real processes, messages that all arrive, and every way to end it."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import termios
import time
from typing import Any

import pytest

from tests.system.demo_process import ROOT, children, command_in, nothing_is_left, read_to, running, start, until

pytestmark = [pytest.mark.system, pytest.mark.needs("ps", "procps")]

TRANSPORTS = ("redis", "rest")


@pytest.fixture(scope="module", params=TRANSPORTS)
def result(request: pytest.FixtureRequest) -> tuple[dict[str, Any], str]:
    """Run the demo for five seconds; return its result and what it printed meanwhile."""
    demo = start("ambulance", "--seconds", "5", "--transport", request.param, "--json")
    out, err = demo.communicate(timeout=60)
    assert demo.returncode == 0, err
    return json.loads(out), err


def test_everything_that_was_sent_arrives_once_and_in_order(result: tuple[dict[str, Any], str]) -> None:
    edges = result[0]["edges"]
    assert len(edges) == 9
    assert all(edge["received"] == edge["sent"] for edge in edges)
    assert not any(edge["lost"] or edge["doubled"] or edge["swapped"] for edge in edges)
    assert sum(edge["sent"] for edge in edges if edge["source"] == "ambulance.siren") > 3 * 15
    assert set(result[0]["faults"].values()) == {0}


def test_a_car_that_hears_the_siren_tells_all_others(result: tuple[dict[str, Any], str]) -> None:
    first = result[0]["tellings"][0]
    assert (first["by"], first["is_on"], set(first["told"])) == ("ada", True, {"ben", "cleo"})


def test_the_first_emergency_is_shared_soon_after_the_command(result: tuple[dict[str, Any], str]) -> None:
    assert 0.5 < result[0]["first_shared"] < 10.0, "under 3 s on a quiet machine; the demo prints it"
    assert "From the command to the first shared emergency" in result[1]


def test_two_emergencies_begin_and_end(result: tuple[dict[str, Any], str]) -> None:
    assert [each["is_on"] for each in result[0]["tellings"] if each["by"] == "ada"] == [True, False, True, False]


def test_the_summary_says_what_the_counters_say(result: tuple[dict[str, Any], str]) -> None:
    sent = sum(edge["sent"] for edge in result[0]["edges"])
    assert f"{sent} messages over 9 edges: none lost, none doubled, none out of order." in result[1]


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_everything_and_prints_the_figures(number: signal.Signals, transport: str) -> None:
    with running("ambulance", "--transport", transport, members=4) as (demo, parts, head):
        shown = read_to(demo, "hears the siren", head)  # some messages are sent
        os.killpg(demo.pid, number)
        out, err = demo.communicate(timeout=10)
        assert (demo.returncode, err) == (128 + number, "")
        assert f"Ended early by {number.name}" in out, shown
        assert "none lost" in out
        assert nothing_is_left(demo.pid, parts)


def test_ctrl_c_while_the_processes_start_leaves_none() -> None:
    demo = start("ambulance")
    until(lambda: len(children(demo.pid)) == 4, "the processes")
    parts = children(demo.pid)
    os.killpg(demo.pid, signal.SIGINT)
    out, err = demo.communicate(timeout=10)
    assert (demo.returncode, err) == (130, "")
    assert "Nothing was sent" in out
    until(lambda: nothing_is_left(demo.pid, parts), "all to be gone", 3.0)


def test_its_death_by_kill_9_leaves_no_process_and_no_socket() -> None:
    with running("ambulance", members=4) as (demo, parts, _):
        os.kill(demo.pid, signal.SIGKILL)
        demo.wait()
        until(lambda: nothing_is_left(demo.pid, parts), "all to be gone", 5.0)


def test_the_death_of_a_vehicle_ends_the_demo_with_a_sentence() -> None:
    with running("ambulance", members=4) as (demo, parts, _):
        os.kill(max(parts), signal.SIGKILL)
        _, err = demo.communicate(timeout=10)
        assert demo.returncode == 1
        assert re.fullmatch(r"mape: \w+ ended with code -9; its last words: .*\n", err)
        assert nothing_is_left(demo.pid, parts)


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_the_command_that_it_prints_is_heard_by_the_ambulance(transport: str) -> None:
    with running("ambulance", "--transport", transport, members=4) as (demo, _, head):
        read_to(demo, "hears the siren", head)  # the script has begun
        words = [word if word != "true" else "false" for word in command_in(head)]
        sent = subprocess.run(
            [sys.executable, "-m", "mape", *words], cwd=ROOT, capture_output=True, text=True, check=False
        )
        assert sent.returncode == 0, sent.stderr
        begun = time.monotonic()
        read_to(demo, "hears it no more")
        assert time.monotonic() - begun < 10.0, "the script would wait for 27 s"


def test_keys_work_on_a_terminal_which_is_left_as_it_was() -> None:
    leader, terminal = pty.openpty()
    before = termios.tcgetattr(terminal)
    program = [sys.executable, "-m", "mape", "demo", "ambulance", "--seconds", "60", "--transport", "rest"]

    def own() -> None:
        os.setsid()
        import fcntl

        fcntl.ioctl(0, termios.TIOCSCTTY, 0)

    demo = subprocess.Popen(
        program,
        cwd=ROOT,
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        preexec_fn=own,  # noqa: PLW1509 - no threads here
        env=os.environ | {"TERM": "xterm"},
    )
    try:
        assert "by the script" in read_until(leader, "by the script")
        assert termios.tcgetattr(terminal)[3] & termios.ICANON == 0
        os.write(leader, b"\x1bOQ")
        read_until(leader, "no emergency, by you")
        os.write(leader, b"\x03")
        read_until(leader, "Ended early by SIGINT")
        read_until(leader, "Next:")
        assert demo.wait(10) == 130
        assert termios.tcgetattr(terminal) == before
    finally:
        demo.kill()
        demo.wait()
        os.close(leader)
        os.close(terminal)


def read_until(leader: int, words: str, seconds: float = 15.0) -> str:
    """Return what a terminal shows up to and with `words`."""
    shown, end = "", time.monotonic() + seconds
    while words not in shown:
        assert time.monotonic() < end, shown[-2000:]
        if select.select([leader], [], [], 0.1)[0]:
            shown += os.read(leader, 65536).decode(errors="replace")
    return shown
