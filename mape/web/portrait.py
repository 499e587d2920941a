"""An element from all sides, and the settings."""

from __future__ import annotations

from dataclasses import asdict
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from mape.element import Element
from mape.remote.rest.schema import inline_schema
from mape.settings.masking import masked
from mape.web.graph import name_of_type, state_of
from mape.web.journal import Journal
from mape.web.sampling import Seen
from mape.web.tree import clean, summary, tree

if TYPE_CHECKING:
    from mape.application import App

__all__ = ["attributes_of", "doc_of", "portrait", "settings_of"]

FAILURES: Final = 20
ATTRIBUTES: Final = 64
DOC: Final = 4_000
OWN: Final = frozenset(
    name for kind in Element.__mro__ for name in (*vars(kind), *vars(kind).get("__annotations__", {}))
)
"""Attributes that every element has."""


def portrait(element: Element[Any, Any], latest: dict[str, list[Seen]], journal: Journal) -> dict[str, Any]:
    """Return all that the page shows of an element."""
    failures = [
        each for each in journal.entries if each.path == element.path and each.kind == "failure" and not each.peer
    ]
    return {
        "path": element.path,
        "state": state_of(element),
        "stats": asdict(element.stats),
        "latest": latest,
        "failures": failures[-FAILURES:],
        "takes": inline_schema(element.input_type),
        "gives": inline_schema(element.output_type),
        "types": {"takes": name_of_type(element.input_type), "gives": name_of_type(element.output_type)},
        "doc": doc_of(element),
        **element.read_terms(),
        "attributes": attributes_of(element),
    }


def doc_of(element: Element[Any, Any]) -> str | None:
    """Return what the docstring of an element's function says; None where there is none."""
    doc = element.__doc__
    is_own = isinstance(doc, str) and not any(doc is kind.__doc__ for kind in Element.__subclasses__())
    return clean(doc[:DOC]) if is_own and doc is not Element.__doc__ else None  # type: ignore[index] # a str then


def attributes_of(element: Element[Any, Any]) -> dict[str, str]:
    """Return what was set on an element from outside, as text; secrets are masked."""
    found = [(name, value) for name, value in vars(element).items() if name not in OWN and not name.startswith("_")]
    return {clean(name): summary(tree(masked(name, value))) for name, value in islice(found, ATTRIBUTES)}


def settings_of(app: App) -> list[dict[str, Any]]:
    """Return every setting with its source; secrets are masked."""
    return [
        {
            "name": clean(each.key),
            "value": tree(each.value),
            "source": clean(each.source),
            "is_default": each.is_default,
        }
        for each in app.settings.explain()
    ]
