"""The arguments and options that several commands have in common."""

from __future__ import annotations

import typer

__all__ = ["CONFIG", "JSON", "PROGRAM"]

PROGRAM = typer.Argument(metavar="FILE|MODULE[:APP]", help="A file, as app.py, or a module, as fleet.app; and its app.")
JSON = typer.Option("--json", help="Print JSON for a script to read.")
CONFIG = typer.Option("--config", metavar="FILE", help="Read this file instead of mape.yml.")
