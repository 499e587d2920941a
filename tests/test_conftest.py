"""The rules for all tests, seen at work on a small suite."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

HERE = Path(__file__).parent

SUITE = {
    "test_file.py": """
        import pytest
        pytest.skip("no file here", allow_module_level=True)
    """,
    "test_each.py": """
        import os
        import warnings
        import pytest

        def test_skip():
            pytest.skip("no such thing here")

        @pytest.mark.skipif(True, reason="no mark here")
        def test_mark(): pass

        @pytest.mark.needs("no-such-program", "no-such-package")
        def test_program(): pass

        @pytest.mark.xfail(reason="known")
        def test_expected():
            assert False

        def test_warning():
            warnings.warn("old")

        def test_settings():
            assert "MAPE_DEBUG" not in os.environ
    """,
}


def run_suite(place: Path, suite: dict[str, str], **environ: str) -> str:
    """Run `suite` under the project's own conftest and settings, and return what pytest prints."""
    (place / "tests").mkdir()
    shutil.copy(HERE / "conftest.py", place / "tests")
    shutil.copy(HERE.parent / "pyproject.toml", place)
    for name, text in suite.items():
        (place / "tests" / name).write_text(dedent(text))
    environment = {name: value for name, value in os.environ.items() if name != "CI"} | environ
    command = [sys.executable, "-m", "pytest", "-rA", "-p", "no:cacheprovider", "--continue-on-collection-errors"]
    return subprocess.run(
        command, cwd=place, env=environment, capture_output=True, text=True, timeout=60, check=False
    ).stdout


@pytest.fixture(scope="module")
def on_ci(tmp_path_factory: pytest.TempPathFactory) -> str:
    return run_suite(tmp_path_factory.mktemp("ci"), SUITE, CI="true")


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> str:
    return run_suite(tmp_path_factory.mktemp("elsewhere"), SUITE, MAPE_DEBUG="true")


@pytest.mark.parametrize("reason", ["no such thing here", "no mark here", "needs no-such-program", "no file here"])
def test_a_skip_is_a_failure_on_ci_and_says_why(on_ci: str, reason: str) -> None:
    assert f"skipped, which CI does not accept: Skipped: {reason}" in on_ci
    assert "SKIPPED" not in on_ci


def test_a_skip_elsewhere_is_listed_with_its_cure(elsewhere: str) -> None:
    cure = "needs no-such-program: make setup-system, or install the Debian package no-such-package"
    assert cure in elsewhere
    assert "4 skipped" in elsewhere


def test_an_expected_failure_is_no_skip(on_ci: str) -> None:
    assert "XFAIL tests/test_each.py::test_expected" in on_ci


def test_a_warning_is_a_failure(elsewhere: str) -> None:
    assert "FAILED tests/test_each.py::test_warning - UserWarning: old" in elsewhere


def test_settings_of_the_person_who_runs_the_tests_do_not_reach_them(elsewhere: str) -> None:
    assert "PASSED tests/test_each.py::test_settings" in elsewhere


def test_an_unknown_marker_is_an_error(tmp_path: Path) -> None:
    suite = {"test_typo.py": "import pytest\n@pytest.mark.sytem\ndef test_one(): pass\n"}
    assert "'sytem' not found in `markers`" in run_suite(tmp_path, suite)
