"""What is wrong with the options is told before anything starts; the rest is in ``tests/system/test_ambulance.py``."""

from __future__ import annotations

from typing import Any

import pytest

from mape.demo.ambulance.run import run
from mape.errors import ConfigError


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"seconds": 1.0}, "seconds must be from 2 to 3600, not 1"),
        ({"seconds": float("nan")}, "seconds must be"),
        ({"transport": "smoke"}, "transport 'smoke' is none of redis, rest"),
    ],
)
def test_a_wrong_option_is_a_sentence(options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        run(**options)
