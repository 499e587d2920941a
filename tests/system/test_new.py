"""`mape new` as a person meets it: the wheel in a fresh environment, and a project that is green at once."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import urllib.request
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
INSTALLING = 900
"""How long pip may take on a busy machine [s]."""
PATIENCE = 60

pytestmark = [pytest.mark.system, pytest.mark.slow, pytest.mark.timeout(INSTALLING + 300)]


@dataclass(frozen=True)
class Project:
    """A project that was made, in an environment that has the wheel and nothing of ours."""

    folder: Path
    programs: Path

    def run(self, *words: str, folder: Path | None = None) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(self.programs / words[0]), *words[1:]],
            cwd=folder or self.folder,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
            env=os.environ | {"PATH": f"{self.programs}{os.pathsep}{os.environ['PATH']}"},
        )


def done(*words: str, folder: Path) -> None:
    outcome = subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=INSTALLING, check=False)
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    place = tmp_path_factory.mktemp("new")
    done(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(place / "dist"), folder=ROOT)
    done(sys.executable, "-m", "venv", str(place / "venv"), folder=place)
    wheel = next((place / "dist").glob("*.whl"))
    made = Project(place / "greenhouse", place / "venv/bin")
    pip = [str(made.programs / "python"), "-m", "pip", "install", "--quiet"]
    done(*pip, "-c", str(ROOT / "requirements/constraints.txt"), str(wheel), folder=place)
    outcome = made.run("mape", "new", "greenhouse", folder=place)
    assert outcome.returncode == 0, outcome.stderr
    done(*pip, "-c", str(ROOT / "requirements/constraints.txt"), "-e", ".[dev]", folder=made.folder)
    return made


def test_its_test_is_green(project: Project) -> None:
    outcome = project.run("python", "-m", "pytest", "-q", "-W", "error")

    assert outcome.returncode == 0, outcome.stdout
    assert "3 passed" in outcome.stdout


@pytest.mark.parametrize(
    ("there", "instead"),
    [
        ("mape.connect(thermometer, gap, controller, heater)", "mape.connect(thermometer, gap, controller)"),
        ("wish - reading.celsius", "reading.celsius - wish"),
        ("ops_out=ops.distinct_until_changed()", "ops_out=()"),
    ],
)
def test_its_test_finds_a_loop_that_does_not_work(project: Project, there: str, instead: str) -> None:
    program = project.folder / "app.py"
    text = program.read_text()
    assert there in text
    program.write_text(text.replace(there, instead))
    try:
        outcome = project.run("python", "-m", "pytest", "-q")
    finally:
        program.write_text(text)

    assert outcome.returncode == 1
    assert "failed" in outcome.stdout


@pytest.mark.parametrize(
    "words", [("mypy",), ("ruff", "check", "."), ("ruff", "format", "--check", "."), ("mape", "check", "app.py")]
)
def test_it_is_clean(project: Project, words: tuple[str, ...]) -> None:
    outcome = project.run(*words)

    assert outcome.returncode == 0, outcome.stdout + outcome.stderr


def test_it_runs_and_shows_its_page(project: Project) -> None:
    with subprocess.Popen(
        [str(project.programs / "mape"), "run", "app.py"],
        cwd=project.folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stderr is not None
            heated = process.stdout.readline()
            page = next(line for line in process.stderr if line.startswith("live page: "))
            with urllib.request.urlopen(f"{page.split()[-1]}loops/greenhouse", timeout=PATIENCE) as answer:  # noqa: S310
                assert answer.status == 200
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=PATIENCE)
        finally:
            process.kill()

    assert re.fullmatch(r" *[\d.]+ degrees, heater at 100 %\n", heated)
    assert process.returncode == 0


def test_it_says_what_to_do_where_an_extra_is_missing(project: Project) -> None:
    outcome = subprocess.run(
        [str(project.programs / "mape"), "check", "app.py"],
        cwd=project.folder,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
        env=os.environ | {"MAPE_REDIS__URL": "redis://127.0.0.1:1"},
    )

    assert outcome.returncode == 1
    assert "redis.url: is set, but " in outcome.stdout
    assert "pip install 'mape-toolkit[redis]'" in outcome.stdout
