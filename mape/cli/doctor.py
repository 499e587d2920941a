"""``mape doctor``: what is installed, configured and reachable, and what to do about the rest."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from mape.cli.target import CONFIG, JSON

__all__ = ["doctor"]


def doctor(
    config_file: Annotated[str | None, CONFIG] = None,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """Look at this installation: what is there, what is configured, what can be reached, and what to do.

    Changes nothing. Exit code 1 when something that is configured does not work.
    """
    from mape.cli.examination import examine
    from mape.cli.screen import print_json, print_table, suggest

    findings = examine(config_file)
    if as_json:
        print_json([asdict(finding) for finding in findings])
    else:
        print_table(
            ("", "what", "found", "what to do"),
            ((str(each.state), each.what, each.found, each.cure) for each in findings),
        )
        suggest("mape demo", "see a loop at work") if all(each.is_well for each in findings) else suggest(
            "mape config explain", "where each setting comes from"
        )
    if not all(each.is_well for each in findings):
        raise typer.Exit(1)
