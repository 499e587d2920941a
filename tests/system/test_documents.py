"""The programs in the documents run as shown: as processes of their own, with real servers between them."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.documents.page import file_of
from tests.documents.shell import console
from tests.system.redis_server import free_ports

pytestmark = pytest.mark.system

DEADLINE = 30.0
"""For anything that is waited for [s]; two busy cores are slow."""
TUTORIAL = "docs/tutorial/"

# what a document says, and what runs here instead: a free port, an address of this machine, a server of this test's own
Changes = dict[str, str]


class Programs:
    """Processes in a folder; all are ended with the test."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.started: list[subprocess.Popen[str]] = []

    def write(self, page: str, *titles: str, changes: Changes | None = None) -> None:
        """Write files of a document, with a few words changed."""
        for title in titles:
            text = file_of(page, title)
            for old, new in (changes or {}).items():
                text = text.replace(old, new)
            (self.folder / title).write_text(text)

    def start(self, *command: str, **environment: str) -> subprocess.Popen[str]:
        """Start ``python command``; what it prints is in a file of its own, see `output`."""
        number = len(self.started)
        with (self.folder / f"{number}.out").open("w") as out, (self.folder / f"{number}.err").open("w") as err:
            process = subprocess.Popen(
                [sys.executable, "-u", *command],
                cwd=self.folder,
                stdout=out,
                stderr=err,
                text=True,
                env={**os.environ, **environment},
            )
        self.started.append(process)
        return process

    def output(self, process: subprocess.Popen[str], kind: str = "out") -> str:
        """Return what a process printed so far."""
        return (self.folder / f"{self.started.index(process)}.{kind}").read_text()

    def wait_for(self, process: subprocess.Popen[str], is_seen: Callable[[str], bool]) -> str:
        """Wait until what a process printed is as it should be, and return it."""
        end = time.monotonic() + DEADLINE
        while not is_seen(text := self.output(process)):
            errors = self.output(process, "err")
            assert time.monotonic() < end, f"printed so far:\n{text}\n{errors}"
            assert process.poll() in (None, 0), errors
            time.sleep(0.02)
        return text

    def end(self, process: subprocess.Popen[str]) -> None:
        """Let a process drain and end, as Ctrl-C does."""
        process.send_signal(signal.SIGINT)
        assert process.wait(DEADLINE) == 0, self.output(process, "err")

    def close(self) -> None:
        """End what is left."""
        for process in self.started:
            process.kill()
            process.wait()


@pytest.fixture
def programs(tmp_path: Path) -> Iterator[Programs]:
    made = Programs(tmp_path)
    yield made
    made.close()


def unique(name: str) -> str:
    """Name an embedded server so that tests side by side do not join each other's."""
    return f"{name}{os.getpid()}_{time.monotonic_ns() % 1_000_000}"


# -- the tutorial ------------------------------------------------------------------------------------------------------


def test_a_shift_can_be_watched_and_talked_to_until_it_is_ended(programs: Programs) -> None:
    calls = {"uniform(0.5, 2.0)": "uniform(0.01, 0.02)"}
    programs.write(TUTORIAL + "first-loop.md", "ambulance.py")
    programs.write(TUTORIAL + "watch-it.md", "shift.py", changes=calls)

    shift = programs.start("-m", "mape", "run", "shift.py")
    programs.wait_for(shift, lambda text: "'siren': True" in text and "'siren': False" in text)
    address = re.search(r"http://127\.0\.0\.1:\d+", programs.output(shift, "err"))
    assert address is not None, programs.output(shift, "err")
    with urllib.request.urlopen(f"{address[0]}/", timeout=DEADLINE) as page:  # noqa: S310 - this machine
        assert "text/html" in page.headers["content-type"]
    tap = programs.start("-m", "mape", "tap", "ambulance.policy", "-n", "2", "--url", address[0])
    send = programs.start("-m", "mape", "send", "ambulance.detect", '"an emergency"', "--url", address[0])

    assert send.wait(DEADLINE) == 0, programs.output(send, "err")
    assert tap.wait(DEADLINE) == 0, programs.output(tap, "err")
    assert "siren" in programs.output(tap)
    programs.end(shift)


@pytest.mark.parametrize("first", ["car.py", "siren.py"])
def test_a_car_hears_a_siren_by_rest_whichever_starts_first(first: str, programs: Programs) -> None:
    address = {"127.0.0.1:6060": f"127.0.0.1:{free_ports(1)[0]}"}
    programs.write(TUTORIAL + "first-loop.md", "ambulance.py")
    programs.write(TUTORIAL + "two-processes.md", "car.py", "siren.py", changes=address)

    titles = sorted(("car.py", "siren.py"), key=lambda title: title != first)
    started = {title: programs.start(title) for title in titles}
    expected = file_of(TUTORIAL + "two-processes.md", "python car.py")

    assert programs.wait_for(started["car.py"], lambda text: len(text) >= len(expected)) == expected
    assert started["siren.py"].wait(DEADLINE) == 0
    programs.end(started["car.py"])


