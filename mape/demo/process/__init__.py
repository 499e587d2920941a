"""What demos of several processes have in common: children that speak lines of JSON, and an orderly end.

Read `child.py` (the parent's view of a child), `parent.py` (the child's view of its parent), `ending.py` (signals) and
`keyboard.py`.
"""

from __future__ import annotations

__all__: list[str] = []
