"""Outputs that fail: none of it reaches the loop."""

from __future__ import annotations

import errno
import io
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

import pytest

from mape.logs.output import Output


@contextmanager
def pipe() -> Iterator[tuple[int, TextIO]]:
    """Yield both ends of a pipe: what is read from, as a number, and what is written to, as a stream."""
    out, into = os.pipe()
    stream = os.fdopen(into, "w", encoding="utf-8")
    try:
        yield out, stream
    finally:
        stream.close()
        os.close(out)


def test_a_line_goes_out_at_once() -> None:
    with pipe() as (out, stream):
        assert Output(stream).write("Öl")
        assert os.read(out, 100) == "Öl\n".encode()


def test_a_pipe_that_nobody_reads_stops_nobody_and_goes_on_when_somebody_does() -> None:
    with pipe() as (out, stream):
        output, began = Output(stream), time.monotonic()
        taken = [output.write("x" * 1_000) for _ in range(1_000)]
        assert time.monotonic() - began < 5  # a plain write would never return
        assert taken.count(True) < 200
        assert taken[-1] is False

        while len(os.read(out, 65_536)) == 65_536:
            pass
        assert output.write("again")
        assert os.read(out, 65_536).endswith(b"again\n")


def test_a_line_after_a_torn_one_begins_at_the_beginning() -> None:
    with pipe() as (out, stream):
        output = Output(stream)
        assert not output.write("x" * 10_000_000)
        torn = b""
        while not torn.endswith(b"again\n"):
            torn += os.read(out, 65_536)
            output.write("again")

    assert set(torn.replace(b"again\n", b"")) == {ord("x"), ord("\n")}
    assert b"x\nagain\n" in torn


def test_a_pipe_that_somebody_made_non_blocking_stops_nobody_either() -> None:
    with pipe() as (out, stream):
        os.set_blocking(stream.fileno(), False)
        output = Output(stream)
        taken = [output.write("x" * 5_000) for _ in range(100)]

        assert taken[0]
        assert not taken[-1]
        assert os.read(out, 100) == b"x" * 100


def test_a_terminal_that_knows_no_umlauts_gets_them_written_out() -> None:
    out, into = os.pipe()
    with os.fdopen(into, "w", encoding="ascii") as stream:
        assert Output(stream).write("Öl")
    assert os.read(out, 100) == b"\\xd6l\n"
    os.close(out)


def test_a_pipe_whose_reader_is_gone_raises_nothing() -> None:
    out, into = os.pipe()
    stream = os.fdopen(into, "w")
    os.close(out)

    assert not Output(stream).write("x")
    stream.close()


def test_a_closed_stream_raises_nothing_and_is_no_terminal(tmp_path: Path) -> None:
    stream = (tmp_path / "log").open("w")
    stream.close()

    assert not Output(stream).write("x")
    assert not Output(stream).is_terminal


def test_a_full_disk_raises_nothing() -> None:
    try:
        full = Path("/dev/full").open("w")  # noqa: SIM115 - closed below
    except OSError:
        return  # not on this system; the next test stands in for it
    with full:
        assert not Output(full).write("x")


class Full(io.StringIO):
    """A disk with no room."""

    def write(self, _: str) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize("stream", [Full(), object()])
def test_a_stream_that_cannot_be_written_to_raises_nothing(stream: Any) -> None:
    output = Output(stream)

    assert not output.write("x")
    assert not output.is_terminal


def test_without_a_stream_it_follows_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    output, later = Output(), io.StringIO()
    monkeypatch.setattr("sys.stderr", later)
    assert output.write("x")
    assert later.getvalue() == "x\n"

    monkeypatch.setattr("sys.stderr", None)  # a program without a console
    assert not output.write("x")
