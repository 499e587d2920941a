"""`mape run --reload` with real files and processes: what is saved runs, and nothing is left behind."""

from __future__ import annotations

import os
import re
import select
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

pytestmark = pytest.mark.system

PATIENCE = 30.0
SOURCE = """
import os

import mape

loop = mape.Loop("l")
loop.execute(print, uid="show")


async def main():
    print("up", os.getpid(), {version}, flush=True)
"""


class Reloading:
    """A program under `mape run --reload`, and what it and its parent print."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.process = process
        self._text = ""

    def until(self, pattern: str) -> re.Match[str]:
        """Wait until something that was printed fits, and forget all up to there."""
        assert self.process.stdout is not None
        pipe, end = self.process.stdout.fileno(), time.monotonic() + PATIENCE
        while (found := re.search(pattern, self._text)) is None:
            ready, _, _ = select.select([pipe], [], [], max(end - time.monotonic(), 0))
            chunk = os.read(pipe, 65536) if ready else b""
            assert chunk, f"never printed {pattern}: {self._text}"
            self._text += chunk.decode()
        self._text = self._text[found.end() :]
        return found

    def up(self, version: int) -> int:
        """Wait until the program runs in this version, and return its process id."""
        return int(self.until(rf"up (\d+) {version}\n")[1])


@contextmanager
def reloading(folder: Path, *words: str, **variables: str) -> Iterator[Reloading]:
    with subprocess.Popen(
        [sys.executable, "-m", "mape", "run", "--reload", *words],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=os.environ | variables,
    ) as process:
        try:
            yield Reloading(process)
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=PATIENCE)
        finally:
            process.kill()


def write(folder: Path, version: int, name: str = "app.py") -> None:
    (folder / name).write_text(SOURCE.format(version=version))


def gone(pid: int) -> bool:
    """Wait until a process has ended."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        state = Path(f"/proc/{pid}/stat")
        try:
            if state.read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except (FileNotFoundError, ProcessLookupError):
            return True
        time.sleep(0.02)
    return False


def test_what_is_saved_runs_at_the_same_port(tmp_path: Path) -> None:
    write(tmp_path, 1)
    with reloading(tmp_path, "app.py") as program:
        page, first = program.until(r"live page: (\S+)")[1], program.up(1)
        write(tmp_path, 2)
        program.until(r"reload: app\.py changed; starts anew\n")
        assert program.until(r"live page: (\S+)")[1] == page
        assert program.up(2) != first
        with urllib.request.urlopen(f"{page}health/live", timeout=PATIENCE) as answer:  # noqa: S310
            assert answer.status == 200
        assert gone(first)

    assert program.process.returncode == 0


@pytest.mark.parametrize("name", ["other.py", "mape.yml", ".env", "below/more.py"])
def test_settings_and_what_it_imports_count_too(tmp_path: Path, name: str) -> None:
    write(tmp_path, 1)
    (tmp_path / "below").mkdir()
    with reloading(tmp_path, "--no-page", "app.py") as program:
        first = program.up(1)
        (tmp_path / name).write_text("# nothing\n")
        program.until(rf"reload: {re.escape(name)} changed")
        assert program.up(1) != first


def test_settings_of_the_current_folder_count_for_a_program_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    write(tmp_path / "sub", 1)
    with reloading(tmp_path, "--no-page", "sub/app.py") as program:
        program.up(1)
        (tmp_path / "mape.yml").write_text("seed: 3\n")
        program.until(r"mape\.yml changed")
        program.up(1)


def test_what_cannot_be_python_is_shown_and_what_runs_goes_on(tmp_path: Path) -> None:
    write(tmp_path, 1)
    with reloading(tmp_path, "app.py") as program:
        page, first = program.until(r"live page: (\S+)")[1], program.up(1)
        (tmp_path / "app.py").write_text("import mape\ndef f(:\n")
        program.until(r"reload: app\.py:2: not valid Python: .*; what runs goes on until that is mended\n")
        with urllib.request.urlopen(f"{page}health/live", timeout=PATIENCE) as answer:  # noqa: S310
            assert answer.status == 200
        write(tmp_path, 2)
        assert program.up(2) != first


def test_a_program_that_fails_is_tried_again_with_the_next_save(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("import mape\ndef f(:\n")
    with reloading(tmp_path, "--no-page", "app.py") as program:
        program.until(r"mape: app\.py:2: not valid Python")
        program.until(r"reload: the program ended with code 1; it starts anew when a file changes\n")
        (tmp_path / "app.py").write_text("1 / 0\n")
        program.until(r"app\.py:1: ZeroDivisionError")
        write(tmp_path, 3)
        program.up(3)


def test_a_file_that_is_not_part_of_it_changes_nothing(tmp_path: Path) -> None:
    write(tmp_path, 1)
    (tmp_path / "__pycache__").mkdir()
    with reloading(tmp_path, "--no-page", "app.py") as program:
        program.up(1)
        (tmp_path / "log.txt").write_text("x")
        (tmp_path / "__pycache__/x.py").write_text("x = 1")
        write(tmp_path, 2)
        assert "app.py changed" in program.until(r"reload: .*\n")[0]
        program.up(2)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_both_in_order(tmp_path: Path, number: signal.Signals) -> None:
    write(tmp_path, 1)
    with reloading(tmp_path, "--no-page", "app.py") as program:
        child = program.up(1)
        program.process.send_signal(number)
        out, _ = program.process.communicate(timeout=PATIENCE)
        assert program.process.returncode == 0
        assert b"Traceback" not in out
        assert gone(child)


def test_a_program_does_not_outlive_a_parent_that_is_killed(tmp_path: Path) -> None:
    write(tmp_path, 1)
    with reloading(tmp_path, "--no-page", "app.py") as program:
        child = program.up(1)
        program.process.kill()
        assert gone(child)


def test_arguments_reach_the_program_each_time(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("import sys\nif __name__ == '__main__':\n    print(sys.argv[1:])\n")
    with reloading(tmp_path, "app.py", "--", "--seed", "3") as program:
        for _ in range(2):
            program.until(r"\['--seed', '3'\]\n")
            program.until(r"reload: the program is done")
            (tmp_path / "more.py").write_text("")


def test_where_the_extra_is_missing_the_sentence_says_what_to_install(tmp_path: Path) -> None:
    write(tmp_path, 1)
    (tmp_path / "watchfiles.py").write_text("raise ModuleNotFoundError('no watchfiles', name='watchfiles')\n")

    done = subprocess.run(
        [sys.executable, "-m", "mape", "run", "--reload", "app.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )

    assert done.returncode == 2
    assert done.stderr == "mape: --reload needs watchfiles: pip install 'mape-toolkit[reload]'\n"
