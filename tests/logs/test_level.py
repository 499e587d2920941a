"""Which logger says how much."""

from __future__ import annotations

import logging

import pytest

from mape.errors import ConfigError
from mape.logs.level import levels_of


@pytest.mark.parametrize("setting", ["traffic=debug mape.tap=WARNING", "traffic=debug, mape.tap=warning",
                                     ("traffic=debug", "mape.tap = warning")])  # fmt: skip
def test_levels_are_a_list_or_a_text(setting: str | tuple[str, ...]) -> None:
    assert levels_of(setting) == {"traffic": logging.DEBUG, "mape.tap": logging.WARNING}


@pytest.mark.parametrize("setting", ["traffic", "traffic=loud", "=debug", ("a=b=c",)])
def test_a_level_that_is_none_is_an_error_that_says_what_to_write(setting: str | tuple[str, ...]) -> None:
    with pytest.raises(ConfigError, match=r"log\.levels: '.*' is not 'logger=level', with one of debug, info"):
        levels_of(setting)
