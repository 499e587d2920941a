"""The demo "ambulance": four processes that share what they know of an emergency, by Redis or by REST.

Read `car.py` first, the loop that makes way; then `ambulance.py`, whom it makes way for, and `way.py`, a line for each
edge between processes. `vehicle.py` is a process; `fleet.py` starts four of them; `run.py` joins it all.
"""

from __future__ import annotations

__all__: list[str] = []  # its processes import this, too, and have no use for what `run.py` needs
