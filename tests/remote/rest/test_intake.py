from __future__ import annotations

from typing import Any

import pytest

import mape
from mape.codecs import JSON, MSGPACK, Header
from mape.remote.rest.intake import Intakes, event_text, reason_of, without_events
from mape.remote.rest.view import Counts, Place, find

pytestmark = pytest.mark.virtual_time


class Desk:
    """An element that takes numbers, and the intakes before it."""

    def __init__(self, **options: Any) -> None:
        self.app = mape.App()
        self.seen: list[Any] = []

        @self.app.loop("car").execute(uid="drive", **options)
        def drive(speed: int) -> None:
            self.seen.append(speed)

        self.element = drive
        self.intakes = Intakes(self.app)
        self.place: Place = find(self.app, {"loop": "car", "element": "drive"})

    def take(self, payload: bytes, *, may_control: bool = True, codec: Any = JSON) -> Counts:
        receiver = self.intakes.receiver(self.place, "in", codec)
        return self.intakes.take(self.place, receiver, payload, may_control=may_control)


def frame(seq: int, *items: Any, codec: Any = JSON) -> bytes:
    payload: bytes = codec.frame(Header("f" * 16, 1, seq), [codec.encode(item) for item in items])
    return payload


def test_plain_values_of_strangers_reach_the_element() -> None:
    desk = Desk()

    assert desk.take(b"1") == Counts(1)
    assert desk.take(b"2\n3\n") == Counts(2)
    assert desk.seen == [1, 2, 3]


@pytest.mark.parametrize("codec", [JSON, MSGPACK], ids=["json", "msgpack"])
def test_a_frame_that_comes_twice_is_no_duplicate_to_the_element(codec: Any) -> None:
    desk = Desk()

    assert desk.take(frame(0, 1, 2, codec=codec), codec=codec) == Counts(2)
    assert desk.take(frame(0, 1, 2, codec=codec), codec=codec) == Counts(0, duplicates=2)
    assert desk.take(frame(1, 2, 3, codec=codec), codec=codec) == Counts(1, duplicates=1)
    assert desk.seen == [1, 2, 3]
    assert (desk.intakes.accepted, desk.intakes.duplicates) == (3, 3)


def test_one_bad_item_costs_itself_and_is_named_but_not_shown() -> None:
    desk = Desk()
    counts = desk.take(b'1\n"secret"\n3\n')

    assert (counts.accepted, counts.rejected) == (2, 1)
    assert [each.index for each in counts.errors] == [1]
    assert "secret" not in counts.errors[0].reason
    assert "int" in counts.errors[0].reason
    assert desk.seen == [1, 3]
    assert desk.intakes.rejected == 1


def test_not_more_than_ten_reasons_are_given() -> None:
    counts = Desk().take(b'"x"\n' * 100)

    assert (counts.accepted, counts.rejected, len(counts.errors)) == (0, 100, 10)


@pytest.mark.parametrize("payload", [b"", b"\xff", b"NaN", b"[" * 100_000])
def test_what_is_unreadable_is_an_error_and_counted(payload: bytes) -> None:
    desk = Desk()
    with pytest.raises(mape.DecodeError):
        desk.take(payload)

    assert desk.intakes.rejected == 1
    assert desk.seen == []


async def test_a_full_mailbox_shows_in_the_counts() -> None:
    app = mape.App()

    @app.loop("car").execute(mailbox=2, overflow="drop_newest")
    async def drive(speed: int) -> None: ...

    async with app:
        place = find(app, {"loop": "car", "element": "drive"})
        intakes = Intakes(app)
        counts = intakes.take(place, intakes.receiver(place, "in", JSON), b"1\n2\n3\n4\n5\n", may_control=True)

    assert counts.accepted == 5
    assert counts.dropped == {"overflow": 3}


def test_a_stopped_element_shows_in_the_counts() -> None:
    desk = Desk()
    desk.element.stop()

    assert desk.take(b"1") == Counts(1, dropped={"stopped": 1})
    assert desk.take(b"2") == Counts(1, dropped={"stopped": 1})


def test_events_in_a_frame_need_the_right_to_send_them() -> None:
    desk = Desk()
    ended: list[str] = []
    desk.element.port_in.subscribe(None, on_next=desk.seen.append, on_completed=lambda: ended.append("completed"))
    payload = JSON.frame(Header("f" * 16, 1, 0), [JSON.encode(1), JSON.encode_event(None), JSON.encode(2)])
    counts = desk.take(payload, may_control=False)

    assert (counts.accepted, counts.rejected) == (2, 1)
    assert counts.errors[0].reason == "events need the scope control"
    assert ended == []
    other = JSON.frame(Header("e" * 16, 1, 0), [JSON.encode(1), JSON.encode_event(None), JSON.encode(2)])
    assert desk.take(other, may_control=True).accepted == 3
    assert ended == ["completed"]


def test_a_frame_without_events_keeps_its_places() -> None:
    payload = JSON.frame(Header("f" * 16, 1, 0), [JSON.encode_event(None), JSON.encode(2)])
    found = without_events(JSON.decode(payload))

    assert (found.bad, found.events, found.values[1]) == (1, 0, 2)


def test_a_call_from_outside_reaches_exposed_methods_only() -> None:
    app = mape.App()
    called: list[str] = []
    failures: list[mape.Failure] = []
    app.failures.subscribe(failures.append)

    @app.loop("car").register(uid="drive")
    class Drive(mape.Execute[Any, Any]):
        @mape.exposed
        def park(self, where: str) -> None:
            called.append(where)

        def explode(self) -> None:
            called.append("boom")

    place = find(app, {"loop": "car", "element": "drive"})
    intakes = Intakes(app)
    calls = (mape.CallMethod.create("park", "home"), mape.CallMethod.create("explode"), mape.CallMethod.create("stop"))
    intakes.take(place, intakes.receiver(place, "in", JSON), frame(0, *calls), may_control=True)

    assert called == ["home"]
    assert place.element.is_running
    assert len(failures) == 2


def test_ports_have_receivers_of_their_own_and_keep_them() -> None:
    desk = Desk()
    receiver = desk.intakes.receiver

    assert receiver(desk.place, "in", JSON) is receiver(desk.place, "in", JSON)
    assert receiver(desk.place, "in", JSON) is not receiver(desk.place, "out", JSON)
    assert receiver(desk.place, "in", JSON) is not receiver(desk.place, "in", MSGPACK)


def test_content_types_that_a_form_can_send_are_not_taken() -> None:
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
        assert Intakes(mape.App()).codec(kind) is None


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        ("item 3: Expected `int`, got `str`, in '\"<script>\"'", "item 3: Expected `int`, got `str`"),
        ("Invalid enum value 'it\\'s' - at `$`", "Invalid enum value "),
        ('cut off, in "abc...', "cut off"),
        ("nested too deep", "nested too deep"),
    ],
)  # fmt: skip
def test_a_reason_says_nothing_of_what_came_in(reason: str, said: str) -> None:
    assert reason_of(reason) == said


def test_an_error_from_outside_is_a_short_text() -> None:
    assert event_text(b'"broken"') == "broken"
    assert event_text(b"broken") == "broken"
    assert event_text(b"\xff") == "\ufffd"
    assert event_text(b"") == "an error from a REST client"
    assert len(event_text(b"x" * 10_000)) == 200
