"""What pip installs."""

from __future__ import annotations

import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The files of the wheel, by name; binary ones with what could be read of them."""
    place = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(place)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=60)
    (built,) = place.glob("*.whl")
    with zipfile.ZipFile(built) as archive:
        return {name: archive.read(name).decode(errors="replace") for name in archive.namelist()}


def entry(wheel: dict[str, str], name: str) -> str:
    """The text of a file beside the package."""
    return next(text for path, text in wheel.items() if ".dist-info/" in path and path.endswith(name))


def test_the_wheel_has_the_whole_package_and_nothing_else(wheel: dict[str, str]) -> None:
    sources = {str(path.relative_to(ROOT)) for path in (ROOT / "mape").rglob("*.py")}

    assert {name for name in wheel if name.endswith(".py")} == sources
    assert {name.partition("/")[0] for name in wheel} == {"mape", f"mape_toolkit-{VERSION}.dist-info"}


def test_the_wheel_says_that_it_is_typed(wheel: dict[str, str]) -> None:
    assert "mape/py.typed" in wheel


def test_the_wheel_brings_the_command_and_the_license(wheel: dict[str, str]) -> None:
    assert "mape = mape.cli:main" in entry(wheel, "entry_points.txt")
    assert "Apache License" in entry(wheel, "LICENSE")


def test_a_base_install_needs_seven_packages(wheel: dict[str, str]) -> None:
    lines = entry(wheel, "METADATA").splitlines()
    needed = [line.split()[1] for line in lines if line.startswith("Requires-Dist:") and "extra ==" not in line]

    assert sorted(name.partition("<")[0].partition(">")[0] for name in needed) == [
        "msgspec", "python-dotenv", "pyyaml", "reactivex", "rich", "structlog", "typer",
    ]  # fmt: skip
