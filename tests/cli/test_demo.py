"""The command in front of the demos; what they do is tested where they are."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import pytest

from mape.cli.demo import demo
from mape.demo import DEFAULT, DEMOS

Ask = Callable[..., Any]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("elastik",), "no demo is called 'elastik'; did you mean 'elastic'?"),
        (("--load", "wvae"), "wave"),
        (("--seconds", "1"), "seconds"),
        (("--workers", "0"), "workers"),
        (("ambulance", "--seconds", "1"), "seconds"),
        (("ambulance", "--transport", "smoke"), "transport 'smoke' is none of redis, rest"),
        (
            ("ambulance", "--load", "wave"),
            "mape demo ambulance has no option --load; it has: --seconds, --transport, --json",
        ),
        (("highway", "--no-adapt"), "mape demo highway has no option --adapt; it has: --seconds, --seed, --json"),
        (("--transport", "rest"), "mape demo elastic has no option --transport"),
    ],
)
def test_a_wrong_option_is_told_before_anything_starts(ask: Ask, words: tuple[str, ...], sentence: str) -> None:
    answer = ask("demo", *words)

    assert (answer.code, answer.out) == (2, "")
    assert sentence in answer.err
    assert answer.err.count("\n") == 1


def test_the_command_has_the_options_of_all_demos_and_no_others() -> None:
    ours = {name.replace("as_json", "json") for name in inspect.signature(demo).parameters} - {"name"}
    theirs = {option for each in DEMOS.values() for option in each.options}

    assert ours == theirs
    assert inspect.signature(demo).parameters["name"].default == DEFAULT


def test_the_help_lists_all_demos(ask: Ask) -> None:
    answer = ask("demo", "--help")

    assert answer.code == 0
    assert all(f"{name}: " in answer.out for name in DEMOS)
