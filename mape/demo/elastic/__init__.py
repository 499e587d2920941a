"""The demo "elastic": a loop keeps a real web service healthy while the load on it changes.

Read `control.py` first, the loop; then `policy.py`, what it decides by; then `worker.py` and `service.py`, what it
manages, and `load.py`, what makes that hard. `run.py` joins them.
"""

from __future__ import annotations

from mape.demo.elastic.run import run

__all__ = ["run"]
