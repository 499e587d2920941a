"""A program with a REST server, for tests that end it, starve it, or look at its memory."""

from __future__ import annotations

import subprocess
import sys

__all__ = ["POST", "PROGRAM", "begin", "show"]

POST = "/loops/car/elements/drive"
PROGRAM = """
import mape

app = mape.init(rest_host_port="127.0.0.1:0", **{"rest.rate": 0})

@app.loop("car").execute
def drive(item): ...

async def main():
    server = next(service for service in app.services if service.path == "rest")
    print(server.url, flush=True)

mape.run(main)
"""


def begin(program: str = PROGRAM) -> tuple[subprocess.Popen[str], str]:
    """Start a program that prints its server's URL; return both."""
    process = subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    url = process.stdout.readline().strip()
    if not url:
        _, error = process.communicate()
        raise AssertionError(error)
    return process, url


def show(promise: str, **figures: object) -> None:
    """Print figures."""
    print(f"{promise}: " + ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in figures.items()))
