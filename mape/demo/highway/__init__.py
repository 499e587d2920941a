"""The demo "highway": two processes plan for one half of a road each, and share what both must know.

Read `plan.py` first, what is decided; then `carriageway.py`, the loop of one direction; then `road.py`, the traffic
that makes it hard. `run.py` starts both directions and shows what happens.
"""

from __future__ import annotations

__all__: list[str] = []  # its processes import this, too, and have no use for what `run.py` needs
