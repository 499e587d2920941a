"""Names in Redis, and partitions."""

from __future__ import annotations

import pytest
from redis.crc import key_slot

from mape.errors import WiringError
from mape.remote.redis.stream.key import (
    Keys,
    check_name,
    dead_key,
    members_key,
    partition_name,
    partition_of,
    shape_key,
)


def test_a_key_has_the_same_partition_in_every_process() -> None:
    assert [partition_of(key, 16) for key in ("a", "b", 7, ("x", 1), "é", "\ud800")] == [3, 9, 2, 8, 14, 8]


def test_a_stream_of_one_partition_is_called_as_it_is() -> None:
    assert partition_name("orders", 0, 1) == "orders"
    assert [partition_name("orders", number, 2) for number in range(2)] == ["orders.0", "orders.1"]
    assert dead_key("orders") == "orders.dead"


@pytest.mark.parametrize("stream", ["orders", "orders.3", "{plant}orders", "a{b}.7"])
def test_all_that_belongs_to_a_partition_is_on_one_node(stream: str) -> None:
    keys = Keys(stream, "g")
    beside = [keys.sent, keys.seen, keys.marks, keys.lease, keys.state]
    assert {key_slot(key.encode()) for key in beside} == {key_slot(stream.encode())}
    assert len(set(beside)) == 5
    assert key_slot(members_key(stream, "g").encode()) == key_slot(shape_key(stream).encode())
    assert key_slot(shape_key(stream).encode()) == key_slot(stream.encode())


def test_partitions_are_on_different_nodes() -> None:
    assert len({key_slot(f"orders.{number}".encode()) // 5462 for number in range(8)}) == 3


@pytest.mark.parametrize(
    "name", ["", " ", "a b", "a/b", "a\n", "x" * 201, "{}a", "a}b", "a{b", "{a}{b}", None, 7, b"x"]
)
def test_a_name_that_could_be_mistaken_is_refused(name: object) -> None:
    with pytest.raises(WiringError, match="no name for a group"):
        check_name(name, "group")
