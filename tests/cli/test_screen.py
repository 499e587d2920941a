"""What is printed does nothing to a terminal."""

from __future__ import annotations

import pytest

from mape.cli.screen import print_table, shown


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("plain", "plain"),
        ("größer", "größer"),
        ("\x1b[31mred", "'\\x1b[31mred'"),
        (None, "null"),
        (True, "true"),
        (1.5, "1.5"),
        (("a", 1), '["a", 1]'),
        ({"a": {1: "b"}}, '{"a": {"1": "b"}}'),
    ],
)
def test_a_value_is_shown_as_people_write_it(value: object, text: str) -> None:
    assert shown(value) == text


def test_a_table_keeps_markup_and_long_values(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(("a", "b"), [("[red]x[/red]", "y" * 500)])

    assert [line.split() for line in capsys.readouterr().out.splitlines()] == [["a", "b"], ["[red]x[/red]", "y" * 500]]
