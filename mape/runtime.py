"""init, run, stop: read the configuration, make the default app, and give it its one life in a process.

`equip` gives an app what its settings ask for: a REST server, shared knowledge.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
import signal
import threading
from collections.abc import Callable, Coroutine
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from mape import logs
from mape.application import App, default_app, set_default_app
from mape.errors import ConfigError, StateError, WiringError
from mape.settings import load

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["equip", "init", "run", "stop"]

logger = logging.getLogger("mape")
LEAVING = 0.5
"""How long what was cancelled at the end may take to go [s]."""


def init(
    debug: bool | None = None,  # noqa: FBT001 - documented position
    asyncio_loop: asyncio.AbstractEventLoop | None = None,
    redis_url: str | None = None,
    rest_host_port: str | None = None,
    config_file: str | None = None,
    **overrides: Any,
) -> App:
    """Make the default app, `mape.app`, from arguments, environment and ``mape.yml``; arguments win.

    An app that appeared by itself, because a loop was made earlier, keeps its loops and gets the settings.

    Args:
        debug: Log more, and let asyncio watch for slow callbacks.
        asyncio_loop: The event loop that `run` uses.
        redis_url: As ``redis.url``.
        rest_host_port: As ``rest.host_port``.
        config_file: Read instead of ``mape.yml`` in the working directory.
        overrides: Any other setting, sections as ``section__name`` or as a dict.

    Raises:
        ConfigError: A setting is wrong; the message names its source.
    """
    given = {"debug": debug, "redis.url": redis_url, "rest.host_port": rest_host_port, **overrides}
    settings = load(config_file, {name: value for name, value in given.items() if value is not None})
    app = default_app()
    if app.is_configured:
        set_default_app(app := App())
    app.configure(settings, asyncio_loop)
    logs.show(app)
    equip(app)
    return app


def equip(app: App) -> App:
    """Give an app what its settings ask for: the server of ``rest.host_port``, the store of ``redis.url``, tracing.

    `init` does it for the default app; for one of your own: ``equip(mape.App(mape.settings.load()))``.

    Raises:
        ConfigError: A setting is wrong, or the extra that it needs is not installed.
    """
    settings = app.settings
    if settings.tracing.endpoint is not None or settings.tracing.sample:
        with _extra("tracing", "tracing"):
            from mape.tracing import trace
        trace(app)
    if settings.redis.url is not None and app.store is None:
        with _extra("redis", "redis.url"):
            from mape.remote.redis import share_knowledge
        share_knowledge(app)
    if settings.rest.host_port is not None:
        with _extra("rest", "rest.host_port"):
            from mape.asyncapi import add_asyncapi
            from mape.remote.rest import RestServer
            from mape.web import add_page
        app.services.shared("rest", lambda: add_page(add_asyncapi(RestServer(app))))
    return app


@contextmanager
def _extra(extra: str, setting: str) -> Iterator[None]:
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] == "mape":
            raise
        raise ConfigError(
            f"{setting} is set, but {error.name} is not installed: pip install 'mape-toolkit[{extra}]'"
        ) from error


def run(entrypoint: Coroutine[Any, Any, Any] | Callable[[], Coroutine[Any, Any, Any]] | None = None) -> None:
    """Open the default app, run `entrypoint`, stay up until SIGINT, SIGTERM or `stop`, then drain and close.

    A second signal ends the process at once.

    Raises:
        WiringError: `entrypoint` is neither a coroutine nor a function that makes one.
        StateError: An event loop runs already.
        Exception: Whatever `entrypoint` raises, after the app was closed.
    """
    if not (entrypoint is None or inspect.iscoroutine(entrypoint) or callable(entrypoint)):
        raise WiringError(f"run() takes a coroutine or a coroutine function, not {entrypoint!r:.80}")
    app = default_app()
    loop = app.asyncio_loop or asyncio.new_event_loop()
    if loop.is_running() or loop.is_closed():
        state = (
            "runs here already: use 'async with mape.app:'" if loop.is_running() else "was closed: give init another"
        )
        raise StateError(f"the event loop {state} instead of mape.run()")
    logs.settle(app)
    loop.set_debug(bool(app.settings.debug))
    try:
        asyncio.set_event_loop(loop)
        with _signals(app):
            loop.run_until_complete(_life(app, entrypoint))
    finally:
        loop.run_until_complete(_leave())
        asyncio.set_event_loop(None)
        loop.close()


def stop() -> None:
    """Ask `run` to drain, close and return; from any thread."""
    default_app().request_stop()


async def _life(app: App, entrypoint: Any) -> None:
    stopped = asyncio.create_task(app.stop_requested())
    await app.open()
    entry: asyncio.Task[Any] | None = None
    try:
        if entrypoint is not None:
            coroutine = entrypoint if inspect.iscoroutine(entrypoint) else entrypoint()
            if not inspect.iscoroutine(coroutine):
                raise WiringError(f"the entry point {entrypoint!r:.80} made no coroutine: write it as 'async def'")
            entry = asyncio.create_task(coroutine)
            await asyncio.wait({entry, stopped}, return_when=asyncio.FIRST_COMPLETED)
            if entry.done():
                entry.result()
        await stopped
    finally:
        stopped.cancel()
        if entry and not entry.done():
            entry.cancel()
            await asyncio.wait({entry}, timeout=LEAVING)
        await app.close()


async def _leave() -> None:
    """Cancel what user code left behind; whoever does not go in time is abandoned with the loop."""
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    if others:
        await asyncio.wait(others, timeout=LEAVING)
    await asyncio.get_running_loop().shutdown_asyncgens()


@contextmanager
def _signals(app: App) -> Iterator[None]:
    """Let the first SIGINT or SIGTERM stop the app, and the second do what it does by default."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop_once(number: int, _: object) -> None:
        logger.info("%s: stopping; once more ends at once", signal.Signals(number).name)
        for each in kept:
            signal.signal(each, _end_at_once)
        app.request_stop()

    kept = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    for number in kept:
        signal.signal(number, stop_once)
    try:
        yield
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)


def _end_at_once(number: int, _: object) -> None:
    signal.signal(number, signal.SIG_DFL)
    signal.raise_signal(number)
