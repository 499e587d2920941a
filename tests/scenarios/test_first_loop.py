"""The ambulance does what its policy says, once a change."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import mape
from mape.application import set_default_app
from mape.testing import collect, run_virtual

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

ROOT = Path(__file__).parents[2]
PATROL = ["SetSpeed(kmh=50.0)", "SetSiren(is_on=False)"]
EMERGENCY = ["SetSpeed(kmh=120.0)", "SetSiren(is_on=True)"]


@pytest.fixture
def example() -> Iterator[ModuleType]:
    """The module as it is when it has just been started."""
    set_default_app(None)
    yield importlib.import_module("examples.first_loop")
    del sys.modules["examples.first_loop"]
    set_default_app(None)


def after(example: ModuleType, *calls: str) -> list[Any]:
    """Return the commands that the policy gives on these calls."""

    async def main() -> list[Any]:
        commands = collect(example.policy)
        async with mape.app:
            for call in calls:
                example.detect(call)
        return commands

    return run_virtual(main)


def test_an_emergency_gives_speed_and_siren_and_its_end_takes_them_back(example: ModuleType) -> None:
    commands = after(example, "on patrol", "emergency", "emergency", "patient in hospital", "on patrol")

    assert [repr(command) for command in commands] == PATROL + EMERGENCY + PATROL
    assert (example.ambulance.speed_kmh, example.ambulance.siren_is_on) == (50.0, False)


def test_the_ambulance_is_changed_while_the_emergency_lasts(example: ModuleType) -> None:
    after(example, "on patrol", "emergency")

    assert (example.ambulance.speed_kmh, example.ambulance.siren_is_on) == (120.0, True)


def test_the_policy_is_set_from_outside(example: ModuleType) -> None:
    example.policy.emergency_kmh = 180.0

    after(example, "emergency")

    assert example.ambulance.speed_kmh == 180.0


def test_its_elements_are_found_by_their_documented_names(example: ModuleType) -> None:
    assert isinstance(mape.app["ambulance.custom_policy"], mape.Plan)
    assert mape.app.ambulance.exec is example.drive
    assert mape.app.ambulance.detect is example.detect


def test_the_command_runs_and_tells_what_happens() -> None:
    run = subprocess.run(
        [sys.executable, "-W", "error", "-m", "examples.first_loop"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )

    assert run.stderr == ""
    assert run.stdout.splitlines()[3:6] == ["radio: emergency at the market", "  speed 120 km/h", "  siren on"]
