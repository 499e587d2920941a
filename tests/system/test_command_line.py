"""The command line in a process of its own: signals that reach `mape run`, and options that reach the demo."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.system

STAYS = """
import mape

loop = mape.Loop("l")
loop.execute(print, uid="say")
"""

WAITS = """
import asyncio


async def main():
    print("up", flush=True)
    await asyncio.sleep(60)


if __name__ == "__main__":
    asyncio.run(main())
"""

SPEAKS = "async def main():\n    print('up', flush=True)\n"


@pytest.mark.parametrize(
    ("source", "number", "code"),
    [(STAYS + SPEAKS, signal.SIGINT, 0), (STAYS + SPEAKS, signal.SIGTERM, 0), (WAITS, signal.SIGINT, 130)],
)
def test_a_signal_ends_a_run_with_its_exit_code_and_no_traceback(
    tmp_path: Path, source: str, number: int, code: int
) -> None:
    (tmp_path / "app.py").write_text(source)
    command = [sys.executable, "-m", "mape", "run", "app.py"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as run:
        assert run.stdout
        try:
            assert run.stdout.readline() == "up\n"
            run.send_signal(number)
            _, err = run.communicate(timeout=10)
        finally:
            run.kill()

    assert run.returncode == code
    assert "Traceback" not in err


def test_the_demo_gets_its_options(tmp_path: Path) -> None:
    words = [
        "demo",
        "elastic",
        "--seconds",
        "2",
        "--load",
        "steady",
        "--no-adapt",
        "--workers",
        "2",
        "--seed",
        "7",
        "--report",
        "there.html",
        "--json",
    ]

    done = subprocess.run(
        [sys.executable, "-m", "mape", *words], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    result = json.loads(done.stdout)

    assert (result["load"], result["seconds"], result["seed"], len(result["arms"])) == ("steady", 2.0, 7, 1)
    assert (tmp_path / "there.html").is_file()
