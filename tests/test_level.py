"""Levels: loops of one rank."""

from __future__ import annotations

import pytest

import mape


def test_loops_of_one_level_are_its_children_in_the_order_they_were_made(app: mape.App) -> None:
    loops = [mape.Loop(uid, "road", app) for uid in ("b", "a")]
    other = mape.Loop("c", "town", app)
    road = app.level("road")
    assert list(road) == loops
    assert (len(road), road["a"], road.b) == (2, loops[1], loops[0])
    assert "a" in road
    assert other not in road
    assert other.level is app.level("town")


def test_a_loop_without_a_level_is_of_the_default_level(app: mape.App) -> None:
    loop = app.loop("main")
    assert loop.level is app.level() is app.level("")
    assert list(app.level()) == [loop]


def test_a_level_says_what_it_is(app: mape.App) -> None:
    mape.Loop("a", "road", app)
    assert str(app.level("road")) == "road"
    assert repr(app.level("road")) == "<Level 'road', 1 loops>"
    assert app.level("road").app is app


def test_an_unknown_loop_of_a_level_is_an_error_that_says_what_there_is(app: mape.App) -> None:
    mape.Loop("cruise", "road", app)
    with pytest.raises(mape.UnknownPathError, match=r"no loop 'cruse' in road: did you mean 'cruise'\?"):
        app.level("road")["cruse"]


@pytest.mark.parametrize("uid", ["k", "uid", "app", "adopt"])
def test_what_a_level_has_itself_is_no_name_for_a_loop_of_it(app: mape.App, uid: str) -> None:
    with pytest.raises(mape.UidError, match=f"uid '{uid}' is reserved"):
        mape.Loop(uid, "road", app)
    assert len(app) == len(app.level("road")) == 0
    assert uid not in app


@pytest.mark.parametrize("uid", ["1st", "a.b", "a b"])
def test_a_malformed_level_is_refused(app: mape.App, uid: str) -> None:
    with pytest.raises(mape.UidError, match="for a level"):
        app.level(uid)
    with pytest.raises(mape.UidError, match="for a level"):
        mape.Loop("main", uid, app)
    assert app.levels == ()
    assert len(app) == 0


def test_a_loop_that_is_removed_leaves_its_level_which_stays(app: mape.App) -> None:
    road = app.level("road")
    mape.Loop("a", "road", app)
    road.k.limit = 50
    app.remove("a")
    assert len(road) == 0
    assert app.level("road") is road
    assert mape.Loop("a", "road", app).level.k.limit == 50
