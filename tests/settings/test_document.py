"""YAML: plain values with their lines, and nothing that runs or explodes."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from mape.errors import ConfigError
from mape.settings.document import DEEPEST, LONGEST_NAME, parse


def test_each_value_has_the_line_of_its_name() -> None:
    document = parse("a: 1\n\nb:\n  # c\n  c: 2\n  d:\n    - 3\n", "f")

    assert document.root == {"a": 1, "b": {"c": 2, "d": [3]}}
    assert document.lines == {("a",): 1, ("b",): 3, ("b", "c"): 5, ("b", "d"): 6}
    assert document.place(("b", "c")) == "f:5"


@pytest.mark.parametrize("text", ["", "# nothing\n", "---\n", "null\n", "~", "{}"])
def test_an_empty_document_sets_nothing(text: str) -> None:
    assert parse(text, "f").root == {}


def test_names_are_text_whatever_they_look_like() -> None:
    assert list(parse("on: 1\n2: 1\nnull: 1\ntrue: 1\n", "f").root) == ["on", "2", "null", "true"]


def test_quotes_and_core_tags_make_text() -> None:
    assert parse("a: '1'\nb: \"true\"\nc: !!str 5\nd: !!float 3\ne: |\n  x\n  y\n", "f").root == {
        "a": "1",
        "b": "true",
        "c": "5",
        "d": 3.0,
        "e": "x\ny\n",
    }


@pytest.mark.parametrize(
    "tag",
    [
        "!!python/object/apply:os.system ['touch {there}']",
        "!!python/object/new:os.system ['touch {there}']",
        "!!python/name:os.system",
        "!!python/tuple [1]",
        "!mine {a: 1}",
        "!!set {a}",
        "!!binary aGk=",
        "!!timestamp 2026-01-01",
    ],
)
@pytest.mark.parametrize("where", ["a: {}", "{}: a", "a: [{}]", "a: {{b: {}}}", "{}"])
def test_a_tag_is_refused_and_nothing_runs(tmp_path: Path, tag: str, where: str) -> None:
    there = tmp_path / "ran"

    with pytest.raises(ConfigError, match=r"^f:1: "):
        parse(where.format(tag.replace("{there}", str(there))), "f")

    assert not there.exists()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("x: 1\na: !!python/name:os", "f:2: the tag !!python/name:os is not allowed"),
        ("a: [1,\n  2", "f:2: not valid YAML: expected ',' or ']'"),
        ("a: 1\n\tb: 2", "f:2: not valid YAML: found character '\\t'"),
        ("a: b: c", "f:1: not valid YAML: mapping values are not allowed here"),
        ("a: 1\n---\nb: 2", "f:2: not valid YAML: but found another document"),
        ("a: 1\nb: 2\na: 3", "f:3: 'a' stands here a second time (first on line 1)"),
        ("a:\n  b: 1\n  b: 1", "f:3: 'b' stands here a second time (first on line 2)"),
        ("1: a\n'1': b", "f:2: '1' stands here a second time (first on line 1)"),
        ("- a", "f:1: the file must hold `name: value` lines"),
        ("# c\ntext", "f:2: the file must hold `name: value` lines"),
        ("? [a]\n: b", "f:1: a name must be a word"),
        ("a: 1\nb: &x 1\nc: *x", "f:3: an alias (*name) is not allowed here"),
        ("a: &x [*x]", "f:1: an alias (*name) is not allowed here"),
        ("a:\n b: \x07", "f:2: a control character is not allowed in YAML"),
        ('"\\x1b[2J": 1', "f:1: a name must be printable"),
        ("a: 1\nb: !!int many", "f:2: not a plain value: 'many' is no int"),
        ('a: "\\ud800"', "f:1: not a plain value: "),
        ('a: "\\UFFFFFFFF"', "f: not valid YAML: "),
        (f"a: {'9' * 5000}", "f:1: not a plain value: a number of 5000 digits is too long"),
        (f"%YAML {'9' * 5000}.1\n---\na: 1", "f: not valid YAML: "),
    ],
)
def test_a_document_beyond_plain_values_is_refused_with_its_line(text: str, sentence: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse(text, "f")

    assert str(caught.value).startswith(sentence)


def test_an_alias_bomb_is_refused_before_it_grows() -> None:
    levels = "\n".join(f"{b}: &{b} [{', '.join([f'*{a}'] * 9)}]" for a, b in zip("abcdefgh", "bcdefghi", strict=True))

    with pytest.raises(ConfigError, match="f:2: an alias"):
        parse(f"a: &a [x]\n{levels}\n", "f")


@pytest.mark.parametrize("opening", ["[", "{a: ", "- ", "? "])
def test_deep_nesting_is_refused_and_not_a_recursion_error(opening: str) -> None:
    with pytest.raises(ConfigError, match="nested deeper than"):
        parse(opening * 10_000, "f")


def test_nesting_is_allowed_down_to_its_limit() -> None:
    assert parse("a: " + "[" * (DEEPEST - 1) + "]" * (DEEPEST - 1), "f").root
    with pytest.raises(ConfigError):
        parse("a: " + "[" * DEEPEST + "1" + "]" * DEEPEST, "f")


def test_a_name_may_have_a_hundred_characters() -> None:
    assert parse("a" * LONGEST_NAME + ": 1", "f").root
    with pytest.raises(ConfigError, match="at most 100 characters"):
        parse("a" * (LONGEST_NAME + 1) + ": 1", "f")


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(st.characters(codec="utf-8")),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(st.text("abcdef-_ ", min_size=1), below, max_size=3),
    max_leaves=10,
)


@given(st.dictionaries(st.text("abcdef", min_size=1), PLAIN, max_size=4))
def test_what_pyyaml_writes_is_read_back_the_same(root: dict[str, object]) -> None:
    class NoAliases(yaml.SafeDumper):
        def ignore_aliases(self, _: object) -> bool:
            return True

    quoted = yaml.dump(root, Dumper=NoAliases, default_style='"')  # bare words mean other things in YAML 1.1

    assert parse(quoted, "f").root == root
