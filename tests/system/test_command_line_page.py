"""The live page that `mape run` serves: for anyone's program, at a port of its own, without a word on its output."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

pytestmark = pytest.mark.system

PATIENCE = 30
LOOP = """
import mape

loop = mape.Loop("l")


@loop.execute
def show(item: int) -> None:
    print(item, flush=True)


async def main() -> None:
    show(1)
"""
MAIN_PART = 'if __name__ == "__main__":\n    mape.run(main)\n'
INIT = 'if __name__ == "__main__":\n    mape.init()\n    mape.run(main)\n'
OWN_APP = LOOP.replace('loop = mape.Loop("l")', 'app = mape.App()\nloop = app.loop("l")')
AT_THE_TOP = LOOP + "mape.run(main)\n"
PAGE = re.compile(r"live page: (http://127\.0\.0\.1:(\d+)/)\n")


@contextmanager
def running(folder: Path, *words: str, **variables: str) -> Iterator[subprocess.Popen[str]]:
    """Run `mape run WORDS` until the block ends, and see that it ends as it should."""
    with subprocess.Popen(
        [sys.executable, "-m", "mape", "run", *words],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | variables,
    ) as process:
        try:
            yield process
            process.send_signal(signal.SIGINT)
            process.wait(PATIENCE)
            assert process.returncode == 0
        finally:
            process.kill()


def page_of(process: subprocess.Popen[str]) -> str:
    """Wait for the line with the address, and return it."""
    seen = []
    for line in process.stderr or ():
        seen.append(line)
        if found := PAGE.fullmatch(line):
            return found[1]
    raise AssertionError(f"no page: {''.join(seen)}")


def loops_at(page: str, token: str = "") -> str:
    headers = {"authorization": f"Bearer {token}"} if token else {}
    request = urllib.request.Request(f"{page}loops", headers=headers)  # noqa: S310
    with urllib.request.urlopen(request, timeout=PATIENCE) as answer:  # noqa: S310
        text: str = answer.read().decode()
        return text


@pytest.mark.parametrize(
    "source",
    [LOOP, LOOP + MAIN_PART, LOOP + INIT, OWN_APP, AT_THE_TOP],
    ids=["loaded", "main part", "init", "own app", "at the top"],
)
def test_a_program_without_a_line_for_it_has_a_page(tmp_path: Path, source: str) -> None:
    (tmp_path / "app.py").write_text(source)

    with running(tmp_path, "app.py") as process:
        assert '"l"' in loops_at(page_of(process))
        assert process.stdout is not None
        assert process.stdout.readline() == "1\n"


def test_programs_that_start_together_do_not_fight_for_a_port(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(LOOP + INIT)

    with ExitStack() as stack:
        programs = [stack.enter_context(running(tmp_path, "app.py")) for _ in range(4)]
        pages = [page_of(each) for each in programs]
        assert len(set(pages)) == len(pages)
        for page in pages:
            assert '"l"' in loops_at(page)


def test_where_the_settings_name_a_place_the_page_is_there_and_nowhere_else(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (tmp_path / "app.py").write_text(LOOP)
    (tmp_path / "mape.yml").write_text(f"rest:\n  host_port: 127.0.0.1:{port}\n  token: let-me-in-please-now\n")

    with running(tmp_path, "app.py") as process:
        page = page_of(process)
        assert page == f"http://127.0.0.1:{port}/"
        assert '"l"' in loops_at(page, token="let-me-in-please-now")  # noqa: S106 - of this test


def test_a_program_that_names_a_place_by_argument_has_one_server(tmp_path: Path) -> None:
    named = INIT.replace("init()", 'init(rest_host_port="127.0.0.1:0")')
    (tmp_path / "app.py").write_text(LOOP + named)

    with running(tmp_path, "app.py") as process:
        assert '"l"' in loops_at(page_of(process))
        process.send_signal(signal.SIGINT)
        assert "live page" not in process.communicate(timeout=PATIENCE)[1]


def test_without_a_page_nothing_listens(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(LOOP + INIT)

    with running(tmp_path, "--no-page", "app.py") as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "1\n"
        assert listening(process.pid) == 0
        process.send_signal(signal.SIGINT)
        assert "live page" not in process.communicate(timeout=PATIENCE)[1]


def listening(pid: int) -> int:
    """Count the TCP sockets at which a process listens."""
    own = {str(each.readlink()) for each in Path(f"/proc/{pid}/fd").iterdir() if each.is_symlink()}
    lines = Path(f"/proc/{pid}/net/tcp").read_text().splitlines()[1:]
    return sum(f"socket:[{line.split()[9]}]" in own for line in lines if line.split()[3] == "0A")


def test_the_page_comes_with_the_settings_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(LOOP)

    with running(tmp_path, "app.py", MAPE_REST__TOKEN="let-me-in-please-now") as process:  # noqa: S106 - of this test
        page = page_of(process)
        with pytest.raises(OSError, match="401"):
            loops_at(page)
        assert '"l"' in loops_at(page, token="let-me-in-please-now")  # noqa: S106 - of this test


def test_where_the_extra_is_missing_a_hint_is_printed_and_the_program_runs(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(LOOP + "    mape.stop()\n")
    (tmp_path / "uvicorn.py").write_text("raise ModuleNotFoundError('no uvicorn', name='uvicorn')\n")

    done = subprocess.run(
        [sys.executable, "-m", "mape", "run", "app.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )

    assert (done.returncode, done.stdout) == (0, "1\n")
    assert done.stderr.startswith("no live page: pip install 'mape-toolkit[rest]' brings it")
