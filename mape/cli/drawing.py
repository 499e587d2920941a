"""Draws an app: as a tree for a terminal, as a Mermaid flowchart for a document."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from mape.cli.outline import Arrow, LoopOutline, Outline

if TYPE_CHECKING:
    from rich.tree import Tree

__all__ = ["mermaid", "tree"]

SHAPES = {
    "monitor": '(["{}"])',
    "analyze": '["{}"]',
    "plan": '{{{{"{}"}}}}',
    "execute": '[["{}"]]',
    "element": '("{}")',
}
"""A shape for each role, so that colour is not the only difference."""

COLOURS = {"monitor": "#0072B2", "analyze": "#009E73", "plan": "#CC79A7", "execute": "#D55E00", "element": "#777777"}
"""Of the palette of Okabe and Ito, which colour-blind people can tell apart."""


def tree(outline: Outline, title: str) -> Tree:
    """Draw levels, loops, elements and what listens to them, one below the other."""
    from rich.text import Text
    from rich.tree import Tree

    root = Tree(Text(title, style="bold"))
    for level, loops in outline.levels.items():
        branch = root.add(Text(f"level {level}", style="italic")) if level else root
        for loop in loops:
            twig = branch.add(Text(f"loop {loop.uid}", style="bold"))
            for element in loop.elements:
                leaf = twig.add(
                    Text(f"{element.uid}  ").append(f"{element.role}  {element.types}".rstrip(), style="dim")
                )
                for arrow in outline.leaving(element.path):
                    leaf.add(Text(_arrow(arrow)))
    return root


def mermaid(outline: Outline) -> str:
    """Write the app as a Mermaid flowchart: a subgraph for each level and loop, a shape and colour for each role."""
    ids = {element.path: f"e{number}" for number, element in enumerate(outline.elements)}
    others = list(dict.fromkeys(arrow.target for arrow in outline.arrows if not arrow.is_element))
    outside = {name: f"out{number}" for number, name in enumerate(others)}
    lines = ["flowchart LR", *_subgraphs(outline, ids)]
    lines += [f'  {outside[name]}>"{_label(name)}"]' for name in others]
    for arrow in outline.arrows:
        target = (ids if arrow.is_element else outside)[arrow.target]
        text = f'|"{_label(", ".join(arrow.operators))}"|' if arrow.operators else ""
        lines.append(f"  {ids[arrow.source]} -->{text} {target}")
    roles = dict.fromkeys(element.role for element in outline.elements)
    lines += [f"  classDef {role} fill:{COLOURS[role]},color:#fff,stroke:none" for role in roles]
    return "\n".join(lines)


def _subgraphs(outline: Outline, ids: dict[str, str]) -> Iterator[str]:
    for number, (level, loops) in enumerate(outline.levels.items()):
        inner = [line for loop in loops if loop.elements for line in _subgraph(loop, ids)]
        if level:
            yield f'  subgraph level{number}["level {_label(level)}"]'
            yield from (f"  {line}" for line in inner)
            yield "  end"
        else:
            yield from inner


def _subgraph(loop: LoopOutline, ids: dict[str, str]) -> Iterator[str]:
    yield f'  subgraph loop_{ids[loop.elements[0].path]}["{_label(loop.uid)}"]'
    for element in loop.elements:
        shape = SHAPES[element.role].format(_label(f"{element.role[0].upper()} {element.uid}"))
        yield f"    {ids[element.path]}{shape}:::{element.role}"
    yield "  end"


def _arrow(arrow: Arrow) -> str:
    operators = f"  ({', '.join(arrow.operators)})" if arrow.operators else ""
    return f"-> {arrow.target}{operators}"


def _label(text: str) -> str:
    """Quote what Mermaid would read as markup."""
    return text.replace("&", "#amp;").replace('"', "#quot;").replace("<", "#lt;").replace(">", "#gt;")
