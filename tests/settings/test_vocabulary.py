"""Names: which are ours, which are the user's, and which are slips."""

from __future__ import annotations

import pytest

from mape.errors import ConfigError
from mape.settings.origin import Entry
from mape.settings.vocabulary import checked, is_own, own_section, sections


def test_the_known_sections_are_those_of_the_schema() -> None:
    assert list(sections()) == ["log", "mailbox", "shutdown", "redis", "rest", "influxdb", "tracing"]
    assert not is_own("debug")
    assert is_own("_own")


@pytest.mark.parametrize("name", ["myapp", "fleet", "test", "database", "server", "my-app", "seeds_of_corn"])
def test_a_name_of_its_own_is_the_users(name: str) -> None:
    assert checked(Entry((name, "x"), 1, "f:1")).value == 1


@pytest.mark.parametrize("name", ["reids", "rediss", "lgo", "logs", "mailboxs", "shutdwon", "seeed", "REDIS"])
def test_a_name_nearly_ours_is_a_slip(name: str) -> None:
    with pytest.raises(ConfigError, match="did you mean"):
        checked(Entry((name, "x"), 1, "f:1"))


def test_an_own_section_is_frozen_all_the_way_down() -> None:
    section = own_section({"a": {"b": 1}})

    assert section.a.b == 1
    with pytest.raises(AttributeError):
        section.a.b = 2
