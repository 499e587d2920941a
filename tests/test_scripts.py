"""The scripts behind the Makefile, on machines that lack something."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
VERSION = f"{sys.version_info[0]}.{sys.version_info[1]}"
BASE_PYTHON = Path(sys.base_prefix) / "bin" / f"python{VERSION}"


class Machine:
    """A machine with a few commands on its PATH.

    Args:
        place: Where the commands are written.
    """

    def __init__(self, place: Path) -> None:
        self.commands = place / "bin"
        self.commands.mkdir()
        self.install("bash", 'exec /bin/bash "$@"')
        for name in ("dirname", "cat", "id", "grep", "env"):
            self.install(name, f'PATH=/usr/bin:/bin exec {name} "$@"')

    def install(self, name: str, script: str) -> None:
        """Put a command there."""
        command = self.commands / name
        command.write_text(f"#!/bin/sh\n{script}\n")
        command.chmod(0o755)

    def run(self, script: Path, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
        """Run a script of this project there."""
        environment = {"PATH": str(self.commands), "HOME": str(self.commands), **environ}
        command = [str(script), *arguments]
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=30, check=False)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


FIND_PYTHON = ROOT / "scripts/find-python"
WORKING = f'exec {BASE_PYTHON} "$@"'
OLD = "exit 3"
BROKEN_SHIM = "echo 'no such version is installed' >&2; exit 127"


def test_a_shim_without_an_interpreter_is_passed_over(machine: Machine) -> None:
    machine.install("python3", BROKEN_SHIM)
    machine.install("python3.12", BROKEN_SHIM)
    machine.install("python3.11", WORKING)

    found = machine.run(FIND_PYTHON)

    assert Path(found.stdout.strip()).samefile(BASE_PYTHON)
    assert found.stderr == ""


def test_a_machine_without_a_new_enough_python_is_told_so_in_one_sentence(machine: Machine) -> None:
    machine.install("python3", OLD)

    found = machine.run(FIND_PYTHON)

    assert found.returncode == 1
    assert found.stdout == ""
    assert found.stderr.count("\n") == 1
    assert "mape needs Python 3.11 or newer" in found.stderr


def test_a_python_that_was_named_is_the_only_one_tried(machine: Machine) -> None:
    machine.install("python3", WORKING)
    machine.install("mine", OLD)

    found = machine.run(FIND_PYTHON, PYTHON="mine")

    assert found.returncode == 1
    assert "mine will not do" in found.stderr


def test_a_python_without_venv_is_told_what_to_install(machine: Machine, tmp_path: Path) -> None:
    (tmp_path / "ensurepip.py").write_text("raise ImportError")
    machine.install("python3", f'PYTHONPATH={tmp_path} exec {BASE_PYTHON} "$@"')

    found = machine.run(FIND_PYTHON)

    assert found.returncode == 1
    assert f"on Debian, apt-get install python{VERSION}-venv" in found.stderr


def test_a_version_that_is_not_there_is_no_error_to_talk_about(machine: Machine) -> None:
    machine.install("python3", WORKING)

    found = machine.run(FIND_PYTHON, "3.9")

    assert (found.returncode, found.stdout, found.stderr) == (1, "", "")


def with_packages(place: Path, *lines: str) -> Path:
    """Copy the script and give it a list of packages of its own."""
    script = place / "setup-system"
    script.write_text((ROOT / "scripts/setup-system").read_text())
    script.chmod(0o755)
    (place / "system-packages.txt").write_text("\n".join(["# what for", *lines, ""]))
    return script


def test_system_packages_that_are_there_are_left_alone(machine: Machine, tmp_path: Path) -> None:
    machine.install("dpkg-query", "echo 'install ok installed'")
    machine.install("apt-get", "exit 1")

    outcome = machine.run(with_packages(tmp_path, "tmux  a terminal"))

    assert (outcome.returncode, outcome.stdout, outcome.stderr) == (0, "", "")


def test_system_packages_that_are_missing_are_installed_where_that_is_allowed(machine: Machine, tmp_path: Path) -> None:
    machine.install("dpkg-query", "exit 1")
    machine.install("id", "echo 0")
    machine.install("apt-get", f'echo "$@" >>{tmp_path}/calls')

    outcome = machine.run(with_packages(tmp_path, "tmux  a terminal", "", "xvfb"))

    assert outcome.returncode == 0
    assert (tmp_path / "calls").read_text().splitlines()[-1].endswith("install tmux xvfb")


@pytest.mark.parametrize("has_apt", [True, False])
def test_system_packages_that_are_missing_are_named_where_it_is_not(
    machine: Machine, tmp_path: Path, *, has_apt: bool
) -> None:
    machine.install("dpkg-query", "exit 1")
    machine.install("id", "echo 1000" if has_apt else "echo 0")
    machine.install("sudo", "exit 1")
    if has_apt:
        machine.install("apt-get", f"touch {tmp_path}/called")

    outcome = machine.run(with_packages(tmp_path, "tmux", "xvfb"))

    assert outcome.returncode == 0
    assert "not installed, and not mine to install: tmux xvfb" in outcome.stderr
    assert not (tmp_path / "called").exists()
