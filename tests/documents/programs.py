"""The files that documents show, which run as programs, and what each of them prints.

A file has a title; its test is named here, so that none is forgotten.
"""

from __future__ import annotations

__all__ = ["CONSOLES", "PROGRAMS"]

FIRST_LOOP = "docs/tutorial/first-loop.md"
TWO = "docs/tutorial/two-processes.md"

PROGRAMS: dict[tuple[str, str], tuple[str, ...]] = {
    (FIRST_LOOP, "ambulance.py"): ("python ambulance.py", "mape graph ambulance.py"),
    (FIRST_LOOP, "crackle.py"): ("crackle.py prints, besides a traceback in the log",),
    (FIRST_LOOP, "test_ambulance.py"): (),
    ("docs/tutorial/watch-it.md", "shift.py"): (),
    ("docs/tutorial/test-it.md", "conftest.py"): (),
    ("docs/tutorial/test-it.md", "patrol.py"): (),
    ("docs/tutorial/test-it.md", "test_crackle.py"): (),
    ("docs/tutorial/test-it.md", "test_patrol.py"): (),
    (TWO, "car.py"): ("python car.py",),
    (TWO, "cars.py"): ("python cars.py ada",),
    (TWO, "publish.py"): (),
    (TWO, "siren.py"): (),
    (TWO, "test_street.py"): (),
    ("docs/tutorial/keep-what-it-saw.md", "control.py"): (),
    ("docs/tutorial/keep-what-it-saw.md", "station.py"): (),
    ("docs/howto/knowledge.md", "bridge.py"): ("python bridge.py",),
    ("docs/howto/redis.md", "car.py"): (),
    ("docs/howto/redis.md", "traffic.py"): (),
    ("docs/howto/rest.md", "cars.py"): (),
    ("docs/howto/rest.md", "radar.py"): (),
    ("docs/howto/scaling.md", "plant.py"): (),
    ("docs/howto/streams.md", "office.py"): (),
    ("docs/howto/streams.md", "plant.py"): (),
}
"""By document and title: the titles of its outputs. `tests/test_documents.py` and `tests/system/test_documents.py`."""

CONSOLES = {
    ("docs/howto/new-project.md", "mape new greenhouse"),
    ("docs/howto/new-project.md", "python -m pytest"),
    ("docs/howto/new-project.md", "mape run --reload app.py"),
    ("docs/howto/scaling.md", "mape run plant.py --worker"),
    ("docs/reference/command-line.md", "mape check app.py"),
}
"""By document and last command: the consoles that show an output, which a test compares."""
