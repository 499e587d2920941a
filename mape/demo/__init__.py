"""The demos: each a loop over a real system, to watch and to read.

``find("elastic").run(seconds=20)`` runs one; `DEMOS` lists them. A demo is imported when it is run.
"""

from __future__ import annotations

import difflib
import importlib
import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from mape.errors import ConfigError

__all__ = ["DEFAULT", "DEMOS", "Demo", "find"]


@dataclass(frozen=True, slots=True)
class Demo:
    """A demo: its name, the module whose `run` it is, and what one sees."""

    name: str
    module: str
    summary: str

    def run(self, **options: Any) -> int:
        """Run it and return its exit code; see the `run` of its module for the options.

        Raises:
            ConfigError: An option is out of bounds.
            RemoteError: A part of the managed system failed.
        """
        code: int = importlib.import_module(self.module).run(**options)
        return code

    @property
    def options(self) -> tuple[str, ...]:
        """What `run` takes; imports the demo."""
        return tuple(inspect.signature(importlib.import_module(self.module).run).parameters)


DEFAULT = "elastic"

DEMOS: Mapping[str, Demo] = MappingProxyType(
    {
        demo.name: demo
        for demo in (
            Demo(
                "elastic",
                "mape.demo.elastic",
                "a loop keeps a real web service fast under a changing load, with as few workers as will do",
            ),
            Demo(
                "ambulance",
                "mape.demo.ambulance.run",
                "four processes, by Redis or REST; cars make way for an ambulance that others have heard",
            ),
            Demo(
                "highway",
                "mape.demo.highway.run",
                "two processes share knowledge in Redis, and agree on who gets how many lanes",
            ),
        )
    }
)
"""All demos by name."""


def find(name: str = DEFAULT) -> Demo:
    """Return the demo `name`.

    Raises:
        ConfigError: There is none.
    """
    if name not in DEMOS:
        near = difflib.get_close_matches(name, DEMOS, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"there are: {', '.join(DEMOS)}"
        raise ConfigError(f"no demo is called {name!r:.80}; {hint}")
    return DEMOS[name]
