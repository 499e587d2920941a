"""What holds for every test: no settings of the person who runs them, no skip on CI, the same examples twice."""

from __future__ import annotations

import os
import shutil
from collections.abc import Generator
from typing import TypeVar

import hypothesis
import pytest

pytest_plugins = ["mape.testing.fixtures"]

ON_CI = os.environ.get("CI") == "true"

Report = TypeVar("Report", pytest.TestReport, pytest.CollectReport)

# No deadline: a busy machine is not a bug. On CI the same examples each time: a red run must stay red.
hypothesis.settings.register_profile("mape", deadline=None, derandomize=ON_CI, print_blob=True)
hypothesis.settings.load_profile("mape")


@pytest.fixture(autouse=True)
def _settings_of_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("MAPE_")]:
        monkeypatch.delenv(name)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what needs a program that is not here, and say what to install."""
    for marker in item.iter_markers("needs"):
        program, package = marker.args
        if shutil.which(program) is None:
            pytest.skip(f"needs {program}: make setup-system, or install the Debian package {package}")


def unskipped(report: Report) -> Report:
    """Return `report`, a failure if it is a skip on CI: what is not run there is not known to work."""
    if ON_CI and report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"skipped, which CI does not accept: {reason}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Let no test be skipped on CI."""
    return unskipped((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Let no file be skipped on CI."""
    return unskipped((yield))
