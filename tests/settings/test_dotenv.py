"""The .env file: lines as shells write them, with their numbers."""

from __future__ import annotations

import pytest

from mape.errors import ConfigError
from mape.settings.dotenv import parse_dotenv


def test_lines_are_counted_through_blanks_comments_and_quotes() -> None:
    text = "\n\n# a comment\nA=1\n\n  B='two\nlines'\nexport C=3 # three\nD=\nE\n"

    variables, lines = parse_dotenv(text, ".env")

    assert variables == {"A": "1", "B": "two\nlines", "C": "3", "D": "", "E": ""}
    assert lines == {"A": 4, "B": 6, "C": 8, "D": 9, "E": 10}


def test_nothing_is_expanded() -> None:
    assert parse_dotenv("A=${HOME}$(id)`id`", ".env")[0] == {"A": "${HOME}$(id)`id`"}


def test_a_broken_line_is_named() -> None:
    with pytest.raises(ConfigError, match=r"^\.env:3: not a NAME=value line"):
        parse_dotenv("A=1\n\nB='open\n", ".env")
