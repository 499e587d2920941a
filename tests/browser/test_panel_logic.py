"""What the panels work out before they show it, asked of their modules in a browser."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any, Literal
from uuid import UUID

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from playwright.sync_api import Browser, Route

import mape
from mape.remote.rest.schema import inline_schema

pytestmark = pytest.mark.system

STATIC = Path(mape.__file__).parent / "web" / "static"
HOST = "http://panels.test"

Ask = Callable[..., Any]


@pytest.fixture(scope="module")
def ask(chromium: Browser) -> Iterator[Ask]:
    """Return what calls a function of a module of the page: `ask("panels/tree.js", "m.rows_of(x)", value)`."""
    context = chromium.new_context()

    def serve(route: Route) -> None:
        name = route.request.url.removeprefix(HOST).removeprefix("/page/")
        if name == "/":
            route.fulfill(body="<!doctype html><title>panels</title>", content_type="text/html")
        else:
            route.fulfill(body=(STATIC / name).read_text(), content_type="text/javascript")

    context.route("**/*", serve)
    page = context.new_page()
    page.goto(HOST)

    def call(module: str, expression: str, value: Any = None) -> Any:
        return page.evaluate(f"x => import('/page/{module}').then(m => ({expression}))", value)

    yield call
    context.close()


# -- JSON --------------------------------------------------------------------------------------------------------------

READ = """(() => {
  try { return {text: m.writeJson(m.readJson(x))}; }
  catch (error) { return {line: error.line, column: error.column, said: error.message}; }
})()"""

MISTAKES = [
    ("", 1, 1, "ends where a value is needed"),
    ('{"a": 1,}', 1, 9, "no comma before }"),
    ("[1,\n  tru]", 2, 3, "a text needs double quotes"),
    ('{\n  "a": 1\n  "b": 2}', 3, 3, "a comma or } is needed"),
    ('{"a" 1}', 1, 6, "a colon is needed"),
    ("{a: 1}", 1, 2, "a name in double quotes"),
    ("['x']", 1, 2, "double quotes"),
    ('"a\nb"', 1, 1, "does not end"),
    ("None", 1, 1, "null, true and false"),
    ("[NaN]", 1, 2, "no NaN"),
    ("1e999", 1, 1, "too large"),
    ("1 2", 1, 3, "more after the end"),
    ('["😀", x]', 1, 7, "double quotes"),
    ("[" * 300, 1, 202, "nested deeper"),
]


@pytest.mark.parametrize(("text", "line", "column", "said"), MISTAKES)
def test_a_mistake_in_json_has_a_line_a_column_and_a_reason(
    ask: Ask, text: str, line: int, column: int, said: str
) -> None:
    found = ask("form/json.js", READ, text)

    assert (found["line"], found["column"]) == (line, column)
    assert said in found["said"]


def test_every_digit_of_a_number_survives(ask: Ask) -> None:
    text = '{"id": 12345678901234567890, "n": -9007199254740993, "f": 1.0}'

    assert ask("form/json.js", READ, text) == {"text": '{"id":12345678901234567890, "n":-9007199254740993, "f":1.0}'}


def test_a_name_that_javascript_knows_is_a_name_like_any_other(ask: Ask) -> None:
    text = '{"__proto__": {"constructor": 1}, "toString": null}'

    assert json.loads(ask("form/json.js", READ, text)["text"]) == json.loads(text)


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(value=VALUES, indent=st.sampled_from([None, 2]), is_ascii=st.booleans())
@settings(max_examples=60)
def test_json_is_written_as_it_was_read(ask: Ask, value: Any, indent: int | None, *, is_ascii: bool) -> None:
    try:
        text = json.dumps(value, indent=indent, ensure_ascii=is_ascii)
        text.encode()
    except UnicodeEncodeError:
        text = json.dumps(value, indent=indent)

    assert same(json.loads(ask("form/json.js", READ, text)["text"]), value)


def same(one: Any, other: Any) -> bool:
    """Whether two values are the same to a reader of JSON, where 1.0 is 1."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(each, other[name]) for name, each in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other) and isinstance(one, bool) == isinstance(other, bool)


# -- forms -------------------------------------------------------------------------------------------------------------


class Colour(Enum):
    """A choice."""

    RED = "red"
    BLUE = "blue"


class Dog(msgspec.Struct, tag=True):
    """One of two."""

    age: int


class Cat(msgspec.Struct, tag=True):
    """The other."""

    lives: int = 9


@dataclass
class Node:
    """Holds itself."""

    name: str
    parts: list[Node] = field(default_factory=list)
    parent: Node | None = None


