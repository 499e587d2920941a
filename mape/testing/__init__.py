"""Tools to test programs made with mape, and mape itself. Start with `virtual.py`.

* `run_virtual` runs a program in virtual time: a day in seconds, the same run for the same seed.
* `collect` keeps what an element, a port or any observable sends.
* `feed` and `assert_marbles` send and compare streams drawn as text: ``--a-b|``.
* `record` writes down what passes the ports of an app, so that two runs can be compared byte by byte.
* `check_codec`, `check_store` and `check_transport` say whether a codec, a store or a transport, ours or your own,
  keeps what all of them promise.
* `FaultProxy` stands between a program and a server, and breaks, delays or swallows what passes.

Only `mape.testing.fixtures`, the plugin for pytest, imports pytest.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from mape.testing.collector import Collected, collect
from mape.testing.marbles import assert_marbles, feed, to_marbles
from mape.testing.passage import ProxyStats
from mape.testing.proxy import FaultProxy
from mape.testing.transcript import Transcript, record
from mape.testing.virtual import EPOCH, VirtualClock, VirtualEventLoop, run_virtual

if TYPE_CHECKING:
    from mape.testing.contracts.codec import check_codec
    from mape.testing.contracts.store import check_store
    from mape.testing.contracts.transport import check_transport

__all__ = [
    "EPOCH",
    "Collected",
    "FaultProxy",
    "ProxyStats",
    "Transcript",
    "VirtualClock",
    "VirtualEventLoop",
    "assert_marbles",
    "check_codec",
    "check_store",
    "check_transport",
    "collect",
    "feed",
    "record",
    "run_virtual",
    "to_marbles",
]

_CONTRACTS = {"check_codec": "codec", "check_store": "store", "check_transport": "transport"}


def __getattr__(name: str) -> Any:
    """Import the checks of the edges, and so the edges, when they are asked for."""
    if name not in _CONTRACTS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"mape.testing.contracts.{_CONTRACTS[name]}"), name)  # one of the three, no wire
