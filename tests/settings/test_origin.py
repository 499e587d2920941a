"""Arguments and variables: the names they may have, and what they set."""

from __future__ import annotations

import pytest

from mape.errors import ConfigError
from mape.settings import load
from mape.settings.origin import from_arguments, from_variables


@pytest.mark.parametrize("overrides", [{"redis.url": "x"}, {"redis__url": "x"}, {"redis": {"url": "x"}}])
def test_an_argument_may_be_nested_dotted_or_a_python_name(overrides: dict[str, object]) -> None:
    assert [(entry.path, entry.value) for entry in from_arguments(overrides)] == [(("redis", "url"), "x")]


def test_below_the_top_a_dot_is_part_of_the_name() -> None:
    assert load(overrides={"myapp": {"example.org": 1}}, environ={})["myapp"] == {"example.org": 1}


def test_an_argument_of_none_is_a_value() -> None:
    assert load(overrides={"seed": None}, environ={"MAPE_SEED": "1"}).seed is None


@pytest.mark.parametrize(
    ("overrides", "sentence"),
    [
        ({"redis_url": "x"}, "argument redis_url: unknown setting redis_url; did you mean redis.url?"),
        ({"mailbox": {"siez": 1}}, "argument mailbox.siez: unknown setting mailbox.siez; did you mean mailbox.size?"),
        ({"mailbox__size": "3"}, "argument mailbox__size: mailbox.size must be a whole number, at least 1; got '3'"),
        ({"a..b": 1}, "argument a..b: names no setting; write for example redis.url"),
        ({"rest.host_port": object}, "argument rest.host_port: rest.host_port must be text or nothing (null); got <cl"),
    ],
)
def test_a_wrong_argument_is_named(overrides: dict[str, object], sentence: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(overrides=overrides, environ={})

    assert str(caught.value).startswith(sentence)


def test_other_programs_variables_are_left_alone() -> None:
    assert list(from_variables({"PATH": "x", "mape_debug": "x", "MAPED": "x", "XMAPE_A": "x"})) == []


def test_an_empty_variable_sets_nothing() -> None:
    assert load(environ={"MAPE_SEED": "", "MAPE_NOTHING": ""}).seed is None


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("MAPE_REDIS__ULR", "x", "MAPE_REDIS__ULR: unknown setting redis.ulr; did you mean MAPE_REDIS__URL?"),
        ("MAPE_REIDS__URL", "x", "MAPE_REIDS__URL: unknown section reids; did you mean MAPE_REDIS__URL?"),
        ("MAPE_REDIS", "x", "MAPE_REDIS: redis is a section, it takes no value of its own; set for example MAPE_RED"),
        ("MAPE_DEBUG__X", "1", "MAPE_DEBUG__X: debug takes true or false, it is not a section; write MAPE_DEBUG"),
        ("MAPE_DEBUG", "maybe", "MAPE_DEBUG: debug must be true or false; got 'maybe'"),
        (
            "MAPE_FOO",
            "1",
            "MAPE_FOO: unknown setting foo; a setting of your own goes into a section, as MAPE_MYAPP__FOO",
        ),
        ("MAPE_", "1", "MAPE_: names no setting; write for example MAPE_REDIS__URL"),
        ("MAPE_REDIS__", "1", "MAPE_REDIS__: names no setting; write for example MAPE_REDIS__URL"),
        ("MAPE_REDIS__URL", "\udcff", "MAPE_REDIS__URL: the value of MAPE_REDIS__URL is not UTF-8"),
        ("MAPE_\udcff", "1", "the variable 'MAPE_\\udcff' has a name that cannot be read; unset it"),
        ("MAPE_MYAPP__N", "9" * 999, "MAPE_MYAPP__N: a number of 999 digits is too long"),
    ],
)
def test_a_wrong_variable_is_named(name: str, text: str, sentence: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(environ={name: text})

    assert str(caught.value).startswith(sentence)


def test_a_secret_is_not_told_by_the_error_about_it() -> None:
    with pytest.raises(ConfigError) as caught:
        load(overrides={"rest": {"host_port": ["hunter2"]}, "redis": {"url": {"password": "hunter2"}}}, environ={})

    assert "hunter2" not in str(caught.value)
