"""``mape graph``: the picture of a program."""

from __future__ import annotations

from typing import Annotated

import typer

from mape.cli.target import JSON, PROGRAM

__all__ = ["graph"]


def graph(
    program: Annotated[str, PROGRAM],
    as_mermaid: Annotated[bool, typer.Option("--mermaid", help="Write a Mermaid flowchart for a document.")] = False,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """Draw the loops of a program, and what listens to what."""
    from mape.cli.drawing import mermaid, tree
    from mape.cli.entry import load_app
    from mape.cli.outline import outline
    from mape.cli.program import find_program
    from mape.cli.screen import console, print_json, say, suggest

    seen = outline(load_app(find_program(program)))
    if as_json:
        print_json(seen.plain())
    elif as_mermaid:
        say(mermaid(seen))
    else:
        console().print(tree(seen, program))
        suggest(f"mape check {program}", "what is not connected, goes in circles, or does not fit")
