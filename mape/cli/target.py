"""The arguments and options that several commands have in common."""

from __future__ import annotations

import typer

from mape.cli.offer import offered_elements, offered_ports, offered_programs

__all__ = ["CONFIG", "JSON", "PATH", "PATTERN", "PORT", "PROGRAM", "REDIS", "TOKEN", "URL"]

PROGRAM = typer.Argument(
    metavar="FILE|MODULE[:APP]",
    help="A file, as app.py, or a module, as fleet.app; and its app.",
    autocompletion=offered_programs,
)
PATH = typer.Argument(metavar="PATH", help="loop.element, or with --redis a channel.", autocompletion=offered_elements)
PATTERN = typer.Argument(
    metavar="PATTERN", help="loop.element, or with --redis a glob: car_*.", autocompletion=offered_elements
)
PORT = typer.Option(help="The element's port: in or out.", autocompletion=offered_ports)
JSON = typer.Option("--json", help="Print JSON for a script to read.")
CONFIG = typer.Option("--config", metavar="FILE", help="Read this file instead of mape.yml.")
URL = typer.Option("--url", metavar="URL", help="The REST server of the program, http://HOST:PORT.")
REDIS = typer.Option("--redis", metavar="URL", help="The Redis server that the program uses.")
TOKEN = typer.Option("--token", envvar="MAPE_REST__TOKEN", help="What the REST server asks for; better by variable.")
