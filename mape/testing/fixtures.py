"""The plugin for pytest; switch it on in the topmost ``conftest.py``: ``pytest_plugins = ["mape.testing.fixtures"]``.

* ``@pytest.mark.virtual_time`` on an async test, a class or a module runs it in virtual time, with pytest-asyncio
  (1.4 or newer) or without.
* ``app`` is a fresh `mape.App`; the test opens it: ``async with app:``.
* ``mape_seed`` is the seed of both: 0, or what ``--mape-seed`` says. ``--mape-seed=random`` takes another one in each
  session; whatever it is, a failing test prints it.
"""

from __future__ import annotations

import asyncio
import inspect
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from mape.application import App
from mape.clock import system_random
from mape.testing.virtual import VirtualEventLoop, run_virtual

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

__all__ = ["app", "mape_seed"]

_SEED = pytest.StashKey[int]()


@pytest.fixture
def mape_seed(request: pytest.FixtureRequest) -> int:
    """Where the random numbers of a test start."""
    return request.config.stash[_SEED]


@pytest.fixture
def app(mape_seed: int) -> App:
    """Make an app of the test's own, not open yet, with random numbers that start at the seed."""
    return App(rng=system_random(mape_seed))


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option for the seed."""
    parser.getgroup("mape").addoption(
        "--mape-seed",
        default="0",
        metavar="N",
        help="seed of apps and of virtual time in tests: a whole number, or 'random' (default: %(default)s)",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Choose the seed and register the marker."""
    config.addinivalue_line("markers", "virtual_time: run this async test in virtual time, see mape.testing")
    text = str(config.getoption("--mape-seed"))
    try:
        config.stash[_SEED] = system_random().getrandbits(32) if text == "random" else int(text)
    except ValueError:
        raise pytest.UsageError(f"--mape-seed={text} is not a whole number; give one, or 'random'") from None


@pytest.hookimpl(optionalhook=True)
def pytest_asyncio_loop_factories(
    config: pytest.Config,
    item: pytest.Item,
) -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Tell pytest-asyncio which event loop a test runs on."""
    if item.get_closest_marker("virtual_time"):
        return {"virtual": partial(VirtualEventLoop, seed=config.stash[_SEED])}
    return {"real": asyncio.new_event_loop}


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run a marked test that nobody else made synchronous."""
    test: Callable[..., Any] = pyfuncitem.obj
    if not pyfuncitem.get_closest_marker("virtual_time") or not inspect.iscoroutinefunction(test):
        return None
    arguments = {name: pyfuncitem.funcargs[name] for name in inspect.signature(test).parameters}
    run_virtual(partial(test, **arguments), seed=pyfuncitem.config.stash[_SEED])
    return True


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Print the seed with a failure of a test that used it."""
    report = yield
    used_it = item.get_closest_marker("virtual_time") or "mape_seed" in getattr(item, "fixturenames", ())
    if report.failed and used_it:
        seed = item.config.stash[_SEED]
        report.sections.append(("mape", f"the seed was {seed}; run it again with --mape-seed={seed}"))
    return report
