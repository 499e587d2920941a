from __future__ import annotations

import pytest

from mape.remote.rest.verdict import Response, Verdict, judge

NOW = 1_577_836_800.0  # Wed, 01 Jan 2020 00:00:00 GMT


@pytest.mark.parametrize(
    ("status", "count", "verdict"),
    [
        (200, 9, Verdict.TAKEN),
        (202, 9, Verdict.TAKEN),
        (204, 9, Verdict.TAKEN),
        (301, 9, Verdict.LATER),
        (400, 9, Verdict.REFUSED),
        (401, 9, Verdict.LATER),
        (403, 9, Verdict.LATER),
        (404, 9, Verdict.LATER),
        (413, 9, Verdict.SMALLER),
        (413, 1, Verdict.REFUSED),
        (415, 9, Verdict.REFUSED),
        (422, 9, Verdict.REFUSED),
        (429, 9, Verdict.LATER),
        (500, 9, Verdict.LATER),
        (503, 9, Verdict.LATER),
    ],
)
def test_only_what_an_answer_says_about_the_items_themselves_costs_items(
    status: int, count: int, verdict: Verdict
) -> None:
    assert judge(Response(status), count) is verdict


@pytest.mark.parametrize(
    ("header", "pause"),
    [
        ("7", 7.0),
        (" 7 ", 7.0),
        ("Wed, 01 Jan 2020 00:00:12 GMT", 12.0),
        ("Tue, 31 Dec 2019 23:00:00 GMT", 0.0),
        ("86400", 60.0),
        ("9" * 400, 60.0),
        ("soon", 0.0),
        ("-5", 0.0),
        ("²", 0.0),
        (None, 0.0),
    ],
)
def test_a_peer_may_ask_for_a_pause_but_not_for_ever(header: str | None, pause: float) -> None:
    assert Response(503, retry_after=header).pause(NOW) == pytest.approx(pause)


@pytest.mark.parametrize("status", [301, 401, 403, 404])
def test_what_only_a_person_can_change_is_asked_for_slowly(status: int) -> None:
    assert Response(status).pause(NOW) == 1.0


def test_the_text_says_what_to_do_and_quotes_a_mape_server_only_in_short() -> None:
    body = b'{"error":"loop \'cars\' has no element of that name"}'

    assert Response(404, body).text == (
        "the answer is 404 (nothing is there at that path, or not yet) "
        "and the server says \"loop 'cars' has no element of that name\""
    )
    assert "plain=True" in Response(415).text
    assert len(Response(404, b'{"error":"%s"}' % (b"x" * 10_000)).text) < 300
    assert "<html>" not in Response(404, b"<html>secret").text


def test_counts_are_read_where_there_are_any_and_nowhere_else() -> None:
    counts = Response(202, b'{"accepted":2,"rejected":1,"errors":[{"index":1,"reason":"odd"}],"more":1}').counts()
    assert counts is not None
    assert (counts.accepted, counts.rejected, counts.errors[0].reason) == (2, 1, "odd")
    for body in (b"", b"ok", b"[1]", b'{"accepted":"x"}', b"\xff", b"[" * 100_000):
        assert Response(202, body).counts() is None
