"""``mape config explain``: every setting, its value, and where it came from."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from mape.cli.example import examples
from mape.cli.target import CONFIG, JSON

__all__ = ["config", "explain"]

config = typer.Typer(no_args_is_help=True, help="Look at the configuration.", rich_markup_mode=None)


@config.callback()
def _everywhere() -> None:
    """Look at the configuration."""


@config.command(short_help="Show every setting, and where it came from.", epilog=examples("explain"))
def explain(
    config_file: Annotated[str | None, CONFIG] = None,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """Show every setting, its value, and where it came from: mape.yml, .env, a MAPE_ variable, or the default.

    What looks like a secret is masked. Later sources win: mape.yml, .env, environment, arguments of mape.init().
    """
    from mape.cli.screen import print_json, print_table, suggest
    from mape.settings import load

    settings = load(config_file).explain()
    if as_json:
        print_json([asdict(setting) for setting in settings])
        return
    print_table(("setting", "value", "source"), ((each.key, each.value, each.source) for each in settings))
    suggest("mape check app.py", "check a program, too")
