"""Runs a program in a child process and starts it anew when a file of its folder changes.

Read `keep_running`, then `Reloader`. The child has a process group of its own, so that Ctrl-C in a terminal reaches
this process alone, which then ends the child in order; and a lifeline, so that it cannot outlive us.
"""

from __future__ import annotations

import ast
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import mape
from mape.errors import ConfigError, StateError

if TYPE_CHECKING:
    from mape.cli.program import Program

__all__ = ["Reloader", "is_watched", "keep_running"]

SUFFIXES = {".py", ".yml", ".yaml", ".env"}
SETTINGS = ("mape.yml", ".env")
INTERRUPTED = 130
"""What we end with where the program was ended by a signal before it could hear it."""
PATIENCE = 15.0
"""How long the child may take to end [s]; an app drains for ten by default."""
POLL_MS = 100
"""How often it is seen that the child has ended, and that settings elsewhere changed."""


def keep_running(program: Program, words: Sequence[str], *, opens_page: bool = False) -> int:
    """Run ``mape run WORDS`` again and again, until Ctrl-C; return the last exit code.

    Args:
        program: What runs; its folder is watched.
        words: Options and arguments of the command.
        opens_page: Whether the first run shows its page in the browser.

    Raises:
        ConfigError: The extra `reload` is not installed.
        StateError: The system does not let us watch the folder.
    """
    folder = program.file.parent if program.module is None else Path()
    reloader = Reloader(folder.resolve(), words)
    with reloader.signals():
        return reloader.run(opens_page=opens_page)


