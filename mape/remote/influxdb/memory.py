"""A time-series server in memory, for tests: it reads lines as strictly as InfluxDB and may be told to fail."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable

from mape.errors import ConnectError, EncodeError
from mape.remote.influxdb.answer import Answer
from mape.remote.influxdb.point import Point, parse_line

__all__ = ["MemoryInflux", "split_lines"]


class MemoryInflux:
    """Takes what `InfluxObserver` writes: ``InfluxObserver(client=MemoryInflux())``.

    Args:
        refuses: Which points make it reject a whole post, as InfluxDB 2 does with a line that it cannot read.
        answers: What it answers first, instead of writing; then it works.
    """

    def __init__(self, refuses: Callable[[Point], bool] = lambda _: False, answers: Iterable[Answer] = ()) -> None:
        self.points: list[Point] = []
        """What was written, in the order in which it came."""
        self.posts: list[int] = []
        """How many lines each post had, also those that were not written."""
        self.answers = deque(answers)  # bound: what the test gives
        self.is_down = False
        """Whether it cannot be reached."""
        self._refuses = refuses

    async def post(self, lines: bytes) -> Answer:
        """Write lines, as `HttpTransport.post` does.

        Raises:
            ConnectError: It is down.
        """
        if self.is_down:
            raise ConnectError("the server in memory is down")
        self.posts.append(lines.count(b"\n") + 1)
        if self.answers:
            return self.answers.popleft()
        try:
            points = [parse_line(line) for line in split_lines(lines.decode())]
        except EncodeError as error:
            return Answer(400, f'{{"code":"invalid","message":"unable to parse: {error}"}}')
        if any(map(self._refuses, points)):
            return Answer(400, '{"code":"invalid","message":"refused"}')
        self.points += points
        return Answer(204)

    async def close(self) -> None:
        """Nothing to do; what was written stays."""


def split_lines(text: str) -> list[str]:
    """Cut at the newlines that are in no string; strings are fields, which begin behind the first bare space."""
    lines, start = [], 0
    is_quoted = is_escaped = is_in_fields = follows_equals = False
    for index, character in enumerate(text):
        opens = character == '"' and is_in_fields and follows_equals
        follows_equals = character == "=" and not is_escaped
        if is_escaped:
            is_escaped = False
        elif character == "\\":
            is_escaped = True
        elif is_quoted:
            is_quoted = character != '"'
        elif character == "\n":
            lines.append(text[start:index])
            start, is_in_fields = index + 1, False
        else:
            is_quoted = opens
            is_in_fields = is_in_fields or character == " "
    return [line for line in (*lines, text[start:]) if line]
