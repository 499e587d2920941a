"""The list of demos."""

from __future__ import annotations

import subprocess
import sys

import pytest

from mape.demo import DEMOS, find
from mape.errors import ConfigError


def test_without_a_name_the_elastic_demo_is_found() -> None:
    assert find().name == "elastic"


def test_every_demo_says_what_one_sees() -> None:
    assert all(demo.summary for demo in DEMOS.values())
    assert all(find(name) is demo for name, demo in DEMOS.items())


def test_a_mistyped_name_gets_the_nearest_one_in_the_error() -> None:
    with pytest.raises(ConfigError, match="no demo is called 'elastik'; did you mean 'elastic'"):
        find("elastik")


def test_a_name_like_none_gets_them_all_in_the_error() -> None:
    with pytest.raises(ConfigError, match="there are: elastic"):
        find("zzz")


def test_looking_at_the_list_imports_no_demo() -> None:
    program = "import sys, mape.demo; sys.exit(any(name in sys.modules for name in ('rich', 'mape.demo.elastic')))"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
