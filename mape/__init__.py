"""mape: software that adapts itself, as control loops of a few decorated functions.

Monitor, analyze, plan and execute elements, wired with Rx operators, share what they know. The names here are the
core; everything else is imported by module, as in ``from mape import operators as ops``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mape.application import App, Loop, current_cause, default_app
from mape.element import Analyze, Element, Execute, Monitor, Plan
from mape.errors import (
    CodecError,
    ConfigError,
    ConflictError,
    ConnectError,
    DecodeError,
    ElementError,
    EncodeError,
    MailboxFullError,
    MapeError,
    PeerError,
    RemoteError,
    SendError,
    StateError,
    UidError,
    UnknownPathError,
    WiringError,
)
from mape.flow.ledger import Stats
from mape.flow.tap import LogObserver
from mape.flow.worker import Retry
from mape.item import CallMethod, Event, Failure, Message, exposed
from mape.level import Level
from mape.loop import connect, to_analyze_cls, to_element_cls, to_execute_cls, to_monitor_cls, to_plan_cls
from mape.path import UID

if TYPE_CHECKING:
    from mape import operators
    from mape.flow.scheduler import AppScheduler
    from mape.runtime import init, run, stop

    app: App
    config: Any
    rx_scheduler: AppScheduler

__version__ = "0.1.0"

__all__ = [
    "UID",
    "Analyze",
    "App",
    "CallMethod",
    "CodecError",
    "ConfigError",
    "ConflictError",
    "ConnectError",
    "DecodeError",
    "Element",
    "ElementError",
    "EncodeError",
    "Event",
    "Execute",
    "Failure",
    "Level",
    "LogObserver",
    "Loop",
    "MailboxFullError",
    "MapeError",
    "Message",
    "Monitor",
    "PeerError",
    "Plan",
    "RemoteError",
    "Retry",
    "SendError",
    "StateError",
    "Stats",
    "UidError",
    "UnknownPathError",
    "WiringError",
    "app",
    "config",
    "connect",
    "current_cause",
    "exposed",
    "init",
    "operators",
    "run",
    "rx_scheduler",
    "stop",
    "to_analyze_cls",
    "to_element_cls",
    "to_execute_cls",
    "to_monitor_cls",
    "to_plan_cls",
]


def __getattr__(name: str) -> Any:
    """Find what is not there before it is asked for: the default app and its parts, and what loads late."""
    if name == "app":
        return default_app()
    if name == "config":
        return default_app().settings
    if name == "rx_scheduler":
        return default_app().scheduler
    if name in ("init", "run", "stop"):
        from mape import runtime

        return getattr(runtime, name)  # one of the three, no wire
    if name == "operators":
        import importlib

        return importlib.import_module("mape.operators")
    raise AttributeError(f"module 'mape' has no attribute {name!r}")