class Reloader:
    """The parent of a program that is started anew.

    Args:
        folder: What is watched, with all below it.
        words: Behind ``mape run``.
    """

    def __init__(self, folder: Path, words: Sequence[str]) -> None:
        self._folder, self._words = folder, words
        self._child: subprocess.Popen[bytes] | None = None
        self._stop = threading.Event()
        self._code = 0
        self._is_told = True
        self._suspects: set[Path] = set()
        self._read_end, self._write_end = os.pipe()

    def run(self, *, opens_page: bool) -> int:
        """Run the program until `signals` says that it is over; see `keep_running`."""
        changes = _changes(self._folder, self._stop)
        _say(f"watches {self._folder}; Ctrl-C ends it")
        try:
            next(changes)  # from now on nothing that changes is missed
            self._start(["--open"] if opens_page else [])
            for changed in changes:
                self._note_end()
                if changed:
                    self._take(changed)
        finally:
            self._end()
            os.close(self._write_end)
            os.close(self._read_end)
        return self._code if self._code >= 0 else INTERRUPTED

    @contextmanager
    def signals(self) -> Iterator[None]:
        """Let SIGINT, SIGTERM and SIGHUP end everything in order; a second one goes on to the child at once."""

        def stop(number: int, _: object) -> None:
            if self._stop.is_set() and self._child is not None:
                self._child.send_signal(number)
            self._stop.set()

        kept = {each: signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
        for each in kept:
            signal.signal(each, stop)
        try:
            yield
        finally:
            for each, handler in kept.items():
                signal.signal(each, handler)

    def _take(self, changed: set[Path]) -> None:
        """Start anew, unless what was saved cannot be Python: then what runs goes on until that is mended."""
        self._suspects |= {path for path in changed if path.suffix == ".py"}
        if broken := list(_broken(self._suspects)):
            is_up = self._child is not None and self._child.poll() is None
            state = "what runs goes on until that is mended" if is_up else "it starts when that is mended"
            _say(f"{broken[0]}; {state}")
            return
        self._suspects.clear()
        names = sorted(_short(path, self._folder) for path in changed)
        more = f" and {len(names) - 1} more" if names[1:] else ""
        _say(f"{names[0]}{more} changed; starts anew")
        self._end()
        if not self._stop.is_set():
            self._start()

    def _start(self, options: Sequence[str] = ()) -> None:
        here = str(Path(mape.__file__).parents[1])  # the same mape as ours, wherever it was found
        path = os.pathsep.join(filter(None, (os.environ.get("PYTHONPATH"), here)))
        lifeline = ["--lifeline", str(self._read_end)]
        self._child = subprocess.Popen(  # noqa: S603 - the person's own program
            [sys.executable, "-P", "-m", "mape", "run", *lifeline, *options, *self._words],
            stdin=subprocess.DEVNULL,
            process_group=0,
            pass_fds=[self._read_end],
            env=os.environ | {"PYTHONPATH": path},
        )
        self._is_told = False

    def _end(self) -> None:
        """End the child, and return when its ports are free."""
        child = self._child
        if child is None:
            return
        child.terminate()  # one that has ended hears nothing
        try:
            self._code = child.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            _say(f"the program did not end within {PATIENCE:g} s; it is killed")
            child.kill()
            self._code = child.wait(PATIENCE)
        self._child = None

    def _note_end(self) -> None:
        """Say once that the program has ended by itself."""
        if self._child is not None and not self._is_told and self._child.poll() is not None:
            self._is_told = True
            code = self._child.returncode
            how = "is done" if code == 0 else f"ended with code {code}"
            _say(f"the program {how}; it starts anew when a file changes")


def is_watched(path: Path) -> bool:
    """Whether a change of this file may change the program: Python, YAML, ``.env`` and its like."""
    return path.suffix in SUFFIXES or path.name == ".env" or path.name.startswith(".env.")


def _changes(folder: Path, stop: threading.Event) -> Iterator[set[Path]]:
    """Make what yields the files that were changed together, and an empty set now and then.

    Raises:
        ConfigError: The extra `reload` is not installed.
    """
    try:
        import watchfiles
    except ModuleNotFoundError:
        raise ConfigError("--reload needs watchfiles: pip install 'mape-toolkit[reload]'") from None
    by_default = watchfiles.DefaultFilter()
    watched = watchfiles.watch(
        folder,
        watch_filter=lambda change, path: by_default(change, path) and is_watched(Path(path)),
        stop_event=stop,
        rust_timeout=POLL_MS,
        yield_on_timeout=True,
        raise_interrupt=False,
    )
    return _paths(watched, _Elsewhere(folder))


def _paths(watched: Iterable[set[tuple[Any, str]]], elsewhere: _Elsewhere) -> Iterator[set[Path]]:
    try:
        for changes in watched:
            yield {Path(path) for _, path in changes} | elsewhere.changed()
    except OSError as error:  # too many watches, no such folder
        raise StateError(f"the folder cannot be watched: {error}; run it without --reload") from error


class _Elsewhere:
    """The settings of the current folder, where that is not watched already."""

    def __init__(self, folder: Path) -> None:
        here = Path.cwd()
        self._files = [] if here.is_relative_to(folder) else [here / name for name in SETTINGS]
        self._seen = self._stamps()

    def changed(self) -> set[Path]:
        """Return which of them changed since the last call."""
        before, self._seen = self._seen, self._stamps()
        return {file for file, stamp in self._seen.items() if stamp != before[file]}

    def _stamps(self) -> dict[Path, tuple[int, int] | None]:
        return {file: _stamp(file) for file in self._files}


def _stamp(file: Path) -> tuple[int, int] | None:
    try:
        status = file.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size


def _broken(files: Iterable[Path]) -> Iterator[str]:
    """Say of each file that cannot be Python where and why."""
    for file in sorted(files):
        try:
            ast.parse(file.read_bytes(), str(file))
        except SyntaxError as error:
            yield f"{file.name}:{error.lineno}: not valid Python: {error.msg}"
        except (OSError, ValueError):  # gone, or null characters: the run itself will say so
            continue


def _short(path: Path, folder: Path) -> str:
    return str(path.relative_to(folder)) if path.is_relative_to(folder) else str(path)


def _say(sentence: str) -> None:
    sys.stderr.write(f"reload: {sentence}\n")
    sys.stderr.flush()
