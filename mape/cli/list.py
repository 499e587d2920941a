"""``mape list``: the loops and elements of a program."""

from __future__ import annotations

from typing import Annotated

from mape.cli.target import JSON, PROGRAM

__all__ = ["list_elements"]


def list_elements(
    program: Annotated[str, PROGRAM],
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """List the elements of a program: role, types, and what they listen to."""
    from mape.cli.entry import load_app
    from mape.cli.outline import outline
    from mape.cli.program import find_program
    from mape.cli.screen import print_json, print_table, suggest

    seen = outline(load_app(find_program(program)))
    if as_json:
        print_json(seen.plain())
        return
    rows = (
        (
            element.path,
            element.role,
            element.types,
            ", ".join(arrow.source for arrow in seen.arriving(element.path)),
        )
        for element in seen.elements
    )
    print_table(("element", "role", "types", "listens to"), rows)
    suggest(f"mape graph {program}", "the picture")