def test_all_cars_hear_a_siren_by_redis(programs: Programs) -> None:
    page = TUTORIAL + "two-processes.md"
    programs.write(page, "cars.py", "publish.py", changes={"embedded:street": f"embedded:{unique('street')}"})
    ada, ben = programs.start("cars.py", "ada"), programs.start("cars.py", "ben")

    everything_heard = {name: file_of(page, "python cars.py ada").replace("ada", name) for name in ("ada", "ben")}
    end = time.monotonic() + DEADLINE
    while not (everything_heard["ada"] in programs.output(ada) and everything_heard["ben"] in programs.output(ben)):
        assert time.monotonic() < end, programs.output(ada) + programs.output(ada, "err")
        assert programs.start("publish.py").wait(DEADLINE) == 0  # who was not there yet heard nothing: once more

    programs.end(ada)
    programs.end(ben)


@pytest.mark.parametrize("is_first", [True, False])
def test_the_control_room_knows_all_calls(is_first: bool, programs: Programs) -> None:
    name = {"embedded:city": f"embedded:{unique('city')}"}
    programs.write(TUTORIAL + "keep-what-it-saw.md", "station.py", "control.py", changes=name)
    order = [("control.py",), ("station.py", "north"), ("station.py", "south")]

    started = {command[-1]: programs.start(*command) for command in (order if is_first else order[::-1])}

    programs.wait_for(started["control.py"], lambda text: text.endswith("all districts: 6\n"))
    for process in started.values():
        programs.end(process)


# -- how-tos -----------------------------------------------------------------------------------------------------------


def test_what_is_too_fast_arrives_by_rest(programs: Programs) -> None:
    port = str(free_ports(1)[0])
    page, token = "docs/howto/rest.md", "a-token-of-this-test"
    listening = {"6060": port, "mape.run()": "too_fast.subscribe(print)\nmape.run()"}
    sending = {
        "10.0.0.2:6060": f"127.0.0.1:{port}",
        "mape.run()": "async def main():\n    speed(131.0)\n\n\nmape.run(main)",
    }
    programs.write(page, "cars.py", changes=listening)
    programs.write(page, "radar.py", changes=sending)

    radar = programs.start("radar.py", CARS_TOKEN=token)
    cars = programs.start("cars.py", MAPE_REST__TOKEN=token)

    assert programs.wait_for(cars, lambda text: "\n" in text) == "True\n"
    programs.end(radar)
    programs.end(cars)


def test_fast_cars_are_heard_of_by_redis(programs: Programs) -> None:
    page, url = "docs/howto/redis.md", f"embedded:{unique('cars')}"
    programs.write(page, "traffic.py")
    programs.write(page, "car.py", changes={"range(60)": "range(2000)", "sleep(1)": "sleep(0.01)"})

    traffic = programs.start("traffic.py", MAPE_REDIS__URL=url)
    car = programs.start("car.py", MAPE_REDIS__URL=url)

    text = programs.wait_for(traffic, lambda text: text.count("\n") > 3)
    assert all(float(line) > 80 for line in text.splitlines()[:3])
    programs.end(traffic)
    programs.end(car)


def test_what_was_measured_is_judged_once(programs: Programs) -> None:
    page, url = "docs/howto/streams.md", f"embedded:{unique('plant')}"
    programs.write(page, "plant.py", "office.py")

    plant, office = (programs.start(title, MAPE_REDIS__URL=url) for title in ("plant.py", "office.py"))

    assert programs.wait_for(office, lambda text: "\n" in text) == "80.5\n"
    programs.end(plant)
    programs.end(office)


def test_a_worker_takes_its_share(programs: Programs) -> None:
    url = f"embedded:{unique('scaling')}"
    programs.write("docs/howto/scaling.md", "plant.py")

    worker = programs.start("-m", "mape", "run", "plant.py", "--worker", MAPE_REDIS__URL=url)
    camera = programs.start("-m", "mape", "run", "plant.py", MAPE_REDIS__URL=url)

    end = time.monotonic() + DEADLINE
    while "2\n" not in programs.output(worker) + programs.output(camera):
        assert time.monotonic() < end, programs.output(worker, "err") + programs.output(camera, "err")
        time.sleep(0.02)
    assert console("docs/howto/scaling.md", "mape run plant.py --worker").strip() in programs.output(worker, "err")
    programs.end(camera)
    programs.end(worker)


def test_a_new_project_runs_and_its_test_passes_as_shown(programs: Programs) -> None:
    page = "docs/howto/new-project.md"
    address, *lines = console(page, "mape run --reload app.py").splitlines()

    assert programs.start("-m", "mape", "new", "greenhouse", "--here").wait(DEADLINE) == 0
    test = programs.start("-m", "pytest", "-q")
    app = programs.start("-m", "mape", "run", "--reload", "app.py")

    text = programs.wait_for(app, lambda text: text.count("\n") >= len(lines))
    assert [like(line) for line in text.splitlines()[: len(lines)]] == [like(line) for line in lines]
    assert like(address) in like(programs.output(app, "err"))
    assert test.wait(DEADLINE) == 0, programs.output(test)
    passed = re.search(r"\d+ passed", console(page, "python -m pytest"))
    assert passed is not None
    assert passed[0] in programs.output(test)
    programs.end(app)


def like(line: str) -> str:
    """Return a line with its numbers made alike."""
    return re.sub(r"[\d.]+", "1", line)


def test_the_bridge_opens_lanes_as_shown(programs: Programs) -> None:
    page = "docs/howto/knowledge.md"
    programs.write(page, "bridge.py")

    bridge = programs.start("bridge.py")

    assert bridge.wait(DEADLINE) == 0, programs.output(bridge, "err")
    assert programs.output(bridge) == file_of(page, "python bridge.py")