@dataclass
class Parcel:
    """Something of everything."""

    id: UUID
    colour: Colour
    day: date
    price: Decimal
    blob: bytes
    pair: tuple[int, str]
    many: list[float]
    maybe: int | None
    either: int | str
    rates: dict[str, float]
    word: Literal["a", "b", 3]
    pet: Dog | Cat
    node: Node
    anything: Any
    speed: float = 3.5
    on: bool = True


PARCEL = Parcel(
    UUID(int=7), Colour.BLUE, date(2030, 1, 31), Decimal("1.50"), b"abc", (1, "x"), [1.5, -2.0], None, "7",
    {"a": 1.0}, 3, Cat(3), Node("root", [Node("leaf")], Node("above")), {"deep": [None, {"x": 1}]}, on=False,
)  # fmt: skip

FORM = """(() => {
  const {value, problems} = m.readDraft(m.draftOf(x.schema, x.schema, "value" in x ? x.value : undefined), x.schema);
  return {value, problems};
})()"""


def test_a_form_gives_back_the_value_it_was_filled_with(ask: Ask) -> None:
    value = json.loads(msgspec.json.encode(PARCEL))

    found = ask("form/draft.js", FORM, {"schema": inline_schema(Parcel), "value": value})

    assert found == {"value": value, "problems": []}
    assert msgspec.convert(found["value"], Parcel, strict=False) == PARCEL


def test_a_form_begins_with_the_defaults_and_names_what_is_missing(ask: Ask) -> None:
    found = ask("form/draft.js", FORM, {"schema": inline_schema(Parcel)})

    assert found["value"]["speed"] == 3.5
    assert found["value"]["on"] is True
    assert found["value"]["maybe"] is None
    assert {each["text"] for each in found["problems"]} >= {
        "choose one",
        "a whole number is needed",
        "a date looks like 2030-01-31",
    }


@pytest.mark.parametrize(
    ("kind", "text", "said"),
    [
        (int, "3.5", "not a whole number"),
        (int, "1,5", "with a point"),
        (float, "fast", "not a number"),
        (float, "1e999", "too large"),
        (float, "", "a number is needed"),
        (UUID, "7", "32 hexadecimal digits"),
        (bytes, "***", "base64"),
    ],
)
def test_a_field_says_what_is_wrong_with_it(ask: Ask, kind: Any, text: str, said: str) -> None:
    fill = "m.readDraft({...m.draftOf(x.schema, x.schema), text: x.text}, x.schema).problems"

    (problem,) = ask("form/draft.js", fill, {"schema": inline_schema(kind), "text": text})

    assert said in problem["text"]


def test_bounds_of_a_type_hold_in_its_form(ask: Ask) -> None:
    schema = {"type": "integer", "minimum": 0, "maximum": 9}
    fill = (
        "x.texts.map(text => m.readDraft({...m.draftOf(x.schema, x.schema), text}, x.schema).problems.map(p => p.text))"
    )

    found = ask("form/draft.js", fill, {"schema": schema, "texts": ["-1", "0", "9", "10"]})

    assert found == [["at least 0"], [], [], ["at most 9"]]


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "#/$defs/P", "$defs": {"P": {"$ref": "#/$defs/P"}}},
        {"$ref": "#/$defs/P", "$defs": {"P": {"allOf": [{"$ref": "#/$defs/P"}]}}},
        {"anyOf": [{"$ref": "#"}, {"$ref": "#"}]},
        {"type": "array", "prefixItems": [{"$ref": "#"}, {"$ref": "#"}]},
        {"type": "object", "properties": {"a": {"$ref": "#"}, "b": {"$ref": "#"}}, "required": ["a", "b"]},
        {"$ref": "#/nowhere"},
        {"$ref": "https://elsewhere.test/schema"},
        {"anyOf": []},
        {"enum": []},
        {"type": ["string", "null"]},
        {"type": "weird"},
        {"type": "object", "properties": {"constructor": {"type": "integer"}}},
        {},
    ],
)
def test_any_schema_makes_a_form_with_an_end(ask: Ask, schema: dict[str, Any]) -> None:
    found = ask("form/draft.js", FORM, {"schema": schema})

    assert set(found) <= {"value", "problems"}
    assert ask("form/schema.js", "m.describe(x, x).length", schema) < 500


def test_a_type_is_described_in_a_few_words(ask: Ask) -> None:
    def words(kind: Any) -> Any:
        return ask("form/schema.js", "m.describe(x, x)", inline_schema(kind))

    assert words(Parcel) == "Parcel"
    assert words(list[float]) == "list of number"
    assert words(dict[str, int]) == "object of whole number"
    assert words(str | None) == "text or nothing (null)"
    assert words(tuple[int, str]) == "[whole number, text]"


