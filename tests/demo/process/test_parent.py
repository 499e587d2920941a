"""A part of a demo without a parent ends at once."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import asyncio
from mape.demo.process.parent import Parent

async def main():
    parent = Parent()
    await parent.open()
    parent.tell(up=True)
    async for word in parent.words():
        parent.tell(heard=word)
    await parent.close()

asyncio.run(main())
"""


def spoken(**options: object) -> str:
    run = subprocess.run(  # type: ignore[call-overload]
        [sys.executable, "-W", "error", "-c", PROGRAM],
        stdout=subprocess.PIPE,
        text=True,
        timeout=20,
        check=True,
        **options,
    )
    return str(run.stdout)


def test_it_hears_its_parent_until_that_is_gone() -> None:
    assert spoken(input='{"go":true}\n') == '{"up":true}\n{"heard":{"go":true}}\n'


def test_where_nobody_can_speak_it_ends_at_once() -> None:
    assert spoken(stdin=subprocess.DEVNULL) == '{"up":true}\n'
