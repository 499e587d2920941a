"""Tools to test programs made with mape, and mape itself. Start with `virtual.py`.

* `run_virtual` runs a program in virtual time: a day in seconds, the same run for the same seed.
* `collect` keeps what an element, a port or any observable sends.
* `feed` and `assert_marbles` send and compare streams drawn as text: ``--a-b|``.
* `record` writes down what passes the ports of an app, so that two runs can be compared byte by byte.
* `FaultProxy` stands between a program and a server, and breaks, delays or swallows what passes.

Only `mape.testing.fixtures`, the plugin for pytest, imports pytest.
"""

from __future__ import annotations

from mape.testing.collector import Collected, collect
from mape.testing.marbles import assert_marbles, feed, to_marbles
from mape.testing.passage import ProxyStats
from mape.testing.proxy import FaultProxy
from mape.testing.transcript import Transcript, record
from mape.testing.virtual import EPOCH, VirtualClock, VirtualEventLoop, run_virtual

__all__ = [
    "EPOCH",
    "Collected",
    "FaultProxy",
    "ProxyStats",
    "Transcript",
    "VirtualClock",
    "VirtualEventLoop",
    "assert_marbles",
    "collect",
    "feed",
    "record",
    "run_virtual",
    "to_marbles",
]
