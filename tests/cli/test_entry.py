"""Which app, and which entry point."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Ask = Callable[..., Any]
Write = Callable[[str, str], Path]

APPS = """
import mape

north, south = mape.App(), mape.App()
north.loop("n").execute(print)
south.loop("s").execute(print)
mape.Loop("d").execute(print)


def build() -> mape.App:
    app = mape.App()
    app.loop("built").execute(print)
    return app


def fill(app, name="filled"):
    app.loop(name).execute(print)


def wants(app, more): ...
def nothing(): ...
def fails(): 1 / 0
async def waits(): ...


number = 3
"""


@pytest.mark.parametrize(
    ("attribute", "path"),
    [("north", "n.print"), ("south", "s.print"), ("build", "built.print"), ("fill", "filled.print")],
)
def test_an_app_is_named_made_or_filled(ask: Ask, write: Write, attribute: str, path: str) -> None:
    write("app.py", APPS)

    answer = ask("list", f"app.py:{attribute}")

    assert answer.out.splitlines()[1].startswith(path)
    assert len(answer.out.splitlines()) == 2


@pytest.mark.parametrize(
    ("target", "code", "sentence"),
    [
        ("app.py", 1, "app.py: has several apps (north, south); name one, as app.py:north"),
        ("app.py:nort", 2, "app.py: has no nort; did you mean app.py:north?"),
        ("app.py:number", 1, "app.py: number is a int, not a mape.App; name an app or what makes one"),
        ("app.py:nothing", 1, "app.py: nothing makes a NoneType, not a mape.App; name an app or what makes one"),
        ("app.py:wants", 1, "app.py: wants() wants app, more; it may want an app, and nothing more"),
        ("app.py:fails", 1, "app.py:22: ZeroDivisionError: division by zero; --debug shows the traceback"),
        ("app.py:waits", 1, "app.py: waits makes a function, not a mape.App; name an app or what makes one"),
    ],
)
def test_an_app_that_cannot_be_had_is_told(ask: Ask, write: Write, target: str, code: int, sentence: str) -> None:
    write("app.py", APPS)

    answer = ask("list", target)

    assert (answer.code, answer.out, answer.err) == (code, "", f"mape: {sentence}\n")


def test_the_only_app_among_the_names_wins_over_the_default_app(ask: Ask, write: Write) -> None:
    write(
        "app.py", "import mape\nmape.Loop('d').execute(print)\napp = same = mape.App()\napp.loop('a').execute(print)\n"
    )

    assert "a.print" in ask("list", "app.py").out


def test_the_default_app_is_found_when_it_was_only_configured(ask: Ask, write: Write) -> None:
    write("app.py", "import mape\nmape.init()\n")

    assert ask("list", "app.py").code == 0
