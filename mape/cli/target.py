"""The arguments and options that several commands have in common."""

from __future__ import annotations

import typer

__all__ = ["CONFIG", "JSON", "PROGRAM", "REDIS", "TOKEN", "URL"]

PROGRAM = typer.Argument(metavar="FILE|MODULE[:APP]", help="A file, as app.py, or a module, as fleet.app; and its app.")
JSON = typer.Option("--json", help="Print JSON for a script to read.")
CONFIG = typer.Option("--config", metavar="FILE", help="Read this file instead of mape.yml.")
URL = typer.Option("--url", metavar="URL", help="The REST server of the program, http://HOST:PORT.")
REDIS = typer.Option("--redis", metavar="URL", help="The Redis server that the program uses.")
TOKEN = typer.Option("--token", envvar="MAPE_REST__TOKEN", help="What the REST server asks for; better by variable.")