# -- values ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({"$type": "Reading", "room": "hall", "celsius": 3}, "Reading {room, celsius}"),
        ({"$type": "Lane", "text": "LEFT"}, "Lane LEFT"),
        ({"text": "x" * 3, "…": 900}, '"xxx"…'),
        ({"…": 12, "$type": "dict"}, "dict … 12 not sent"),
        ([1, 2, {"…": 98}], "[100 items]"),
        ({"a": 1, "…": 5}, "{a, …}"),
        ({"$error": "ValueError"}, "not readable: ValueError"),
        ({}, "{}"),
        ([], "[]"),
        (None, "null"),
        ("a\u202eb\x00", '"a\\u202eb\\u0000"'),
        ({"…": "not a number"}, "{…}"),
    ],
)
def test_a_value_in_a_few_words(ask: Ask, value: Any, words: str) -> None:
    assert ask("panels/tree-marks.js", "m.brief(x)", value) == words


def test_what_does_not_print_is_shown_as_its_code(ask: Ask) -> None:
    for sign in "\x00\x1b\u200b\u202e\u2066\u2028\ufeff\x9b\u00ad":
        assert ask("panels/words.js", "m.visible(x)", f"a{sign}b") == f"a\\u{ord(sign):04x}b"
    assert ask("panels/words.js", "m.visible('a\\ud800b')") == "a\\ud800b"
    for text in ("Grüße, 世界", "👨\u200d👩\u200d👧", "tab\tline\n"):
        assert ask("panels/words.js", "m.visible(x)", text) == text


def test_a_value_is_edited_without_the_marks_of_its_classes(ask: Ask) -> None:
    value = {"$type": "Limit", "kmh": 80, "lane": {"$type": "Lane", "text": "left"}, "tags": [{"$type": "T", "a": 1}]}

    assert ask("panels/tree-marks.js", "m.plain_of(x)", value) == {"kmh": 80, "lane": "left", "tags": [{"a": 1}]}


# -- charts ------------------------------------------------------------------------------------------------------------

FLOOD = """(() => {
  const ring = new m.NumberRing();
  for (let n = 0; n < x.items; n += 1) {
    ring.add(1000 + n / x.rate, {value: n === x.spike ? 999 : n % 7, [`f${n % 100}`]: n});
  }
  const columns = ring.columns(["value"]);
  return {points: columns[0].length, top: Math.max(...columns[3]), fields: ring.fields.length, begin: columns[0][0],
          end: columns[0].at(-1), last: ring.last.get("value"),
          rises: columns[0].every((t, i) => !i || t > columns[0][i - 1])};
})()"""


def test_the_spike_of_one_item_stays_in_the_chart_of_thousands(ask: Ask) -> None:
    found = ask("panels/chart-ring.js", FLOOD, {"items": 20_000, "rate": 200, "spike": 10_003})

    assert found["top"] == 999
    assert found["last"] == 19_999 % 7
    assert found["rises"]


def test_a_chart_keeps_two_minutes_whatever_passes(ask: Ask) -> None:
    found = ask("panels/chart-ring.js", FLOOD, {"items": 200_000, "rate": 500, "spike": -1})

    assert found["points"] <= 1201
    assert found["fields"] <= 32
    assert 118 < found["end"] - found["begin"] <= 121


def test_a_chart_takes_each_item_once(ask: Ask) -> None:
    script = """(() => {
      const items = n => Array.from({length: n}, (_, i) => kept[n - 1 - i]);
      const kept = Array.from({length: 60}, (_, i) => ({t: 1000 + i, numbers: {value: i}}));
      const feed = new m.Feed("k");
      let taken = 0;
      feed.ring.add = () => { taken += 1; };
      for (const n of [1, 3, 3, 10, 60]) feed.take({k: {in: [], out: items(n)}});
      return taken;
    })()"""

    assert ask("panels/chart.js", script) == 60


# -- the log -----------------------------------------------------------------------------------------------------------


def entry(n: int, kind: str = "failure", text: str = "it broke", path: str = "a.b", more: int = 0) -> dict[str, Any]:
    return {"n": n, "t": 100.0 + n, "peer": "", "kind": kind, "text": text, "path": path, "more": more}


def folded(ask: Ask, entries: list[dict[str, Any]], *, most: int = 50, **wanted: Any) -> Any:
    asked = {"entries": entries, "filter": {"kind": "all", "text": "", "path": "", **wanted}, "most": most}
    return ask("panels/log-fold.js", "m.fold(x.entries, x.filter, x.most)", asked)


def test_lines_that_repeat_are_folded_with_a_count_newest_first(ask: Ask) -> None:
    entries = [entry(1), entry(2, text="it burnt"), entry(3), entry(4), entry(5, more=40)]

    lines = folded(ask, entries)["lines"]

    assert [(line["entry"]["n"], line["count"], line["first"]) for line in lines] == [
        (5, 43, 103.0),
        (2, 1, 102.0),
        (1, 1, 101.0),
    ]


