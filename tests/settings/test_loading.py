"""Layers, places and refusals, through the one function that people call."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from mape.errors import ConfigError
from mape.settings import Settings, load
from mape.settings.loading import LARGEST_BYTES

NOTHING: dict[str, str] = {}


def refusal(tmp_path: Path, text: str) -> str:
    """Give the sentence with which the text of a mape.yml is refused, less the directory."""
    (tmp_path / "mape.yml").write_text(text)
    with pytest.raises(ConfigError) as caught:
        load(directory=tmp_path, environ=NOTHING)
    return str(caught.value).replace(f"{tmp_path}{os.sep}", "")


def test_without_any_layer_the_defaults_hold(tmp_path: Path) -> None:
    settings = load(directory=tmp_path, environ=NOTHING)

    assert settings == Settings()
    assert all(setting.is_default for setting in settings.explain())


def test_each_layer_wins_over_those_before_it(tmp_path: Path) -> None:
    (tmp_path / "mape.yml").write_text("mailbox:\n  size: 2\nseed: 2\nshutdown:\n  deadline: 2\nlog:\n  level: error\n")
    (tmp_path / ".env").write_text("MAPE_MAILBOX__SIZE=3\nMAPE_SEED=3\nMAPE_SHUTDOWN__DEADLINE=3\n")
    environ = {"MAPE_MAILBOX__SIZE": "4", "MAPE_SEED": "4"}

    settings = load(overrides={"mailbox.size": 5}, environ=environ, directory=tmp_path)

    assert (settings.mailbox.size, settings.seed, settings.shutdown.deadline) == (5, 4, 3.0)
    assert (settings.log.level, settings.mailbox.overflow) == ("error", "drop_oldest")


def test_each_value_knows_where_it_came_from(tmp_path: Path) -> None:
    (tmp_path / "mape.yml").write_text("# the size\n\nmailbox:\n  size: 2\n")
    (tmp_path / ".env").write_text("\nMAPE_SEED=3\n")

    settings = load(overrides={"log": {"level": "debug"}}, environ={"MAPE_DEBUG": "yes"}, directory=tmp_path)
    sources = {setting.key: setting.source for setting in settings.explain()}

    assert sources["mailbox.size"] == f"{tmp_path / 'mape.yml'}:4"
    assert sources["seed"] == f"{tmp_path / '.env'}:2"
    assert sources["debug"] == "MAPE_DEBUG"
    assert sources["log.level"] == "argument log.level"
    assert sources["redis.url"] == "default"


def test_the_current_directory_and_the_environment_are_read_by_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MAPE_SEED", "7")
    (tmp_path / "mape.yml").write_text("debug: true\n")

    assert [(s.key, s.source) for s in load().explain() if not s.is_default] == [
        ("debug", "mape.yml:1"),
        ("seed", "MAPE_SEED"),
    ]


def test_a_named_file_is_read_instead_of_mape_yml(tmp_path: Path) -> None:
    (tmp_path / "mape.yml").write_text("seed: 1\n")
    (tmp_path / "other.yml").write_text("debug: true\n")

    settings = load(tmp_path / "other.yml", directory=tmp_path, environ=NOTHING)

    assert (settings.debug, settings.seed) == (True, None)


def test_a_named_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no such file"):
        load(tmp_path / "other.yml", environ=NOTHING)


@pytest.mark.parametrize("name", ["a\0b", "folder"])
def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()

    with pytest.raises(ConfigError, match="cannot be read"):
        load(f"{tmp_path}/{name}", environ=NOTHING)


def test_a_folder_named_dot_env_is_no_dotenv_file(tmp_path: Path) -> None:
    (tmp_path / ".env").mkdir()

    assert load(directory=tmp_path, environ=NOTHING) == Settings()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("debgu: true", "mape.yml:1: unknown setting debgu; did you mean debug?"),
        ("redis_url: x", "mape.yml:1: unknown setting redis_url; did you mean redis.url?"),
        ("log:\n  levle: x", "mape.yml:2: unknown setting log.levle; did you mean log.level?"),
        (
            "log:\n  colour: x",
            (
                "mape.yml:2: unknown setting log.colour; "
                "known there: log.level, log.format, log.levels, log.repeats, log.period"
            ),
        ),
        ("zzz: 1", "mape.yml:1: unknown setting zzz; a setting of your own goes into a section, as myapp.zzz"),
        ("debug: 1", "mape.yml:1: debug must be true or false; got 1"),
        ("debug:", "mape.yml:1: debug must be true or false; got nothing"),
        ("seed: 1.5", "mape.yml:1: seed must be a whole number or nothing (null); got 1.5"),
        ("mailbox:\n  size: 0", "mape.yml:2: mailbox.size must be a whole number, at least 1; got 0"),
        ("mailbox: {size: [1]}", "mape.yml:1: mailbox.size must be a whole number, at least 1; got a list"),
        ("shutdown: {deadline: .nan}", "mape.yml:1: shutdown.deadline must be a number, at least 0; got nan"),
        ("shutdown: {deadline: -1}", "mape.yml:1: shutdown.deadline must be a number, at least 0; got -1"),
        (
            "rest:\n  host_port: 80",
            "mape.yml:2: rest.host_port must be text or nothing (null); got 80; put it in quotes",
        ),
        ("redis: x", "mape.yml:1: redis is a section, it takes no value of its own; set for example redis.url"),
        ("debug: {a: 1}", "mape.yml:1: debug takes true or false, it is not a section; write debug"),
        (
            "log: {level: loud}",
            "mape.yml:1: log.level must be one of debug, info, warning, error, critical; got 'loud'",
        ),
    ],
)
def test_a_mistake_is_one_sentence_with_place_and_cure(tmp_path: Path, text: str, sentence: str) -> None:
    assert refusal(tmp_path, text) == sentence


@pytest.mark.parametrize(
    ("name", "meant"), [("reids", "redis.url"), ("rset", "rest"), ("Redis", "redis.url"), ("mailboxes", "mailbox")]
)
def test_a_misspelled_section_is_not_taken_for_the_users_own(tmp_path: Path, name: str, meant: str) -> None:
    assert f"did you mean {meant}?" in refusal(tmp_path, f"{name}:\n  url: x\n")


def test_a_mistake_below_a_later_layer_is_still_a_mistake(tmp_path: Path) -> None:
    (tmp_path / "mape.yml").write_text("seed: many\n")

    with pytest.raises(ConfigError, match="seed must be a whole number"):
        load(overrides={"seed": 1}, directory=tmp_path, environ=NOTHING)


def test_a_section_may_be_empty(tmp_path: Path) -> None:
    (tmp_path / "mape.yml").write_text("redis:\nrest: {}\nmyapp:\nlog:\n  # level: debug\n")

    settings = load(directory=tmp_path, environ=NOTHING)

    assert settings.redis.url is None
    assert settings["myapp"] == {}


def test_an_own_section_is_kept_and_layered(tmp_path: Path) -> None:
    (tmp_path / "mape.yml").write_text("myapp:\n  name: fleet\n  limits: {speed: 50, cars: 3}\n  tags: [a, b]\n")
    environ = {"MAPE_MYAPP__LIMITS__SPEED": "70", "MAPE_MYAPP__RATIO": "0.5", "MAPE_MYAPP__NOTE": "a: b"}

    myapp = load(overrides={"myapp": {"name": "ring"}}, environ=environ, directory=tmp_path)["myapp"]

    assert myapp == {
        "name": "ring",
        "limits": {"speed": 70, "cars": 3},
        "tags": ("a", "b"),
        "ratio": 0.5,
        "note": "a: b",
    }


def test_in_an_own_section_a_later_value_may_change_its_shape() -> None:
    environ = {"MAPE_MYAPP__A": "1", "MAPE_MYAPP__B__C": "1"}

    myapp = load(overrides={"myapp.a.x": 2, "myapp": {"b": 3, "d": {}}}, environ=environ)["myapp"]

    assert myapp == {"a": {"x": 2}, "b": 3, "d": {}}


def test_an_empty_mapping_takes_nothing_away() -> None:
    environ = {"MAPE_MYAPP__A__B": "1"}

    assert load(overrides={"myapp": {"a": {}}}, environ=environ)["myapp"] == {"a": {"b": 1}}


def test_a_file_may_begin_with_a_byte_order_mark(tmp_path: Path) -> None:
    (tmp_path / "mape.yml").write_bytes(b"\xef\xbb\xbfdebug: true\r\n")

    assert load(directory=tmp_path, environ=NOTHING).debug


def test_bytes_that_are_not_utf_8_are_refused_with_their_line(tmp_path: Path) -> None:
    (tmp_path / "mape.yml").write_bytes(b"debug: true\nmyapp: {name: \xff}\n")

    with pytest.raises(ConfigError, match=r"mape\.yml:2: not UTF-8"):
        load(directory=tmp_path, environ=NOTHING)


def test_a_huge_file_is_refused_unread(tmp_path: Path) -> None:
    file = tmp_path / "mape.yml"
    file.write_bytes(b"#" * LARGEST_BYTES)
    assert load(directory=tmp_path, environ=NOTHING) == Settings()

    with file.open("ab") as stream:
        stream.truncate(10**12)

    with pytest.raises(ConfigError, match="larger than 256 kB"):
        load(directory=tmp_path, environ=NOTHING)


WORDS = st.sampled_from(
    [*"{}[],:?-&*!|>'\"%@#`\n\t \\", "redis", "url", "debug", "a: ", "!!", "<<", "\n  ", "\\U", "---"]
)
DOCUMENTS = st.one_of(
    st.binary(max_size=200),
    st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass")),
    st.lists(WORDS, max_size=40).map(lambda words: "".join(words).encode()),
)


@given(content=DOCUMENTS)
@hypothesis_settings(max_examples=400, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_are_settings_or_a_config_error(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "any.yml"
    file.write_bytes(content)

    try:
        settings = load(file, environ=NOTHING, directory=tmp_path)
    except ConfigError as error:
        sentence = str(error)
        assert sentence.startswith(str(file))
        assert "\n" not in sentence
    else:
        assert repr(settings.explain()).encode()


@given(content=DOCUMENTS)
@hypothesis_settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_dotenv_is_settings_or_a_config_error(tmp_path: Path, content: bytes) -> None:
    (tmp_path / ".env").write_bytes(b"MAPE_REDIS__URL=" + content)

    try:
        assert isinstance(load(environ=NOTHING, directory=tmp_path), Settings)
    except ConfigError as error:
        sentence = str(error)
        assert sentence.startswith(str(tmp_path / ".env"))
