"""What loops know: a namespace that tells of its changes, one for each app, level and loop."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mape.flow.link import Host
from mape.port import Port

__all__ = ["Knowledge"]


class Knowledge:
    """Attributes and items, as in ``loop.k.speed_limit = 50`` or ``loop.k["speed_limit"]``.

    Args:
        host: The app.
        path: Whose knowledge it is, for failures of who watches.
    """

    def __init__(self, host: Host, path: str) -> None:
        super().__setattr__("_values", {})
        super().__setattr__("_watched", {})
        super().__setattr__("_host", host)
        super().__setattr__("_path", path)

    def changes(self, name: str) -> Port:
        """Return the stream of new values of `name`; setting the same value again is no change."""
        if name not in self._watched:
            self._watched[name] = Port(self._host, f"{self._path}.{name}")
        port: Port = self._watched[name]
        return port

    def __setitem__(self, name: str, value: Any) -> None:
        missing = object()
        before = self._values.get(name, missing)
        self._values[name] = value
        if name in self._watched and before is not value and _differ(before, value):
            self._watched[name].on_next(value)

    def __getitem__(self, name: str) -> Any:
        return self._values[name]

    def __delitem__(self, name: str) -> None:
        del self._values[name]

    def __setattr__(self, name: str, value: Any) -> None:
        if name.startswith("_") or hasattr(type(self), name):
            raise AttributeError(f"{name!r} is reserved in knowledge: choose another name, or set it as an item")
        self[name] = value

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):  # never set; to look it up would be endless in a copy that is being made
            raise AttributeError(f"{name!r} is reserved in knowledge")
        try:
            return self._values[name]
        except KeyError:
            raise AttributeError(f"nothing is known of {name!r} in {self._path}: set it first") from None

    def __delattr__(self, name: str) -> None:
        if name not in self._values:
            raise AttributeError(f"nothing is known of {name!r} in {self._path}")
        del self[name]

    def get(self, name: str, default: Any = None) -> Any:
        """Return what is known of `name`, or `default`."""
        return self._values.get(name, default)

    def __contains__(self, name: object) -> bool:
        return name in self._values

    def __iter__(self) -> Iterator[str]:
        return iter(tuple(self._values))

    def __len__(self) -> int:
        return len(self._values)

    def __bool__(self) -> bool:
        return True

    def __repr__(self) -> str:
        return f"<Knowledge of {self._path}: {self._values!r:.200}>"


def _differ(before: Any, after: Any) -> bool:
    try:
        return bool(before != after)
    except Exception:  # the wall around a foreign comparison: arrays and the like count as changed
        return True