def test_a_line_keeps_its_name_while_it_grows(ask: Ask) -> None:
    before = folded(ask, [entry(1), entry(2)])["lines"][0]["key"]

    assert folded(ask, [entry(1), entry(2), entry(3)])["lines"][0]["key"] == before


def test_the_log_is_filtered_by_kind_words_and_element(ask: Ask) -> None:
    entries = [
        entry(1),
        entry(2, "connected", "to redis"),
        entry(3, "gap", "12 lost"),
        entry(4, path="c.d", text="Other"),
    ]

    def numbers(**wanted: str) -> list[int]:
        lines = folded(ask, entries, most=50, **wanted)["lines"]
        return [line["entry"]["n"] for line in lines]

    assert numbers(kind="failures") == [4, 1]
    assert numbers(kind="connections") == [3, 2]
    assert numbers(kind="losses") == [3]
    assert numbers(text="oth") == [4]
    assert numbers(text="redis connected") == [2]
    assert numbers(path="a.b", kind="failures") == [1]


def test_a_long_log_is_cut_and_says_so(ask: Ask) -> None:
    found = folded(ask, [entry(n, text=str(n)) for n in range(500)], most=40)

    assert (len(found["lines"]), found["cut"]) == (40, 460)


# -- ways --------------------------------------------------------------------------------------------------------------


def hop(t: float, path: str, port: str | None, took: float | None = None, peer: str = "") -> dict[str, Any]:
    return {
        "t": 1000 + t,
        "peer": peer,
        "path": path,
        "port": port,
        "kind": port or "failure",
        "text": path,
        "took": took,
    }


def test_a_way_is_a_row_for_each_visit_with_its_times(ask: Ask) -> None:
    hops = [hop(0, "a", "in"), hop(1, "a", "out", 1.0), hop(1, "b", "in"), hop(4, "b", "out", 3.0), hop(4, "c", "in")]

    found = ask("panels/trace-lanes.js", "m.lanes_of(x)", hops)

    assert [(each["path"], round(each["at"], 6), each["took"]) for each in found["visits"]] == [
        ("a", 0, 1),
        ("b", 1, 3),
        ("c", 4, None),
    ]
    assert found["total"] == 4
    assert [(round(each["left"]), round(each["width"])) for each in found["visits"]] == [(0, 25), (25, 75), (99, 1)]


def test_each_process_has_a_lane_whatever_its_clock_says(ask: Ask) -> None:
    hops = [hop(5, "a", "in"), hop(4.5, "x", "in", peer="car"), hop(4.6, "x", "out", 0.1, "car"), hop(6, "b", "in")]

    found = ask("panels/trace-lanes.js", "m.lanes_of(x)", hops)

    assert found["names"] == ["car", ""]
    assert all(each["at"] >= 0 and 0 <= each["left"] <= 99 for each in found["visits"])


def test_a_failure_belongs_to_the_visit_that_failed(ask: Ask) -> None:
    hops = [hop(0, "a", "in"), hop(0.5, "a", None), hop(1, "a", "in"), hop(2, "a", "out", 1.0)]

    first, second = ask("panels/trace-lanes.js", "m.lanes_of(x)", hops)["visits"]

    assert first["failure"]["kind"] == "failure"
    assert second["failure"] is None


def test_a_way_of_five_hundred_hops_is_cut(ask: Ask) -> None:
    found = ask("panels/trace-lanes.js", "m.lanes_of(x)", [hop(n, f"e{n}", "in") for n in range(512)])

    assert (len(found["visits"]), found["cut"]) == (60, 452)


# -- what came of it ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "text", "is_bad"),
    [
        ({"cause": "ab", "accepted": 1, "dropped": {}, "error": None}, "pushed", False),
        ({"cause": "ab", "accepted": 1, "dropped": {"stopped": 1}, "error": None}, "dropped: 1 stopped", True),
        (
            {"cause": "ab", "accepted": 1, "dropped": {}, "error": "ValueError: no"},
            "pushed, and it failed on its way: ValueError: no",
            True,
        ),
    ],
)
def test_what_became_of_a_pushed_item_in_words(ask: Ask, answer: dict[str, Any], text: str, *, is_bad: bool) -> None:
    assert ask("panels/push.js", "m.result_of(x)", answer) == {"text": text, "bad": is_bad, "cause": "ab"}


@pytest.mark.parametrize(
    ("url", "link"),
    [
        ("http://10.0.0.2:8080/live", "http://10.0.0.2:8080/"),
        ("javascript:alert(1)", None),
        ("http://me:secret@host/", None),
        ("data:text/html,x", None),
        ("ftp://10.0.0.2/", None),
        (None, None),
    ],
)
def test_a_peer_is_linked_only_by_an_address_of_the_web(ask: Ask, url: str | None, link: str | None) -> None:
    assert ask("panels/head.js", "m.page_of(x)", url) == link
