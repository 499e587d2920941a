"""JSON schemas of what elements take and give, by their annotations."""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from typing import Any

import msgspec

__all__ = ["PREFIX", "inline_schema", "schemas"]

PREFIX = "#/components/schemas/"


def schemas(kinds: Iterable[Any]) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Return a schema for each annotation, and the components that they refer to; {} for what has no schema."""
    wanted = [kind if _has_schema(kind) else Any for kind in kinds]
    components: dict[str, Any] = {}
    hook = _Hook(components)
    found, named = msgspec.json.schema_components(wanted, schema_hook=hook, ref_template=PREFIX + "{name}")
    return list(found), {**components, **named}


def inline_schema(kind: Any) -> dict[str, Any] | None:
    """Return the schema of one annotation, with what it refers to under ``$defs``; None for what has none."""
    if kind is None or kind is Any or not _has_schema(kind):
        return None
    components: dict[str, Any] = {}
    (schema,), named = msgspec.json.schema_components(
        [kind], schema_hook=_Hook(components, "#/$defs/"), ref_template="#/$defs/{name}"
    )
    named = {**components, **named}
    return {**schema, "$defs": named} if named else schema


def _has_schema(kind: Any) -> bool:
    try:
        msgspec.json.schema_components([kind], schema_hook=_Hook({}))
    except Exception:  # the wall around annotations, which may be anything
        return False
    return True


class _Hook:
    """Gives the schemas of pydantic's models, which msgspec does not know.

    Args:
        components: Where those go that others refer to.
    """

    def __init__(self, components: dict[str, Any], prefix: str = PREFIX) -> None:
        self._components, self._prefix = components, prefix

    def __call__(self, kind: Any) -> dict[str, Any]:
        make = getattr(kind, "model_json_schema", None)
        if not (inspect.isclass(kind) and callable(make)):
            raise NotImplementedError
        schema: dict[str, Any] = make(ref_template=self._prefix + "{model}")
        self._components.update(schema.pop("$defs", {}))
        if set(schema) != {"$ref"}:  # a model that refers to itself is among its own definitions
            self._components[kind.__name__] = schema
        return {"$ref": self._prefix + kind.__name__}
