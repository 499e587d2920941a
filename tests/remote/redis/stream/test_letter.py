"""Dead letters."""

from __future__ import annotations

from mape.codecs import JSON, MSGPACK, Header
from mape.remote.redis.stream.letter import PAYLOAD, letter_for, part_of
from mape.remote.redis.stream.log import Entry

HEADER = Header("a" * 16, 1, 0)


def test_an_item_is_found_in_its_line_and_else_the_whole_payload_is_kept() -> None:
    parts = [JSON.encode(item) for item in ("one", "two")]
    assert part_of(JSON.frame(HEADER, parts), 1, 2) == parts[1]
    assert part_of(b'"one"\n"two"\n', 0, 2) == b'"one"'
    binary = MSGPACK.frame(HEADER, [MSGPACK.encode(item) for item in ("one", "two")])
    assert part_of(binary, 1, 2) == binary
    assert part_of(b"", 0, 0) == b""


def test_a_letter_says_what_why_and_where_and_is_never_long() -> None:
    entry = Entry("1-2", b"")
    letter = letter_for("g", "s.0", entry, "a:1", 7, ValueError("why " * 1000), b"x" * (PAYLOAD + 1))
    fields = letter.fields
    assert (fields["group"], fields["stream"], fields["entry"]) == ("g", "s.0", "1-2")
    assert (fields["source"], fields["seq"], fields["cut"]) == ("a:1", "7", str(PAYLOAD + 1))
    assert (len(fields["payload"]), len(fields["reason"])) == (PAYLOAD, 500)
    assert "seq" not in letter_for("g", "s", entry, None, None, ValueError("why"), b"").fields
