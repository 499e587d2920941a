"""The command in front of the demos; what they do is tested where they are."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import pytest

from mape.cli.demo import demo
from mape.demo import DEFAULT
from mape.demo.elastic import run

Ask = Callable[..., Any]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("elastik",), "no demo is called 'elastik'; did you mean 'elastic'?"),
        (("--load", "wvae"), "wave"),
        (("--seconds", "1"), "seconds"),
        (("--workers", "0"), "workers"),
    ],
)
def test_a_wrong_option_is_told_before_anything_starts(ask: Ask, words: tuple[str, ...], sentence: str) -> None:
    answer = ask("demo", *words)

    assert (answer.code, answer.out) == (2, "")
    assert sentence in answer.err
    assert answer.err.count("\n") == 1


def test_the_command_has_the_options_of_the_demo_and_their_defaults() -> None:
    ours = {name: each.default for name, each in inspect.signature(demo).parameters.items()}
    theirs = {name: each.default for name, each in inspect.signature(run).parameters.items()}

    assert ours.pop("name") == DEFAULT
    ours["json"] = ours.pop("as_json")
    assert ours == theirs
