"""Elements by the paths that the page asks for, without an echo of what it asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mape.element import Element
from mape.errors import UnknownPathError
from mape.path import nearest

if TYPE_CHECKING:
    from mape.application import App

__all__ = ["element_at", "elements_at"]

LONGEST = 200
"""A path of three uids is shorter [characters]."""
COMPARED = 500
"""Names that are looked through for one that is alike: more would take long."""


def elements_at(app: App, path: str) -> list[Element[Any, Any]]:
    """Return the element at a path, or all those of the loop there.

    Raises:
        UnknownPathError: There is nothing; the text says what is near, and not what was asked for.
    """
    found = _found(app, path)
    return [found] if isinstance(found, Element) else list(found)


def element_at(app: App, path: str) -> Element[Any, Any]:
    """Return the element at a path; raises as `elements_at`, also for a loop."""
    found = _found(app, path)
    if isinstance(found, Element):
        return found
    raise UnknownPathError("that is a loop: name one of its elements, as loop.element")


def _found(app: App, path: str) -> Any:
    try:
        return app[path[: LONGEST + 1]]
    except UnknownPathError:
        names = [*(loop.uid for loop in app), *(element.path for element in app.elements)][:COMPARED]
        raise UnknownPathError(f"the app has nothing at that path: {nearest(path[:LONGEST], names)}") from None
