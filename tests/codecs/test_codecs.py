"""Codecs by name, and what importing them costs."""

from __future__ import annotations

import subprocess
import sys

import pytest

from mape.codecs import JSON, MSGPACK, Codec, codec
from mape.errors import ConfigError


@pytest.mark.parametrize("name", ["json", "application/x-ndjson", "application/x-ndjson; charset=utf-8", "JSON"])
def test_json_is_found_by_its_names(name: str) -> None:
    assert codec(name) is JSON


@pytest.mark.parametrize("name", ["application/json", "application/json; charset=utf-8"])
def test_a_single_json_document_is_read_by_the_same_codec(name: str) -> None:
    assert codec(name) is JSON


@pytest.mark.parametrize("name", ["msgpack", "application/msgpack"])
def test_msgpack_is_found_by_its_names(name: str) -> None:
    assert codec(name) is MSGPACK


@pytest.mark.parametrize("name", ["pickle", "", "application/x-yaml", "x" * 1000])
def test_another_name_is_an_error_that_says_what_there_is(name: str) -> None:
    with pytest.raises(ConfigError, match="take one of json, msgpack") as caught:
        codec(name)
    assert len(str(caught.value)) < 150


def test_both_are_codecs() -> None:
    assert isinstance(JSON, Codec)
    assert isinstance(MSGPACK, Codec)


def test_codecs_import_neither_numpy_nor_pydantic() -> None:
    program = "import sys, mape.codecs; print(*({'numpy', 'pydantic', 'attr', 'yaml'} & set(sys.modules)))"

    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert ran.stdout.strip() == ""
