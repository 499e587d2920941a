"""Shows the log to people who did not set up logging themselves, and leaves all others alone."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from mape.logs.handler import LogHandler
from mape.logs.level import set_levels

if TYPE_CHECKING:
    from mape.application import App

__all__ = ["settle", "show"]


class _Own(LogHandler):
    """The handler that mape installs itself; silent where somebody else writes to the terminal by now."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record, unless it is written already."""
        if not any(_shows(each) for each in _handlers() if each is not self):
            super().emit(record)


def show(app: App) -> None:
    """Write mape's log from now on, by the app's settings, unless the person has handlers of their own.

    Raises:
        ConfigError: ``log.levels`` is wrong.
    """
    settings = app.settings.log
    set_levels(settings, debug=app.settings.debug)
    own = _own()
    if own is None and not _handlers():
        own = _Own()
        logging.getLogger("mape").addHandler(own)
    if own is not None:
        own.configure(
            format=settings.format,
            repeats=settings.repeats,
            period=settings.period,
            clock=lambda: app.clock.monotonic(),  # noqa: PLW0108 - an app may get another clock
        )


def settle(app: App) -> None:
    """Write all loggers' lines, mape's and the program's, now that the program has had its chance to set logging up.

    Called when an app is run, and not before: a handler at the root would make a later ``logging.basicConfig`` do
    nothing.
    """
    show(app)
    own, root, ours = _own(), logging.getLogger(), logging.getLogger("mape")
    if own is None:
        return
    if own in ours.handlers:
        ours.removeHandler(own)
        if root.handlers:
            return
        root.addHandler(own)
    set_levels(app.settings.log, debug=app.settings.debug, for_all=True)
    own.prepare()


def _handlers() -> list[logging.Handler]:
    return [*logging.getLogger("mape").handlers, *logging.getLogger().handlers]


def _own() -> _Own | None:
    return next((each for each in _handlers() if isinstance(each, _Own)), None)


def _shows(handler: logging.Handler) -> bool:
    """Whether a handler writes to a terminal, or to what stands for one."""
    return isinstance(handler, logging.StreamHandler) and not isinstance(handler, logging.FileHandler)
