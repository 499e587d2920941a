from __future__ import annotations

from typing import Any

import pytest

import mape
from mape.remote.redis.collections import share_knowledge
from mape.remote.redis.knowledge.form import Form
from mape.remote.redis.knowledge.store import DECLARED as DECLARED_MOST
from mape.web.shared.kinds import kind_of, spoken

DECLARED: dict[str, tuple[str, Form[Any]]] = {"k.jobs": ("queue", Form(int)), "k.counts.": ("keyspace", Form(int))}


@pytest.mark.parametrize(
    ("id_", "stored", "kind", "type_"),
    [
        ("jobs", "list", "queue", "int"),
        ("jobs", "set", "set", ""),  # somebody else's, in the place of ours
        ("cars", "set", "set", ""),
        ("ranks", "zset", "sortedset", ""),
        ("speed", "string", "value", ""),
        ("counts.", "string", "keyspace", "int"),
        ("gate!lock", "string", "lock", ""),
        ("flow", "stream", "other", ""),
    ],
)
def test_a_kind_comes_from_who_made_it_or_from_the_server(id_: str, stored: str, kind: str, type_: str) -> None:
    found = kind_of(DECLARED, f"k.{id_}", id_, stored)
    assert (found.name, found.wording.type) == (kind, type_)


async def test_what_a_program_makes_is_remembered_up_to_a_bound() -> None:
    app = mape.App()
    share_knowledge(app, "memory://kinds")
    k = app.k.shared
    for number in range(DECLARED_MOST + 10):
        k.create_set(f"s{number}", int)
    k.create_keyspace("counts", float)
    k.create_hash("s1", str)
    assert len(k.declared) == DECLARED_MOST
    assert (k.declared["k.s0"][0], k.declared["k.s0"][1].kind) == ("set", int)
    assert k.declared["k.s1"][0] == "hash"
    assert "k.counts." not in k.declared


def test_kinds_have_names_for_people() -> None:
    assert [spoken(each) for each in ("set", "priorityqueue")] == ["set", "priority queue"]
