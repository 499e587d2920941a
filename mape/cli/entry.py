"""Finds the app of a program, and its entry point.

The rule: a program that says how it is run (under ``if __name__ == "__main__":``, or by calling ``mape.run()`` at the
top) is run as python would. Else, or if an app is named behind a colon, it is loaded and its app is run: the named
one, the only `App` among its names, or the default app that ``mape.init()`` or ``mape.Loop(...)`` made. The entry
point is its coroutine function ``main``, if there is one; without it the app runs until Ctrl-C.
"""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable
from types import ModuleType
from typing import Any

from mape.application import App, default_app
from mape.cli.program import Program
from mape.errors import UnknownPathError, WiringError

__all__ = ["app_of", "entry_point", "load_app"]


def load_app(program: Program) -> App:
    """Load a program in order to look at its app; what it prints meanwhile goes to standard error.

    One that runs at the top, by a line with ``mape.run()``, is loaded up to there.

    Raises:
        ConfigError: Its settings are wrong.
        WiringError: It fails, or has no app, or several.
        UnknownPathError: The app that was named is not there.
    """
    import contextlib
    import sys

    with contextlib.redirect_stdout(sys.stderr):
        return app_of(program, program.load(until_run=True))


def app_of(program: Program, module: ModuleType) -> App:
    """Find the app of a program that is loaded; see the module's rule.

    Raises:
        WiringError: There is none, or there are several.
        UnknownPathError: The one that was named is not there.
    """
    if program.attribute:
        return _named(program, module)
    apps = {id(value): (name, value) for name, value in vars(module).items() if isinstance(value, App)}
    if len(apps) > 1:
        names = ", ".join(name for name, _ in apps.values())
        raise WiringError(
            f"{program.file}: has several apps ({names}); name one, as {program.name}:{names.split(',')[0]}"
        )
    for _, app in apps.values():
        return app
    app = default_app()
    if not len(app) and not app.is_configured:
        cure = f"make a loop with mape.Loop('name'), or name what makes the app, as {program.name}:build"
        raise WiringError(f"{program.file}: makes no app while it is loaded; {cure}")
    return app


def entry_point(module: ModuleType) -> Callable[[], Any] | None:
    """Return the coroutine function ``main`` of the program, if it can be called without arguments."""
    main = getattr(module, "main", None)
    return main if inspect.iscoroutinefunction(main) and not _required(main) else None


def _named(program: Program, module: ModuleType) -> App:
    """Return the app of that name, or the one that a function of that name makes or fills."""
    found = getattr(module, program.attribute, None)  # a name from the person's own command line, not from a wire
    if found is None:
        names = [name for name, value in vars(module).items() if isinstance(value, App) or inspect.isfunction(value)]
        near = difflib.get_close_matches(program.attribute, names, 1)
        cure = f"did you mean {program.name}:{near[0]}?" if near else "look for the name of the app there"
        raise UnknownPathError(f"{program.file}: has no {program.attribute}; {cure}")
    app = found if isinstance(found, App) else _made(program, found)
    if not isinstance(app, App):
        kind = f"makes a {type(app).__name__}" if callable(found) else f"is a {type(found).__name__}"
        raise WiringError(f"{program.file}: {program.attribute} {kind}, not a mape.App; name an app or what makes one")
    return app


def _made(program: Program, maker: Any) -> Any:
    if not inspect.isfunction(maker) or inspect.iscoroutinefunction(maker):
        return maker
    wanted = _required(maker)
    if len(wanted) > 1:
        cure = "it may want an app, and nothing more"
        raise WiringError(f"{program.file}: {program.attribute}() wants {', '.join(wanted)}; {cure}")
    app = App()
    with program.walled():
        made = maker(app) if wanted else maker()
    return app if wanted else made


def _required(function: Callable[..., Any]) -> list[str]:
    return [
        parameter.name
        for parameter in inspect.signature(function).parameters.values()
        if parameter.default is parameter.empty
        and parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
    ]
