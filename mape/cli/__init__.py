"""The command line: ``mape run``, ``list``, ``graph``, ``check``, ``config explain``, ``demo``.

Read `root` first: what all commands share, and what becomes of an error. Then one command a file, each a thin skin:
`program` finds and loads what a person named, `outline` says what stands in an app, `wiring` what is wrong with it,
`drawing` draws it, `screen` prints.
"""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code: 0 ok, 1 failed, 2 usage or configuration, 130 interrupted.

    Args:
        arguments: Instead of those of the process.
    """
    from mape.cli.root import answer

    return answer(arguments)
