"""What servers of several versions answer, and what follows from it."""

from __future__ import annotations

import pytest

from mape.remote.influxdb.answer import LONGEST_WAIT, Answer, Verdict, judge, kind_of_reason, reason, seconds_to_wait

CONFLICT = (
    '{"code":"unprocessable entity","message":"failure writing points to database: partial write: field type conflict: '
    'input field \\"v\\" on measurement \\"m\\" is type float, already exists as type integer dropped=3"}'
)
VERSION_3 = (
    '{"error":"partial write of line protocol occurred","data":[{"original_line":"m v=1i","line_number":2,'
    '"error_message":"invalid column type"},{"original_line":"m v=2i","line_number":3,"error_message":"..."}]}'
)
VERSION_1 = (
    "{\"error\":\"partial write: unable to parse 'm v=': missing field value\\nunable to parse 'x': y dropped=0\"}"
)


@pytest.mark.parametrize(
    ("answer", "verdict", "dropped"),
    [
        (Answer(204), Verdict.WRITTEN, 0),
        (Answer(200), Verdict.WRITTEN, 0),
        (Answer(422, CONFLICT), Verdict.IN_PART, 3),
        (Answer(400, VERSION_3), Verdict.IN_PART, 2),
        (Answer(400, VERSION_1), Verdict.IN_PART, 2),
        (Answer(400, '{"code":"invalid","message":"unable to parse \'m v=\': missing fields"}'), Verdict.REJECTED, 0),
        (Answer(413, "too large"), Verdict.REJECTED, 0),
        (Answer(400, "[" * 100_000), Verdict.REJECTED, 0),
        (Answer(400, '["partial write"]'), Verdict.IN_PART, 0),
        (Answer(408), Verdict.LATER, 0),
        (Answer(429), Verdict.LATER, 0),
        (Answer(500), Verdict.LATER, 0),
        (Answer(503), Verdict.LATER, 0),
        (Answer(301), Verdict.STUCK, 0),
        (Answer(401), Verdict.STUCK, 0),
        (Answer(403), Verdict.STUCK, 0),
        (Answer(404), Verdict.STUCK, 0),
    ],
)
def test_each_answer_has_its_consequence(answer: Answer, verdict: Verdict, dropped: int) -> None:
    assert judge(answer) == (verdict, dropped)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (Answer(401, '{"code":"unauthorized","message":"no"}'), "set influxdb.token, .* \\(401: no\\)"),
        (Answer(404), "influxdb.org, .bucket and .url \\(404\\)"),
        (Answer(403), "give influxdb.token one that may"),
        (Answer(308), "set influxdb.url to where it is"),
        (Answer(500, '{"message":"no disk"}'), "answered 500: no disk"),
        (Answer(500, "\x1b[31mred\nline"), "answered 500: \\[31mred line"),
    ],
)
def test_the_reason_says_what_to_do(answer: Answer, words: str) -> None:
    import re

    assert re.search(words, reason(answer))


def test_a_long_answer_is_not_repeated_at_length() -> None:
    assert len(reason(Answer(400, "x" * 60_000))) < 400


def test_reasons_of_one_kind_are_one_kind() -> None:
    one, other = (reason(Answer(400, f"unable to parse 'car{n} v=': dropped={n}")) for n in (1, 2))

    assert one != other
    assert kind_of_reason(one) == kind_of_reason(other)


@pytest.mark.parametrize(
    ("answer", "seconds"),
    [
        (Answer(503), 0),
        (Answer(503, retry_after="7"), 7),
        (Answer(503, retry_after=" 7 "), 7),
        (Answer(503, retry_after="-7"), 0),
        (Answer(503, retry_after="soon"), 0),
        (Answer(503, retry_after="\u0667"), 0),
        (Answer(503, retry_after="9" * 400), LONGEST_WAIT),
        (Answer(503, retry_after="86400"), LONGEST_WAIT),
        (Answer(503, retry_after="Thu, 01 Jan 1970 00:01:10 GMT", date="Thu, 01 Jan 1970 00:01:00 GMT"), 10),
        (Answer(503, retry_after="Thu, 01 Jan 1970 00:01:45 GMT"), 5),
        (Answer(503, retry_after="Thu, 01 Jan 1970 00:00:00 GMT"), 0),
    ],
)
def test_the_server_says_for_how_long_to_wait(answer: Answer, seconds: float) -> None:
    assert seconds_to_wait(answer, now=100.0) == seconds
