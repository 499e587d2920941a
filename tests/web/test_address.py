from __future__ import annotations

import pytest

import mape
from mape.errors import UnknownPathError
from mape.web.address import element_at, elements_at


def test_an_element_is_found_by_each_of_its_paths_and_a_loop_is_all_of_its_elements() -> None:
    app = mape.App()
    loop = app.loop("car", level="road")
    one, two = loop.execute(uid="one")(lambda _: None), loop.execute(uid="two")(lambda _: None)

    assert element_at(app, "car.one") is element_at(app, "road.car.one") is one
    assert elements_at(app, "car") == elements_at(app, "road.car") == [one, two]
    assert elements_at(app, "car.two") == [two]


@pytest.mark.parametrize("path", ["", ".", "car", "road.car", "car.x", "<b>", "x" * 10_000, "car.__class__"])
def test_what_is_no_element_is_refused_without_an_echo(path: str) -> None:
    app = mape.App()
    app.loop("car", level="road").execute(uid="one")(lambda _: None)
    with pytest.raises(UnknownPathError) as caught:
        element_at(app, path)

    assert len(str(caught.value)) < 150
    assert "<b>" not in str(caught.value)
